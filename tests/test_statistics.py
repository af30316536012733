"""Estimates, ranks and nulls against hand-derived values and SciPy."""

import numpy as np
import pytest
from scipy import stats

from metric_harness import statistics


def test_auc_counts_ties_as_half():
    # Pairs (1,2) (1,1) (3,2) (3,1): won, tied, lost, lost = 1.5 of 4.
    assert statistics.auc([1, 3], [2, 1]) == 1.5 / 4


def test_auc_is_the_scaled_mann_whitney_statistic():
    rng = np.random.default_rng(3)
    low, high = rng.normal(size=20), rng.normal(0.5, size=30)
    u = stats.mannwhitneyu(high, low).statistic
    assert statistics.auc(low, high) == pytest.approx(u / 600)


def test_auc_of_a_constant_is_chance():
    assert statistics.auc([0.5] * 4, [0.5] * 9) == 0.5


def test_mean_interval_is_students():
    # Mean 2, s = 1, n = 3: half width t(.975, 2) / sqrt(3) = 4.3027 / 1.7321 = 2.4841.
    estimate = statistics.mean_interval([1, 2, 3])
    assert (estimate.low, estimate.high) == pytest.approx((2 - 2.4841, 2 + 2.4841), abs=1e-4)


def test_mean_interval_respects_the_quantitys_limits():
    assert statistics.mean_interval([0.9, 1.0, 1.0], limits=(0, 1)).high == 1.0


def test_mean_interval_needs_two_values():
    with pytest.raises(ValueError, match="1 values have no interval"):
        statistics.mean_interval([1.0])


@pytest.mark.parametrize("shift", [-2.6, -0.5, 0.5, 1.35, 6.0])
def test_the_ends_of_an_effects_interval_are_the_effects_that_put_it_at_either_tail(shift):
    sample = np.linspace(-1, 1, 12)
    sample = sample / sample.std(ddof=1) + shift
    found = statistics.effect_interval(sample)
    assert found.value == pytest.approx(shift)
    t = stats.ttest_1samp(sample, 0).statistic
    tails = [stats.nct.cdf(t, 11, end * np.sqrt(12)) for end in (found.low, found.high)]
    assert tails == pytest.approx([0.975, 0.025])


def test_the_interval_of_an_effect_holds_zero_exactly_where_the_t_interval_does():
    for shift in (0.3, 0.5, 0.6, 0.7, 0.9):
        sample = np.linspace(-1, 1, 12) + shift
        assert (statistics.effect_interval(sample).low > 0) == (statistics.mean_interval(sample).low > 0)


@pytest.mark.parametrize(("value", "effect"), [(0.0, 0.0), (3.0, 10.0), (-1e-3, -10.0)])
def test_differences_without_scatter_have_the_largest_effect_or_none(value, effect):
    found = statistics.effect_interval([value] * 5)
    assert found.value == pytest.approx(effect)
    assert np.isfinite([found.low, found.high]).all()
    assert found.low < effect < found.high


def test_an_effect_needs_two_differences():
    with pytest.raises(ValueError, match="1 differences have no scatter"):
        statistics.effect_interval([1.0])


def test_pages_p_is_small_for_values_that_fall_and_large_for_values_that_rise():
    falling = np.arange(5, 0, -1) + np.zeros((4, 1))
    # All four subjects in perfect order: one arrangement in (5!)^4.
    assert statistics.falling_p(falling) == pytest.approx(1 / 120**4)
    assert statistics.falling_p(falling[:, ::-1]) == pytest.approx(1)
    assert statistics.falling_p(np.ones((4, 5))) > 0.4


def test_proportion_interval_of_all_successes_is_the_closed_form():
    # Clopper-Pearson with k = n: the lower end solves p^n = .025.
    estimate = statistics.proportion_interval(42, 42)
    assert estimate.low == pytest.approx(0.025 ** (1 / 42))
    assert estimate.high == 1.0


def test_spearman_agrees_with_scipy_and_calls_a_constant_unordered():
    x, y = [1, 2, 3, 4, 5], [2, 1, 4, 3, 9]
    assert statistics.spearman(x, y) == pytest.approx(stats.spearmanr(x, y).statistic)
    assert statistics.spearman([1, 1, 1], [1, 2, 3]) == 0.0


def test_rounding_noise_below_the_floor_ranks_as_a_tie():
    noisy = 0.3 + 1e-12 * np.arange(6)
    assert statistics.spearman(noisy, range(6)) == pytest.approx(1)
    assert statistics.spearman(statistics.settled(noisy, 1e-9), range(6)) == 0.0


def test_permutation_p_is_small_for_a_planted_order_and_never_zero():
    values = np.arange(8.0)
    rng = np.random.default_rng(0)
    p = statistics.permutation_p(lambda order: float(values[order] @ values), range(8), n_permutations=199, rng=rng)
    assert p == 1 / 200


def test_permutation_p_of_a_constant_statistic_is_one():
    rng = np.random.default_rng(0)
    assert statistics.permutation_p(lambda _: 0.5, range(9), n_permutations=99, rng=rng) == 1.0


def test_permutation_p_of_few_labels_is_exact():
    # Three pairs of neighbors on a line, told apart perfectly: of 6! / (2! 2! 2!) = 90 arrangements, the 3! that
    # only rename the labels do as well.
    places = np.array([0.0, 0.1, 5.0, 5.1, 9.0, 9.1])
    apart = np.abs(places[:, None] - places)

    def together(labels):
        return -float(apart[labels[:, None] == labels].sum())

    p = statistics.permutation_p(together, [0, 0, 1, 1, 2, 2], n_permutations=3, rng=np.random.default_rng(0))
    assert p == pytest.approx(6 / 90)


def test_permutation_p_is_uniform_under_the_null():
    rng = np.random.default_rng(1)

    def one() -> float:
        x, y = rng.normal(size=10), rng.normal(size=10)
        return statistics.permutation_p(lambda order: float(x[order] @ y), range(10), n_permutations=99, rng=rng)

    small = sum(one() <= 0.1 for _ in range(300))
    # Binomial(300, .1) lies in 14..46 with probability .9999.
    assert 14 <= small <= 46


def test_off_diagonal_averages_both_directions_and_leaves_self_pairs_out():
    matrix = np.array([[9.0, 1.0, 2.0], [3.0, 9.0, 4.0], [2.0, 6.0, 9.0]])
    assert statistics.off_diagonal(matrix).tolist() == [2.0, 2.0, 5.0]


def test_the_jackknife_of_a_mean_is_its_standard_error_and_student_s_interval():
    values = np.random.default_rng(9).standard_normal(9)
    partial = [np.delete(values, k).mean() for k in range(9)]
    assert statistics.jackknife_error(partial) == pytest.approx(values.std(ddof=1) / 3)
    found, known = statistics.jackknife_interval(values.mean(), partial), statistics.mean_interval(values)
    assert (found.value, found.low, found.high) == pytest.approx((known.value, known.low, known.high))
    assert statistics.jackknife_interval(values.mean(), partial, limits=(0, 1)).low >= 0


def test_average_precision_by_hand():
    # Relevant ones come first and third of four: precision 1 and 2/3 at recall 1/2 and 1.
    assert statistics.average_precision([1, 2, 3, 4], [True, False, True, False]) == pytest.approx((1 + 2 / 3) / 2)
    assert statistics.average_precision([4, 1, 3, 2], [False, True, False, True]) == 1


def test_average_precision_retrieves_ties_together():
    assert statistics.average_precision([5, 5, 5, 5], [True, False, False, False]) == 0.25
    # Two relevant of three at the first level, the third of five at the last.
    assert statistics.average_precision([1, 1, 1, 2, 2], [True, True, False, True, False]) == pytest.approx(
        2 / 3 * 2 / 3 + 1 / 3 * 3 / 5
    )


def test_average_precision_of_nothing_is_refused():
    with pytest.raises(ValueError, match="none of 2 pairs is relevant"):
        statistics.average_precision([1, 2], [False, False])
