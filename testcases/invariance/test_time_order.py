"""Shuffling time, alike in both recordings, moves the distance of a metric that sees dynamics."""

from collections.abc import Callable

import numpy as np
import pytest

from metric_harness import changes
from metric_harness.adapter import MetricUnderTest
from metric_harness.checks import Recorder
from metric_harness.laws import Law
from metric_harness.profiles import Profile
from metric_harness.refutation import hold

LAW = Law(
    claim="time_order",
    sentence="shuffling time alike in both recordings moves the distance",
    hint="a metric of samples sees the same pairs of states in any order: claim time_order=False",
    changes=changes.TIME_ORDER,
    moves=True,
    long=True,
)


@pytest.mark.case(
    id="invariance.time_order", version=1, tier="required", source="suite; after Ostrow et al. 2023 (arXiv 2306.10168)"
)
def test_time_order(
    metric: MetricUnderTest, measure: Recorder, profile: Profile, streams: Callable[..., np.random.Generator]
) -> None:
    """Shuffling time, alike in both recordings, moves the distance of a metric that sees dynamics.

    Why it matters: a metric that is blind to the order of time compares clouds of states, whatever its name says.
    Given: the time steps of both recordings in one other order, alike in all trials;
    15 pairs of the fixed corpus, then pairs that a search draws until one breaks the claim.
    Measured: the smallest change of the distance on the corpus, and whether the search found a counterexample.
    Verdict: `True` must move every example by more than the numerical floor times the example's condition; `False` must
    leave one unmoved; `None` is only measured.
    Negative controls: a metric of samples that claims it; a dynamical one that denies it.
    """
    hold(LAW, metric, measure, profile, streams)
