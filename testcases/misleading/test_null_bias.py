"""Recordings that have nothing to do with each other."""

from collections.abc import Callable

import numpy as np
import pytest

from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array
from metric_harness.checks import ClaimInconclusiveError, Finding, Recorder, decide, refuse_unpaired
from metric_harness.errors import MetricError
from metric_harness.independence import independent_cka
from metric_harness.populations import standardized
from metric_harness.profiles import Profile
from metric_harness.statistics import mean_interval
from metric_harness.yardstick import Yardstick, within

RATIOS = (0.1, 1.0, 10.0, 50.0)
"""Units per sample."""
N_TRIALS = 2
"""Trials of a recording; samples are these times the profile's number."""
REFERENCE = (2, 500, 5)
"""Trials, times and units of the recordings by which chance is known: 200 samples for each unit."""
MOST_BIAS = 0.05
"""Largest mean similarity of independent recordings."""
CHANCE: dict[str, Callable[[int, int], float]] = {
    "linear CKA": lambda n_samples, n_units: independent_cka(n_samples, n_units, n_units),
    "debiased linear CKA": lambda n_samples, n_units: 0.0,
}
"""Expectation of named measures for independent Gaussian recordings."""


def independent(metric: MetricUnderTest, shape: tuple[int, int, int], rng: np.random.Generator) -> float:
    """Return the distance of two independent recordings."""
    return metric.distance(*(standardized(rng.standard_normal(shape)) for _ in range(2)))


def copied(metric: MetricUnderTest, shape: tuple[int, int, int], rng: np.random.Generator) -> float:
    """Return the distance of a recording to its copy."""
    x = rng.standard_normal(shape)
    return metric.distance(x, x.copy())


@pytest.mark.case(
    id="misleading.null_bias",
    version=1,
    tier="validity",
    source="Murphy, Zylberberg and Fyshe 2024 (arXiv 2405.01012): CKA of independent data rises with units per sample",
)
def test_null_bias(
    metric: MetricUnderTest, measure: Recorder, profile: Profile, streams: Callable[..., np.random.Generator]
) -> None:
    """Independent recordings are not similar, however many units there are for each sample.

    Why it matters: recordings have more units than conditions; a similarity of .98 that chance alone gives is no
    finding.
    Given: pairs of independent Gaussian recordings with .1 to 50 units per sample, mean and variance matched; 100
    samples in the profile `standard`. Chance and sameness as the metric knows them: independent recordings with 200
    samples for each unit, and a recording and its copy.
    Measured: the mean similarity on the metric's own scale by ratio, 1 for the copy and 0 for chance, over 20 seeds;
    for linear CKA and its debiased form their own values beside theory.
    Verdict: it is within .05 of chance at every ratio, with the whole interval.
    Negative controls: constant, norm, mean, variance, covariance-spectrum metrics (no scale at all).
    Known limits: with more units than samples all covariance spectra are nearly flat; they are not matched.
    """
    refuse_unpaired(metric)
    n_seeds, n_times = min(20, 5 * profile.n_worlds), profile.n_trials
    yardstick = Yardstick(
        same=np.array([copied(metric, REFERENCE, streams("reference", k)) for k in range(n_seeds)]),
        unrelated=np.array([independent(metric, REFERENCE, streams("reference", k)) for k in range(n_seeds)]),
    )
    scale = yardstick.measured(measure, metric.floor)
    units = [round(ratio * N_TRIALS * n_times) for ratio in RATIOS]
    table: list[Array] = []
    refused: list[str] = []
    for ratio, n_units in zip(RATIOS, units, strict=True):
        shape = (N_TRIALS, n_times, n_units)
        try:
            row = [independent(metric, shape, streams("ratio", str(ratio), k)) for k in range(n_seeds)]
            table.append(np.array(row))
        except MetricError as error:
            refused.append(f"{ratio:g}: {error}")
    answered = RATIOS[: len(table)]
    findings = [scale, *bias(measure, metric, yardstick, np.array(table), answered)]
    measure_theory(measure, metric, np.array(table), answered, N_TRIALS * n_times)
    if refused:
        measure("refused ratios", refused)
    decide(
        measure,
        "independent recordings are at chance whatever the number of units per sample",
        findings,
        hint="use an unbiased estimate, or judge values only against those of permuted samples",
    )
    if refused:
        raise ClaimInconclusiveError(f"the metric refuses {len(refused)} of {len(RATIOS)} ratios, first {refused[0]}")


def bias(
    measure: Recorder, metric: MetricUnderTest, yardstick: Yardstick, table: Array, ratios: tuple[float, ...]
) -> list[Finding]:
    """Record distances and similarities by ratio of units per sample, and find whether they are at chance."""
    measure("ratios of units to samples", ratios)
    measure.curve("distance", "ratio of units to samples", map(mean_interval, table))
    if not yardstick.usable(metric.floor):
        return []
    similarities = [mean_interval(row) for row in yardstick.similarity(table)]
    measure.curve("similarity", "ratio of units to samples", similarities)
    measure.set_score(1 - max(abs(similarity.value) for similarity in similarities))
    return [
        finding
        for ratio, similarity in zip(ratios, similarities, strict=True)
        for finding in within(f"similarity at {ratio:g} units per sample", similarity, MOST_BIAS, "chance is 0")
    ]


def measure_theory(
    measure: Recorder, metric: MetricUnderTest, table: Array, ratios: tuple[float, ...], n_samples: int
) -> None:
    """Record a named measure beside its expectation, if that is known."""
    family = metric.bare.family
    if family not in CHANCE:
        return
    values = [mean_interval([metric.bare.named_value(float(d)) for d in row]) for row in table]
    theory = [CHANCE[family](n_samples, round(ratio * n_samples)) for ratio in ratios]
    measure.curve(family, "ratio of units to samples", values)
    measure(f"{family} in theory by ratio of units to samples", theory)
