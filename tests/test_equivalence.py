"""Two one-sided tests against their definition, and the words for what they say."""

import numpy as np
import pytest
from scipy import stats

from metric_harness.equivalence import Difference, difference_of, equivalence, equivalence_of, holm
from metric_harness.seeding import generator
from metric_harness.statistics import exact, mean_interval


def sample(n: int, *path: object) -> np.ndarray:
    return generator(59, "test_equivalence", *path).standard_normal(n)


def test_both_p_are_tails_of_student_s_distribution():
    values = 0.05 + 0.1 * sample(12, "tails")
    found = equivalence(values, 0.1)
    error = values.std(ddof=1) / np.sqrt(12)
    assert found.p_above == pytest.approx(stats.t.sf((values.mean() + 0.1) / error, 11))
    assert found.p_below == pytest.approx(stats.t.cdf((values.mean() - 0.1) / error, 11))
    assert found.p == max(found.p_above, found.p_below)
    assert found.difference == mean_interval(values)


@pytest.mark.parametrize(
    ("mean", "scatter", "verdict"),
    [
        (0.0, 0.01, "equivalent"),
        (0.05, 0.01, "equivalent, though not zero"),
        (-0.05, 0.01, "equivalent, though not zero"),
        (0.3, 0.01, "larger"),
        (-0.3, 0.01, "smaller"),
        (0.12, 0.01, "larger"),
        (0.0, 1.0, "undecided"),
        (0.02, 0.0, "equivalent, though not zero"),
        (0.0, 0.0, "equivalent"),
        (0.1, 0.0, "larger"),
        (-0.1, 0.0, "smaller"),
    ],
)
def test_a_verdict_needs_both_tests(mean, scatter, verdict):
    noise = np.array([-1.0, 1.0, -1.0, 1.0, 0.0])
    assert equivalence(mean + scatter * noise, 0.1).verdict == verdict


def test_equivalence_of_different_things_is_found_at_the_level_of_the_test():
    found = [equivalence(0.1 + 0.1 * sample(10, "level", k), 0.1).p < 0.05 for k in range(1000)]
    assert 0.03 < np.mean(found) < 0.07


def test_a_margin_of_nothing_is_refused():
    with pytest.raises(ValueError, match=r"margin is 0\.0; needed more than 0"):
        equivalence([0.1, 0.2], 0.0)


def test_the_difference_of_two_means_has_welch_s_interval():
    first, second = 1 + sample(9, "first"), 3 * sample(17, "second")
    found = difference_of(mean_interval(first), mean_interval(second), 9, 17)
    test = stats.ttest_ind(first, second, equal_var=False)
    welch = test.confidence_interval()
    assert (found.estimate.low, found.estimate.high) == pytest.approx((welch.low, welch.high))
    assert found.estimate.value == pytest.approx(first.mean() - second.mean())
    assert found.p == pytest.approx(test.pvalue)


def test_exact_numbers_have_an_exact_difference():
    assert difference_of(exact(3.0), exact(1.0), 5, 5) == Difference(exact(2.0), 0.0)
    assert difference_of(exact(3.0), exact(3.0), 5, 5).p == 1.0


def test_an_estimate_is_tested_by_the_error_that_its_interval_tells():
    values = 0.05 + 0.1 * sample(12, "tails")
    assert equivalence_of(mean_interval(values), 12, 0.1) == equivalence(values, 0.1)


def test_p_values_are_adjusted_by_holm():
    # Worked by hand: 3 x .01, then 2 x .02 = .04, then the largest so far where 1 x .03 would be less.
    assert holm([0.02, 0.01, 0.03]) == pytest.approx([0.04, 0.03, 0.04])
    assert holm([0.6, 0.7]) == pytest.approx([1.0, 1.0])
    assert holm([0.2]) == [0.2]
    assert holm([]) == []
