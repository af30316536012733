"""The distance does not depend on the order in which units are listed."""

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
    claim="unit_permutation",
    sentence="reordering the units of one recording leaves the distance as it is",
    hint="compare populations through products over units (Gram matrices, alignments), never unit i with unit i",
    changes=changes.PERMUTATION,
)


@pytest.mark.case(
    id="invariance.unit_permutation",
    version=1,
    tier="required",
    source="Klabunde et al. 2023 (arXiv 2305.06329), invariance to permutations",
)
def test_unit_permutation(
    metric: MetricUnderTest, measure: Recorder, profile: Profile, streams: Callable[..., np.random.Generator]
) -> None:
    """The distance does not depend on the order in which units are listed.

    Why it matters: no two recordings list their neurons in one order; a metric that reads the order reads the
    experimenter's bookkeeping.
    Given: units reordered;
    15 pairs of the fixed corpus, then pairs that a search draws until one breaks the claim.
    Measured: the largest change of the distance on the corpus, and whether the search found a counterexample.
    Verdict: `True` must survive the search, at most the numerical floor times the example's condition; `False` must be
    violated; `None` is only measured.
    Negative controls: a metric that weighs units by their place; a permutation-invariant one that denies it.
    """
    hold(LAW, metric, measure, profile, streams)
