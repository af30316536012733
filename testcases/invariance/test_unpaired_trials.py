"""The distance does not need trials to correspond: reordering those of one recording changes nothing."""

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
    claim="unpaired_trials",
    sentence="reordering the trials of one recording leaves the distance as it is",
    hint="a metric that matches sample to sample must claim unpaired_trials=False",
    changes=changes.UNPAIRED_TRIAL_ORDER,
)


@pytest.mark.case(
    id="invariance.unpaired_trials",
    version=1,
    tier="required",
    source="suite; unpaired trials penalized paired metrics in arXiv 2410.24070",
)
def test_unpaired_trials(
    metric: MetricUnderTest, measure: Recorder, profile: Profile, streams: Callable[..., np.random.Generator]
) -> None:
    """The distance does not need trials to correspond: reordering those of one recording changes nothing.

    Why it matters: two animals, or two networks with their own noise, never share trials.
    Given: the trials of one recording reordered, those of the other not;
    15 pairs of the fixed corpus, then pairs that a search draws until one breaks the claim.
    Measured: the largest change of the distance on the corpus, and whether the search found a counterexample.
    Verdict: `True` must survive the search, at most the numerical floor times the example's condition; `False` must be
    violated; `None` is only measured.
    Negative controls: a paired metric that claims it; an unpaired one that denies it.
    """
    hold(LAW, metric, measure, profile, streams)
