"""The metric answers every valid question with one finite real number."""

from collections.abc import Callable

import numpy as np
import pytest

from metric_harness.adapter import MetricUnderTest
from metric_harness.checks import ClaimFailedError, Recorder, above, decide
from metric_harness.corpora import recorded_corpus
from metric_harness.errors import MetricError
from metric_harness.statistics import unique_pairs


@pytest.mark.case(id="contract.value", version=1, tier="required", source="suite")
def test_value(metric: MetricUnderTest, measure: Recorder, streams: Callable[..., np.random.Generator]) -> None:
    """A metric returns one finite real number for every pair of recordings, and not always the same one.

    Why it matters: a NaN, an array or a constant passes silently through many analyses.
    Given: the fixed corpus, six recordings of 10 trials, 150 time steps and 4 units; 15 pairs.
    Measured: the number of valid answers, and the spread (largest minus smallest).
    Verdict: all 15 are finite numbers, and their spread exceeds the metric's numerical floor.
    Negative controls: NaN, array-valued and constant metrics.
    """
    recordings = recorded_corpus(measure, streams("corpus"))
    values: list[float] = []
    refusals: list[str] = []
    for i, j in unique_pairs(len(recordings)):
        try:
            values.append(metric.distance(recordings[i], recordings[j]))
        except MetricError as error:
            refusals.append(f"recordings {i} and {j}: {error}")
    measure("valid answers", len(values))
    measure("invalid answers", len(refusals))
    measure("values", values)
    if refusals:
        raise ClaimFailedError(
            f"claim refuted: every pair of recordings has one finite distance\n  {refusals[0]}\n"
            f"  {len(refusals)} of {len(refusals) + len(values)} pairs were answered so\n"
            "  hint: the corpus is well-conditioned and paired; answer it, or declare what the metric needs"
        )
    spread = max(values) - min(values)
    measure("spread", spread)
    decide(
        measure,
        "different pairs of recordings get different distances",
        [above("spread", spread, metric.floor, "the metric's numerical floor")],
        hint="a metric that returns one number for all pairs does not measure them",
    )
