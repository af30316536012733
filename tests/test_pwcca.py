"""Projection-weighted canonical correlation, against the textbook formula and examples worked by hand."""

import math

import numpy as np
import pytest
from scipy import linalg

from metric_harness.arrays import Array
from metric_harness.errors import DegenerateInputError, ShapeError
from metric_harness.metrics import pwcca as module
from metric_harness.metrics.cca import CCA
from metric_harness.metrics.pwcca import PWCCA
from metric_harness.seeding import generator
from metric_harness.transforms import random_orthogonal

FLOOR = PWCCA.claims.numerical_floor
CLOSE = 1e-12
"""What is left where no two correlations are close."""


def rng(*path: str | int) -> np.random.Generator:
    return generator(73, "test_pwcca", *path)


def normal(n_samples: int, n_units: int, *path: str | int) -> Array:
    return rng("normal", *path).standard_normal((n_samples, n_units))


def textbook(x: Array, y: Array) -> float:
    """Return 1 - Σ α ρ / Σ α from whitened covariances; for full rank and different correlations only."""
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    roots = [linalg.inv(linalg.sqrtm(z.T @ z).real) for z in (x, y)]
    left, correlations, _ = np.linalg.svd(roots[0] @ x.T @ y @ roots[1], full_matrices=False)
    variates = x @ roots[0] @ left
    weights = np.abs(variates.T @ x).sum(axis=1)
    return 1 - float(weights @ correlations / weights.sum())


@pytest.mark.parametrize(("n_samples", "n_x", "n_y"), [(60, 3, 3), (60, 2, 7), (60, 7, 2), (20, 6, 4), (50, 1, 1)])
def test_pwcca_is_the_textbook_mean(n_samples, n_x, n_y):
    x, y = 2 + normal(n_samples, n_x, "x"), normal(n_samples, n_y, "y") - 1
    y = y + 0.5 * x @ normal(n_x, n_y, "map")
    assert PWCCA().distance(x, y) == pytest.approx(textbook(x, y), abs=CLOSE)
    assert PWCCA().distance(y, x) == pytest.approx(textbook(y, x), abs=CLOSE)


U, V, W = np.array([[1.0, -1, 0, 0], [0, 0, 1, -1], [1, 1, -1, -1]])
"""Centered and orthogonal, |u|² = |v|² = 2, |w|² = 4."""
ROOT = math.sqrt(2)


def columns(*units: Array) -> Array:
    return np.stack(units, axis=1)


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        # One unit each: the only weight cancels.
        (columns(U), columns(3 * U + 4 * V), 0.4),
        # 3/5 weighs |u| = √2, 1 weighs |w| = 2.
        (columns(U, W), columns(3 * U + 4 * V, W), 0.4 * ROOT / (ROOT + 2)),
        # A unit that is there ten times weighs ten times as much: 10 √2 against 2.
        (columns(*[U] * 10, W), columns(3 * U + 4 * V, W), 0.4 * 10 * ROOT / (10 * ROOT + 2)),
        # y weighs instead: |3u + 4v| = 5 √2 against 2.
        (columns(3 * U + 4 * V, W), columns(U, W), 0.4 * 5 * ROOT / (5 * ROOT + 2)),
        # One correlation, 3/5; that w is left over does not count.
        (columns(U, W), columns(3 * U + 4 * V), 0.4),
        (columns(U), columns(V, W), 1.0),
        (columns(U), columns(5 * U + V, V - 7, W), 0.0),
    ],
)
def test_pwcca_of_three_orthogonal_units_is_what_the_hand_computes(x, y, expected):
    assert PWCCA().distance(x, y) == pytest.approx(expected, abs=1e-14)
    assert PWCCA().distance(x[:, ::-1], y + 3) == pytest.approx(expected, abs=1e-14)
    assert PWCCA().distance(x, y @ random_orthogonal(y.shape[1], rng("q"))) == pytest.approx(expected, abs=1e-14)


def shared_and_own(n_shared: int) -> tuple[Array, Array]:
    """Return orthonormal recordings with some units in common, and one more that correlates by 1/2."""
    frame = np.linalg.qr(np.hstack([np.ones((40, 1)), normal(40, n_shared + 2, "frame")]))[0][:, 1:]
    shared, own, other = frame[:, :n_shared], frame[:, n_shared], frame[:, n_shared + 1]
    return np.column_stack([shared, own]), np.column_stack([shared, 0.5 * own + math.sqrt(0.75) * other])


@pytest.mark.parametrize("n_shared", [2, 3, 5])
def test_what_two_recordings_share_weighs_the_same_however_it_is_decomposed(n_shared):
    x, y = shared_and_own(n_shared)
    # m directions in as many dimensions, each unit of norm 1 there: m c_M m; the last unit weighs 1.
    constant = math.gamma(n_shared / 2) / math.sqrt(math.pi) / math.gamma((n_shared + 1) / 2)
    expected = 0.5 / (constant * n_shared**2 + 1)
    assert PWCCA().distance(x, y) == pytest.approx(expected, abs=1e-13)
    for k in range(5):
        mapped = y @ normal(n_shared + 1, n_shared + 1, "map", k)
        assert PWCCA().distance(x, mapped) == pytest.approx(expected, abs=1e-12)
        assert PWCCA().distance(x, mapped + 1e-12 * normal(40, n_shared + 1, "noise", k)) == pytest.approx(
            expected, abs=FLOOR
        )


def test_the_weight_of_what_is_shared_is_the_mean_over_its_bases():
    x, y = shared_and_own(3)
    bases = [linalg.block_diag(random_orthogonal(3, rng("basis", k)), 1.0) for k in range(4000)]
    weights = np.mean([np.abs((x @ basis).T @ x).sum(axis=1) for basis in bases], axis=0)
    expected = weights[3] * 0.5 / weights.sum()
    assert PWCCA().distance(x, y) == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 10])
def test_the_mean_first_coordinate_is_that_of_random_directions(n):
    drawn = normal(40000, n, "sphere")
    mean = np.abs(drawn[:, 0] / np.linalg.norm(drawn, axis=1)).mean()
    assert module._mean_first_coordinate(n) == pytest.approx(mean, rel=0.02)
    assert module._mean_first_coordinate(1) == pytest.approx(1, abs=1e-15)
    assert module._mean_first_coordinate(2) == pytest.approx(2 / math.pi, abs=1e-15)


def test_what_correlates_with_nothing_weighs_the_same_however_it_is_decomposed():
    # x spans three dimensions, of which y's second unit meets none: any of two directions is its partner.
    frame = np.linalg.qr(np.hstack([np.ones((40, 1)), normal(40, 5, "none")]))[0][:, 1:]
    x, y = frame[:, :3], np.column_stack([0.5 * frame[:, 0] + math.sqrt(0.75) * frame[:, 3], frame[:, 4]])
    # One direction in two dimensions with two units of norm 1: 1 · 2/π · 2.
    expected = (0.5 + 4 / math.pi) / (1 + 4 / math.pi)
    assert PWCCA().distance(x, y) == pytest.approx(expected, abs=1e-13)


@pytest.mark.parametrize(("n_samples", "n_units"), [(500, 3), (40, 20), (12, 100), (5, 1), (2, 1)])
def test_what_is_claimed_to_change_nothing_changes_nothing(n_samples, n_units):
    x = normal(n_samples, n_units)
    y = x + normal(n_samples, n_units, "y")
    expected = PWCCA().distance(x, y)
    mapped = y @ (np.eye(n_units) + 0.3 * random_orthogonal(n_units, rng("linear")))
    for first, second in ((x, mapped), (x, 1e3 * y + 40), (1e3 * x + 40, y), (x[:, ::-1], y)):
        assert PWCCA().distance(first, second) == pytest.approx(expected, abs=FLOOR)
    assert PWCCA().distance(x, x.copy()) <= 1e-14


def test_rotating_the_units_that_weigh_is_a_change_and_rotating_the_others_is_none():
    x, y = normal(60, 4, "x"), normal(60, 4, "y")
    y = y + x
    turn = random_orthogonal(4, rng("turn"))
    assert PWCCA().distance(x @ turn, y) != pytest.approx(PWCCA().distance(x, y), abs=1e-4)
    assert PWCCA().distance(x, y @ turn) == pytest.approx(PWCCA().distance(x, y), abs=CLOSE)


def test_units_of_one_norm_in_their_canonical_directions_weigh_like_the_plain_mean():
    frame = np.linalg.qr(np.hstack([np.ones((40, 1)), normal(40, 6, "frame")]))[0][:, 1:]
    cosines = np.array([0.9, 0.5, 0.2])
    y = frame[:, :3] * cosines + frame[:, 3:] * np.sqrt(1 - cosines**2)
    assert PWCCA().distance(frame[:, :3], y) == pytest.approx(CCA().distance(frame[:, :3], y), abs=1e-14)


@pytest.mark.parametrize("scale", [1e-300, 1e-12, 1e12, 1e300])
def test_scales_near_the_limits_of_floats_change_nothing(scale):
    x, y = normal(50, 3, "x"), normal(50, 4, "y")
    assert PWCCA().distance(scale * x, y) == pytest.approx(PWCCA().distance(x, y), abs=CLOSE)
    assert PWCCA().distance(x, scale * y) == pytest.approx(PWCCA().distance(x, y), abs=CLOSE)


def test_a_batch_is_its_pairs_and_refuses_what_they_refuse():
    xs = [normal(30, 2 + k, k) for k in range(4)]
    pairs = [(0, 2), (2, 3), (3, 0)]
    assert PWCCA().pair_distances(xs, pairs).tolist() == [PWCCA().distance(xs[i], xs[j]) for i, j in pairs]
    with pytest.raises(DegenerateInputError, match="recording 1 is constant"):
        PWCCA().pair_distances([normal(5, 2), np.ones((5, 2))], [(0, 1)])
    with pytest.raises(ShapeError, match="x has 5 samples and y has 4"):
        PWCCA().distance(normal(5, 2), normal(4, 2))
