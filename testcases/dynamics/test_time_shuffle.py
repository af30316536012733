"""A recording whose time is shuffled is another system."""

from collections.abc import Callable

import numpy as np
import pytest

from metric_harness import simulation
from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array
from metric_harness.checks import Recorder, above, decide, measure_neighbors, require_time, require_unpaired
from metric_harness.profiles import Profile
from metric_harness.statistics import mean_interval, settled
from metric_harness.transforms import perturb, shuffle_time, whiten

NOISE = 0.01
"""Noise level of every recording, the loudest of the reference study."""
TIMES = 10.0
"""How many times as far as another recording of the same system."""


@pytest.mark.case(
    id="dynamics.time_shuffle", version=1, tier="validity", source="suite; after Ostrow et al. 2023 (arXiv 2306.10168)"
)
def test_time_shuffle(
    metric: MetricUnderTest, measure: Recorder, profile: Profile, streams: Callable[..., np.random.Generator]
) -> None:
    """A recording whose time is shuffled is far from its system, compared with another recording of that.

    Why it matters: shuffled states are the same cloud without dynamics; a metric of dynamics that finds them near
    compares clouds.
    Given: seven Lorenz motifs, each recorded twice from initial states of its own with noise of level .01; the second
    recording as it is, and with the times of each trial in an order of their own. Whitened, which no order changes.
    Measured: the distance of the second recording from the first by motif, as it is and shuffled.
    Verdict: the mean distance of shuffled recordings exceeds ten times that of the others, with the whole interval over
    worlds, for metrics that claim `unpaired_trials`.
    Negative controls: constant, norm, mean, variance, covariance-spectrum metrics; lagged covariances that shuffle time
    themselves.
    """
    require_time(metric)
    draws = np.array([distances(metric, streams("world", k), profile.n_trials) for k in range(profile.n_worlds)])
    same, shuffled = draws[:, 0], draws[:, 1]
    # A difference stays finite where another recording is at distance zero.
    excess = mean_interval((shuffled - TIMES * same).mean(axis=1))
    measure("motifs", [f"r = {system.r:g}" for system in simulation.MOTIFS])
    measure.curve("distance of another recording", "motif", [mean_interval(column) for column in same.T])
    measure.curve("distance of a shuffled recording", "motif", [mean_interval(column) for column in shuffled.T])
    measure("mean distance of another recording", mean_interval(same.mean(axis=1)))
    measure("mean distance of a shuffled recording", mean_interval(shuffled.mean(axis=1)))
    measure("shuffled beyond ten times another recording", excess)
    measure.set_score(float(np.mean(shuffled > TIMES * same)))
    measure_neighbors(
        measure,
        metric,
        "distance of shuffled by another recording",
        lambda near: ratio(distances(near, streams("world", 0), profile.n_trials)),
        holds=lambda value: value > TIMES,
    )
    require_unpaired(metric)
    decide(
        measure,
        "a recording whose time is shuffled is another system",
        [above("shuffled beyond ten times another recording", excess, 0.0, "fixed by the suite")],
        hint="see the distances by motif: it may not see time, or scatter between recordings of one system",
    )


def distances(metric: MetricUnderTest, rng: np.random.Generator, n_trials: int) -> Array:
    """Return the distances of one world from the first recordings: of the second ones, and of these shuffled."""
    first, second = (
        [whiten(perturb(simulation.motion(system, n_trials, rng), NOISE, rng)) for system in simulation.MOTIFS]
        for _ in range(2)
    )
    n = len(first)
    recordings = [*first, *second, *(shuffle_time(x, rng) for x in second)]
    pairs = [(i, part * n + i) for part in (1, 2) for i in range(n)]
    return settled(metric.pair_distances(recordings, pairs), metric.floor).reshape(2, n)


def ratio(draw: Array) -> float:
    """Return the mean distance of shuffled recordings by that of others; 0 where nothing is seen."""
    same, far = (float(side.mean()) for side in draw)
    return far / same if same > 0 else float(2 * TIMES * (far > 0))
