"""The same motifs in another order: closer than unrelated ones, farther than identical ones."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

from metric_harness import simulation
from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array, Trajectories
from metric_harness.checks import Recorder, above, below, decide, measure_neighbors
from metric_harness.contrasts import trend_contrast
from metric_harness.profiles import Profile
from metric_harness.statistics import mean_interval, settled
from metric_harness.transforms import perturb, whiten

SIGMA = 0.002
"""Noise that makes an identical composite a second recording, the middle of the study's three levels."""
UNRELATED, REORDERED = 0, 1
World: TypeAlias = tuple[list[Trajectories], list[Trajectories], NDArray[np.intp]]
"""Two noisy recordings of each composite, and the kind of each pair of composites (-1: neither)."""


@pytest.mark.case(
    id="attractor.motif_order",
    version=1,
    tier="validity",
    source="arXiv 2410.24070, ordered composites; ours compares them with noisy copies instead of self pairs",
)
def test_motif_order(
    metric: MetricUnderTest, measure: Recorder, profile: Profile, streams: Callable[..., np.random.Generator]
) -> None:
    """Composites of the same motifs in another order lie between identical and unrelated composites.

    Why it matters: the same computations done in another order are related, yet not the same.
    Given: the composites of attractor.shared_motifs with noise, whitened; for each a second recording
    of the same composite with independent noise; pairs that are two recordings of one composite, two
    orders of one triple, or of triples without a common motif.
    Measured: the mean distance of each kind, and the two steps between them.
    Verdict: both steps are above zero with their whole interval over worlds, and permuting which
    composite holds which motifs reaches the observed step to unrelated ones with p < .01.
    Negative controls: constant, norm, mean, variance, covariance-spectrum metrics.
    """
    worlds = [noisy_composites(streams("world", k), profile.n_trials) for k in range(profile.n_worlds)]
    found = trend_contrast(
        [metric.distances(first) for first, _, _ in worlds],
        [kind for _, _, kind in worlds],
        floor=metric.floor,
        n_permutations=profile.n_permutations,
        rng=streams("null"),
    )
    identical = settled(
        [distances_of_copies(metric, first, second).mean() for first, second, _ in worlds], metric.floor
    )
    to_unrelated, to_identical = found.steps[0], mean_interval(found.table[:, REORDERED] - identical)
    means = (mean_interval(identical), found.means[REORDERED], found.means[UNRELATED])
    measure("kinds of pair", ("identical", "reordered", "unrelated"))
    measure.curve("mean distance", "kind of pair", means)
    measure("unrelated minus reordered", to_unrelated)
    measure("reordered minus identical", to_identical)
    measure("permutation p", found.p)

    measure_neighbors(
        measure, metric, "smallest step", lambda near: smallest_step(near, worlds[0]), holds=lambda value: value > 0
    )
    origin = "the metric's numerical floor"
    decide(
        measure,
        "reordered composites lie between identical and unrelated ones",
        [
            above("unrelated minus reordered", to_unrelated, metric.floor, origin),
            above("reordered minus identical", to_identical, metric.floor, origin),
            below("permutation p", found.p, 0.01, "permuted composites"),
        ],
        hint="a step of zero between unrelated and reordered composites means that order is all the metric sees",
    )


def noisy_composites(rng: np.random.Generator, n_trials: int) -> World:
    """Return two noisy recordings of each composite, and the kind of each pair (-1: neither)."""
    drawn = simulation.composite_world(rng, n_trials)
    first, second = ([whiten(perturb(x, SIGMA, rng)) for x in drawn.trajectories] for _ in range(2))
    shared = drawn.n_shared()
    return first, second, np.select([shared == 3, shared == 0], [REORDERED, UNRELATED], default=-1)


def distances_of_copies(
    metric: MetricUnderTest, first: Sequence[Trajectories], second: Sequence[Trajectories]
) -> Array:
    """Return the distance of each composite's two recordings, shape (n_composites,)."""
    return metric.pair_distances([*first, *second], [(i, i + len(first)) for i in range(len(first))])


def smallest_step(metric: MetricUnderTest, world: World) -> float:
    """Return the smaller of the two steps of one world, only the pairs that count being asked for."""
    first, second, kind = world
    unrelated, reordered = (
        metric.pair_distances(first, pairs_of(kind, level)).mean() for level in (UNRELATED, REORDERED)
    )
    identical = distances_of_copies(metric, first, second).mean()
    return float(min(unrelated - reordered, reordered - identical))


def pairs_of(kind: NDArray[np.intp], level: int) -> list[tuple[int, int]]:
    """Return the unordered pairs of composites of one kind."""
    return [(int(i), int(j)) for i, j in np.argwhere(np.triu(kind == level, k=1))]
