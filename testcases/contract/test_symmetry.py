"""The order of the arguments does not matter."""

from collections.abc import Callable

import numpy as np
import pytest

from metric_harness.adapter import MetricUnderTest
from metric_harness.checks import Recorder, decide_claim
from metric_harness.corpora import fixed_corpus
from metric_harness.statistics import unique_pairs


@pytest.mark.case(id="contract.symmetry", version=1, tier="required", source="suite")
def test_symmetry(metric: MetricUnderTest, measure: Recorder, streams: Callable[..., np.random.Generator]) -> None:
    """A metric that claims symmetry gives d(x, y) = d(y, x).

    Why it matters: a distance matrix, a clustering or an embedding is only defined by symmetric values.
    Given: the fixed corpus, 15 pairs in both orders.
    Measured: the largest |d(x, y) - d(y, x)|.
    Verdict: at most the numerical floor where symmetry is claimed; above it where it is denied.
    Negative controls: an asymmetric metric that claims symmetry; a symmetric one that denies it.
    """
    recordings = fixed_corpus(streams("corpus"))
    deviation = max(
        abs(metric.distance(recordings[i], recordings[j]) - metric.distance(recordings[j], recordings[i]))
        for i, j in unique_pairs(len(recordings))
    )
    decide_claim(
        measure,
        metric,
        "symmetric",
        deviation,
        sentence="d(x, y) equals d(y, x)",
        hint="regressions and optimizers favor one argument; average both directions, or claim symmetric=False",
    )
