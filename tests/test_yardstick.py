"""A metric's own scale: its ends, and what has none."""

import numpy as np
import pytest

from metric_harness.checks import Recorder, Standing
from metric_harness.statistics import Estimate
from metric_harness.yardstick import Yardstick, within

YARDSTICK = Yardstick(same=np.array([0.0, 0.2]), unrelated=np.array([1.0, 1.2]))


def test_the_ends_are_one_and_zero():
    np.testing.assert_allclose(YARDSTICK.similarity(np.array([[0.1, 1.1], [0.6, 2.1]])), [[1, 0], [0.5, -1]])


def test_the_scale_is_the_smallest_range_above_the_floor():
    measure = Recorder()
    assert YARDSTICK.measured(measure, 0.5).standing is Standing.HOLDS
    assert measure.measurements == {
        "mean distance of the same": pytest.approx(0.1),
        "mean distance of the unrelated": pytest.approx(1.1),
        "smallest range over worlds": pytest.approx(1.0),
    }
    assert YARDSTICK.usable(0.5)
    assert not YARDSTICK.usable(1.5)
    assert YARDSTICK.measured(Recorder(), 1.5).standing is Standing.FAILS


def test_one_world_without_range_is_none():
    broken = Yardstick(same=np.array([0.0, 1.3]), unrelated=np.array([1.0, 1.2]))
    assert not broken.usable(0.0)
    assert broken.measured(Recorder(), 0.0).standing is Standing.FAILS


@pytest.mark.parametrize(
    ("estimate", "standings"),
    [
        (Estimate(0.01, -0.02, 0.04), [Standing.HOLDS, Standing.HOLDS]),
        (Estimate(0.2, 0.1, 0.3), [Standing.FAILS, Standing.HOLDS]),
        (Estimate(-0.2, -0.3, -0.1), [Standing.HOLDS, Standing.FAILS]),
        (Estimate(0.04, 0.0, 0.08), [Standing.STRADDLES, Standing.HOLDS]),
    ],
)
def test_a_size_is_bounded_on_both_sides(estimate, standings):
    assert [finding.standing for finding in within("bias", estimate, 0.05, "ours")] == standings
