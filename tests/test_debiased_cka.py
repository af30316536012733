"""Debiased CKA as a distance, against the estimator as published and examples worked by hand."""

import math
import tracemalloc

import numpy as np
import pytest

from metric_harness.arrays import Array
from metric_harness.errors import DegenerateInputError, ShapeError
from metric_harness.metrics.cka import CKA
from metric_harness.metrics.debiased_cka import DebiasedCKA
from metric_harness.seeding import generator
from metric_harness.transforms import random_orthogonal

FLOOR = DebiasedCKA.claims.numerical_floor


def rng(*path: str | int) -> np.random.Generator:
    return generator(53, "test_debiased_cka", *path)


def normal(n_samples: int, n_units: int, *path: str | int) -> Array:
    return rng("normal", *path).standard_normal((n_samples, n_units))


def textbook(x: Array, y: Array) -> float:
    """Return 1 - CKA with HSIC_1 of the uncentered n x n Gram matrices, as Song et al. write it."""
    n = len(x)

    def hsic(k: Array, gram: Array) -> float:
        k, gram = k - np.diag(np.diag(k)), gram - np.diag(np.diag(gram))
        one = np.ones(n)
        trace, means, cross = np.trace(k @ gram), (one @ k @ one) * (one @ gram @ one), one @ k @ gram @ one
        return float(trace + means / ((n - 1) * (n - 2)) - 2 * cross / (n - 2)) / (n * (n - 3))

    k, gram = x @ x.T, y @ y.T
    return 1 - hsic(k, gram) / math.sqrt(hsic(k, k) * hsic(gram, gram))


def u_centered(x: Array) -> Array:
    """Return the Gram matrix centered without its diagonal, which is zero, as Székely and Rizzo do distances."""
    n = len(x)
    k = x @ x.T
    np.fill_diagonal(k, 0)
    rows = k.sum(axis=1)
    centered = k - (rows[:, None] + rows) / (n - 2) + k.sum() / ((n - 1) * (n - 2))
    np.fill_diagonal(centered, 0)
    return centered


@pytest.mark.parametrize(
    ("n_samples", "n_x", "n_y"),
    [(60, 3, 3), (60, 2, 7), (60, 7, 2), (6, 20, 20), (6, 20, 3), (10, 6, 4), (10, 5, 6), (4, 2, 3), (50, 1, 1)],
)
def test_debiased_cka_is_the_published_estimator_and_the_cosine_of_centered_matrices(n_samples, n_x, n_y):
    x, y = 2 + normal(n_samples, n_x, "x"), normal(n_samples, n_y, "y") - 1
    for other in (y, np.hstack([x, y])):
        found = DebiasedCKA().distance(x, other)
        assert found == pytest.approx(textbook(x, other), abs=1e-11)
        a, b = u_centered(x), u_centered(other)
        assert found == pytest.approx(1 - np.sum(a * b) / np.linalg.norm(a) / np.linalg.norm(b), abs=1e-11)


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        # K_12 = -1 and L_13 = -1 off the diagonal: HSIC(K, L) ∝ 2/3 - 1 = -1/3, HSIC(K, K) ∝ 2 + 2/3 - 2 = 2/3.
        ([1, -1, 0, 0], [1, 0, -1, 0], 1.5),
        # L_34 = -1: HSIC(K, L) ∝ 0 + 2/3 - 0 = 2/3. Four samples fall into two pairs in three ways, 120° apart.
        ([1, -1, 0, 0], [0, 0, 1, -1], 0.0),
        ([1, -1, 0, 0], [5, 1, 3, 3], 0.0),
        # K ∝ 12 + 34 - 13 - 14 - 23 - 24; rows sum to -1, all to -4: itself 12 + 16/6 - 2·4/2 = 32/3,
        # with L_12 = -1, rows (-1, -1, 0, 0): -2 + 8/6 - 2·2/2 = -8/3; the cosine is -8/3 / √(32/3 · 2/3) = -1.
        ([1, 1, -1, -1], [1, -1, 0, 0], 2.0),
    ],
)
def test_four_samples_are_at_the_distances_that_the_hand_computes(x, y, expected):
    x, y = np.array(x, dtype=float)[:, None], np.array(y, dtype=float)[:, None]
    assert DebiasedCKA().distance(x, y) == pytest.approx(expected, abs=1e-14)
    assert DebiasedCKA().distance(7 - 2 * y, x) == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize(("n_samples", "n_units"), [(300, 3), (300, 30), (20, 60)])
@pytest.mark.parametrize("step", [1e-9, 1e-7, 1e-4])
def test_small_distances_are_those_of_the_centered_matrices(n_samples, n_units, step):
    x = normal(n_samples, n_units)
    direction = normal(n_samples, n_units, "direction")
    # To first order K moves by step (x dᵀ + d xᵀ), and 1 - cos θ is half the squared part across K, over |K|².
    a = u_centered(x)
    moved = u_centered(x + direction) - u_centered(direction) - a
    across = moved - a * (np.sum(moved * a) / np.sum(a**2))
    expected = step**2 * np.sum(across**2) / np.sum(a**2) / 2
    found = DebiasedCKA().distance(x, x + step * direction)
    assert found == pytest.approx(expected, rel=1e-2 if step > 1e-5 else 1e-4, abs=0)


@pytest.mark.parametrize(("n_samples", "n_units"), [(500, 3), (40, 39), (40, 40), (12, 100), (5, 1), (4, 2)])
def test_rotating_scaling_and_shifting_stay_below_the_floor(n_samples, n_units):
    x, y = normal(n_samples, n_units), normal(n_samples, n_units, "y")
    q = random_orthogonal(n_units, rng("rotation"))
    assert DebiasedCKA().distance(x, 1e3 * (x @ q) + 40.0) <= FLOOR
    expected = DebiasedCKA().distance(x, y)
    assert DebiasedCKA().distance(x, 1e3 * (y @ q) + 40.0) == pytest.approx(expected, abs=FLOOR)


@pytest.mark.parametrize("scale", [1e-300, 1e-100, 1e-6, 1e6, 1e100, 1e300])
def test_scales_near_the_limits_of_floats_change_nothing(scale):
    x, y = normal(50, 3, "x"), normal(50, 4, "y")
    assert DebiasedCKA().distance(x, scale * x) <= FLOOR
    assert DebiasedCKA().distance(scale * x, y) == pytest.approx(DebiasedCKA().distance(x, y), abs=FLOOR)


@pytest.mark.parametrize("shift", [1.0, 1e3, 1e6])
def test_a_shift_costs_its_rounding_and_no_more(shift):
    # The docstring's measure is 1e-17 per standard deviation; ten times that is the bound here.
    x, y = normal(50, 3), normal(50, 3, "y")
    expected = DebiasedCKA().distance(x, y)
    assert DebiasedCKA().distance(x, y + shift) == pytest.approx(expected, abs=1e-15 + 1e-16 * shift)


@pytest.mark.parametrize("n_samples", [300, 6])
def test_the_order_of_units_and_arguments_does_not_matter(n_samples):
    x, y = normal(n_samples, 8, "x"), normal(n_samples, 5, "y")
    expected = DebiasedCKA().distance(x, y)
    assert DebiasedCKA().distance(y, x) == pytest.approx(expected, abs=1e-14)
    assert DebiasedCKA().distance(x[:, ::-1], y) == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize(("n_samples", "n_units"), [(30, 5), (30, 30), (30, 300)])
def test_independent_recordings_are_at_one_whatever_their_sizes(n_samples, n_units):
    found = [
        DebiasedCKA().distance(normal(n_samples, n_units, k, "x"), normal(n_samples, n_units, k, "y"))
        for k in range(100)
    ]
    error = np.std(found) / 10
    assert np.mean(found) == pytest.approx(1, abs=4 * error)
    assert error < 0.01
    # The biased estimate nears 1 with the number of units: its cosine is about 300 / (300 + 30).
    assert CKA().distance(normal(30, 300, "x"), normal(30, 300, "y")) < 0.35


def test_halfway_between_two_matrices_the_triangle_inequality_breaks():
    x, y, z = (np.array(v, dtype=float)[:, None] for v in ([1, -1, 0, 0], [1, 1, -1, -1], [1, 0, -1, 0]))
    y = np.hstack([x, z])
    d = DebiasedCKA().distance
    # 120° between x and z, 60° to the sum of their matrices: 1.5 > .5 + .5.
    assert [d(x, z), d(x, y), d(y, z)] == pytest.approx([1.5, 0.5, 0.5], abs=1e-14)


def test_many_samples_need_no_gram_matrix_of_their_size():
    # The Gram matrices of 3000 samples alone would hold 2 · 72 MB.
    x, y = normal(3000, 3, "x"), normal(3000, 3, "y")
    tracemalloc.start()
    try:
        DebiasedCKA().distance(x, y)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 5e6


@pytest.mark.parametrize(
    "alike",
    [
        np.eye(6),
        np.eye(40) - 3,
        1e6 + np.eye(20),
        random_orthogonal(30, rng("simplex")),
        np.eye(6)[:, :1],
        5 + 3 * np.eye(400)[:, :1],
    ],
)
def test_samples_equally_far_from_each_other_or_all_but_one_equal_are_refused(alike):
    # Off the diagonal such a Gram matrix is a sum of a row and a column term: nothing is left after centering.
    other = normal(len(alike), 3)
    for pair, name in (((alike, other), "x"), ((other, alike), "y")):
        with pytest.raises(DegenerateInputError, match=f"{name}: the unbiased estimate of its HSIC with itself is"):
            DebiasedCKA().distance(*pair)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.ones((5, 2)), normal(5, 2), "x is constant over its 5 samples"),
        (normal(5, 2), np.full((5, 2), 0.1), "y is constant over its 5 samples"),
        (normal(3, 2), normal(3, 2, "y"), "x has 3 samples; needed at least 4"),
    ],
)
def test_a_constant_or_short_recording_is_refused(x, y, message):
    with pytest.raises(DegenerateInputError, match=message):
        DebiasedCKA().distance(x, y)


def test_unpaired_samples_are_refused():
    with pytest.raises(ShapeError, match="x has 5 samples and y has 4"):
        DebiasedCKA().distance(normal(5, 2), normal(4, 2))
