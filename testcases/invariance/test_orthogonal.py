"""The distance does not depend on rotating or reflecting the space of units."""

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
    claim="orthogonal",
    sentence="rotating or reflecting the units of one recording leaves the distance as it is",
    hint="standardizing or rectifying single units before comparing them breaks this; so does correlation across units",
    changes=changes.ROTATION,
)


@pytest.mark.case(
    id="invariance.orthogonal",
    version=1,
    tier="required",
    source="Klabunde et al. 2023 (arXiv 2305.06329), invariance to orthogonal transformations",
)
def test_orthogonal(
    metric: MetricUnderTest, measure: Recorder, profile: Profile, streams: Callable[..., np.random.Generator]
) -> None:
    """The distance does not depend on rotating or reflecting the space of units.

    Why it matters: the axes of a population's state space are a matter of convention in most questions asked of it.
    Given: units mapped by a random orthogonal matrix;
    15 pairs of the fixed corpus, then pairs that a search draws until one breaks the claim.
    Measured: the largest change of the distance on the corpus, and whether the search found a counterexample.
    Verdict: `True` must survive the search, at most the numerical floor times the example's condition; `False` must be
    violated; `None` is only measured.
    Negative controls: a metric on absolute values of units; a rotation-invariant one that denies it.
    """
    hold(LAW, metric, measure, profile, streams)
