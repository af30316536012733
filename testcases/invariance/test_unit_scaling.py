"""The distance does not depend on giving each unit its own positive gain."""

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
    claim="unit_scaling",
    sentence="giving each unit of one recording a gain of its own leaves the distance as it is",
    hint="standardize units first to claim this; a metric of covariances or Gram matrices does not have it",
    changes=changes.UNIT_SCALING,
)


@pytest.mark.case(
    id="invariance.unit_scaling",
    version=1,
    tier="required",
    source="Klabunde et al. 2023 (arXiv 2305.06329), invariance to diagonal maps",
)
def test_unit_scaling(
    metric: MetricUnderTest, measure: Recorder, profile: Profile, streams: Callable[..., np.random.Generator]
) -> None:
    """The distance does not depend on giving each unit its own positive gain.

    Why it matters: indicator strength and firing range differ from neuron to neuron without meaning anything.
    Given: each unit of one recording times its own factor from 1/8 to 8;
    15 pairs of the fixed corpus, then pairs that a search draws until one breaks the claim.
    Measured: the largest change of the distance on the corpus, and whether the search found a counterexample.
    Verdict: `True` must survive the search, at most the numerical floor times the example's condition; `False` must be
    violated; `None` is only measured.
    Negative controls: a covariance-based metric that claims it; a standardizing one that denies it.
    """
    hold(LAW, metric, measure, profile, streams)
