"""What an answer costs, and that the metric answers however large the recordings."""

import statistics
import time
import tracemalloc
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import numpy as np
import pytest
from scipy import stats

from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array
from metric_harness.checks import Recorder, decide_faults
from metric_harness.corpora import recorded_corpus
from metric_harness.errors import MetricError
from metric_harness.statistics import Estimate

N_TIMES, N_UNITS, N_TRIALS = 100, 4, 10
"""Sizes of the recordings where they are not the one that grows."""
LADDERS: Mapping[str, Sequence[int]] = {"samples": (5, 10, 20, 40), "units": (4, 8, 16, 32)}
"""Trials (of 100 samples each) and units that the two ladders climb."""
MOST_REPEATS, BUDGET_S = 5, 0.5
"""Each size is timed once, and again while a ladder has used less than its budget."""


def recordings(what: str, size: int, rng: np.random.Generator) -> Sequence[Array]:
    """Return two recordings of noise of one rung of a ladder."""
    shape = (size, N_TIMES, N_UNITS) if what == "samples" else (N_TRIALS, N_TIMES, size)
    return [rng.standard_normal(shape) for _ in "xy"]


def seconds(metric: MetricUnderTest, x: Array, y: Array, deadline: float) -> Estimate:
    """Return the median time of a call with the range of all calls.

    The range of five calls holds the median of all that there could be with 94 % (1 - 2 / 2⁵), of fewer with less.
    """
    times: list[float] = []
    while not times or (len(times) < MOST_REPEATS and time.perf_counter() < deadline):
        start = time.perf_counter()
        metric.answer(x, y)
        times.append(time.perf_counter() - start)
    return Estimate(statistics.median(times), min(times), max(times))


def peak_bytes(metric: MetricUnderTest, x: Array, y: Array) -> int:
    """Return the most memory that a call holds at once beyond its inputs, as Python and NumPy report it."""
    was_tracing = tracemalloc.is_tracing()
    if not was_tracing:
        tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        metric.answer(x, y)
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        if not was_tracing:
            tracemalloc.stop()


def exponent(sizes: Sequence[int], costs: Sequence[float]) -> Estimate | None:
    """Return the slope of log cost on log size by least squares, with Student's interval; none for under 3 sizes."""
    if len(sizes) < 3 or min(costs) <= 0:
        return None
    if min(costs) == max(costs):  # fits exactly, but its correlation is 0/0, and with that the error of linregress
        return Estimate(0.0, 0.0, 0.0)
    line = cast(Any, stats.linregress(np.log(sizes), np.log(costs)))
    half = float(stats.t.ppf(0.975, len(sizes) - 2)) * float(line.stderr)
    return Estimate(float(line.slope), float(line.slope) - half, float(line.slope) + half)


@pytest.mark.case(id="contract.cost", version=2, tier="required", source="suite")
def test_cost(metric: MetricUnderTest, measure: Recorder, streams: Callable[..., np.random.Generator]) -> None:
    """A metric answers at every size, and what that costs is measured.

    Why it matters: a cost that grows like the square of the samples decides which data sets a metric can ever see.
    Given: pairs of independent noise of 500, 1000, 2000 and 4000 samples (100 to a trial) by 4 units, and of 4,
    8, 16 and 32 units by 1000 samples, handed to the bare metric.
    Measured: the median seconds of up to five calls with their range, the peak of traced memory of one more, and the
    exponents of both against samples and units, by least squares of the logarithms, with Student's interval. They
    differ from run to run and from machine to machine, and stay out of the results' digest.
    Verdict: a number at every size. Time and memory are measured only: no theorem bounds them.
    Negative controls: a metric that gives up beyond some number of samples; one that refuses what fills no block.
    """
    corpus = recorded_corpus(measure, streams("corpus"))
    measure("valid pair", metric.distance(corpus[0], corpus[1]))
    # Its calls are not counted: how many there are depends on how fast they return.
    uncounted = MetricUnderTest(metric.name, metric.bare)
    faults: list[str] = []
    for what, sizes in LADDERS.items():
        costs: dict[int, tuple[Estimate, int]] = {}
        per_size = N_TIMES if what == "samples" else 1
        deadline = time.perf_counter() + BUDGET_S
        for size in sizes:
            x, y = (metric.prepared(z) for z in recordings(what, size, streams(what, size)))
            try:
                metric.answer(x, y)
            except MetricError as error:
                faults.append(f"{size * per_size} {what}: {error}")
                continue
            costs[size] = seconds(uncounted, x, y, deadline), peak_bytes(uncounted, x, y)
        measure(f"numbers of {what}", [size * per_size for size in costs])
        times, peaks = [time for time, _ in costs.values()], [peak for _, peak in costs.values()]
        if costs:
            measure.volatile(f"seconds by number of {what}", [time.value for time in times])
            measure.volatile(f"seconds intervals by number of {what}", [[time.low, time.high] for time in times])
            measure.volatile(f"peak bytes by number of {what}", peaks)
        measure.volatile(f"exponent of time in {what}", exponent(list(costs), [time.value for time in times]))
        measure.volatile(f"exponent of memory in {what}", exponent(list(costs), peaks))
    decide_faults(
        measure,
        "recordings of every size get a number",
        faults,
        asked=sum(map(len, LADDERS.values())),
        origin="the sizes of common recordings; what they cost is measured only",
        hint="sum in float64, and avoid matrices of samples x samples where those of units x units do",
    )
