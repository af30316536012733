"""A metric can be sent to where the work is done."""

import pickle
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from metric_harness.adapter import MetricUnderTest, without_addresses
from metric_harness.arrays import Array, Trajectories
from metric_harness.checks import Recorder, decide_faults
from metric_harness.corpora import recorded_corpus
from metric_harness.errors import MetricError

PAIRS = ((0, 1), (2, 4))
"""Recordings of the corpus that are compared."""


def pickling_faults(metric: MetricUnderTest, recordings: Sequence[Trajectories], expected: Array) -> list[str]:
    """Return why a pickled and unpickled metric is not the metric."""
    try:
        bare = pickle.loads(pickle.dumps(metric.bare))
    except Exception as error:
        return [f"pickle: {type(error).__name__}: {without_addresses(str(error))}"]
    try:
        values = MetricUnderTest(metric.name, bare).pair_distances(recordings, PAIRS)
    except MetricError as error:
        return [f"unpickled: {error}"]
    difference = float(np.abs(values - expected).max())
    if difference > metric.floor and metric.claims.deterministic is not False:
        return [f"unpickled: answers differ by {difference:.3g}, more than {metric.floor:.3g}"]
    return []


def fresh_process_faults(metric: MetricUnderTest, recordings: Sequence[Trajectories]) -> list[str]:
    """Return why a metric has no answer in a process of its own; whether it is the same is `contract.determinism`."""
    try:
        metric.in_fresh_process(recordings, PAIRS)
    except MetricError as error:
        return [f"fresh process: {error}"]
    return []


@pytest.mark.case(id="contract.transport", version=1, tier="required", source="suite")
def test_transport(metric: MetricUnderTest, measure: Recorder, streams: Callable[..., np.random.Generator]) -> None:
    """A metric survives pickling and runs in a fresh process.

    Why it matters: parallel and distributed runs send the metric to other processes; what lives in a lambda, a
    closure or a notebook's memory stays behind.
    Given: two pairs of the fixed corpus, asked of the metric, of its pickled and unpickled copy, and of the
    metric that a fresh process makes from the `--metric` value and the settings.
    Measured: whether there is a copy, the difference of its answers, and whether the fresh process answers.
    Verdict: a copy that answers equally, within the numerical floor (unless `deterministic=False` is claimed), and an
    answer from the fresh process.
    Negative controls: a closure; an object whose copy loses its settings; one whose copy cannot answer; a metric that
    needs what only this process has imported.
    """
    recordings = recorded_corpus(measure, streams("corpus"))
    expected = metric.pair_distances(recordings, PAIRS)
    measure("values", expected)
    faults = [*pickling_faults(metric, recordings, expected), *fresh_process_faults(metric, recordings)]
    decide_faults(
        measure,
        "the metric works wherever it is sent",
        faults,
        asked=2,
        origin="parallel and distributed runs rest on it",
        hint="define functions and classes at the top of a module that can be imported, instead of lambdas and "
        "closures, and import there what they need",
    )
