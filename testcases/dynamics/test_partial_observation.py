"""Fewer observed coordinates keep the order of distances between systems."""

from collections.abc import Callable, Sequence

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
"""Numbers of coordinates, of three; the first decides."""
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
    Verdict: the mean correlation over worlds is at least .9 with its whole interval, for two coordinates of three. For
    one it is measured only: by Takens' theorem one determines the states where there is no noise, but no theorem says
    that distances keep their order, and plain autocorrelations, which pass with two, lose it with one (.86).
    Negative controls: constant, norm, mean, variance, covariance-spectrum metrics; lagged covariances that shuffle
    time themselves.
    Known limits: what noise takes of the order is not told from what the metric loses.
    """
    require_time(metric)
    draws = np.array([distances(metric, streams("world", k), profile.n_trials) for k in range(profile.n_worlds)])
    correlations = np.array([[spearman(full, part) for part in parts] for full, *parts in draws])
    estimates = [mean_interval(column, limits=(-1, 1)) for column in correlations.T]
    measure("numbers of coordinates", OBSERVED)
    measure.curve("correlation with full observation", "number of coordinates", estimates)
    measure.set_score(estimates[0].value)
    measure_neighbors(
        measure,
        metric,
        "correlation with 2 observed",
        lambda near: spearman(*distances(near, streams("world", 0), profile.n_trials, OBSERVED[:1])),
        holds=lambda value: value >= ORDERED,
    )
    decide(
        measure,
        "fewer observed coordinates keep the order of distances",
        [at_least("correlation with 2 observed", estimates[0], ORDERED, "fixed by the suite; chance is 0")],
        hint="lengthen the delay windows, or see 'settings that hold'; without delays nothing makes up for units",
    )


def distances(
    metric: MetricUnderTest, rng: np.random.Generator, n_trials: int, observed: Sequence[int] = OBSERVED
) -> Array:
    """Return the distances of one world by full and by each partial observation, shape (1 + len(observed), 21)."""
    rotation = random_orthogonal(3, rng)
    noisy = [perturb(motif, NOISE, rng) for motif in simulation.motifs(rng, n_trials)]
    views = [noisy, *([(x @ rotation)[..., :n] for x in noisy] for n in observed)]
    return np.array([settled(metric.pair_distances([whiten(x) for x in view], PAIRS), metric.floor) for view in views])
