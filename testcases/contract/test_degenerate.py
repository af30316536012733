"""Degenerate recordings get a number or a reason."""

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array, Trajectories
from metric_harness.checks import Recorder, decide_faults
from metric_harness.corpora import recorded_corpus
from metric_harness.refusals import Reply, replies

SUBNORMAL = "subnormal scale"
SCALES = {"scale 1e-12": 1e-12, "scale 1e12": 1e12, SUBNORMAL: 2.0**-1030}
"""Factors, from where squares vanish in float32 to where every entry is subnormal in float64."""
CONSTANTS = ("a constant array of 3.0", "a constant array of 0.1")
"""The mean of many equal numbers is exact for the one and off by rounding for the other."""


def degenerate(x: Trajectories) -> Mapping[str, Trajectories]:
    """Return recordings made from x that leave something undetermined."""
    constant_unit, one_active = x.copy(), np.full_like(x, 3.0)
    constant_unit[..., 0] = 3.0
    one_active[..., 0] = x[..., 0]
    return {
        "a constant unit": constant_unit,
        "all units constant but one": one_active,
        CONSTANTS[0]: np.full_like(x, 3.0),
        CONSTANTS[1]: np.full_like(x, 0.1),
        "zeros": np.zeros_like(x),
        "every sample twice": np.repeat(x[:, ::2], 2, axis=1),
        "every unit twice": np.repeat(x[..., ::2], 2, axis=-1),
        "rank one": x[..., :1] * np.arange(1.0, x.shape[-1] + 1),
    }


def rounding_faults(answers: Mapping[str, Reply]) -> list[str]:
    """Return where rounding decides whether a constant array gets a number."""
    faults: list[str] = []
    for which in ("x", "y", "both"):
        exact, rounded = (answers[f"{name}, {which}"] for name in CONSTANTS)
        if exact.refusal and rounded.value is not None:
            faults.append(f"{CONSTANTS[1]}, {which}: returned {rounded.value:.6g}, though it refuses one of 3.0")
    return faults


def scale_faults(metric: MetricUnderTest, x: Trajectories, y: Trajectories, answers: Mapping[str, Reply]) -> list[str]:
    """Return at which scales a metric that claims not to see scale gives another distance, or none."""
    faults: list[str] = []
    for name, scale in SCALES.items():
        # Scaled and scaled back: what digits the scale costs, the reference has lost too.
        near, other = (x * scale) / scale, (y * scale) / scale
        for which, reference in ((f"{name}, x", y), (f"{name}, both", other)):
            answer, expected = answers[which], metric.distance(near, reference)
            if answer.value is not None and abs(answer.value - expected) > metric.floor:
                faults.append(f"{which}: returned {answer.value:.6g} instead of {expected:.6g}")
            if answer.refusal and name != SUBNORMAL:
                faults.append(f"{which}: refused, though isotropic_scaling is claimed: {answer.refusal}")
    return faults


@pytest.mark.case(id="contract.degenerate", version=1, tier="required", source="suite")
def test_degenerate(metric: MetricUnderTest, measure: Recorder, streams: Callable[..., np.random.Generator]) -> None:
    """A metric meets degenerate recordings and extreme scales with a finite number or a clear error.

    Why it matters: silent units, dropped electrodes and raw amplifier counts occur in every data set; a NaN from 0 / 0
    or from an overflow spreads into every average, and a small constant that guards a denominator swamps small data.
    Given: the first recording of the fixed corpus with a constant unit, with one varying unit, constant, zero, with
    every sample or every unit twice, of rank one; against the second recording, in either order, and
    against itself. Both recordings, and the first alone, at scales of 1e-12, 1e12 and 2⁻¹⁰³⁰, where every
    entry is subnormal.
    Measured: the number or the error for each.
    Verdict: a finite number or a clear error: one of the metric's own, of four words or more, not of the machinery
    below ("SVD did not converge" is not clear). Two constant arrays are either both refused or both answered:
    where rounding of the mean decides, the number is made of rounding. A metric that claims
    `isotropic_scaling` gives the unscaled number, within the numerical floor; only subnormal recordings may it
    refuse. The reference is the recording scaled and scaled back, so that digits lost among subnormals are
    lost on both sides.
    Negative controls: metrics that invert a covariance, that return NaN for a constant, that take rounding of a mean
    for a signal, that divide by a norm that underflows, that add a constant to the denominator, that compute in
    float16, that need full rank, that divide by the step from one sample to the next.
    """
    corpus = recorded_corpus(measure, streams("corpus"))
    x, y = corpus[0], corpus[1]
    measure("valid pair", metric.distance(x, y))
    questions: dict[str, tuple[Array, Array]] = {}
    for name, bad in degenerate(x).items():
        z, good = metric.prepared(bad), metric.prepared(y)
        questions |= {f"{name}, x": (z, good), f"{name}, y": (good, z), f"{name}, both": (z, z)}
    for name, scale in SCALES.items():
        z = metric.prepared(x * scale)
        questions |= {f"{name}, x": (z, metric.prepared(y)), f"{name}, both": (z, metric.prepared(y * scale))}
    answers = replies(metric, questions, measure)
    faults = [f"{name}: {r.fault}" for name, r in answers.items() if r.fault] + rounding_faults(answers)
    if metric.claims.isotropic_scaling is True:
        faults += scale_faults(metric, x, y, answers)
    decide_faults(
        measure,
        "degenerate recordings get a finite number or a clear error",
        faults,
        asked=len(questions),
        origin="NaN and errors from below tell a user nothing; a claimed invariance holds at every scale",
        hint="begin with metric_harness.arrays.centered(x, 'x'), which refuses what is constant, and divide by the "
        "largest entry before squaring",
    )
