"""The order of the arguments does not matter."""

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
    claim="symmetric",
    sentence="d(x, y) equals d(y, x)",
    hint="regressions and optimizers favor one argument; average both directions, or claim symmetric=False",
    changes=changes.SWAP,
)


@pytest.mark.case(id="contract.symmetry", version=1, tier="required", source="suite")
def test_symmetry(
    metric: MetricUnderTest, measure: Recorder, profile: Profile, streams: Callable[..., np.random.Generator]
) -> None:
    """A metric that claims symmetry gives d(x, y) = d(y, x).

    Why it matters: a distance matrix, a clustering or an embedding is only defined by symmetric values.
    Given: 15 pairs of the fixed corpus in both orders, then pairs that a search draws until one breaks the claim.
    Measured: the largest |d(x, y) - d(y, x)| on the corpus, and whether the search found a counterexample.
    Verdict: `True` must survive the search, at most the numerical floor times the example's condition; `False` must be
    violated; `None` is only measured.
    Negative controls: an asymmetric metric that claims symmetry; one that is asymmetric only where a recording holds an
    exact zero; a symmetric one that denies it.
    """
    hold(LAW, metric, measure, profile, streams)
