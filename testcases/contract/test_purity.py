"""A metric reads its inputs and touches nothing else."""

import warnings
from collections.abc import Callable, Mapping

import numpy as np
import pytest

from metric_harness import process_state
from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array
from metric_harness.checks import Recorder, decide_faults
from metric_harness.corpora import recorded_corpus
from metric_harness.errors import MetricError

Look = tuple[bytes, np.dtype, tuple[int, ...], tuple[int, ...], bool]


def look(x: Array) -> Look:
    """Return everything of an array that its owner could see changed."""
    return x.tobytes(), x.dtype, x.shape, x.strides, x.flags.writeable


def altered(metric: MetricUnderTest, x: Array, y: Array) -> list[str]:
    """Return which of two arrays a metric alters: asked for one pair, and for a batch of one."""
    ways: Mapping[str, Callable[[Array, Array], object]] = {
        "distance": metric.answer,
        "pair_distances": lambda a, b: metric.bare.pair_distances([a, b], [(0, 1)]),
    }
    faults: list[str] = []
    for way, ask in ways.items():
        a, b = x.copy(), y.copy()
        before = look(a), look(b)
        ask(a, b)
        seen = zip("xy", before, (look(a), look(b)), strict=True)
        faults += [f"input: {way} alters {name}" for name, old, new in seen if new != old]
    return faults


def read_only_faults(metric: MetricUnderTest, x: Array, y: Array) -> list[str]:
    """Return why a metric has no answer to arrays that it may only read."""
    x, y = x.copy(), y.copy()
    x.flags.writeable = y.flags.writeable = False
    before = look(x), look(y)
    try:
        metric.answer(x, y)
    except MetricError as error:
        return [f"read-only input: {error}"]
    seen = zip("xy", (x, y), before, (look(x), look(y)), strict=True)
    return [
        f"read-only input: {name} {'made writable' if z.flags.writeable else 'altered'}"
        for name, z, old, new in seen
        if new != old
    ]


def touched(metric: MetricUnderTest, x: Array, y: Array) -> list[str]:
    """Return what a metric changes of the state that all code of the process shares."""
    process_state.unsettle()
    before = process_state.snapshot()
    # Past the door, which would put the warning filters back before anyone could look.
    metric.bare.distance(x.copy(), y.copy())
    after = process_state.snapshot()
    return [f"shared state: changes {name}" for name in process_state.changed(before, after)]


@pytest.mark.case(id="contract.purity", version=1, tier="required", source="suite")
def test_purity(metric: MetricUnderTest, measure: Recorder, streams: Callable[..., np.random.Generator]) -> None:
    """A metric leaves its inputs and everything that the process shares as they were.

    Why it matters: one that centers in place changes what the next metric sees; one that draws from a global
    generator makes every later random number depend on how often it was asked.
    Given: two recordings of the fixed corpus, handed to the bare metric: as writable arrays, one pair and a
    batch of one; as read-only arrays; and between two looks at the state of the process.
    Measured: bytes, type, shape, strides and flags of the inputs; NumPy's, Python's and, where loaded, torch's
    global generators; NumPy's error settings, warning filters, environment variables, working directory;
    torch's default type, threads and gradient mode.
    Verdict: nothing changed, and read-only arrays get a number.
    Negative controls: metrics that center in place, do so in a batch only, flatten or relabel a recording there, lock
    or unlock their inputs, draw from a global generator, silence NumPy's errors, add a warning filter, set an
    environment variable, leave the working directory, turn torch's gradients off, set its threads.
    """
    corpus = recorded_corpus(measure, streams("corpus"))
    x, y = metric.prepared(corpus[0]), metric.prepared(corpus[1])
    faults: list[str] = []
    # The first call may import what it needs, and imports touch much that no later call does.
    with process_state.restored():
        measure("answer", metric.answer(x.copy(), y.copy()))
    for look_for in (altered, read_only_faults, touched):
        with process_state.restored():
            warnings.simplefilter("ignore")
            faults += look_for(metric, x, y)
    decide_faults(
        measure,
        "a call changes neither its inputs nor shared state",
        faults,
        asked=6,  # five of the arrays and one of the process, whatever is loaded there
        origin="whoever calls a metric owns the arrays and the process",
        hint="write x = x - mean instead of x -= mean; draw from np.random.default_rng(seed); use np.errstate and "
        "warnings.catch_warnings as blocks",
    )
