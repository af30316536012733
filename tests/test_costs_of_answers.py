"""The growth of a cost that `contract.cost` records, on numbers that are known."""

import numpy as np
import pytest
from scipy import stats

from metric_harness.statistics import Estimate
from testcases.contract.test_cost import exponent

SIZES = [4, 8, 16, 32]


def test_a_power_is_its_own_exponent_without_doubt():
    found = exponent(SIZES, [3.0 * size**2 for size in SIZES])
    assert found is not None
    assert (found.value, found.low, found.high) == pytest.approx((2.0, 2.0, 2.0))


def test_a_cost_that_never_grows_has_exponent_0():
    assert exponent(SIZES, [7, 7, 7, 7]) == Estimate(0.0, 0.0, 0.0)


def test_the_interval_is_student_s_of_the_slope():
    costs = [1.0, 2.5, 3.5, 9.0]
    found, x, y = exponent(SIZES, costs), np.log(SIZES), np.log(costs)
    slope, offset = np.polyfit(x, y, 1)
    error = np.sqrt(((y - slope * x - offset) ** 2).sum() / 2 / ((x - x.mean()) ** 2).sum())
    assert found is not None
    assert found.value == pytest.approx(slope)
    assert (found.high - found.low) / 2 == pytest.approx(stats.t.ppf(0.975, 2) * error)


@pytest.mark.parametrize(("sizes", "costs"), [([4, 8], [1.0, 2.0]), ([4, 8, 16], [0.0, 1.0, 2.0]), ([], [])])
def test_too_few_sizes_and_costs_of_nothing_have_no_exponent(sizes, costs):
    assert exponent(sizes, costs) is None
