"""Recognition of items under noise, on distances small enough for the hand."""

import numpy as np
import pytest

from metric_harness.checks import Recorder
from metric_harness.recognition import (
    breakdown,
    jackknifed_recognition,
    log_area,
    measure_recognition,
    recognition,
)
from metric_harness.statistics import Estimate

T_95 = 4.302652729911275
"""Student's t(.975) with two degrees of freedom."""
PAIRS = [(0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2)]
LEVELS = (0.01, 0.1, 1.0)


def test_recognition_is_the_share_of_different_pairs_that_are_further_apart():
    assert recognition([1, 1, 1, 2, 2, 2], PAIRS) == 1
    assert recognition([1, 1, 1, 1, 1, 1], PAIRS) == 0.5
    # 1 and 2 below 3 4 5, 4 below 5 and level with 4.
    assert recognition([1, 2, 4, 3, 4, 5], PAIRS) == pytest.approx((3 + 3 + 1.5) / 9)


def test_recognition_does_not_depend_on_the_order_of_pairs():
    distances, order = np.array([1.0, 2, 4, 3, 4, 5]), [5, 0, 3, 1, 4, 2]
    assert recognition(distances[order], [PAIRS[k] for k in order]) == recognition(distances, PAIRS)


def test_the_jackknife_leaves_out_an_item_with_all_its_pairs():
    found = jackknifed_recognition([1, 2, 4, 3, 4, 5], PAIRS)
    # Without item 0: 2, 4 below 5. Without 1: 1 below 4, 4 level with it. Without 2: 1, 2 below 3.
    partial = np.array([1, 0.75, 1])
    error = np.sqrt(2 / 3 * ((partial - partial.mean()) ** 2).sum())
    assert found.value == pytest.approx(7.5 / 9)
    assert found.low == pytest.approx(7.5 / 9 - T_95 * error)
    assert found.high == 1.0


def test_full_recognition_has_no_width():
    assert jackknifed_recognition([1, 1, 1, 2, 2, 2], PAIRS) == Estimate(1.0, 1.0, 1.0)


def test_what_has_no_answer_is_refused():
    with pytest.raises(ValueError, match=r"distances of shape \(5,\) for 6 pairs; needed one for each"):
        recognition([1, 1, 1, 2, 2], PAIRS)
    with pytest.raises(ValueError, match="0 of 3 pairs are of one item"):
        recognition([1, 2, 3], PAIRS[3:])
    with pytest.raises(ValueError, match="3 of 3 pairs are of one item"):
        jackknifed_recognition([1, 2, 3], PAIRS[:3])
    with pytest.raises(ValueError, match="2 items have no interval; needed at least 3"):
        jackknifed_recognition([1, 1, 2], [(0, 0), (1, 1), (0, 1)])


def test_the_breakdown_lies_between_the_levels_around_it():
    assert breakdown(LEVELS, [1, 1, 0.8], 0.9) == pytest.approx(10**-0.5)
    assert breakdown(LEVELS, [1, 0.9, 0.5], 0.9) == pytest.approx(0.1)
    assert breakdown(LEVELS, [0.5, 1, 1], 0.9) == 0.01
    assert breakdown(LEVELS, [1, 1, 0.9], 0.9) is None


def test_the_area_is_the_mean_height_over_the_logarithm():
    assert log_area(LEVELS, [1, 1, 1]) == pytest.approx(1)
    assert log_area(LEVELS, [1, 1, 0]) == pytest.approx(0.75)
    assert log_area((0.01, 0.1, 10), [0, 0, 1]) == pytest.approx(1 / 3)


def test_a_curve_is_recorded_with_its_levels_and_its_area_is_the_score():
    measure = Recorder()
    measure_recognition(measure, LEVELS, [Estimate(1, 1, 1), Estimate(1, 0.9, 1), Estimate(0.8, 0.7, 0.9)], 0.9)
    assert measure.measurements == {
        "noise levels": [0.01, 0.1, 1.0],
        "AUC by noise level": [1, 1, 0.8],
        "AUC intervals by noise level": [[1, 1], [0.9, 1], [0.7, 0.9]],
        "breakdown noise level": pytest.approx(10**-0.5),
        "area under AUC over log noise": pytest.approx(0.95),
    }
    assert measure.score == pytest.approx(0.95)
