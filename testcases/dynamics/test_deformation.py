"""One ring attractor, seen through units of any gain and at any place, stays one system."""

from collections.abc import Callable

import numpy as np
import pytest

from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array
from metric_harness.checks import Recorder, above, below, decide, measure_neighbors, require_time
from metric_harness.profiles import Profile
from metric_harness.rings import drawn_population, wandering
from metric_harness.statistics import mean_interval, settled, spearman
from metric_harness.transforms import whiten

GAINS = (0.5, 2**-0.5, 1.0, 2**0.5, 2.0, 8**0.5, 4.0)
"""Factors of the sharpness of tuning, in equal ratios; the recordings at the first one are what others are held to."""
CLOSED = 1.5
"""The gate of the line attractor, well beyond the transition at 1."""
N_UNITS = 8
"""Units of a population."""
SHARE = 0.1
"""Largest share of the distance across topologies that a deformation may take."""


@pytest.mark.case(
    id="dynamics.deformation",
    version=1,
    tier="validity",
    source="after Ostrow et al. 2023 (arXiv 2306.10168), figure 4: ring attractors of different gain",
)
def test_deformation(
    metric: MetricUnderTest, measure: Recorder, profile: Profile, streams: Callable[..., np.random.Generator]
) -> None:
    """Smoothly deforming how a ring attractor shows in the units changes little, compared with cutting the ring.

    Why it matters: two animals never have the same tuning; a metric of dynamics is to see what the states do, whatever
    they look like.
    Given: the angle on a ring attractor that a driven velocity moves, seen by eight tuned units whose sharpness is
    multiplied by a gain from .5 to 4, or by eight other units; the same noise on a ring that a closed gate makes a
    line, seen at the first gain. Trials correspond. Recordings are whitened, which takes scale and linear maps away.
    Measured: the distance from the recording at gain .5, by gain, for the other units and for the line; Spearman's
    correlation of distance and gain.
    Verdict: the largest distance of any deformation is below a tenth of the distance of the line, and that is above
    the metric's floor, each with the whole interval over worlds.
    Negative controls: constant, norm, mean, variance, covariance-spectrum metrics; one that compares unit by unit.
    Known limits: this asks more than that no trend be seen, or that its slope be small: a metric that is far from
    everything at once shows neither.
    """
    require_time(metric)
    table = np.array([distances(metric, streams("world", k), profile.n_trials) for k in range(profile.n_worlds)])
    by_gain, others, across = table[:, :-2], table[:, -2], table[:, -1]
    measure("gains", GAINS[1:])
    measure.curve("distance", "gain", [mean_interval(column) for column in by_gain.T])
    measure("distance of other units", mean_interval(others))
    measure("distance of the line", mean_interval(across))
    measure("Spearman of distance and gain", mean_interval([spearman(row, GAINS[1:]) for row in by_gain]))
    largest = table[:, :-1].max(axis=1)
    # Both sides of the ratio vary; their difference needs no ratio.
    excess = mean_interval(largest - SHARE * across)
    measure("largest distance of a deformation", mean_interval(largest))
    measure.set_score(1 - float(largest.mean() / across.mean()) if across.mean() > metric.floor else 0.0)
    measure_neighbors(
        measure,
        metric,
        "largest deformation by distance of the line",
        lambda near: share(distances(near, streams("world", 0), profile.n_trials), near.floor),
        holds=lambda value: value < SHARE,
    )
    decide(
        measure,
        "deforming a ring changes little, compared with cutting it",
        [
            above("distance of the line", mean_interval(across), metric.floor, "the metric's numerical floor"),
            below("largest deformation beyond a tenth of the line's distance", excess, 0.0, "fixed by the suite"),
        ],
        hint="compare what does not hang on the units, such as the spectrum of delay coordinates, not states or axes",
    )


def distances(metric: MetricUnderTest, rng: np.random.Generator, n_trials: int) -> Array:
    """Return the distances of one world from its first recording: higher gains, other units, and the line."""
    population, others = drawn_population(N_UNITS, rng), drawn_population(N_UNITS, rng)
    ring, line = wandering((0.0, CLOSED), n_trials, rng)
    recordings = [population.responses(ring, gain) for gain in GAINS]
    recordings += [others.responses(ring, GAINS[0]), population.responses(line, GAINS[0])]
    ready = [whiten(x) for x in recordings]
    return settled(metric.pair_distances(ready, [(0, k) for k in range(1, len(ready))]), metric.floor)


def share(row: Array, floor: float) -> float:
    """Return the largest distance of a deformation by that of the line; 1 for a metric that does not see the line."""
    return float(row[:-1].max() / row[-1]) if row[-1] > floor else 1.0
