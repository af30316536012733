"""The distance does not depend on multiplying a whole recording by one positive number."""

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
    claim="isotropic_scaling",
    sentence="multiplying one recording by a positive number leaves the distance as it is",
    hint="divide by a norm, and leave no absolute constant (a ridge, an epsilon) in the formula",
    changes=changes.SCALING,
)


@pytest.mark.case(
    id="invariance.isotropic_scaling",
    version=1,
    tier="required",
    source="Klabunde et al. 2023 (arXiv 2305.06329), invariance to isotropic scaling",
)
def test_isotropic_scaling(
    metric: MetricUnderTest, measure: Recorder, profile: Profile, streams: Callable[..., np.random.Generator]
) -> None:
    """The distance does not depend on multiplying a whole recording by one positive number.

    Why it matters: units of measurement, gains and learning rates change the size of activity and nothing else.
    Given: one recording times a factor from 1e-6 to 1e6;
    15 pairs of the fixed corpus, then pairs that a search draws until one breaks the claim.
    Measured: the largest change of the distance on the corpus, and whether the search found a counterexample.
    Verdict: `True` must survive the search, at most the numerical floor times the example's condition; `False` must be
    violated; `None` is only measured.
    Negative controls: a metric with an absolute ridge; a scale-invariant one that denies it.
    """
    hold(LAW, metric, measure, profile, streams)
