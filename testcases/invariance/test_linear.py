"""The distance does not depend on any invertible linear map of the units."""

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
    claim="linear",
    sentence="an invertible linear map of the units of one recording leaves the distance as it is",
    hint="only metrics of subspaces (canonical correlations, prediction from x) have this; metrics of geometry do not",
    changes=changes.LINEAR_MAP,
)


@pytest.mark.case(
    id="invariance.linear", version=1, tier="required", source="Kornblith et al. 2019 (arXiv 1905.00414), section 2.1"
)
def test_linear(
    metric: MetricUnderTest, measure: Recorder, profile: Profile, streams: Callable[..., np.random.Generator]
) -> None:
    """The distance does not depend on any invertible linear map of the units.

    Why it matters: a linear readout finds the same information in any basis.
    Given: units mapped by a random invertible matrix of condition at most 100 (9 on the corpus);
    15 pairs of the fixed corpus, then pairs that a search draws until one breaks the claim.
    Measured: the largest change of the distance on the corpus, and whether the search found a counterexample.
    Verdict: `True` must survive the search, at most the numerical floor times the example's condition; `False` must be
    violated; `None` is only measured.
    Negative controls: a geometric metric that claims it; a subspace metric that denies it.
    """
    hold(LAW, metric, measure, profile, streams)
