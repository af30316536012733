"""What a linear regression leaves unexplained, against least squares and examples worked by hand."""

import math

import numpy as np
import pytest

from metric_harness import arrays
from metric_harness.arrays import Array
from metric_harness.errors import DegenerateInputError, NonFiniteError, ShapeError
from metric_harness.metrics.linear_regression import LinearRegression
from metric_harness.seeding import generator
from metric_harness.transforms import random_orthogonal

FLOOR = LinearRegression.claims.numerical_floor


def rng(*path: str | int) -> np.random.Generator:
    return generator(47, "test_linear_regression", *path)


def normal(n_samples: int, n_units: int, *path: str | int) -> Array:
    return rng("normal", *path).standard_normal((n_samples, n_units))


def textbook(x: Array, y: Array) -> float:
    """Return 1 - R² of ordinary least squares with an intercept column, variance-weighted over the units of y."""
    design = np.hstack([np.ones((len(x), 1)), x])
    weights = np.linalg.lstsq(design, y, rcond=None)[0]
    return float(np.sum((y - design @ weights) ** 2) / np.sum((y - y.mean(axis=0)) ** 2))


@pytest.mark.parametrize(
    ("n_samples", "n_x", "n_y"), [(60, 3, 3), (60, 2, 7), (60, 7, 2), (10, 6, 4), (6, 20, 3), (6, 3, 20), (50, 1, 1)]
)
def test_linear_regression_is_what_least_squares_leaves(n_samples, n_x, n_y):
    x, y = 2 + normal(n_samples, n_x, "x"), normal(n_samples, n_y, "y") * np.arange(1, n_y + 1) - 1
    mixed = y + 3 * x @ normal(n_x, n_y, "map")
    for target in (y, mixed):
        assert LinearRegression().distance(x, target) == pytest.approx(textbook(x, target), abs=1e-12)


U, V, W = np.array([[1.0, -1, 0, 0], [0, 0, 1, -1], [1, 1, -1, -1]])
"""Centered and orthogonal, |u|² = |v|² = 2, |w|² = 4."""


def columns(*units: Array) -> Array:
    return np.stack(units, axis=1)


@pytest.mark.parametrize(
    ("x", "y", "forward", "backward"),
    [
        # One unit each: 1 - r² = 1 - 9/25, either way.
        (columns(U), columns(3 * U + 4 * V), 0.64, 0.64),
        # A recording predicts its part; the part leaves |w|² of |u|² + |w|² = 4 of 6.
        (columns(U, W), columns(U), 0.0, 4 / 6),
        # Variance-weighted: u explains all of 9 · 2 and none of 1 · 4; backward everything.
        (columns(U), columns(3 * U, W), 4 / 22, 0.0),
        (columns(U), columns(V, W), 1.0, 1.0),
        # Dependent predictors add nothing.
        (columns(U, 2 * U, -U), columns(3 * U + 4 * V), 0.64, 0.64),
    ],
)
def test_regressions_of_three_orthogonal_units_are_what_the_hand_computes(x, y, forward, backward):
    assert LinearRegression().distance(x, y) == pytest.approx(forward, abs=1e-14)
    assert LinearRegression().distance(y, x) == pytest.approx(backward, abs=1e-14)
    shifted, turned = 7 - 3 * x, 0.5 * y @ random_orthogonal(y.shape[1], rng("q")) + 9
    assert LinearRegression().distance(shifted, turned) == pytest.approx(forward, abs=1e-14)
    assert LinearRegression().distance(turned, shifted) == pytest.approx(backward, abs=1e-14)


@pytest.mark.parametrize("n_samples", [7, 300])
@pytest.mark.parametrize("angle", [1e-10, 1e-8, 1e-5, 0.1, 1.0, math.pi / 2])
def test_planted_residuals_are_recovered_also_where_a_difference_from_one_sees_none(angle, n_samples):
    frame = np.linalg.qr(np.hstack([np.ones((n_samples, 1)), normal(n_samples, 6, "frame")]))[0][:, 1:]
    inside, outside = frame[:, :3], frame[:, 3:]
    y = math.cos(angle) * inside + math.sin(angle) * outside
    expected = math.sin(angle) ** 2
    assert LinearRegression().distance(inside, y) == pytest.approx(expected, rel=1e-4, abs=0)
    mapped = inside @ normal(3, 3, "map")
    turned = 3 * y @ random_orthogonal(3, rng("q"))
    assert LinearRegression().distance(mapped, turned) == pytest.approx(expected, rel=1e-4, abs=0)


@pytest.mark.parametrize(("n_samples", "n_units"), [(500, 3), (40, 20), (40, 39), (12, 100), (5, 1), (2, 1)])
def test_rotating_scaling_and_shifting_either_recording_change_nothing(n_samples, n_units):
    x = normal(n_samples, n_units)
    y = x + normal(n_samples, n_units, "y")
    expected = LinearRegression().distance(x, y)
    q = random_orthogonal(n_units, rng("rotation"))
    for changed in (lambda z: 1e3 * (z @ q) + 40.0, lambda z: z[:, ::-1], lambda z: 1e-6 * z):
        assert LinearRegression().distance(changed(x), y) == pytest.approx(expected, abs=FLOOR)
        assert LinearRegression().distance(x, changed(y)) == pytest.approx(expected, abs=FLOOR)
        assert LinearRegression().distance(x, changed(x)) <= FLOOR


@pytest.mark.parametrize("condition", [1e2, 1e4, 1e8, 1e10])
def test_a_linear_map_of_the_predictors_costs_its_condition_and_no_more(condition):
    # The docstring's measure is 1e-17 times the condition.
    x, y = normal(500, 4), normal(500, 4, "y")
    y += x
    left, right = random_orthogonal(4, rng("left")), random_orthogonal(4, rng("right"))
    mapped = x @ left @ np.diag(np.geomspace(1, 1 / condition, 4)) @ right
    expected = LinearRegression().distance(x, y)
    assert LinearRegression().distance(mapped, y) == pytest.approx(expected, abs=1e-15 + 1e-17 * condition)
    assert LinearRegression().distance(x * [1, 1e-12, 1e12, 1], y) == pytest.approx(expected, abs=FLOOR)


def test_a_linear_map_of_the_predicted_weighs_its_units_anew():
    x, y = columns(U), columns(3 * U, W)
    # Twice the unit that u does not explain: 16 of 18 + 16.
    assert LinearRegression().distance(x, y * [1, 2]) == pytest.approx(16 / 34, abs=1e-14)


@pytest.mark.parametrize("scale", [1e-300, 1e-100, 1e-6, 1e6, 1e100, 1e300])
def test_scales_near_the_limits_of_floats_change_nothing(scale):
    x, y = normal(50, 3, "x"), normal(50, 4, "y")
    for a, b in ((x, y), (y, x)):
        expected = LinearRegression().distance(a, b)
        assert LinearRegression().distance(scale * a, b) == pytest.approx(expected, abs=FLOOR)
        assert LinearRegression().distance(a, scale * b) == pytest.approx(expected, abs=FLOOR)


@pytest.mark.parametrize("shift", [1.0, 1e3, 1e6])
def test_a_shift_costs_its_rounding_and_no_more(shift):
    # The docstring's measure is 1e-17 per standard deviation; ten times that is the bound here.
    x, y = normal(50, 3), normal(50, 3, "y")
    expected = LinearRegression().distance(x, y)
    assert LinearRegression().distance(x + shift, y - shift) == pytest.approx(expected, abs=1e-15 + 1e-16 * shift)


def test_independent_recordings_look_related_by_their_share_of_dimensions():
    # E R² = rank / (samples - 1) = 10/40; its standard deviation here is .02, that of the mean of 50 is .003.
    found = [LinearRegression().distance(normal(41, 10, k, "x"), normal(41, 10, k, "y")) for k in range(50)]
    assert np.mean(found) == pytest.approx(0.75, abs=0.015)
    assert LinearRegression().distance(normal(12, 11), normal(12, 5, "y")) <= FLOOR


def test_orthogonal_spaces_are_at_one_and_never_beyond():
    for k in range(20):
        frame = np.linalg.qr(np.hstack([np.ones((30, 1)), normal(30, 6, k)]))[0][:, 1:]
        assert 1 - 1e-14 <= LinearRegression().distance(frame[:, :3], frame[:, 3:]) <= 1


def test_a_batch_decomposes_each_predicting_recording_once(monkeypatch):
    calls: list[str] = []
    original = arrays.column_space

    def counted(x: Array, name: str) -> Array:
        calls.append(name)
        return original(x, name)

    xs = [normal(30, 2 + k, k) for k in range(4)]
    pairs = [(0, 2), (2, 3), (0, 3)]
    expected = [LinearRegression().distance(xs[i], xs[j]) for i, j in pairs]
    monkeypatch.setattr(arrays, "column_space", counted)
    assert LinearRegression().pair_distances(xs, pairs).tolist() == expected
    assert sorted(calls) == ["recording 0", "recording 2"]


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.ones((5, 2)), normal(5, 2), "x is constant over its 5 samples"),
        (normal(5, 2), np.full((5, 2), 0.1), "y is constant over its 5 samples"),
        (normal(1, 2), normal(1, 2, "y"), "x is constant over its 1 samples"),
    ],
)
def test_a_constant_recording_is_refused_by_name(x, y, message):
    with pytest.raises(DegenerateInputError, match=message):
        LinearRegression().distance(x, y)


def test_a_batch_refuses_what_a_pair_refuses():
    with pytest.raises(DegenerateInputError, match="recording 1 is constant"):
        LinearRegression().pair_distances([normal(5, 2), np.ones((5, 2))], [(0, 1)])
    with pytest.raises(ShapeError, match="x has 5 samples and y has 4"):
        LinearRegression().pair_distances([normal(5, 2), normal(4, 2)], [(0, 1)])
    with pytest.raises(NonFiniteError, match="recording 1 holds 10 NaN"):
        LinearRegression().pair_distances([normal(5, 2), normal(5, 2) * np.nan], [(0, 1)])
