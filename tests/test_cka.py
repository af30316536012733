"""Linear CKA as an angle, against the textbook formula and examples worked by hand."""

import math
import tracemalloc

import numpy as np
import pytest

from metric_harness.arrays import Array
from metric_harness.errors import DegenerateInputError, ShapeError
from metric_harness.metrics.cka import CKA
from metric_harness.seeding import generator
from metric_harness.transforms import random_orthogonal

FLOOR = CKA.claims.numerical_floor


def rng(*path: str | int) -> np.random.Generator:
    return generator(37, "test_cka", *path)


def normal(n_samples: int, n_units: int, *path: str | int) -> Array:
    return rng("normal", *path).standard_normal((n_samples, n_units))


def textbook(x: Array, y: Array) -> float:
    """Return (2/π) arccos of linear CKA by its definition, HSIC of the n x n Gram matrices; for large angles only."""
    n = len(x)
    h = np.eye(n) - np.ones((n, n)) / n

    def hsic(k: Array, gram: Array) -> float:
        return float(np.trace(k @ h @ gram @ h))

    k, gram = x @ x.T, y @ y.T
    return math.acos(min(1.0, hsic(k, gram) / math.sqrt(hsic(k, k) * hsic(gram, gram)))) * 2 / math.pi


@pytest.mark.parametrize(
    ("n_samples", "n_x", "n_y"),
    [(60, 3, 3), (60, 2, 7), (60, 7, 2), (6, 20, 20), (6, 20, 3), (10, 6, 4), (10, 5, 6), (2, 3, 1), (50, 1, 1)],
)
def test_cka_is_the_textbook_angle(n_samples, n_x, n_y):
    x, y = 2 + normal(n_samples, n_x, "x"), normal(n_samples, n_y, "y") - 1
    # Two samples have one centered Gram matrix up to scale: the angle is zero, where arccos keeps 1e-8.
    tolerance = 1e-7 if n_samples == 2 else 1e-12
    assert CKA().distance(x, y) == pytest.approx(textbook(x, y), abs=tolerance)
    mixed = np.hstack([x, y])
    assert CKA().distance(x, mixed) == pytest.approx(textbook(x, mixed), abs=tolerance)


CROSS = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
"""xᵀx = 2 · 1, centered."""


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        # yᵀy = diag(2, 8), |xᵀy|² = |diag(2, 4)|² = 20, |xᵀx| = √8, |yᵀy| = √68: CKA = 20 / √544.
        (CROSS * [1, 2], math.acos(20 / math.sqrt(544)) * 2 / math.pi),
        # One axis gone: 4 / (√8 · 2) = cos(π/4).
        (CROSS * [1, 0], 0.5),
        # Orthogonal to both units of x: 1.
        (np.array([[1.0], [1.0], [-1.0], [-1.0]]), 1.0),
        # A turn, a reflection, a swap, a scale, a shift: 0.
        (3 * CROSS[:, ::-1] * [1, -1] + [5, -7], 0.0),
    ],
)
def test_cka_of_a_cross_is_what_the_hand_computes(y, expected):
    assert CKA().distance(CROSS, y) == pytest.approx(expected, abs=1e-14)
    assert CKA().distance(y, CROSS) == pytest.approx(expected, abs=1e-14)


def test_cka_of_single_units_is_the_angle_of_the_squared_correlation():
    # Correlation of (0, 1, 2) and (0, 0, 1): 1 / (√2 · √(2/3)) = √3/2, squared 3/4.
    x, y = np.array([[0.0], [1.0], [2.0]]), np.array([[0.0], [0.0], [1.0]])
    assert CKA().distance(x, y) == pytest.approx(math.acos(3 / 4) * 2 / math.pi, abs=1e-14)


def tilted(angle: float, n_samples: int, n_units: int) -> tuple[Array, Array]:
    """Return two recordings whose every unit is turned by `angle` out of the first one's space."""
    frame = np.linalg.qr(np.hstack([np.ones((n_samples, 1)), normal(n_samples, 2 * n_units, "frame")]))[0][:, 1:]
    inside, outside = frame[:, :n_units], frame[:, n_units:]
    return inside, math.cos(angle) * inside + math.sin(angle) * outside


@pytest.mark.parametrize("n_units", [1, 3])
@pytest.mark.parametrize("n_samples", [7, 300])
@pytest.mark.parametrize("angle", [1e-10, 1e-8, 1e-5, 0.1, 1.0, math.pi / 2])
def test_planted_angles_are_recovered_also_where_arccos_sees_none(angle, n_samples, n_units):
    # Grams of k orthonormal columns: CKA = cos²θ, whose angle is 2 arcsin(sin θ / √2).
    expected = 2 * math.asin(math.sin(angle) / math.sqrt(2)) * 2 / math.pi
    x, y = tilted(angle, n_samples, n_units)
    assert CKA().distance(x, y) == pytest.approx(expected, rel=1e-3, abs=0)
    assert CKA().distance(x, 3 * y @ random_orthogonal(n_units, rng("q"))) == pytest.approx(expected, rel=1e-3, abs=0)


@pytest.mark.parametrize(("n_samples", "n_units"), [(500, 3), (40, 39), (40, 40), (12, 100), (5, 1), (2, 1)])
def test_rotating_scaling_and_shifting_stay_below_the_floor(n_samples, n_units):
    x = normal(n_samples, n_units)
    changed = 1e3 * (x @ random_orthogonal(n_units, rng("rotation"))) + 40.0
    assert CKA().distance(x, changed) <= FLOOR


@pytest.mark.parametrize("scale", [1e-300, 1e-100, 1e-6, 1e6, 1e100, 1e300])
def test_scales_near_the_limits_of_floats_change_nothing(scale):
    x, y = normal(50, 3, "x"), normal(50, 4, "y")
    assert CKA().distance(x, scale * x) <= FLOOR
    assert CKA().distance(scale * x, y) == pytest.approx(CKA().distance(x, y), abs=FLOOR)


@pytest.mark.parametrize("shift", [1.0, 1e3, 1e6])
def test_a_shift_costs_its_rounding_and_no_more(shift):
    # The docstring's measure is 1e-16 per standard deviation; ten times that is the bound here.
    x = normal(50, 3)
    assert CKA().distance(x, x + shift) <= FLOOR + 1e-15 * shift


@pytest.mark.parametrize("n_samples", [300, 6])
def test_the_order_of_units_and_arguments_does_not_matter(n_samples):
    x, y = normal(n_samples, 8, "x"), normal(n_samples, 5, "y")
    expected = CKA().distance(x, y)
    assert CKA().distance(y, x) == pytest.approx(expected, abs=1e-14)
    assert CKA().distance(x[:, ::-1], y) == pytest.approx(expected, abs=1e-14)


def test_many_samples_need_no_gram_matrix_of_their_size():
    # The Gram matrices of 3000 samples alone would hold 2 · 72 MB.
    x, y = normal(3000, 3, "x"), normal(3000, 3, "y")
    tracemalloc.start()
    try:
        CKA().distance(x, y)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 5e6


def test_orthogonal_spaces_are_at_one_and_never_beyond():
    for k in range(20):
        frame = np.linalg.qr(np.hstack([np.ones((30, 1)), normal(30, 6, k)]))[0][:, 1:]
        found = CKA().distance(frame[:, :3], frame[:, 3:])
        assert 1 - 1e-14 <= found <= 1


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.ones((5, 2)), normal(5, 2), "x is constant over its 5 samples"),
        (normal(5, 2), np.ones((5, 2)), "y is constant over its 5 samples"),
        (normal(1, 2), normal(1, 2, "y"), "x is constant over its 1 samples"),
        (np.zeros((5, 2)), np.zeros((5, 2)), "x is constant over its 5 samples"),
    ],
)
def test_a_constant_recording_is_refused_by_name(x, y, message):
    with pytest.raises(DegenerateInputError, match=message):
        CKA().distance(x, y)


def test_unpaired_samples_are_refused():
    with pytest.raises(ShapeError, match="x has 5 samples and y has 4"):
        CKA().distance(normal(5, 2), normal(4, 2))
