"""Slopes of distances on differences, on items few enough for the hand."""

import numpy as np
import pytest
from scipy import stats

from metric_harness import slopes, statistics
from metric_harness.seeding import generator
from metric_harness.statistics import exact

VALUES = [0.0, 1.0, 3.0]
"""Differences 1, 3, 2 of the pairs (0, 1), (0, 2), (1, 2)."""


def rng(*path: str | int) -> np.random.Generator:
    return generator(53, "test_slopes", *path)


def found(distances: object, values: object = VALUES, floor: float = 1e-9) -> slopes.Slope:
    return slopes.slope_on_difference(np.asarray(distances, float), values, floor=floor, n_permutations=99, rng=rng())


def test_the_slope_is_that_of_least_squares():
    differences = np.array([1.0, 3.0, 2.0, 5.0])
    distances = np.array([0.2, 0.7, 0.1, 0.9])
    assert slopes.slope_of(distances, differences) == pytest.approx(stats.linregress(differences, distances).slope)


def test_differences_that_are_all_one_give_no_slope():
    assert slopes.slope_of(np.array([1.0, 2.0]), np.array([3.0, 3.0])) == 0.0


def test_distances_on_a_line_have_its_slope_without_error():
    # d = 2 + difference / 2, but two of three pairs always lie on a line: four items are the least that say anything.
    values = [0.0, 1.0, 3.0, 7.0]
    distances = 2 + np.array([1, 3, 7, 2, 6, 4]) / 2
    slope = found(distances, values)
    assert (slope.slope.value, slope.slope.low, slope.slope.high) == pytest.approx((0.5, 0.5, 0.5))
    assert slope.r_squared.value == pytest.approx(1)
    assert slope.spearman.value == pytest.approx(1)


def test_the_jackknife_leaves_out_an_item_with_all_its_pairs():
    # Items 0, 1, 2, 3 at 0, 1, 2, 4; without one of them three pairs are left, whose slopes SciPy gives.
    values, distances = np.array([0.0, 1.0, 2.0, 4.0]), np.array([1.0, 0.0, 3.0, 2.0, 5.0, 1.0])
    pairs = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    partial = []
    for item in range(4):
        kept = [k for k, pair in enumerate(pairs) if item not in pair]
        differences = [abs(values[i] - values[j]) for i, j in (pairs[k] for k in kept)]
        partial.append(stats.linregress(differences, distances[kept]).slope)
    expected = np.sqrt(3 / 4 * ((partial - np.mean(partial)) ** 2).sum())
    assert slopes.jackknifed_slope(distances, values)[1] == pytest.approx(expected)


def test_p_counts_the_arrangements_of_the_values_that_reach_the_slope():
    # Where distances equal the differences, no other of the 6 arrangements of the values gives as large a slope.
    assert found([1.0, 3.0, 2.0]).p == pytest.approx(1 / 6)
    # Where one distance stands out, those count whose difference is no smaller there: 3 has two, 2 or 3 have four.
    assert found([1.0, 2.0, 1.0]).p == pytest.approx(2 / 6)
    assert found([1.0, 1.0, 2.0]).p == pytest.approx(4 / 6)


def test_a_constant_metric_has_no_slope_and_every_arrangement_reaches_it():
    slope = found([0.5, 0.5, 0.5])
    assert (slope.slope.value, slope.p, slope.r_squared, slope.spearman) == (0.0, 1.0, exact(0.0), exact(0.0))


def test_rounding_noise_is_no_slope():
    assert found([1e-12, 3e-12, 2e-12]).p == 1.0
    assert found([1e-12, 3e-12, 2e-12], floor=0.0).p < 1.0


def test_distances_that_fall_with_the_difference_have_a_negative_slope_and_a_large_p():
    slope = found([3.0, 1.0, 2.0])
    assert slope.slope.value == pytest.approx(-1)
    assert slope.p == 1.0


@pytest.mark.parametrize(("distances", "values"), [([1.0], [0, 1]), ([1.0, 2.0], [0, 1, 2]), ([1.0] * 6, [0, 1, 2])])
def test_too_few_items_or_other_pairs_are_refused(distances, values):
    with pytest.raises(ValueError, match="needed at least 3 items and one distance for each of their"):
        slopes.jackknifed_slope(np.array(distances), values)


def test_bins_hold_the_mean_distance_of_their_pairs():
    values = [0.0, 1.0, 3.0, 7.0, 8.0]
    differences = np.array([1.0, 3.0, 7.0, 8.0, 2.0, 6.0, 7.0, 4.0, 5.0, 1.0])
    # 1, 3, 2 and 1 lie below the middle edge; 8 is the upper edge of the last bin and belongs to it.
    (first, low), (second, high) = slopes.binned(10 * differences, values, np.array([0.0, 3.5, 8.0]))
    assert (first, low.value) == (7 / 4, 70 / 4)
    assert (second, high.value) == pytest.approx((37 / 6, 370 / 6))
    assert low.low < low.value < low.high


def test_bins_that_rest_on_one_item_are_left_out():
    # Both differences above 5 are those of the last item: without it none is left.
    values = [0.0, 1.0, 2.0, 9.0]
    bins = slopes.binned(np.arange(6.0), values, np.array([0.0, 5.0, 10.0]))
    assert [centre for centre, _ in bins] == [pytest.approx(4 / 3)]


def test_bins_are_those_of_the_jackknife_when_one_bin_holds_all():
    values, distances = generator(53, "bins").random(7), generator(53, "distances").random(21)
    ((_, mean),) = slopes.binned(distances, values, np.array([0.0, 1.0]))
    pairs = np.array(slopes.unique_pairs(7))
    partial = [distances[~(pairs == item).any(axis=1)].mean() for item in range(7)]
    error = np.sqrt(6 / 7 * np.square(partial - np.mean(partial)).sum())
    assert mean.high - mean.value == pytest.approx(stats.t.ppf(0.975, 6) * error)


def test_every_measure_of_a_slope_has_the_jackknife_s_interval():
    values = np.arange(6.0)
    distances = np.abs(np.subtract.outer(values, values))[np.triu_indices(6, 1)] + 0.3 * rng("jack").standard_normal(15)
    slope, pairs = found(distances, values), np.array(statistics.unique_pairs(6))
    partial = []
    for item in range(6):
        kept = ~(pairs == item).any(axis=1)
        gaps = np.abs(values[pairs[kept, 0]] - values[pairs[kept, 1]])
        partial.append(stats.linregress(gaps, distances[kept]).rvalue ** 2)
    expected = statistics.jackknife_interval(slope.r_squared.value, partial, limits=(0, 1))
    assert (slope.r_squared.low, slope.r_squared.high) == pytest.approx((expected.low, expected.high))
    assert slope.spearman.low < slope.spearman.value < slope.spearman.high <= 1
