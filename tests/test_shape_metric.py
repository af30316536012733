"""The family of shape metrics, against its formula by matrix roots, its two ends, and examples worked by hand."""

import itertools
import math

import numpy as np
import pytest
from scipy import linalg

from metric_harness.arrays import Array
from metric_harness.errors import DegenerateInputError, SettingError, ShapeError
from metric_harness.metrics.cca import CCA
from metric_harness.metrics.procrustes import Procrustes
from metric_harness.metrics.shape_metric import ShapeMetric
from metric_harness.seeding import generator
from metric_harness.transforms import random_orthogonal

FLOOR = ShapeMetric.claims.numerical_floor
ALPHAS = (0.0, 0.25, 0.5, 1.0)


def rng(*path: str | int) -> np.random.Generator:
    return generator(61, "test_shape_metric", *path)


def normal(n_samples: int, n_units: int, *path: str | int) -> Array:
    return rng("normal", *path).standard_normal((n_samples, n_units))


def textbook(x: Array, y: Array, alpha: float) -> float:
    """Return the angle after X (α 1 + (1 - α)(XᵀX)^(-1/2)), by matrix roots; for full rank and large angles only."""
    shapes: list[Array] = []
    for z in (x, y):
        z = z - z.mean(axis=0)
        z = z / np.linalg.norm(z) * math.sqrt(z.shape[1])
        shapes.append(z @ (alpha * np.eye(z.shape[1]) + (1 - alpha) * linalg.inv(linalg.sqrtm(z.T @ z).real)))
    nuclear = np.linalg.svd(shapes[0].T @ shapes[1], compute_uv=False).sum()
    return math.acos(min(1.0, nuclear / np.linalg.norm(shapes[0]) / np.linalg.norm(shapes[1]))) * 2 / math.pi


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize(("n_samples", "n_x", "n_y"), [(60, 3, 3), (60, 2, 7), (60, 7, 2), (10, 6, 4), (50, 1, 1)])
def test_the_shape_metric_is_the_angle_after_partial_whitening(n_samples, n_x, n_y, alpha):
    x, y = 2 + normal(n_samples, n_x, "x") * np.geomspace(1, 9, n_x), normal(n_samples, n_y, "y") - 1
    for other in (y, np.hstack([x[:, :1], y])):
        expected = textbook(x, other, alpha)
        assert ShapeMetric(alpha=alpha).distance(x, other) == pytest.approx(expected, abs=1e-12)
        assert ShapeMetric(alpha=alpha).distance(1e-5 * x, 7 * other) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("n_samples", "n_x", "n_y"), [(60, 3, 3), (60, 2, 7), (6, 20, 3), (50, 1, 1)])
def test_one_end_of_the_family_is_procrustes(n_samples, n_x, n_y):
    x, y = normal(n_samples, n_x, "x"), normal(n_samples, n_y, "y")
    assert ShapeMetric(alpha=1.0).distance(x, y) == pytest.approx(Procrustes().distance(x, y), abs=1e-13)


@pytest.mark.parametrize(("n_samples", "n_x", "n_y"), [(60, 3, 3), (60, 2, 7), (60, 7, 2), (6, 20, 3), (50, 1, 1)])
def test_the_other_end_is_the_angle_of_the_canonical_correlations(n_samples, n_x, n_y):
    x, y = normal(n_samples, n_x, "x"), normal(n_samples, n_y, "y")
    ranks = [min(n, n_samples - 1) for n in (n_x, n_y)]
    cosine = (1 - CCA().distance(x, y)) * min(ranks) / math.sqrt(math.prod(ranks))
    assert math.cos(ShapeMetric(alpha=0.0).distance(x, y) * math.pi / 2) == pytest.approx(cosine, abs=1e-12)


CROSS = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])


@pytest.mark.parametrize(
    ("alpha", "y", "cosine"),
    [
        # Singular values 1 and 7 over 5: as they are (1 + 7) / (√2 · √50), half whitened (3 + 6) / (√2 · √45).
        (1.0, CROSS * [1, 7], 0.8),
        (0.5, CROSS * [1, 7], 3 / math.sqrt(10)),
        (0.0, CROSS * [1, 7], 1.0),
        # One axis gone: one of two directions is shared, whatever is whitened.
        *((alpha, CROSS[:, :1], math.sqrt(0.5)) for alpha in ALPHAS),
        *((alpha, CROSS[:, ::-1] * [3, -3] + [5, -7], 1.0) for alpha in ALPHAS),
        *((alpha, np.array([[1.0], [1.0], [-1.0], [-1.0]]), 0.0) for alpha in ALPHAS),
    ],
)
def test_shapes_of_a_cross_are_what_the_hand_computes(alpha, y, cosine):
    expected = math.acos(cosine) * 2 / math.pi
    assert ShapeMetric(alpha=alpha).distance(CROSS, y) == pytest.approx(expected, abs=1e-14)
    assert ShapeMetric(alpha=alpha).distance(y, CROSS) == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_no_detour_is_shorter(alpha):
    for k in range(50):
        x, z = normal(8, 3, "from", k), normal(8, 3, "to", k)
        between = [w * x + (1 - w) * z for w in (0.2, 0.5, 0.8)]
        matrix = ShapeMetric(alpha=alpha).distances([x, *between, z])
        for i, j, via in itertools.permutations(range(5), 3):
            assert matrix[i, j] <= matrix[i, via] + matrix[via, j] + FLOOR


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize(("n_samples", "n_units"), [(500, 3), (40, 39), (40, 40), (12, 100), (5, 1), (2, 1)])
def test_rotating_scaling_and_shifting_stay_below_the_floor(n_samples, n_units, alpha):
    x = normal(n_samples, n_units)
    changed = 1e3 * (x @ random_orthogonal(n_units, rng("rotation"))) + 40.0
    assert ShapeMetric(alpha=alpha).distance(x, changed) <= FLOOR


def test_linear_maps_do_not_matter_where_all_is_whitened_as_that_setting_claims():
    x, mapped = normal(50, 4), normal(50, 4) @ normal(4, 4, "map")
    assert ShapeMetric(alpha=0.0).distance(x, mapped) <= FLOOR
    assert ShapeMetric(alpha=0.0).distance(x, x * [1, 1e-3, 1e6, 1e9]) <= FLOOR
    assert ShapeMetric(alpha=0.01).distance(x, mapped) > 1e-4
    claims = ShapeMetric(alpha=0.0).claims
    assert (claims.linear, claims.unit_scaling) == (True, True)
    assert (ShapeMetric.claims.linear, ShapeMetric.claims.unit_scaling) == (False, False)


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("scale", [1e-300, 1e-12, 1e12, 1e300])
def test_scales_near_the_limits_of_floats_change_nothing(scale, alpha):
    x, y, metric = normal(50, 3, "x"), normal(50, 4, "y"), ShapeMetric(alpha=alpha)
    assert metric.distance(x, scale * x) <= FLOOR
    assert metric.distance(scale * x, y) == pytest.approx(metric.distance(x, y), abs=FLOOR)


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("shift", [0.0, 1e3, 1e6])
def test_units_that_repeat_others_or_are_silent_add_no_direction(alpha, shift):
    x, y, metric = normal(50, 3), normal(50, 3, "y"), ShapeMetric(alpha=alpha)
    padded = np.hstack([x, x, np.full((50, 2), 0.1)]) + shift
    assert metric.distance(padded, y) == pytest.approx(metric.distance(x, y), abs=FLOOR + 1e-15 * shift)


def test_settings_outside_the_family_are_refused():
    for alpha in (-0.1, 1.1, math.nan):
        with pytest.raises(SettingError, match="needed a number from 0"):
            ShapeMetric(alpha=alpha)


def test_a_batch_is_its_pairs_and_refuses_what_they_refuse():
    xs = [normal(30, 2 + k, k) for k in range(4)]
    pairs = [(0, 2), (2, 3), (3, 0)]
    expected = [ShapeMetric().distance(xs[i], xs[j]) for i, j in pairs]
    np.testing.assert_allclose(ShapeMetric().pair_distances(xs, pairs), expected, atol=1e-14)
    with pytest.raises(DegenerateInputError, match="recording 1 is constant"):
        ShapeMetric().pair_distances([normal(5, 2), np.ones((5, 2))], [(0, 1)])
    with pytest.raises(ShapeError, match="x has 5 samples and y has 4"):
        ShapeMetric().distance(normal(5, 2), normal(4, 2))
