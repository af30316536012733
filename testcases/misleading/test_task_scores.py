"""Groups of models by what they compute, and the distance of models by how they decide."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from metric_harness import simulation
from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array, Trajectories
from metric_harness.checks import Recorder, at_least, below, decide
from metric_harness.contrasts import same_class
from metric_harness.populations import courses, observed
from metric_harness.profiles import Profile
from metric_harness.statistics import average_precision, mean_interval, off_diagonal, permutation_p, settled, spearman
from metric_harness.transforms import whiten

MOTIFS = (0, 2, 4, 6)
"""Places among `simulation.MOTIFS` of the latents of four groups."""
N_MEMBERS = 4
"""Models of each group."""
SHARES = (0.0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0)
"""Share of private variance in the latents of nine models of one task."""
N_TRIALS, N_UNITS, N_OWN = 6, 8, 2
"""Trials, units, and nuisance latents that a model has for itself."""
NOISE = 0.3
"""Noise of each unit."""


def model(z: Trajectories, rng: np.random.Generator) -> Trajectories:
    """Return a population that sees latents and nuisances of its own, whitened."""
    own = courses(z.shape[0], z.shape[1], N_OWN, rng, memory=10)
    return whiten(observed(np.concatenate([z, own], axis=-1), N_UNITS, NOISE, rng))


def groups(rng: np.random.Generator) -> list[Trajectories]:
    """Draw models of four groups; a group's latents are one motif, from initial states that all groups share."""
    motifs = simulation.motifs(rng, N_TRIALS)
    return [model(whiten(motifs[m][:, ::2]), rng) for m in MOTIFS for _ in range(N_MEMBERS)]


def graded(rng: np.random.Generator) -> tuple[list[Trajectories], Array]:
    """Draw models of one task that share less and less of its latents, and how often each two decide differently.

    A model's latents are √(1 - s) of the task's and √s of its own; it decides by the sign of the first one.
    """
    z = whiten(simulation.motifs(rng, N_TRIALS)[-1][:, ::2])
    n_trials, n_times, n_latents = z.shape
    latents = [
        math.sqrt(1 - s) * z + math.sqrt(s) * courses(n_trials, n_times, n_latents, rng, memory=10) for s in SHARES
    ]
    choices = np.array([np.sign(own[..., 0]).ravel() for own in latents])
    return [model(own, rng) for own in latents], (choices[:, None] != choices[None]).mean(axis=2)


@pytest.mark.case(
    id="misleading.task_scores",
    version=1,
    tier="validity",
    source="Klabunde et al. 2025 (ReSi, arXiv 2408.00531), group separation and output correlation; Bo et al. 2024 "
    "(arXiv 2411.14633)",
)
def test_task_scores(
    metric: MetricUnderTest, measure: Recorder, profile: Profile, streams: Callable[..., np.random.Generator]
) -> None:
    """Models that compute one thing are closer than others, and models that decide alike closer than those that do not.

    Why it matters: this is what similarity is measured for: to find which models do the same.
    Given: (a) four models of each of four groups, populations of 8 units that see the three latents of the group, a
    Lorenz motif, and two nuisances of their own; (b) nine models of one motif, whose latents are to 0 to 100 % their
    own, and which decide by the sign of the first latent. Noise, whitened.
    Measured: (a) the area under precision and recall of "same group" for pairs in order of distance; chance is the
    share of such pairs, .2. (b) Spearman's correlation of distance and the share of times at which two models decide
    differently, over the pairs of models, mean over worlds; p by permuting models (Mantel).
    Verdict: the area is at least .9 with its whole interval over worlds, and p < .01.
    Negative controls: constant, norm, mean, variance, covariance-spectrum metrics.
    Known limits: (a) and (b) are what the sources do with trained networks; latents and readouts are ours.
    """
    same = same_class(np.repeat(np.arange(len(MOTIFS)), N_MEMBERS))
    areas: list[float] = []
    vectors: list[Array] = []
    disagreements: list[Array] = []
    for k in range(profile.n_worlds):
        found = settled(off_diagonal(metric.distances(groups(streams("groups", k)))), metric.floor)
        areas.append(average_precision(found, same))
        models, disagreement = graded(streams("graded", k))
        vectors.append(settled(off_diagonal(metric.distances(models)), metric.floor))
        disagreements.append(disagreement)

    def correlations(order: NDArray[np.intp]) -> list[float]:
        pairs = zip(vectors, disagreements, strict=True)
        return [spearman(v, off_diagonal(table[np.ix_(order, order)])) for v, table in pairs]

    area = mean_interval(areas, limits=(0, 1))
    observed_order = np.arange(len(SHARES))
    correlation = mean_interval(correlations(observed_order), limits=(-1, 1))
    p = permutation_p(
        lambda order: float(np.mean(correlations(order))),
        observed_order,
        n_permutations=profile.n_permutations,
        rng=streams("null"),
    )
    measure("area under precision and recall", area)
    measure("share of pairs of one group", float(same.mean()))
    measure("correlation with disagreement", correlation)
    measure("permutation p", p)
    measure.set_score((area.value + max(0.0, correlation.value)) / 2)
    decide(
        measure,
        "models that compute or decide alike are closer",
        [
            at_least("area under precision and recall", area, 0.9, "fixed by the suite"),
            below("permutation p", p, 0.01, "permuted models"),
        ],
        hint="nuisances are as strong as what the task needs; see both numbers to tell which half fails",
    )
