"""The distance does not depend on adding a constant to each unit."""

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
    claim="translation",
    sentence="shifting the units of one recording leaves the distance as it is",
    hint="center units over samples before anything else",
    changes=changes.TRANSLATION,
)


@pytest.mark.case(
    id="invariance.translation",
    version=1,
    tier="required",
    source="Klabunde et al. 2023 (arXiv 2305.06329), invariance to translation",
)
def test_translation(
    metric: MetricUnderTest, measure: Recorder, profile: Profile, streams: Callable[..., np.random.Generator]
) -> None:
    """The distance does not depend on adding a constant to each unit.

    Why it matters: baselines differ between recordings and carry no computation.
    Given: a constant of up to 20 added to each unit of one recording;
    15 pairs of the fixed corpus, then pairs that a search draws until one breaks the claim.
    Measured: the largest change of the distance on the corpus, and whether the search found a counterexample.
    Verdict: `True` must survive the search, at most the numerical floor times the example's condition; `False` must be
    violated; `None` is only measured.
    Negative controls: a metric that forgets to center; a centering one that denies it.
    """
    hold(LAW, metric, measure, profile, streams)
