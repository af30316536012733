"""Samples that are paired at random."""

from collections.abc import Callable

import numpy as np
import pytest

from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array, Trajectories
from metric_harness.checks import NotApplicableError, Recorder, above, decide
from metric_harness.populations import courses, observed, repeated
from metric_harness.profiles import Profile
from metric_harness.statistics import mean_interval, settled
from metric_harness.surrogates import shuffled_samples
from metric_harness.transforms import whiten

N_TRIALS, N_TIMES, N_LATENTS, N_UNITS = 4, 100, 5, 10
"""Sizes of the recordings."""
PRIVATE, NOISE = 0.3, 0.5
"""Variability of a trial's latents, and noise of each unit; both are ours."""
N_SHUFFLES = 200
"""Shuffles in all, spread over the worlds, which are draws from one distribution."""


def pair(rng: np.random.Generator) -> tuple[Trajectories, Trajectories]:
    """Draw two populations that see the same latents, whitened."""
    course = courses(1, N_TIMES, N_LATENTS, rng, memory=10)[0]
    latents = [repeated(course, N_TRIALS, PRIVATE, rng, memory=10) for _ in range(2)]
    first, second = (whiten(observed(z, N_UNITS, NOISE, rng)) for z in latents)
    return first, second


@pytest.mark.case(
    id="misleading.row_shuffle",
    version=1,
    tier="validity",
    source="after Murphy et al. 2024 (arXiv 2405.01012), who judge similarities against those of shuffled samples",
)
def test_row_shuffle(
    metric: MetricUnderTest, measure: Recorder, profile: Profile, streams: Callable[..., np.random.Generator]
) -> None:
    """Two populations that see the same latents are more alike than after their samples are paired at random.

    Why it matters: if a similarity survives the loss of all correspondence, it was not about it.
    Given: two populations of 10 units that see five smooth latents of which each trial has its own variability, with
    noise, whitened; and 200 times the same with the samples of one in random order, over trials and times.
    Measured: the metric's distance d in each world, and the smallest hundredth of all shuffled ones, q; the margin
    (q - d) / (mean shuffled d). It is positive where d lies beyond the 99th percentile of similarity.
    Verdict: the mean margin is above 0 with its whole interval over worlds.
    Negative controls: constant, norm, mean, variance, covariance-spectrum metrics.
    Needs: paired samples, or sight of time, which shuffling destroys; a metric that claims neither gets no verdict.
    """
    if metric.bare.needs == "activations" and metric.claims.unpaired_trials is True and not metric.sees_time:
        raise NotApplicableError("the metric claims to compare clouds of samples, whatever their pairing or order")
    real: list[float] = []
    chance: list[Array] = []
    for k in range(profile.n_worlds):
        rng = streams("world", k)
        x, y = pair(rng)
        xs = [x, y, *(shuffled_samples(y, rng) for _ in range(-(-N_SHUFFLES // profile.n_worlds)))]
        found = settled(metric.pair_distances(xs, [(0, j) for j in range(1, len(xs))]), metric.floor)
        real.append(float(found[0]))
        chance.append(found[1:])
    shuffled = np.concatenate(chance)
    near, mean = float(np.quantile(shuffled, 0.01)), float(shuffled.mean())
    measure("mean distance", mean_interval(real))
    measure("mean distance of shuffled samples", mean)
    measure("smallest hundredth of shuffled samples", near)
    margin = mean_interval((near - np.array(real)) / mean if abs(mean) > metric.floor else [0.0] * len(real))
    measure("margin", margin)
    measure.set_score(margin.value)
    decide(
        measure,
        "recordings of the same latents are closer than with their samples shuffled",
        [above("margin", margin, 0.0, "99th percentile of 200 shuffles")],
        hint="compare both mean distances: equal ones mean that the metric compares summaries",
    )
