"""The same question gets the same answer."""

import random
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager

import numpy as np
import pytest

from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array
from metric_harness.checks import Recorder, above, at_most, decide
from metric_harness.corpora import fixed_corpus
from metric_harness.statistics import unique_pairs


@contextmanager
def foreign_draws() -> Generator[None]:
    """Advance the global generators as other code in the process might, and put them back afterwards."""
    torch = sys.modules.get("torch")
    numpy_state = np.random.get_state()  # noqa: NPY002 - the global generator is the point here
    python_state = random.getstate()
    torch_state = torch.get_rng_state() if torch else None
    try:
        np.random.random(7)  # noqa: NPY002
        random.random()
        if torch:
            torch.rand(7)
        yield
    finally:
        np.random.set_state(numpy_state)  # noqa: NPY002
        random.setstate(python_state)
        if torch:
            torch.set_rng_state(torch_state)


@pytest.mark.case(id="contract.determinism", version=1, tier="required", source="suite")
def test_determinism(metric: MetricUnderTest, measure: Recorder, streams: Callable[..., np.random.Generator]) -> None:
    """A metric gives the same number again: repeated, after foreign random draws, in another process.

    Why it matters: a result that nobody can repeat cannot be checked; published optimizers of this
    field draw their starts from a global generator.
    Given: the fixed corpus, 15 pairs, asked four times in this process (the last two with NumPy's,
    Python's and, where loaded, torch's global generators advanced) and once in a fresh process with
    another hash seed.
    Measured: the largest difference from the first answers, here and there.
    Verdict: both at most the numerical floor. `deterministic=None` excuses nothing; a metric that
    declares `deterministic=False` must be seen to vary.
    Negative controls: a metric with its own noise; one that draws from the global generator.
    """
    recordings = fixed_corpus(streams("corpus"))
    pairs = unique_pairs(len(recordings))

    def ask() -> Array:
        return metric.pair_distances(recordings, pairs)

    first = ask()
    answers = [ask()]
    for _ in range(2):
        with foreign_draws():
            answers.append(ask())
    here = max(float(np.abs(answer - first).max()) for answer in answers)
    measure("worst difference in this process", here)
    elsewhere = float(np.abs(metric.in_fresh_process(recordings, pairs) - first).max())
    measure("difference in a fresh process", elsewhere)
    claimed, deviation = metric.claims.deterministic, max(here, elsewhere)
    measure.observe("deterministic", claimed=claimed, observed=deviation <= metric.floor, deviation=deviation)
    origin = "the metric's numerical floor"
    if claimed is False:
        findings = [above("worst difference", deviation, metric.floor, origin)]
        decide(measure, "a metric declared random varies", findings, hint="claim deterministic=True")
        return
    findings = [
        at_most("worst difference in this process", here, metric.floor, origin),
        at_most("difference in a fresh process", elsewhere, metric.floor, origin),
    ]
    decide(
        measure,
        "equal inputs give the equal number",
        findings,
        hint="seed a generator of the metric's own inside the call; never draw from a global one",
    )
