"""Dynamics in other orthogonal coordinates are the same dynamics, at distance zero."""

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
    claim="conjugacy",
    sentence="a recording is at distance zero from itself in other orthogonal coordinates",
    hint="minimize over the orthogonal group from several starts, of both determinants, before reporting a distance",
    changes=changes.ROTATION,
    from_itself=True,
)


@pytest.mark.case(
    id="invariance.conjugacy", version=1, tier="required", source="Ostrow et al. 2023 (arXiv 2306.10168), section 2"
)
def test_conjugacy(
    metric: MetricUnderTest, measure: Recorder, profile: Profile, streams: Callable[..., np.random.Generator]
) -> None:
    """Dynamics in other orthogonal coordinates are the same dynamics, at distance zero.

    Why it matters: a system is not another one because it is described along other axes.
    Given: a recording against itself with units rotated or reflected;
    15 pairs of the fixed corpus, then pairs that a search draws until one breaks the claim.
    Measured: the largest change of the distance on the corpus, and whether the search found a counterexample.
    Verdict: `True` must survive the search, at most the numerical floor times the example's condition; `False` must be
    violated; `None` is only measured.
    Negative controls: a metric on absolute values of units; a rotation-invariant one that denies it.
    """
    hold(LAW, metric, measure, profile, streams)
