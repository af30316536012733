"""The best matching of units, against a search of all permutations and examples worked by hand."""

import itertools
import math
from types import SimpleNamespace

import numpy as np
import pytest

from metric_harness.arrays import Array
from metric_harness.errors import DegenerateInputError, NotConvergedError, ShapeError
from metric_harness.metrics import soft_matching as module
from metric_harness.metrics.procrustes import Procrustes
from metric_harness.metrics.soft_matching import SoftMatching
from metric_harness.seeding import generator
from metric_harness.transforms import random_orthogonal

FLOOR = SoftMatching.claims.numerical_floor


def rng(*path: str | int) -> np.random.Generator:
    return generator(79, "test_soft_matching", *path)


def normal(n_samples: int, n_units: int, *path: str | int) -> Array:
    return rng("normal", *path).standard_normal((n_samples, n_units))


def textbook(x: Array, y: Array) -> float:
    """Return the distance by trying all permutations, of units copied until both recordings have as many."""
    n = math.lcm(x.shape[1], y.shape[1])
    x, y = (np.repeat(z - z.mean(axis=0), n // z.shape[1], axis=1) for z in (x, y))
    x, y = (z / np.sqrt(np.mean(np.sum(z**2, axis=0))) for z in (x, y))
    costs = np.sum((x[:, :, None] - y[:, None, :]) ** 2, axis=0)
    best = min(costs[range(n), order].mean() for order in itertools.permutations(range(n)))
    return math.sqrt(best) / 2


@pytest.mark.parametrize(
    ("n_samples", "n_x", "n_y"), [(20, 5, 5), (20, 2, 3), (20, 6, 2), (4, 3, 6), (20, 1, 4), (50, 1, 1), (2, 4, 4)]
)
def test_soft_matching_is_the_best_of_all_permutations_of_copied_units(n_samples, n_x, n_y):
    x, y = 2 + normal(n_samples, n_x, "x"), normal(n_samples, n_y, "y") - 1
    assert SoftMatching().distance(x, y) == pytest.approx(textbook(x, y), abs=1e-12)
    assert SoftMatching().distance(y, x) == pytest.approx(textbook(x, y), abs=1e-12)


U, V = np.array([[1.0, -1, 0, 0], [0, 0, 1, -1]])
"""Centered, orthogonal and of one norm."""


def columns(*units: Array) -> Array:
    return np.stack(units, axis=1)


@pytest.mark.parametrize(
    ("x", "y", "fourfold_square"),
    [
        # One pair of units: |û - v̂|² = 2 - 2 r.
        (columns(U), columns(4 * U + 3 * V), 0.4),
        (columns(U), columns(-U), 4.0),
        (columns(U), columns(V), 2.0),
        (columns(U, V), columns(V, U) * 7 + 3, 0.0),
        # v at 0, u at 2/5 from its partner: the mean of both.
        (columns(U, V), columns(5 * V, 4 * U + 3 * V), 0.2),
        # Half of the only unit of x goes to itself, half to v.
        (columns(U), columns(U, V), 1.0),
        # The same units in the same proportions, and in others.
        (columns(U, V), columns(U, U, V, V), 0.0),
        (columns(U, V), columns(U, U, U, V), 0.5),
        # Norms (1, 7) over their root mean square 5: the mean of (1 - 1/5)² and (7/5 - 1)².
        (columns(U, V), columns(U, 7 * V), 0.4),
    ],
)
def test_matchings_of_two_orthogonal_units_are_what_the_hand_computes(x, y, fourfold_square):
    for pair in ((x, y), (y, x)):
        assert SoftMatching().distance(*pair) == pytest.approx(math.sqrt(fourfold_square) / 2, abs=1e-9)


@pytest.mark.parametrize(("n_x", "n_y"), [(12, 8), (30, 20), (7, 21)])
def test_the_linear_program_ends_in_the_matching_of_copied_units(n_x, n_y):
    x, y = normal(40, n_x, "x"), normal(40, n_y, "y")
    n = math.lcm(n_x, n_y)
    copied = [np.repeat(z, n // z.shape[1], axis=1) for z in (x, y)]
    assert SoftMatching().distance(x, y) == pytest.approx(SoftMatching().distance(*copied), abs=1e-12)


def test_no_rotation_brings_units_closer_than_the_best_one():
    # |x P - y| of the best permutation P is at least that of the best rotation: 2 d ≥ 2 sin(θ/2) at unit norms.
    for k in range(20):
        x, y = normal(20, 5, "x", k), normal(20, 5, "y", k)
        assert 2 * SoftMatching().distance(x, y) >= 2 * math.sin(Procrustes().distance(x, y) * math.pi / 4) - 1e-12


def test_no_detour_is_shorter_also_over_other_numbers_of_units():
    for k in range(30):
        xs = [normal(8, n, "detour", k, n) for n in (2, 3, 4, 3)]
        matrix = SoftMatching().distances(xs)
        for i, j, via in itertools.permutations(range(4), 3):
            assert matrix[i, j] <= matrix[i, via] + matrix[via, j] + FLOOR


def test_permuting_scaling_and_shifting_change_nothing_and_rotating_does():
    x = normal(50, 6)
    assert SoftMatching().distance(x, 1e3 * x[:, [3, 0, 5, 1, 4, 2]] + 40) <= FLOOR
    assert SoftMatching().distance(x, x @ random_orthogonal(6, rng("rotation"))) > 0.1
    assert SoftMatching().distance(x, x * [-1, 1, 1, 1, 1, 1]) > 0.1


@pytest.mark.parametrize("scale", [1e-300, 1e-12, 1e12, 1e300])
@pytest.mark.parametrize("n_y", [3, 4])
def test_scales_near_the_limits_of_floats_change_nothing(scale, n_y):
    x, y = normal(50, 3, "x"), normal(50, n_y, "y")
    assert SoftMatching().distance(x, scale * x) <= FLOOR
    assert SoftMatching().distance(scale * x, y) == pytest.approx(SoftMatching().distance(x, y), abs=FLOOR)


def test_a_program_that_is_not_solved_is_no_number(monkeypatch):
    monkeypatch.setattr(module, "linprog", lambda *_, **__: SimpleNamespace(status=4, message="Numerical trouble."))
    with pytest.raises(NotConvergedError, match="2 units to 3 was not solved: Numerical trouble"):
        SoftMatching().distance(normal(5, 2), normal(5, 3))


@pytest.mark.parametrize(
    ("x", "y", "error", "message"),
    [
        (np.ones((5, 2)), normal(5, 2), DegenerateInputError, "x is constant over its 5 samples"),
        (normal(5, 2), np.ones((5, 2)), DegenerateInputError, "y is constant over its 5 samples"),
        (normal(5, 2), normal(4, 2), ShapeError, "x has 5 samples and y has 4"),
    ],
)
def test_what_cannot_be_compared_is_refused(x, y, error, message):
    with pytest.raises(error, match=message):
        SoftMatching().distance(x, y)


def test_a_batch_is_its_pairs_and_refuses_what_they_refuse():
    xs = [normal(30, 2 + k, k) for k in range(4)]
    pairs = [(0, 2), (2, 3), (3, 0)]
    expected = [SoftMatching().distance(xs[i], xs[j]) for i, j in pairs]
    assert SoftMatching().pair_distances(xs, pairs).tolist() == expected
    with pytest.raises(DegenerateInputError, match="recording 1 is constant"):
        SoftMatching().pair_distances([normal(5, 2), np.ones((5, 2))], [(0, 1)])
