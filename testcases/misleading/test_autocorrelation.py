"""Random walks that look alike."""

from collections.abc import Callable

import numpy as np
import pytest

from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Trajectories
from metric_harness.checks import Recorder, at_least, at_most, decide, refuse_unpaired
from metric_harness.profiles import Profile
from metric_harness.statistics import mean_interval, proportion_interval, settled
from metric_harness.surrogates import circularly_shifted, random_walks, shift_steps
from metric_harness.transforms import random_orthogonal, whiten

N_TRIALS, N_TIMES, N_UNITS = 2, 100, 10
"""Sizes of a walk."""
N_SHIFTS = 19
"""Shifts per pair: the null is rejected at .05 where the distance is below all of them."""
N_RELATED = 40
"""Pairs that are related, for the power of the test."""
OWN = 0.3
"""Share of an own walk in the second of two related ones, in standard deviations."""


def rejected(metric: MetricUnderTest, x: Trajectories, y: Trajectories, rng: np.random.Generator) -> tuple[bool, float]:
    """Return whether a pair is closer than with each circular shift of the second, and its distance."""
    shifts = shift_steps(N_TIMES, N_SHIFTS, rng)
    second = whiten(y)
    xs = [whiten(x), second, *(circularly_shifted(second, steps) for steps in shifts)]
    found = settled(metric.pair_distances(xs, [(0, j) for j in range(1, len(xs))]), metric.floor)
    return bool((found[1:] > found[0]).all()), float(found[0])


def related(x: Trajectories, y: Trajectories, rng: np.random.Generator) -> Trajectories:
    """Return the first walk in other coordinates, and a share of the second one."""
    return x @ random_orthogonal(N_UNITS, rng) + OWN * y


@pytest.mark.case(
    id="misleading.autocorrelation",
    version=1,
    tier="validity",
    source="this suite; after Yule 1926 (doi 10.2307/2341482), correlations of series that drift",
)
def test_autocorrelation(
    metric: MetricUnderTest, measure: Recorder, profile: Profile, streams: Callable[..., np.random.Generator]
) -> None:
    """Independent random walks are not found alike by a test that shifts one of them in time.

    Why it matters: everything that drifts correlates with everything that drifts; a shift in time is the usual null.
    Given: pairs of independent random walks, 2 trials of 100 steps in 10 units, whitened; and related ones, the second
    being the first in other coordinates plus a walk of its own of .3 its size. The null shifts the second circularly,
    by at least a tenth of the trial.
    Measured: the false-positive rate, the share of independent pairs that are closer than with each of 19 shifts, whose
    level is .05; the power, the share of related pairs; mean distances of both.
    Verdict: the false-positive rate is at most .1 and the power at least .9, each with its whole exact interval.
    Negative controls: constant, norm, mean, variance, covariance-spectrum metrics (no power).
    Needs: paired times. Known limits: a circular shift keeps everything of a walk but its beginning and end, which
    meet; walks that drift have no such joint, so that the null is not exact. That is what the rate tells.
    """
    refuse_unpaired(metric)
    n = 400 if profile.n_worlds > 3 else 200
    independent: list[tuple[bool, float]] = []
    for k in range(n):
        rng = streams("independent", k)
        x, y = (random_walks(N_TRIALS, N_TIMES, N_UNITS, rng) for _ in range(2))
        independent.append(rejected(metric, x, y, rng))
    alike: list[tuple[bool, float]] = []
    for k in range(N_RELATED):
        rng = streams("related", k)
        x, y = (random_walks(N_TRIALS, N_TIMES, N_UNITS, rng) for _ in range(2))
        alike.append(rejected(metric, x, related(x, y, rng), rng))
    rate = proportion_interval(sum(found for found, _ in independent), n)
    power = proportion_interval(sum(found for found, _ in alike), N_RELATED)
    measure("false-positive rate", rate)
    measure("power", power)
    measure("mean distance of independent walks", mean_interval([d for _, d in independent]))
    measure("mean distance of related walks", mean_interval([d for _, d in alike]))
    measure.set_score(power.value * (1 - rate.value))
    decide(
        measure,
        "a circular shift tells related walks from independent ones",
        [
            at_most("false-positive rate", rate, 0.1, "level .05, fixed by the suite"),
            at_least("power", power, 0.9, "fixed by the suite"),
        ],
        hint="compare increments instead of positions, or take other trials for the null",
    )
