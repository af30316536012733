"""The distance does not depend on the order in which the trials of both recordings are listed."""

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
    claim="trial_permutation",
    sentence="reordering the trials of both recordings alike leaves the distance as it is",
    hint="concatenated trials must not be read as one long recording: let no window or difference cross a trial's end",
    changes=changes.TRIAL_ORDER,
)


@pytest.mark.case(
    id="invariance.trial_permutation",
    version=1,
    tier="required",
    source="suite; the reference study's code ran its delays over trials instead of times",
)
def test_trial_permutation(
    metric: MetricUnderTest, measure: Recorder, profile: Profile, streams: Callable[..., np.random.Generator]
) -> None:
    """The distance does not depend on the order in which the trials of both recordings are listed.

    Why it matters: trial numbers are bookkeeping, as long as trial k is the same in both recordings.
    Given: the trials of both recordings reordered alike;
    15 pairs of the fixed corpus, then pairs that a search draws until one breaks the claim.
    Measured: the largest change of the distance on the corpus, and whether the search found a counterexample.
    Verdict: `True` must survive the search, at most the numerical floor times the example's condition; `False` must be
    violated; `None` is only measured.
    Negative controls: a metric that weighs trials by their place; an invariant one that denies it.
    """
    hold(LAW, metric, measure, profile, streams)
