"""Composites that share more motifs look closer."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from metric_harness import replication, simulation
from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array
from metric_harness.checks import Recorder, above, below, decide, measure_neighbors
from metric_harness.contrasts import level_means, trend_contrast
from metric_harness.profiles import Profile
from metric_harness.transforms import whiten


@pytest.mark.case(
    id="attractor.shared_motifs",
    version=1,
    tier="validity",
    source="arXiv 2410.24070, composites of three motifs by number of shared ones; ours leaves self pairs out",
)
def test_shared_motifs(
    metric: MetricUnderTest, measure: Recorder, profile: Profile, streams: Callable[..., np.random.Generator]
) -> None:
    """Composite trajectories are closer, the more motifs they share.

    Why it matters: networks that reuse a subtask share part of their dynamics, not all of it.
    Given: six mutually distinct motifs from shared initial states; composites of three, attached end to
    end; in every world 12 triples in two orders each, chosen so that 0, 1, 2 and 3 shared motifs all
    occur; each recording whitened after composition. The study's fifth motif, made of flips of two others, has no
    counterpart here: it would share parts with them.
    Measured: the mean distance at each number of shared motifs, self pairs left out; the normalized gap
    (d0 - d3) / d0. Also the study's own composites, under names that begin with "published".
    Verdict: each of the three steps is above zero with its whole interval over worlds, and permuting
    which composite holds which motifs reaches the observed trend with p < .01.
    Negative controls: constant, norm, mean, variance, covariance-spectrum metrics.
    """
    replication.record(
        measure,
        lambda: replication.composition(
            metric.as_published("composition").pair_distances,
            streams("published"),
            n_trials=profile.replication_trials,
            pairs_per_kind=profile.replication_pairs_per_kind,
        ),
    )
    worlds = [simulation.composite_world(streams("world", k), profile.n_trials) for k in range(profile.n_worlds)]
    recordings = [[whiten(x) for x in world.trajectories] for world in worlds]

    found = trend_contrast(
        [metric.distances(xs) for xs in recordings],
        [world.n_shared() for world in worlds],
        floor=metric.floor,
        n_permutations=profile.n_permutations,
        rng=streams("null"),
    )
    measure("numbers of shared motifs", found.levels)
    measure.curve("mean distance", "number of shared motifs", found.means)
    for level, step in zip(found.levels, found.steps, strict=False):
        measure(f"step from {level} to {level + 1} shared", step)
    measure("permutation p", found.p)
    first, last = found.means[0].value, found.means[-1].value
    measure("normalized gap", (first - last) / first if first > metric.floor else 0.0)
    measure_neighbors(
        measure,
        metric,
        "smallest step",
        lambda near: smallest_step(near.distances(recordings[0]), worlds[0].n_shared()),
        holds=lambda value: value > 0,
    )
    steps = [
        above(f"step from {level} to {level + 1} shared", step, metric.floor, "the metric's numerical floor")
        for level, step in zip(found.levels, found.steps, strict=False)
    ]
    decide(
        measure,
        "composites are closer, the more motifs they share",
        [*steps, below("permutation p", found.p, 0.01, "permuted composites")],
        hint="a metric that compares moment by moment sees a shared motif only where it stands at the same time",
    )


def smallest_step(distances: Array, n_shared: NDArray[np.intp]) -> float:
    """Return the smallest fall of the mean distance of one world from one number of shared motifs to the next."""
    means = level_means([distances], [n_shared])[1][0]
    return float((means[:-1] - means[1:]).min())
