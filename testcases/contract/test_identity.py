"""A recording is at distance zero from itself."""

from collections.abc import Callable

import numpy as np
import pytest

from metric_harness.adapter import MetricUnderTest
from metric_harness.checks import Recorder, decide_claim
from metric_harness.corpora import fixed_corpus


@pytest.mark.case(id="contract.identity", version=1, tier="required", source="suite")
def test_identity(metric: MetricUnderTest, measure: Recorder, streams: Callable[..., np.random.Generator]) -> None:
    """A metric gives d(x, x) at most its declared numerical floor.

    Why it matters: an optimizer's residue on identical data is a noise floor under every result.
    Given: the fixed corpus; each recording against the same object, a copy, and a strided view.
    Measured: the largest self-distance.
    Verdict: at most `Claims.numerical_floor` where `identity` is claimed; above it where it is denied.
    Negative controls: a metric with an offset, one with a random residue, one that is zero for the same object only.
    """
    deviation = 0.0
    for recording in fixed_corpus(streams("corpus")):
        x = metric.prepared(recording)
        padded = np.repeat(x, 2, axis=-1)
        for same in (x, x.copy(), padded[..., ::2]):
            deviation = max(deviation, abs(metric.answer(x, same)))
    decide_claim(
        measure,
        metric,
        "identity",
        deviation,
        sentence="d(x, x) is at most the numerical floor",
        hint="use a form that keeps its digits near zero (2·atan2 instead of arccos), or declare a higher floor",
    )
