"""A number, a clear refusal and a fault are told apart."""

import numpy as np
import pytest

from metric_harness.adapter import MetricUnderTest, adapt
from metric_harness.checks import Recorder
from metric_harness.errors import NotConvergedError, ShapeError
from metric_harness.refusals import Reply, replies, reply

X = np.ones((3, 2))


def asked(behavior: object) -> Reply:
    def behaves(x, y):
        if isinstance(behavior, BaseException):
            raise behavior
        return behavior

    return reply(MetricUnderTest("behaves", adapt(behaves)), X, X)


def test_a_finite_number_is_a_value():
    assert asked(np.float64(0.5)) == Reply(value=0.5)


@pytest.mark.parametrize(
    "error",
    [
        ValueError("x has no samples at all"),
        ShapeError("x has no samples at all"),
        NotConvergedError("x has no samples at all"),
        RuntimeError("x has no samples at all"),
    ],
)
def test_an_error_that_explains_itself_is_a_refusal(error):
    assert asked(error) == Reply(refusal="x has no samples at all")


@pytest.mark.parametrize("error", [ValueError("bad input"), ValueError(), NotImplementedError()])
def test_an_error_without_words_is_a_fault(error):
    assert asked(error).fault.endswith("an error that does not explain itself")


@pytest.mark.parametrize(
    "error",
    [
        np.linalg.LinAlgError("SVD did not converge at all"),
        ZeroDivisionError("float division by zero happened"),
        IndexError("index 1 is out of bounds"),
        TypeError("unsupported operand types for this"),
    ],
)
def test_an_error_of_the_machinery_is_a_fault_however_long(error):
    assert asked(error).fault.endswith("an error of the machinery below")


@pytest.mark.parametrize(
    ("answer", "words"), [(np.nan, "nan"), (np.inf, "inf"), (X, "shape (3, 2)"), (None, "NoneType")]
)
def test_no_number_is_a_fault(answer, words):
    assert words in asked(answer).fault


def test_numbers_and_refusals_are_recorded_by_name():
    def picky(x, y):
        if len(x) < 3:
            raise ValueError("needed three samples or more")
        return 1.0

    measure = Recorder()
    given = replies(MetricUnderTest("picky", adapt(picky)), {"three": (X, X), "two": (X[:2], X[:2])}, measure)
    assert given["three"].value == 1
    assert measure.measurements == {"values": {"three": 1.0}, "refusals": {"two": "needed three samples or more"}}
