"""Every form of a metric becomes one object, and no bad input or answer gets through its door."""

import math
import os
import threading

import numpy as np
import pytest

from metric_harness.adapter import MetricUnderTest, adapt
from metric_harness.errors import MetricError, NonFiniteError, SettingError, ShapeError
from metric_harness.interfaces import Claims, metric
from metric_harness.seeding import generator

X, Y = generator(1, "adapter").standard_normal((2, 4, 5, 3))


def behind_door(target: object) -> MetricUnderTest:
    return MetricUnderTest("target", adapt(target))


def shape_sum(x, y):
    return float(x.ndim + 10 * y.ndim)


class Distance:
    needs = "trajectories"

    def distance(self, x, y):
        return shape_sum(x, y)


class Similarity:
    claims = Claims(value_range=(-1.0, 2.0))

    def similarity(self, x, y):
        return 1.75


def test_a_function_gets_activations_unless_it_says_otherwise():
    assert behind_door(shape_sum).distance(X, Y) == 22.0
    assert behind_door(metric(needs="trajectories")(lambda x, y: shape_sum(x, y))).distance(X, Y) == 33.0
    assert behind_door(lambda trajectories, others: shape_sum(trajectories, others)).distance(X, Y) == 33.0


def test_objects_bring_distance_or_similarity():
    assert behind_door(Distance()).distance(X, Y) == 33.0
    # What is missing to the best similarity that the claims allow: 2 - 1.75.
    assert behind_door(Similarity()).distance(X, Y) == 0.25
    assert behind_door(metric(kind="similarity")(lambda x, y: 0.75)).distance(X, Y) == 0.25


def test_trajectories_are_flattened_trial_by_trial():
    seen = []
    behind_door(lambda x, y: float(seen.append(x) or 0)).distance(X, Y)
    np.testing.assert_array_equal(seen[0], X.reshape(20, 3))


def test_what_the_metric_does_to_its_input_stays_with_it():
    def destroys(x, y):
        x[:] = 0
        return 1.0

    before = X.copy()
    behind_door(destroys).distance(X, Y)
    np.testing.assert_array_equal(X, before)


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (X[0], ShapeError),
        (X[:0], ShapeError),
        (np.where(X > 1, np.nan, X), NonFiniteError),
        (X.astype(complex), NonFiniteError),
        (np.full((2, 2, 2), "a"), NonFiniteError),
    ],
)
def test_the_door_refuses_bad_recordings(bad, error):
    with pytest.raises(error):
        behind_door(lambda x, y: 1.0).distance(X, bad)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (np.nan, "returned nan"),
        (np.inf, "returned inf"),
        (np.zeros(2), r"returned a ndarray of shape \(2,\)"),
        (np.zeros(1), r"returned a ndarray of shape \(1,\)"),
        (None, "returned a NoneType"),
        ("0.5", "returned a str"),
        (True, "returned a bool"),
        (1j, "returned a complex"),
    ],
)
def test_an_answer_that_is_no_number_is_an_error(answer, message):
    with pytest.raises(MetricError, match=message):
        behind_door(lambda x, y: answer).distance(X, Y)


@pytest.mark.parametrize("answer", [0.5, np.float32(0.5), np.array(0.5), 1, np.int64(1)])
def test_every_real_scalar_is_a_number(answer):
    assert behind_door(lambda x, y: answer).distance(X, Y) == float(answer)


def test_an_exception_is_told_with_its_place():
    def fails(x, y):
        raise KeyError("weights")

    with pytest.raises(MetricError, match=r"raised KeyError: 'weights' \(at test_adapter.py:\d+, in fails\)"):
        behind_door(fails).distance(X, Y)


def test_all_pairs_of_an_asymmetric_metric_are_asked_in_both_orders():
    matrix = behind_door(lambda x, y: float(x[0, 0] - 2 * y[0, 0])).distances([X, Y])
    assert matrix[0, 1] == X[0, 0, 0] - 2 * Y[0, 0, 0]
    assert matrix[1, 0] == Y[0, 0, 0] - 2 * X[0, 0, 0]


def test_calls_are_counted():
    subject = behind_door(metric(claims=Claims(symmetric=True))(lambda x, y: 0.0))
    subject.distances([X, Y, X])
    subject.pair_distances([X, Y], [(0, 1)] * 4)
    assert subject.meter.n_calls == 6 + 4


def test_two_threads_ask_from_both_ends_and_answer_in_one_order():
    asked: dict[int, list[float]] = {}

    def notes(x, y):
        asked.setdefault(threading.get_ident(), []).append(float(y[0, 0]))
        return float(y[0, 0])

    values = behind_door(notes).in_threads([X, Y, 2 * Y], [(0, 1), (0, 2)])
    np.testing.assert_array_equal(values, np.array([[1, 2], [1, 2]]) * Y[0, 0, 0])
    forward = [Y[0, 0, 0], 2 * Y[0, 0, 0]]
    assert sorted(asked.values()) == sorted([forward, forward[::-1]])


def test_an_error_in_a_thread_is_an_error_of_the_metric():
    def main_thread_only(x, y):
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("not in this thread")
        return 0.0

    with pytest.raises(MetricError, match="raised RuntimeError: not in this thread"):
        behind_door(main_thread_only).in_threads([X, Y], [(0, 1)])


@pytest.mark.parametrize(
    ("kind", "limits", "expected"),
    [
        ("distance", (0.0, 2.0), (0.0, 2.0)),
        ("similarity", (-1.0, 1.0), (0.0, 2.0)),
        ("similarity", (-math.inf, 1.0), (0.0, math.inf)),
        ("similarity", None, None),
    ],
)
def test_the_range_of_a_similarity_is_turned_into_one_of_distances(kind, limits, expected):
    decorated = metric(kind=kind, claims=Claims(value_range=limits))(lambda x, y: 0.0)
    assert behind_door(decorated).distance_range == expected


@pytest.mark.parametrize(
    "target",
    [
        3,
        "cka",
        type("Empty", (), {})(),
        metric(needs="images")(lambda x, y: 0.0),
        metric(kind="score")(lambda x, y: 0.0),
    ],
)
def test_what_is_no_metric_is_refused(target):
    with pytest.raises(SettingError):
        adapt(target)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
def test_a_child_that_the_metric_lets_return_leaves_the_run(tmp_path):
    def forks(x, y):
        if os.fork():
            os.wait()
        return 1.0

    seen = tmp_path / "who_went_on"
    with seen.open("a") as stream:
        assert behind_door(forks).distance(X, Y) == 1.0
        assert behind_door(forks).pair_distances([X, Y], [(0, 1)] * 4).tolist() == [1.0] * 4
        stream.write(f"{os.getpid()}\n")
    assert seen.read_text() == f"{os.getpid()}\n"
