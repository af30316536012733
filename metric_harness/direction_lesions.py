"""Lesions of single directions of the state: those that behavior needs, idle ones of equal variance, graded ones."""

import dataclasses
from collections.abc import Sequence
from functools import cache
from typing import final

import numpy as np

from metric_harness.ablations import lesioned_networks, measured_trials, search_trials
from metric_harness.arrays import Array, Trajectories, flattened
from metric_harness.lesion_search import extremes
from metric_harness.lesions import clamping, observed, stacks
from metric_harness.paired_lesions import PairedLesions
from metric_harness.sensitivity import state_sensitivities
from metric_harness.zoo import Specimen
from metric_harness.zoo_recordings import matched, shipped_zoo

REMOVED = 0.08
"""Share of the variance that a lesion of a direction removes. Of .04, .06, .08, .1 and .12 it is one of the two under
which most lesions do on other test trials what they are meant to; no metric was asked."""


@final
@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Directions:
    """Networks with a direction each that behavior needs and one that it does not, of equal variance.

    Attributes:
        specimens: the networks.
        intact: their states on the recorded trials.
        accuracies: on all measured trials, shape (n_networks,).
        centers: mean states, shape (n_networks, n_units).
        relevant: unit vectors, shape (n_networks, n_units).
        idle: unit vectors of the same shape.
    """

    specimens: Sequence[Specimen]
    intact: Sequence[Trajectories]
    accuracies: Array
    centers: Array
    relevant: Array
    idle: Array

    def removed(self, directions: Array) -> Array:
        """Return the variance of the intact states along a direction of each network, shape (n_networks,)."""
        return np.array([(flattened(x) @ u).var() for x, u in zip(self.intact, directions, strict=True)])


@cache
def directions(n_seeds: int, n_recorded: int) -> Directions:
    """Find directions for the networks of the shipped zoo's first seeds, once in a process.

    What the decision feels comes from the search trials. The variance is that of the recorded trials, so that both
    lesions take the same from what metrics see; it knows nothing of choices.
    """
    zoo = shipped_zoo()
    specimens = lesioned_networks(zoo, zoo.seeds[:n_seeds])
    intact, accuracies = observed(zoo, specimens, measured_trials(zoo), n_recorded)
    trials = search_trials(zoo)
    felt = np.concatenate([state_sensitivities(zoo.network, some, trials) for _, some in stacks(zoo, specimens)])
    covariances = np.array([np.cov(flattened(x), rowvar=False, ddof=0) for x in intact])
    relevant, idle = extremes(covariances, felt, REMOVED)
    centers = np.array([flattened(x).mean(axis=0) for x in intact])
    return Directions(
        specimens=specimens, intact=intact, accuracies=accuracies, centers=centers, relevant=relevant, idle=idle
    )


@cache
def direction_lesions(n_seeds: int, n_recorded: int) -> PairedLesions:
    """Clamp the directions of `directions` and record what becomes of states and accuracies, once in a process."""
    zoo, found = shipped_zoo(), directions(n_seeds, n_recorded)
    (relevant, right), (idle, still_right) = (
        observed(zoo, found.specimens, measured_trials(zoo), n_recorded, clamping(axes, found.centers))
        for axes in (found.relevant, found.idle)
    )
    return PairedLesions(
        intact=[matched(x) for x in found.intact],
        relevant=[matched(x) for x in relevant],
        idle=[matched(x) for x in idle],
        relevant_drops=found.accuracies - right,
        idle_drops=found.accuracies - still_right,
        removed=found.removed(found.relevant) / found.removed(found.idle),
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

    @property
    def recordings(self) -> list[Trajectories]:
        """All recordings: those of the intact networks, then those at each dose."""
        return [*self.intact, *(x for some in self.lesioned for x in some)]

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Places in `recordings` of each network intact and at each dose, the doses of one network together."""
        n, n_doses = self.drops.shape
        return [(k, n * (1 + dose) + k) for k in range(n) for dose in range(n_doses)]


@cache
def graded_lesions(n_seeds: int, n_recorded: int, doses: tuple[float, ...]) -> GradedLesions:
    """Clamp the relevant directions of `directions` in some doses, once in a process."""
    zoo, found = shipped_zoo(), directions(n_seeds, n_recorded)
    lesioned: list[list[Trajectories]] = []
    drops: list[Array] = []
    for dose in doses:
        lesion = clamping(found.relevant, found.centers, dose)
        states, right = observed(zoo, found.specimens, measured_trials(zoo), n_recorded, lesion)
        lesioned.append([matched(x) for x in states])
        drops.append(found.accuracies - right)
    return GradedLesions(intact=[matched(x) for x in found.intact], lesioned=lesioned, drops=np.array(drops).T)
