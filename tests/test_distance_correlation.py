"""Distance correlation, against its definition by loops and cases with a closed form."""

import math

import numpy as np
import pytest

from metric_harness.arrays import Array, Trajectories
from metric_harness.errors import DegenerateInputError, SettingError, ShapeError
from metric_harness.metrics.distance_correlation import DistanceCorrelation
from metric_harness.seeding import generator
from metric_harness.thinning import thinned
from metric_harness.transforms import random_orthogonal

FLOOR = DistanceCorrelation.claims.numerical_floor


def rng(*path: str | int) -> np.random.Generator:
    return generator(83, "test_distance_correlation", *path)


def normal(*shape: int, path: str = "x") -> Trajectories:
    return rng("normal", path).standard_normal(shape)


def textbook(x: Trajectories, y: Trajectories) -> float:
    """Return 1 - dCor by the means of products of doubly centered distances, by the definition."""
    matrices: list[Array] = []
    for z in (x, y):
        states = z.reshape(-1, z.shape[-1])
        matrix = np.array([[math.dist(a, b) for a in states] for b in states])
        n = len(states)
        h = np.eye(n) - np.ones((n, n)) / n
        matrices.append(h @ matrix @ h)
    a, b = matrices
    return 1 - math.sqrt(max(0.0, (a * b).mean() / math.sqrt((a * a).mean() * (b * b).mean())))


@pytest.mark.parametrize(
    ("shape", "n_x", "n_y"), [((4, 10), 3, 3), ((1, 30), 2, 7), ((30, 1), 7, 2), ((2, 3), 20, 20), ((2, 5), 1, 1)]
)
def test_distance_correlation_is_its_definition(shape, n_x, n_y):
    x, y = 2 + normal(*shape, n_x), normal(*shape, n_y, path="y") - 1
    for other in (y, np.concatenate([x**2, y], axis=-1)):
        assert DistanceCorrelation().distance(x, other) == pytest.approx(textbook(x, other), abs=1e-12)


def unit(*values: float) -> Trajectories:
    return np.array(values)[None, :, None]


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        # Of two values each the root is the absolute correlation: 1/√3, 1/√3 and 0.
        (unit(0, 0, 1, 1), unit(0, 0, 0, 1), 1 - 1 / math.sqrt(3)),
        (unit(0, 0, 1, 1), unit(5, 5, 5, 3), 1 - 1 / math.sqrt(3)),
        (unit(0, 0, 1, 1), unit(0, 1, 0, 1), 1.0),
        (unit(0, 1), unit(7, 3), 0.0),
        # A parabola is uncorrelated with its argument, and yet dependent. With S = Σ A B: of -1, 0, 1 the rows of A
        # are (-10, 2, 8), (2, -4, 2), (8, 2, -10) over 9, of 1, 0, 1 those of B are (-2, 4, -2), (4, -8, 4),
        # (-2, 4, -2) over 9: ⟨A, B⟩ = 72, |A|² = 360, |B|² = 144 over 81.
        (unit(-1, 0, 1), unit(1, 0, 1), 1 - math.sqrt(72 / math.sqrt(360 * 144))),
    ],
)
def test_distance_correlations_of_few_values_are_what_the_hand_computes(x, y, expected):
    for pair in ((x, y), (y, x)):
        assert DistanceCorrelation().distance(*pair) == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize("n", [2, 3, 7, 20])
def test_recordings_that_are_independent_to_the_last_sample_are_at_one_in_any_coordinates(n):
    # All pairs of one's states and the other's: the root of a rounding error would show as 1e-8.
    first, second = normal(1, n, 3), normal(1, n, 3, path="second")
    x, y = np.repeat(first, n, axis=1), np.tile(second, (1, n, 1))
    turned = 37 * x @ random_orthogonal(3, rng("independent", n)) + 5
    assert DistanceCorrelation().distance(x, y) == DistanceCorrelation().distance(turned, y) == 1


def test_normal_units_have_the_closed_form_of_their_correlation():
    # Székely et al. 2007, theorem 7: dCor² is g(r) / g(1), with the g of the bivariate normal distribution.
    def g(r: float) -> float:
        return r * math.asin(r) + math.sqrt(1 - r**2) - r * math.asin(r / 2) - math.sqrt(4 - r**2) + 1

    x, noise = normal(1, 3000, 1), normal(1, 3000, 1, path="noise")
    expected = 1 - math.sqrt(g(0.6) / g(1.0))
    assert DistanceCorrelation(n_samples=3000).distance(x, 0.6 * x + 0.8 * noise) == pytest.approx(expected, abs=0.02)


def test_long_recordings_are_compared_at_evenly_spaced_times_of_every_trial():
    x, y = normal(5, 150, 4), normal(5, 150, 4, path="y")
    metric = DistanceCorrelation(n_samples=19)
    # Three times fit: the middles of three parts of 50.
    assert metric.distance(x, y) == DistanceCorrelation().distance(x[:, [25, 75, 125]], y[:, [25, 75, 125]])
    assert thinned(x, 750).shape == (750, 4)
    assert thinned(x, 749).shape == (745, 4)
    np.testing.assert_array_equal(thinned(x, 3), x[:, 75])


@pytest.mark.parametrize(("shape", "n_units"), [((10, 60), 3), ((4, 10), 39), ((2, 6), 100), ((5, 1), 1), ((1, 2), 1)])
def test_rotating_scaling_and_shifting_stay_below_the_floor(shape, n_units):
    x = normal(*shape, n_units)
    changed = 1e3 * (x @ random_orthogonal(n_units, rng("rotation"))) + 40.0
    assert DistanceCorrelation().distance(x, changed) <= FLOOR
    order = rng("order").permutation(len(x))
    y = normal(*shape, n_units, path="y")
    expected = DistanceCorrelation().distance(x, y)
    assert DistanceCorrelation().distance(x[order], y[order]) == pytest.approx(expected, abs=FLOOR)


@pytest.mark.parametrize("scale", [1e-300, 1e-12, 1e12, 1e300])
def test_scales_near_the_limits_of_floats_change_nothing(scale):
    x, y = normal(5, 10, 3), normal(5, 10, 4, path="y")
    assert DistanceCorrelation().distance(x, scale * x) <= FLOOR
    assert DistanceCorrelation().distance(scale * x, y) == pytest.approx(
        DistanceCorrelation().distance(x, y), abs=FLOOR
    )


def test_units_that_repeat_others_or_are_silent_change_nothing():
    x, y = normal(5, 10, 3), normal(5, 10, 3, path="y")
    padded = np.concatenate([x, x, np.full((5, 10, 2), 0.1)], axis=-1)
    assert DistanceCorrelation().distance(padded, y) == pytest.approx(DistanceCorrelation().distance(x, y), abs=FLOOR)


@pytest.mark.parametrize(
    ("x", "y", "error", "message"),
    [
        (np.ones((2, 5, 2)), normal(2, 5, 2), DegenerateInputError, "x is constant over its 10 samples"),
        (normal(2, 5, 2), np.full((2, 5, 2), 0.1), DegenerateInputError, "y is constant over its 10 samples"),
        (normal(2, 5, 2), normal(2, 4, 2), ShapeError, "x has 2 trials of 5 times and y has 2 of 4"),
        (normal(2, 6, 2), normal(3, 4, 2), ShapeError, "x has 2 trials of 6 times and y has 3 of 4"),
        (normal(10, 2), normal(10, 2), ShapeError, "needed 3 axes"),
    ],
)
def test_what_cannot_be_compared_is_refused(x, y, error, message):
    with pytest.raises(error, match=message):
        DistanceCorrelation().distance(x, y)


def test_a_batch_is_its_pairs_and_refuses_what_they_refuse():
    xs = [normal(3, 10, 2 + k, path=str(k)) for k in range(4)]
    pairs = [(0, 2), (2, 3), (3, 0)]
    expected = [DistanceCorrelation().distance(xs[i], xs[j]) for i, j in pairs]
    assert DistanceCorrelation().pair_distances(xs, pairs).tolist() == expected
    with pytest.raises(DegenerateInputError, match="recording 1 is constant"):
        DistanceCorrelation().pair_distances([normal(2, 5, 2), np.ones((2, 5, 2))], [(0, 1)])


def test_one_sample_is_no_setting():
    with pytest.raises(SettingError, match="n_samples is 1; needed 2 or more"):
        DistanceCorrelation(n_samples=1)
