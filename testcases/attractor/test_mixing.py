"""A motif contaminated by a second one looks the farther, the more of it there is."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from metric_harness import replication, simulation
from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array
from metric_harness.checks import Recorder, at_least, decide, measure_neighbors
from metric_harness.profiles import Profile
from metric_harness.statistics import mean_interval, proportion_interval, settled, spearman
from metric_harness.transforms import perturb, superpose, whiten

WEIGHTS = (0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
"""Mixing weights; with six of them one swap of neighbors leaves Spearman at .94, two leave .89."""
SIGMA = 0.002
"""Noise on both recordings, the middle of the study's three levels."""
N_PAIRS = 42
"""Ordered pairs of the seven motifs."""
GRADED = 0.9
"""Smallest Spearman correlation of a pair that counts as graded."""


def distances_by_weight(metric: MetricUnderTest, rng: np.random.Generator, n_trials: int, n_pairs: int) -> Array:
    """Return the distances of the first ordered motif pairs at each weight, shape (n_pairs, n_weights)."""
    motifs = simulation.motifs(rng, n_trials)
    n = len(motifs)
    recordings = [whiten(perturb(motif, SIGMA, rng)) for motif in motifs]
    ordered = [(i, (i + shift) % n) for shift in range(1, n) for i in range(n)][:n_pairs]
    asked: list[tuple[int, int]] = []
    for i, j in ordered:
        for weight in WEIGHTS:
            asked.append((i, len(recordings)))
            mixed = superpose(perturb(motifs[i], SIGMA, rng), motifs[j], weight)
            recordings.append(whiten(mixed))
    return metric.pair_distances(recordings, asked).reshape(len(ordered), len(WEIGHTS))


def are_graded(tables: Sequence[Array]) -> NDArray[np.bool_]:
    """Return for each pair of each world whether its distance grows with the weight."""
    return np.array([spearman(row, WEIGHTS) > GRADED for table in tables for row in table])


@pytest.mark.case(
    id="attractor.mixing",
    version=1,
    tier="validity",
    source="arXiv 2410.24070, gradual composition of two motifs; ours uses six weights, each pair on its own",
)
def test_mixing(
    metric: MetricUnderTest, measure: Recorder, profile: Profile, streams: Callable[..., np.random.Generator]
) -> None:
    """A motif contaminated by a second one is the farther from itself, the larger the second's weight.

    Why it matters: learning blends computations; a metric that jumps or saturates cannot grade them.
    Given: the 42 ordered pairs of seven Lorenz motifs with shared initial states; the first motif
    against itself plus w times the second, w in .1 .2 .4 .6 .8 1; independent noise on both; each
    recording whitened after mixing.
    Measured: Spearman's correlation of distance and weight, for each pair of each world; the share of
    pairs above .9. Also the study's own curve, under names that begin with "published".
    Verdict: the share is at least .9, with its whole exact binomial interval over all pairs and worlds.
    Negative controls: constant, norm, mean, variance, covariance-spectrum metrics.
    Known limits: pairs that share a motif are not independent, so the interval is somewhat too narrow.
    """
    replication.record(
        measure,
        lambda: replication.mixing(
            metric.as_published("mixing").pair_distances,
            streams("published"),
            n_trials=profile.replication_trials,
            n_pairs=profile.replication_pairs,
        ),
    )

    def table(subject: MetricUnderTest, k: int, n_pairs: int) -> Array:
        return settled(distances_by_weight(subject, streams("world", k), profile.n_trials, n_pairs), metric.floor)

    found = [table(metric, k, N_PAIRS) for k in range(profile.n_worlds)]
    graded = are_graded(found)
    share = proportion_interval(int(graded.sum()), graded.size)
    measure("share of graded pairs", share)
    measure("pairs", graded.size)
    measure("weights", WEIGHTS)
    measure.curve("mean distance", "weight", map(mean_interval, np.mean(found, axis=1).T))
    measure.set_score(share.value)
    measure_neighbors(
        measure,
        metric,
        "share of graded pairs",
        lambda near: float(are_graded([table(near, 0, N_PAIRS // 2)]).mean()),
        holds=lambda value: value >= 0.9,
    )
    decide(
        measure,
        "distance grows with the weight of the contaminating motif",
        [at_least("share of graded pairs", share, 0.9, "fixed by the suite; chance is 1 in 60")],
        hint="look at 'mean distance by weight': a plateau means saturation, a zigzag means noise",
    )
