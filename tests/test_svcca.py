"""Canonical correlation of the strongest directions, against CCA of truncated data and examples worked by hand."""

import numpy as np
import pytest
from scipy import linalg

from metric_harness.arrays import Array
from metric_harness.errors import DegenerateInputError, SettingError, ShapeError
from metric_harness.metrics.cca import CCA
from metric_harness.metrics.svcca import SVCCA
from metric_harness.seeding import generator
from metric_harness.transforms import random_orthogonal

FLOOR = SVCCA.claims.numerical_floor


def rng(*path: str | int) -> np.random.Generator:
    return generator(71, "test_svcca", *path)


def normal(n_samples: int, n_units: int, *path: str | int) -> Array:
    return rng("normal", *path).standard_normal((n_samples, n_units))


def graded(n_samples: int, n_units: int, *path: str | int) -> Array:
    return normal(n_samples, n_units, *path) * np.geomspace(1, 0.01, n_units)


def truncated(x: Array, variance: float) -> Array:
    """Return the leading principal components of the covariance, as many as reach a share of its trace."""
    values, vectors = linalg.eigh(np.cov(x, rowvar=False).reshape(x.shape[1], -1))
    n_kept = 1 + np.count_nonzero(np.cumsum(values[::-1]) < variance * values.sum())
    return x @ vectors[:, ::-1][:, :n_kept]


@pytest.mark.parametrize("variance", [0.5, 0.9, 0.99])
@pytest.mark.parametrize(("n_samples", "n_x", "n_y"), [(60, 8, 8), (60, 2, 9), (60, 9, 2), (12, 20, 5), (50, 1, 1)])
def test_svcca_is_the_mean_cosine_of_scipys_angles_between_truncated_recordings(n_samples, n_x, n_y, variance):
    x, y = 2 + graded(n_samples, n_x, "x"), graded(n_samples, n_y, "y") - 1
    y = y + 0.5 * x @ normal(n_x, n_y, "map")
    kept = [truncated(z, variance) for z in (x, y)]
    found = SVCCA(variance=variance).distance(x, y)
    assert found == pytest.approx(CCA().distance(*kept), abs=1e-12)
    angles = linalg.subspace_angles(*(z - z.mean(axis=0) for z in kept))
    assert found == pytest.approx(1 - np.mean(np.cos(angles)), abs=1e-7)


def test_a_share_that_keeps_everything_leaves_cca():
    x, y = graded(60, 5, "x"), graded(60, 4, "y")
    assert SVCCA(variance=1 - 1e-9).distance(x, y) == pytest.approx(CCA().distance(x, y), abs=FLOOR)
    assert SVCCA().distance(x, y) != pytest.approx(CCA().distance(x, y), abs=1e-3)


U, V, W = np.array([[1.0, -1, 0, 0], [0, 0, 1, -1], [1, 1, -1, -1]])
"""Centered and orthogonal, |u|² = |v|² = 2, |w|² = 4."""


def columns(*units: Array) -> Array:
    return np.stack(units, axis=1)


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        # One direction kept of each, correlation 3/5; the weak ones would have agreed.
        (columns(U, W / 100), columns(3 * U + 4 * V, W / 100), 0.4),
        # Both directions kept of each: 3/5 and 1.
        (columns(U, W), columns(3 * U + 4 * V, W), 0.2),
        # Two of x, one of y: the smaller number counts.
        (columns(U, W), columns(3 * U + 4 * V, W / 100), 0.4),
        (columns(U), columns(V, W), 1.0),
        (columns(U), columns(-2 * U + 7), 0.0),
    ],
)
def test_svcca_of_three_orthogonal_units_is_what_the_hand_computes(x, y, expected):
    for first, second in ((x, y), (y, x), (x, y @ random_orthogonal(y.shape[1], rng("q")) + 3)):
        assert SVCCA().distance(first, second) == pytest.approx(expected, abs=1e-14)


def test_directions_of_one_strength_stay_together():
    # Half of the variance is in either unit: one of them would do, and nothing says which.
    x, y = columns(U, V), columns(U, W)
    expected = SVCCA(variance=0.9).distance(x, y)
    for k in range(10):
        assert SVCCA(variance=0.4).distance(x @ random_orthogonal(2, rng("tied", k)), y * [2, 2**0.5]) == pytest.approx(
            expected, abs=1e-14
        )


@pytest.mark.parametrize(("n_samples", "n_units"), [(500, 3), (40, 39), (40, 40), (12, 100), (5, 1), (2, 1)])
def test_rotating_scaling_and_shifting_change_nothing(n_samples, n_units):
    x, y = graded(n_samples, n_units), graded(n_samples, n_units, "y")
    changed = 1e3 * (x @ random_orthogonal(n_units, rng("rotation"))) + 40.0
    assert SVCCA().distance(x, changed) <= FLOOR
    assert SVCCA().distance(changed, y) == pytest.approx(SVCCA().distance(x, y), abs=FLOOR)


@pytest.mark.parametrize("scale", [1e-300, 1e-12, 1e12, 1e300])
def test_scales_near_the_limits_of_floats_change_nothing(scale):
    x, y = graded(50, 3, "x"), graded(50, 4, "y")
    assert SVCCA().distance(scale * x, y) == pytest.approx(SVCCA().distance(x, y), abs=FLOOR)


def test_what_keeps_nothing_or_everything_is_no_setting():
    for variance in (0.0, 1.0, -1.0, float("nan")):
        with pytest.raises(SettingError, match="needed a share above 0 and below 1"):
            SVCCA(variance=variance)


def test_the_settings_next_door_leave_out_five_times_as_much_and_a_fifth():
    assert [near.variance for near in SVCCA().neighbors()] == [0.95, 0.998]
    assert all(0 < near.variance < 1 for near in SVCCA(variance=0.1).neighbors())


def test_a_batch_is_its_pairs_and_refuses_what_they_refuse():
    xs = [graded(30, 2 + k, k) for k in range(4)]
    pairs = [(0, 2), (2, 3), (3, 0)]
    assert SVCCA().pair_distances(xs, pairs).tolist() == [SVCCA().distance(xs[i], xs[j]) for i, j in pairs]
    with pytest.raises(DegenerateInputError, match="recording 1 is constant"):
        SVCCA().pair_distances([normal(5, 2), np.ones((5, 2))], [(0, 1)])
    with pytest.raises(ShapeError, match="x has 5 samples and y has 4"):
        SVCCA().distance(normal(5, 2), normal(4, 2))
