"""A question asks of fresh arrays what it names, and forgives what rounding and conditioning explain."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import ClassVar, final

import numpy as np
import pytest
from hypothesis.strategies import SearchStrategy

from metric_harness import changes
from metric_harness.adapter import MetricUnderTest, adapt
from metric_harness.arrays import Array
from metric_harness.interfaces import Claims, metric
from metric_harness.laws import Law
from metric_harness.questions import Example, Question, Trial, strided

FLOOR = 0.01
X, Y = np.arange(24.0).reshape(2, 4, 3), np.ones((2, 4, 3))


def subject(call: Callable[[Array, Array], float]) -> MetricUnderTest:
    return MetricUnderTest("subject", adapt(metric(claims=Claims(numerical_floor=FLOOR))(call)))


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class Sum(Question):
    """Whether distances add up to nothing."""

    asked_of: Sequence[tuple[str, str]] = (("x", "y"),)

    strided: ClassVar[Sequence[str]] = ("view",)

    @property
    def calls(self) -> Sequence[tuple[str, str]]:
        return self.asked_of

    def deviation(self, distances: Sequence[float]) -> float:
        return abs(sum(distances))

    def drawn(self, *, long: bool) -> SearchStrategy[Example]:
        raise NotImplementedError

    def on_corpus(self, *_: object) -> Sequence[Trial]:
        raise NotImplementedError


def question(*calls: tuple[str, str]) -> Sum:
    return Sum(claim="identity", sentence="all is nothing", hint="be nothing", asked_of=calls)


def law(**what: object) -> Law:
    return Law(claim="symmetric", sentence="a change changes nothing", hint="stay", changes=changes.SWAP, **what)


def trial(*distances: float, of: Question) -> Trial:
    return Trial({}, "made up", distances, of.deviation(distances), FLOOR)


def test_one_name_twice_is_one_object_and_two_names_are_two():
    seen: list[bool] = []
    same = question(("x", "x"), ("x", "copy"))
    same.tried(subject(lambda x, y: float(seen.append(x is y) or 0)), Example({"x": X, "copy": X}, "x"))
    assert seen == [True, False]


def test_a_view_reaches_the_metric_as_a_view_of_the_same_numbers():
    seen: list[Array] = []
    question(("x", "view")).tried(
        subject(lambda x, y: float(seen.extend([x, y]) or 0)), Example({"x": X, "view": X}, "")
    )
    np.testing.assert_array_equal(*seen)
    assert seen[0].base is None
    assert seen[1].base is not None
    assert seen[1].strides == strided(seen[0]).strides


def test_what_a_metric_does_to_its_input_does_not_reach_the_next_call():
    def doubles(x: Array, y: Array) -> float:
        x *= 2
        return float(x[-1, -1])

    example = Example({"x": X, "y": Y}, "")
    assert question(("x", "y"), ("x", "y")).tried(subject(doubles), example).distances == [46.0, 46.0]
    assert X[-1, -1, -1] == 23.0


@pytest.mark.parametrize(("condition", "broken"), [(1.0, True), (3.0, False)])
def test_a_deviation_breaks_a_claim_beyond_the_floor_times_the_condition(condition, broken):
    found = question(("x", "y")).tried(subject(lambda x, y: 0.02), Example({"x": X, "y": Y}, "", condition))
    assert found.tolerance == FLOOR * condition
    assert question().breaks(found) is broken


@pytest.mark.parametrize(
    ("what", "distances", "deviation", "broken"),
    [
        ({}, (0.5, 0.505), 0.005, False),
        ({}, (0.5, 0.4), 0.1, True),
        ({"from_itself": True}, (0.1,), 0.1, True),
        ({"from_itself": True}, (0.005,), 0.005, False),
        ({"moves": True}, (0.5, 0.505), 0.005, True),
        ({"moves": True}, (0.5, 0.4), 0.1, False),
        ({"moves": True}, (0.005, 0.005), 0.0, False),  # there is no distance to move
    ],
)
def test_a_law_is_broken_by_a_distance_that_moves_or_by_one_that_should_have(what, distances, deviation, broken):
    found = trial(*distances, of=law(**what))
    assert len(law(**what).calls) == len(distances)
    assert found.deviation == pytest.approx(deviation)
    assert law(**what).breaks(found) is broken


def test_the_worst_deviation_is_the_least_where_there_should_be_one():
    assert law().worst([1.0, 3.0, 2.0]) == 3.0
    assert law(moves=True).worst([1.0, 3.0, 2.0]) == 1.0


def test_swapping_asks_for_the_same_arrays_in_the_other_order():
    change = changes.SWAP.fixed(X, np.random.default_rng(0))
    assert change.apply(X, Y) == (Y, X)
    assert change.condition == 1
