"""The numbers in an array decide, not how they lie in memory."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array
from metric_harness.checks import NotApplicableError, Recorder, decide_faults
from metric_harness.corpora import recorded_corpus
from metric_harness.errors import MetricError

ROUNDOFF = 2.0**-24
"""Largest relative error of rounding a number to float32."""
SINGLE = "float32"
PAIRS = ((0, 1), (2, 4))
"""Recordings of the corpus that are compared."""
N_DRAWS = 3
"""Random perturbations of each kind by which the conditioning of a pair is measured."""


def layouts(x: Array) -> Mapping[str, Array]:
    """Return the same numbers, laid out in memory in every way that slicing and transposing lead to."""
    backward = (slice(None, None, -1),) * x.ndim
    locked = x.copy()
    locked.flags.writeable = False
    return {
        "Fortran order": np.asfortranarray(x),
        "negative strides": x[backward].copy()[backward],
        "every other unit of a wider array": np.repeat(x, 2, axis=-1)[..., ::2],
        "every other sample of a longer array": np.repeat(x, 2, axis=0)[::2],
        "read-only": locked,
    }


def questions(x: Array, y: Array) -> Mapping[str, Sequence[tuple[Array, Array]]]:
    """Return the pairs to ask about, by layout: the first input or both laid out so, and both in float32."""
    others = {name: (other, layouts(y)[name]) for name, other in layouts(x).items()}
    single: list[Any] = [(x.astype(np.float32), y.astype(np.float32))]
    return {SINGLE: single, **{name: [(a, y), (a, b)] for name, (a, b) in others.items()}}


def deviation(metric: MetricUnderTest, pairs: Sequence[tuple[Array, Array]], plain: float) -> float | str:
    """Return the largest difference from the plain answer, or why there is none."""
    try:
        return max(abs(metric.answer(a, b) - plain) for a, b in pairs)
    except MetricError as error:
        return str(error)


def tolerance(metric: MetricUnderTest, x: Array, y: Array, rng: np.random.Generator) -> float:
    """Return how far float32 arithmetic may move a distance.

    A backward stable computation in float32 answers exactly for inputs that are off by a relative u = 2⁻²⁴, times what
    its sums add: about √n for n terms, with errors as likely up as down (Higham, Mary 2019, "A new approach to
    probabilistic rounding error analysis", doi 10.1137/18M1226312). The response to errors of size u is measured on
    the pair itself: independent errors of entries, and errors common to all entries of a unit, which do not average
    out. Rounding the answer adds u times its size.
    """
    plain = metric.answer(x.copy(), y.copy())
    response = 0.0
    for shape in ((), (1,) * (x.ndim - 1)):
        for _ in range(N_DRAWS):
            near = [z * (1 + ROUNDOFF * rng.choice([-1.0, 1.0], size=shape + z.shape[len(shape) :])) for z in (x, y)]
            response = max(response, abs(metric.answer(near[0], near[1]) - plain))
    n_terms = x[..., 0].size
    return metric.floor + math.sqrt(n_terms) * (response + ROUNDOFF * abs(plain))


@pytest.mark.case(id="contract.layout", version=1, tier="required", source="suite")
def test_layout(metric: MetricUnderTest, measure: Recorder, streams: Callable[..., np.random.Generator]) -> None:
    """A metric gives one number for one set of numbers, whatever their memory layout and precision.

    Why it matters: slices, transposes and arrays from other libraries come in every layout, and most recordings
    are stored in float32; code that reads the buffer in its own order scrambles them without notice.
    Given: two pairs of the fixed corpus, handed to the bare metric in Fortran order, with negative strides, as
    views of wider and longer arrays, and read-only, the first input or both; and both in float32.
    Measured: the largest difference from the answer to C-ordered float64, by layout and for float32.
    Verdict: layouts within the numerical floor, since the numbers are equal. float32 within the floor plus √samples
    times the measured response of the pair to perturbations of float32's roundoff: what a sound
    computation in float32 would give; one in float64 stays far below. A metric that claims
    `deterministic=False` has no two answers to compare.
    Negative controls: metrics that read memory order, of one input or of both alike, that assume C strides, that
    write to their input, that compute in half the precision of their input.
    """
    corpus = recorded_corpus(measure, streams("corpus"))
    faults: list[str] = []
    asked = 0
    for i, j in PAIRS:
        x, y = metric.prepared(corpus[i]), metric.prepared(corpus[j])
        plain = metric.answer(x.copy(), y.copy())
        single = tolerance(metric, x, y, streams("perturbation", i))
        measure(f"tolerance, {SINGLE}, recordings {i} and {j}", single)
        for name, pairs in questions(x, y).items():
            asked += 1
            seen = deviation(metric, pairs, plain)
            measure(f"difference, {name}, recordings {i} and {j}", seen)
            allowed = single if name == SINGLE else metric.floor
            if isinstance(seen, str):
                faults.append(f"{name}: {seen}")
            elif seen > allowed:
                faults.append(f"{name}: differs by {seen:.3g}, more than {allowed:.3g}")
    if metric.claims.deterministic is False:
        raise NotApplicableError("the metric claims deterministic=False; no two of its answers need to agree")
    decide_faults(
        measure,
        "equal numbers in another layout give the equal distance",
        faults,
        asked=asked,
        origin="the numerical floor; for float32 its roundoff times the conditioning of the pair",
        hint="begin with np.ascontiguousarray(x, dtype=np.float64), or with metric_harness.arrays.activations(x)",
    )
