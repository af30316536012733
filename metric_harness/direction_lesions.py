"""Lesions of single directions of the state: those that behavior needs, idle ones of equal variance, graded ones."""

import dataclasses
from collections.abc import Sequence
from typing import final

import numpy as np

from metric_harness.ablations import felt_by_decisions, intact_networks, measured_trials, whitened
from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array, Trajectories
from metric_harness.cache import kept
from metric_harness.lesion_search import extremes
from metric_harness.lesions import clamping, observed
from metric_harness.paired_lesions import PairedLesions
from metric_harness.statistics import settled
from metric_harness.zoo_recordings import shipped_zoo

REMOVED = 0.08
"""Share of the variance that a lesion of a direction removes. Of .04, .06, .08, .1 and .12 it is one of the two under
which most lesions do on other test trials what they are meant to; no metric was asked."""


@kept
def directions(n_seeds: int, n_recorded: int) -> tuple[Array, Array]:
    """Find a direction that behavior needs, and an idle one, for each network of the shipped zoo's first seeds.

    What the decision feels comes from the search trials. The variance is that of the recorded trials, so that both
    lesions take the same from what metrics see; it knows nothing of choices.

    Returns:
        Unit vectors, each array of shape (n_networks, n_units).
    """
    return extremes(intact_networks(n_seeds, n_recorded).covariances, felt_by_decisions(n_seeds), REMOVED)


@kept
def direction_lesions(n_seeds: int, n_recorded: int) -> PairedLesions:
    """Clamp the directions of `directions` and record what becomes of states and accuracies."""
    zoo, intact = shipped_zoo(), intact_networks(n_seeds, n_recorded)
    axes, covariances = directions(n_seeds, n_recorded), intact.covariances
    (relevant, right), (idle, still_right) = (
        observed(zoo, intact.specimens, measured_trials(zoo), n_recorded, whitened, clamping(u, intact.centers))
        for u in axes
    )
    removed, removed_idly = (np.einsum("ki,kij,kj->k", u, covariances, u) for u in axes)
    return PairedLesions(
        intact=intact.recordings,
        relevant=relevant,
        idle=idle,
        relevant_drops=intact.accuracies - right,
        idle_drops=intact.accuracies - still_right,
        equality=removed / removed_idly,
    )


@final
@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class GradedLesions:
    """Networks whose relevant direction is clamped in several doses.

    Attributes:
        intact: recordings as metrics see them, one per network.
        lesioned: the same at each dose.
        drops: accuracy intact minus accuracy lesioned, shape (n_networks, n_doses).
    """

    intact: Sequence[Trajectories]
    lesioned: Sequence[Sequence[Trajectories]]
    drops: Array

    def distances(self, metric: MetricUnderTest) -> Array:
        """Return the distance of every network from itself at each dose, shape (n_networks, n_doses).

        Every other network is asked for the largest dose first, so that the order of questions tells nothing.
        """
        n, n_doses = self.drops.shape
        xs = [*self.intact, *(x for some in self.lesioned for x in some)]
        doses = np.array([range(n_doses) if k % 2 else range(n_doses)[::-1] for k in range(n)])
        pairs = [(k, n * (1 + int(dose)) + k) for k, asked in enumerate(doses) for dose in asked]
        found = settled(metric.pair_distances(xs, pairs), metric.floor).reshape(n, n_doses)
        return np.take_along_axis(found, doses, axis=1)


@kept
def graded_lesions(n_seeds: int, n_recorded: int, doses: tuple[float, ...], n_asked: int) -> GradedLesions:
    """Clamp the relevant directions of `directions` in some doses.

    Args:
        n_seeds: seeds for whose networks directions are found.
        n_recorded: trials that are recorded.
        doses: shares of the way to the mean state.
        n_asked: the first of these seeds, whose networks are lesioned.
    """
    zoo, intact = shipped_zoo(), intact_networks(n_seeds, n_recorded)
    chosen = [k for k, specimen in enumerate(intact.specimens) if specimen.seed in zoo.seeds[:n_asked]]
    specimens = [intact.specimens[k] for k in chosen]
    axes, centers = directions(n_seeds, n_recorded)[0][chosen], intact.centers[chosen]
    lesioned: list[list[Trajectories]] = []
    accuracies: list[Array] = []
    for dose in doses:
        lesion = clamping(axes, centers, dose)
        recordings, right = observed(zoo, specimens, measured_trials(zoo), n_recorded, whitened, lesion)
        lesioned.append(recordings)
        accuracies.append(right)
    return GradedLesions(
        intact=[intact.recordings[k] for k in chosen],
        lesioned=lesioned,
        drops=intact.accuracies[chosen, None] - np.array(accuracies).T,
    )
