"""Fewer observed coordinates keep the order of distances between systems."""

from collections.abc import Callable

import numpy as np
import pytest

from metric_harness import simulation
from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array
from metric_harness.checks import Recorder, at_least, decide, measure_neighbors, require_time
from metric_harness.profiles import Profile
from metric_harness.statistics import mean_interval, settled, spearman, unique_pairs
from metric_harness.transforms import perturb, random_orthogonal, whiten

NOISE = 0.01
"""Noise level of every recording, the loudest of the reference study."""
OBSERVED = (2, 1)
"""Numbers of coordinates, of three."""
ORDERED = 0.9
"""Smallest Spearman correlation with the distances between full observations."""
PAIRS = unique_pairs(len(simulation.MOTIFS))


@pytest.mark.case(
    id="dynamics.partial_observation",
    version=1,
    tier="validity",
    source="suite; after the embedding theorem of Takens (1981) on which delay coordinates rest",
)
def test_partial_observation(
    metric: MetricUnderTest, measure: Recorder, profile: Profile, streams: Callable[..., np.random.Generator]
) -> None:
    """Systems seen through fewer coordinates keep the order of their distances.

    Why it matters: nobody records all units. Delay coordinates are meant to make up for the missing ones; where they do
    not, what is called a distance of systems is one of what happened to be recorded.
    Given: seven Lorenz motifs from shared initial states with noise of level .01; all three coordinates, or the first
    two or one of them after a random rotation, the same for all motifs. Whitened after that.
    Measured: Spearman's correlation of the 21 distances between full and between partial recordings.
    Verdict: the mean correlation over worlds is at least .9 with its whole interval, for two coordinates and for one.
    Negative controls: constant, norm, mean, variance, covariance-spectrum metrics.
    Known limits: one coordinate determines a system's states where there is no noise and a window is long enough; what
    noise takes of the order is not told from what the metric loses.
    """
    require_time(metric)
    draws = np.array([distances(metric, streams("world", k), profile.n_trials) for k in range(profile.n_worlds)])
    correlations = np.array([[spearman(full, part) for part in parts] for full, *parts in draws])
    estimates = [mean_interval(column, limits=(-1, 1)) for column in correlations.T]
    measure("numbers of coordinates", OBSERVED)
    measure.curve("correlation with full observation", "number of coordinates", estimates)
    measure.set_score(min(estimate.value for estimate in estimates))
    measure_neighbors(
        measure,
        metric,
        "smallest correlation with full observation",
        lambda near: smallest(distances(near, streams("world", 0), profile.n_trials)),
        holds=lambda value: value >= ORDERED,
    )
    decide(
        measure,
        "fewer observed coordinates keep the order of distances",
        [
            at_least(f"correlation with {n} observed", estimate, ORDERED, "fixed by the suite; chance is 0")
            for n, estimate in zip(OBSERVED, estimates, strict=True)
        ],
        hint="lengthen the delay windows, or see 'settings that hold'; a metric without delays cannot make up for units",
    )


def distances(metric: MetricUnderTest, rng: np.random.Generator, n_trials: int) -> Array:
    """Return the distances of one world by full and by each partial observation, shape (1 + len(OBSERVED), 21)."""
    rotation = random_orthogonal(3, rng)
    noisy = [perturb(motif, NOISE, rng) for motif in simulation.motifs(rng, n_trials)]
    views = [noisy, *([(x @ rotation)[..., :n] for x in noisy] for n in OBSERVED)]
    return np.array([settled(metric.pair_distances([whiten(x) for x in view], PAIRS), metric.floor) for view in views])


def smallest(draw: Array) -> float:
    """Return the smaller correlation of one world."""
    full, *parts = draw
    return min(spearman(full, part) for part in parts)
