"""The Bures distance, against its definition by matrix roots, the Procrustes angle, and examples worked by hand."""

import math

import numpy as np
import pytest
from scipy import linalg

from metric_harness.arrays import Array
from metric_harness.errors import DegenerateInputError, ShapeError
from metric_harness.metrics.bures import Bures
from metric_harness.metrics.procrustes import Procrustes
from metric_harness.seeding import generator
from metric_harness.transforms import random_orthogonal

FLOOR = Bures.claims.numerical_floor


def rng(*path: str | int) -> np.random.Generator:
    return generator(67, "test_bures", *path)


def normal(n_samples: int, n_units: int, *path: str | int) -> Array:
    return rng("normal", *path).standard_normal((n_samples, n_units))


def root(gram: Array) -> Array:
    values, vectors = linalg.eigh(gram)
    return vectors * np.sqrt(np.clip(values, 0, None)) @ vectors.T


def textbook(x: Array, y: Array) -> float:
    """Return √(1 - tr √(√K L √K)) of Gram matrices of trace 1, by their roots; good to 1e-7, as those of zeros are."""
    grams = [z @ z.T / np.linalg.norm(z) ** 2 for z in (x - x.mean(axis=0), y - y.mean(axis=0))]
    return math.sqrt(max(0.0, 1 - np.trace(root(root(grams[0]) @ grams[1] @ root(grams[0])))))


PAIRS = [(60, 3, 3), (60, 2, 7), (60, 7, 2), (6, 20, 20), (6, 20, 3), (10, 6, 4), (50, 1, 1)]


@pytest.mark.parametrize(("n_samples", "n_x", "n_y"), PAIRS)
def test_bures_is_the_distance_of_its_definition(n_samples, n_x, n_y):
    x, y = 2 + normal(n_samples, n_x, "x"), normal(n_samples, n_y, "y") - 1
    assert Bures().distance(x, y) == pytest.approx(textbook(x, y), abs=1e-6)
    mixed = np.hstack([x, y])
    assert Bures().distance(x, mixed) == pytest.approx(textbook(x, mixed), abs=1e-6)


@pytest.mark.parametrize(("n_samples", "n_x", "n_y"), PAIRS)
def test_the_similarity_is_the_cosine_of_the_procrustes_angle(n_samples, n_x, n_y):
    x, y = normal(n_samples, n_x, "x"), normal(n_samples, n_y, "y")
    angle = Procrustes().distance(x, y) * math.pi / 2
    assert 1 - Bures().distance(x, y) ** 2 == pytest.approx(math.cos(angle), abs=1e-13)
    assert Bures().distance(x, y) == pytest.approx(math.sqrt(2) * math.sin(angle / 2), abs=1e-13)


@pytest.mark.parametrize("n_units", [2, 5])
def test_gram_matrices_are_no_farther_than_twice_their_recordings(n_units):
    # Harvey et al. 2024: |K - L| ≤ 2 min |x Q - y| at unit norms, and the last is √2 d.
    for k in range(20):
        x, y = normal(9, n_units, "x", k), normal(9, n_units, "y", k)
        units = [z / np.linalg.norm(z) for z in (x - x.mean(axis=0), y - y.mean(axis=0))]
        apart = np.linalg.norm(units[0] @ units[0].T - units[1] @ units[1].T)
        assert apart <= 2 * math.sqrt(2) * Bures().distance(x, y)


CROSS = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])


@pytest.mark.parametrize(
    ("y", "similarity"),
    [
        # xᵀy = diag(2, 14): 16 / (2 · 10).
        (CROSS * [1, 7], 0.8),
        (CROSS * [1, -7], 0.8),
        # One axis gone: 2 / (2 √2).
        (CROSS[:, :1], math.sqrt(0.5)),
        (np.array([[1.0], [1.0], [-1.0], [-1.0]]), 0.0),
        (3 * CROSS[:, ::-1] * [1, -1] + [5, -7], 1.0),
    ],
)
def test_bures_of_a_cross_is_what_the_hand_computes(y, similarity):
    for pair in ((CROSS, y), (y, CROSS)):
        assert Bures().distance(*pair) == pytest.approx(math.sqrt(1 - similarity), abs=1e-14)


@pytest.mark.parametrize("angle", [1e-10, 1e-8, 1e-5, 0.1, 1.0, math.pi / 2])
def test_planted_angles_are_recovered_also_where_the_similarity_sees_none(angle):
    frame = np.linalg.qr(np.hstack([np.ones((50, 1)), normal(50, 6, "frame")]))[0][:, 1:]
    x, y = frame[:, :3], math.cos(angle) * frame[:, :3] + math.sin(angle) * frame[:, 3:]
    expected = math.sqrt(2) * math.sin(angle / 2)
    assert Bures().distance(x, 3 * y @ random_orthogonal(3, rng("q"))) == pytest.approx(expected, rel=1e-3, abs=0)


@pytest.mark.parametrize(("n_samples", "n_units"), [(500, 3), (40, 39), (40, 40), (12, 100), (5, 1), (2, 1)])
def test_rotating_scaling_and_shifting_stay_below_the_floor(n_samples, n_units):
    x = normal(n_samples, n_units) * np.geomspace(1, 1e-9, n_units)
    changed = 1e3 * (x @ random_orthogonal(n_units, rng("rotation"))) + 40.0
    assert Bures().distance(x, changed) <= FLOOR


@pytest.mark.parametrize("scale", [1e-300, 1e-12, 1e12, 1e300])
def test_scales_near_the_limits_of_floats_change_nothing(scale):
    x, y = normal(50, 3, "x"), normal(50, 4, "y")
    assert Bures().distance(scale * x, y) == pytest.approx(Bures().distance(x, y), abs=FLOOR)


def test_a_batch_is_its_pairs_and_refuses_what_they_refuse():
    xs = [normal(30, 2 + k, k) for k in range(4)]
    pairs = [(0, 2), (2, 3), (3, 0)]
    expected = [Bures().distance(xs[i], xs[j]) for i, j in pairs]
    np.testing.assert_allclose(Bures().pair_distances(xs, pairs), expected, atol=1e-14)
    with pytest.raises(DegenerateInputError, match="recording 1 is constant"):
        Bures().pair_distances([normal(5, 2), np.ones((5, 2))], [(0, 1)])
    with pytest.raises(ShapeError, match="x has 5 samples and y has 4"):
        Bures().distance(normal(5, 2), normal(4, 2))
