"""The same question gets the same answer."""

import random
import sys
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array, Trajectories
from metric_harness.checks import ClaimFailedError, Recorder, above, at_most, decide
from metric_harness.corpora import recorded_corpus
from metric_harness.errors import MetricError
from metric_harness.process_state import restored
from metric_harness.statistics import unique_pairs

THREADS, ELSEWHERE = "difference in threads", "difference in a fresh process"
CLAIM = "equal inputs give the equal number"
N_FEW = 5
"""Pairs asked where each costs a call of its own, which a batch would share."""
HINT = "seed a generator of the metric's own inside the call; keep nothing between calls; never draw from a global one"


def after_foreign_draws(ask: Callable[[], Array]) -> Array:
    """Ask after other code in the process has drawn from the global generators."""
    torch = sys.modules.get("torch")
    with restored():
        np.random.random(7)  # noqa: NPY002 - the global generator is the point here
        random.random()
        if torch:
            torch.rand(7)
        return ask()


def in_another_order(
    metric: MetricUnderTest, recordings: Sequence[Trajectories], pairs: Sequence[tuple[int, int]]
) -> Array:
    """Return the distances asked from the last pair to the first, in one batch and one by one; shape (2, pairs)."""
    batch = metric.pair_distances(recordings, pairs[::-1])
    single = [metric.distance(recordings[i], recordings[j]) for i, j in pairs[::-1]]
    return np.array([batch, single])[:, ::-1]


def in_refilled_arrays(
    metric: MetricUnderTest, recordings: Sequence[Trajectories], pairs: Sequence[tuple[int, int]]
) -> Array:
    """Return the distances when all pairs are written, one after the other, into the same two arrays.

    Raises:
        MetricError: if the metric leaves the arrays such that nobody can write into them.
    """
    x, y = (np.empty_like(metric.prepared(recordings[0])) for _ in "xy")
    values: list[float] = []
    for i, j in pairs:
        try:
            x[...], y[...] = metric.prepared(recordings[i]), metric.prepared(recordings[j])
        except ValueError as error:
            raise MetricError(
                f"the arrays can no longer be filled ({error}); needed as they were. Leave flags and shape alone."
            ) from None
        values.append(metric.answer(x, y))
    return np.array(values)


@pytest.mark.case(id="contract.determinism", version=1, tier="required", source="suite")
def test_determinism(metric: MetricUnderTest, measure: Recorder, streams: Callable[..., np.random.Generator]) -> None:
    """A metric gives the same number again: whenever, wherever and in whatever order it is asked.

    Why it matters: a result that nobody can repeat cannot be checked; published optimizers of this
    field draw their starts from a global generator, and caches and buffers mix up answers.
    Given: the fixed corpus, 15 pairs, asked four times in this process (the last two with NumPy's,
    Python's and, where loaded, torch's global generators advanced); from the last pair to the first, in a batch
    and one by one; the first five in two arrays that are filled with one pair after the other, and from two threads at
    once, in opposite order; and all once in a fresh process with another hash seed.
    Measured: the largest difference from the first answers, in each of these ways.
    Verdict: each at most the numerical floor; whether a fresh process answers at all is `contract.transport`.
    `deterministic=None` excuses nothing; a metric that declares `deterministic=False` must be seen to vary.
    Negative controls: a metric with its own noise; ones that draw from a global generator, or look at what NumPy's,
    Python's or torch's would draw next; ones whose answers depend on the last question, on sorted pairs, or on being
    asked in a batch; one that remembers arrays by their place in memory; one that locks them; one that shares a buffer
    between threads; one that works in the main thread only; one that hangs on the hash seed.
    """
    recordings = recorded_corpus(measure, streams("corpus"))
    pairs = unique_pairs(len(recordings))

    def ask() -> Array:
        return metric.pair_distances(recordings, pairs)

    first = ask()
    repeated = [ask(), after_foreign_draws(ask), after_foreign_draws(ask)]
    ways: dict[str, Callable[[], Array]] = {
        "worst difference in this process": lambda: np.array(repeated),
        "difference in another order": lambda: in_another_order(metric, recordings, pairs),
        "difference in refilled arrays": lambda: in_refilled_arrays(metric, recordings, pairs[:N_FEW]),
        THREADS: lambda: metric.in_threads(recordings, pairs[:N_FEW]),
        ELSEWHERE: lambda: metric.in_fresh_process(recordings, pairs),
    }
    differences: dict[str, float] = {}
    refusals: dict[str, str] = {}
    for name, way in ways.items():
        try:
            values = way()
        except MetricError as error:
            refusals[name] = str(error)
        else:
            differences[name] = float(np.abs(values - first[: values.shape[-1]]).max())
        # How threads take turns differs from run to run, and with it what unsafe ones answer.
        record = measure.volatile if name == THREADS else measure
        record(name, differences.get(name, refusals.get(name)))
    claimed, deviation = metric.claims.deterministic, max(differences.values())
    measure.observe("deterministic", claimed=claimed, observed=deviation <= metric.floor, deviation=deviation)
    # A metric that cannot be taken to another process fails contract.transport, not this case too.
    refusals.pop(ELSEWHERE, None)
    if refusals:
        listed = "".join(f"\n  {name}: {text}" for name, text in refusals.items())
        raise ClaimFailedError(f"claim refuted: {CLAIM}{listed}\n  hint: {HINT}")
    origin = "the metric's numerical floor"
    if claimed is False:
        findings = [above("worst difference", deviation, metric.floor, origin)]
        decide(measure, "a metric declared random varies", findings, hint="claim deterministic=True")
        return
    findings = [at_most(name, difference, metric.floor, origin) for name, difference in differences.items()]
    decide(measure, CLAIM, findings, hint=HINT)
