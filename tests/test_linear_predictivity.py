"""Held-out ridge regression both ways, against one fit per trial and examples worked by hand."""

import math

import numpy as np
import pytest

from metric_harness.arrays import Array, Trajectories
from metric_harness.errors import DegenerateInputError, SettingError, ShapeError
from metric_harness.metrics.linear_predictivity import LinearPredictivity
from metric_harness.metrics.linear_regression import LinearRegression
from metric_harness.seeding import generator
from metric_harness.transforms import random_orthogonal

FLOOR = LinearPredictivity.claims.numerical_floor


def rng(*path: str | int) -> np.random.Generator:
    return generator(97, "test_linear_predictivity", *path)


def normal(*shape: int, path: str = "x") -> Trajectories:
    return rng("normal", path).standard_normal(shape)


def one_way(x: Trajectories, y: Trajectories, ridge: float) -> float:
    """Return the share of y that is left by one least-squares fit per held-out trial, the penalty as extra rows."""
    n_units = x.shape[-1]
    penalty = math.sqrt(ridge) * float(np.linalg.norm(x - x.mean(axis=(0, 1)))) * np.eye(n_units)
    left, total = 0.0, 0.0
    for g in range(len(x)):
        others = [np.delete(z, g, axis=0).reshape(-1, z.shape[-1]) for z in (x, y)]
        means = [z.mean(axis=0) for z in others]
        rows = np.vstack([others[0] - means[0], penalty])
        targets = np.vstack([others[1] - means[1], np.zeros((n_units, y.shape[-1]))])
        fit: Array = np.linalg.lstsq(rows, targets, rcond=None)[0]
        left += np.sum((y[g] - means[1] - (x[g] - means[0]) @ fit) ** 2)
        total += np.sum((y[g] - means[1]) ** 2)
    return left / total


@pytest.mark.parametrize("ridge", [1e-6, 1e-3, 1.0])
@pytest.mark.parametrize(
    ("shape", "n_x", "n_y"), [((6, 20), 3, 3), ((2, 9), 2, 7), ((5, 4), 40, 2), ((30, 1), 4, 3), ((3, 5), 1, 1)]
)
def test_linear_predictivity_is_one_fit_for_each_trial_and_way(shape, n_x, n_y, ridge):
    x, y = 2 + normal(*shape, n_x), normal(*shape, n_y, path="y") - 1
    for other in (y, x @ normal(n_x, n_y, path="map") + 0.3 * y + normal(shape[0], 1, n_y, path="trial means")):
        expected = (one_way(x, other, ridge) + one_way(other, x, ridge)) / 2
        assert LinearPredictivity(ridge=ridge).distance(x, other) == pytest.approx(expected, rel=1e-9, abs=1e-12)
        assert LinearPredictivity(ridge=ridge).distance(other, x) == pytest.approx(expected, rel=1e-9, abs=1e-12)


SWING = np.array([[[1.0], [-1]], [[1], [-1]]])
"""Two trials of mean zero and squared norm 2."""


@pytest.mark.parametrize(
    ("x", "y", "ridge", "expected"),
    [
        # One trial to fit, W = 2 / (2 + 4 ridge): of x itself the square of 1 - W is left.
        (SWING, SWING, 0.5, 0.25),
        (SWING, SWING, 1 / 6, 1 / 16),
        (SWING, 5 - 3 * SWING, 0.5, 0.25),
        # The second trial reversed: a fit of one predicts the other's negative, (1 + W)² is left.
        (SWING, SWING * [[[1]], [[-1]]], 0.5, 2.25),
        # A unit that is not there in x: nothing of it is predicted, all of it counts. With u of x itself and a second
        # unit of the same size at a right angle: (1/4 + 1) / 2 one way, the other way λ is twice as large, W = 1/3.
        (
            np.array([[[1.0], [-1], [0], [0]]] * 2),
            np.array([[[1.0, 0], [-1, 0], [0, 1], [0, -1]]] * 2),
            0.5,
            ((1 / 4 + 1) / 2 + (2 / 3) ** 2) / 2,
        ),
    ],
)
def test_predictions_of_few_samples_are_what_the_hand_computes(x, y, ridge, expected):
    assert LinearPredictivity(ridge=ridge).distance(x, y) == pytest.approx(expected, abs=1e-14)
    assert LinearPredictivity(ridge=ridge).distance(y, x) == pytest.approx(expected, abs=1e-14)


def test_with_many_samples_and_no_penalty_held_out_trials_are_as_those_of_the_fit():
    x, y = normal(200, 50, 3), normal(200, 50, 3, path="y")
    y = y + x @ normal(3, 3, path="map")
    flat = [z.reshape(-1, 3) for z in (x, y)]
    both = (LinearRegression().distance(*flat) + LinearRegression().distance(*flat[::-1])) / 2
    assert LinearPredictivity(ridge=1e-8).distance(x, y) == pytest.approx(both, rel=2e-3)


def test_independent_recordings_predict_nothing_also_where_the_fit_seems_to():
    x, y = normal(10, 10, 60), normal(10, 10, 60, path="y")
    flat = [z.reshape(-1, 60) for z in (x, y)]
    assert LinearRegression().distance(*flat) < 0.5
    assert LinearPredictivity().distance(x, y) > 1


def test_the_distance_to_itself_is_what_the_penalty_costs():
    x = np.concatenate([normal(400, 10, 1), 0.1 * normal(400, 10, 1, path="weak")], axis=-1)
    shares = np.array([1, 0.01]) / 1.01
    expected = np.sum(shares * (1e-3 / (shares + 1e-3)) ** 2)
    assert LinearPredictivity().distance(x, x) == pytest.approx(expected, rel=0.05)
    assert LinearPredictivity.claims.identity is False


@pytest.mark.parametrize(("shape", "n_units"), [((10, 50), 3), ((4, 10), 39), ((2, 6), 100), ((5, 1), 1)])
def test_rotating_scaling_shifting_and_reordering_change_nothing(shape, n_units):
    x, y = normal(*shape, n_units), normal(*shape, n_units, path="y")
    expected = LinearPredictivity().distance(x, y)
    turned = 1e3 * (x @ random_orthogonal(n_units, rng("rotation"))) + 40.0
    order = rng("order").permutation(len(x))
    times = rng("times").permutation(x.shape[1])
    for first, second in ((turned, y), (y, turned), (x[order], y[order]), (x[:, times], y[:, times])):
        assert LinearPredictivity().distance(first, second) == pytest.approx(expected, abs=FLOOR)


@pytest.mark.parametrize("scale", [1e-300, 1e-12, 1e12, 1e300])
def test_scales_near_the_limits_of_floats_change_nothing(scale):
    x, y = normal(5, 10, 3), normal(5, 10, 4, path="y")
    expected = LinearPredictivity().distance(x, y)
    assert LinearPredictivity().distance(scale * x, y) == pytest.approx(expected, abs=FLOOR)
    assert LinearPredictivity().distance(x, scale * y) == pytest.approx(expected, abs=FLOOR)


def test_a_recording_that_varies_in_one_trial_only_predicts_nothing_instead_of_rounding():
    x, y = np.full((4, 10, 2), 0.1), normal(4, 10, 3)
    x[0] = normal(10, 2, path="one")
    assert LinearPredictivity().distance(x, y) >= 1


@pytest.mark.parametrize(
    ("x", "y", "error", "message"),
    [
        (np.ones((2, 5, 2)), normal(2, 5, 2), DegenerateInputError, "x is constant over its 10 samples"),
        (normal(2, 5, 2), np.full((2, 5, 2), 0.1), DegenerateInputError, "y is constant over its 10 samples"),
        (normal(1, 5, 2), normal(1, 5, 2), DegenerateInputError, "x has a single trial; needed 2 or more"),
        (normal(2, 5, 2), normal(2, 4, 2), ShapeError, "x has 2 trials of 5 times and y has 2 of 4"),
    ],
)
def test_what_cannot_be_predicted_is_refused(x, y, error, message):
    with pytest.raises(error, match=message):
        LinearPredictivity().distance(x, y)


def test_a_batch_is_its_pairs_and_refuses_what_they_refuse():
    xs = [normal(3, 10, 2 + k, path=str(k)) for k in range(4)]
    pairs = [(0, 2), (2, 3), (3, 0)]
    expected = [LinearPredictivity().distance(xs[i], xs[j]) for i, j in pairs]
    np.testing.assert_allclose(LinearPredictivity().pair_distances(xs, pairs), expected, atol=1e-14)
    with pytest.raises(DegenerateInputError, match="recording 1 is constant"):
        LinearPredictivity().pair_distances([normal(2, 5, 2), np.ones((2, 5, 2))], [(0, 1)])


def test_no_penalty_is_no_setting():
    for ridge in (0.0, -1.0, 1e-9, math.inf, math.nan):
        with pytest.raises(SettingError, match="needed a finite number of at least 1e-08"):
            LinearPredictivity(ridge=ridge)
