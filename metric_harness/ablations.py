"""The networks of the zoo that are lesioned, the trials that serve the search and those that serve the measurement."""

import dataclasses
from collections.abc import Sequence
from typing import final

import numpy as np

from metric_harness.arrays import Array, Trajectories, flattened
from metric_harness.cache import kept
from metric_harness.lesions import observed, stacks
from metric_harness.sensitivity import state_sensitivities
from metric_harness.trials import Trials
from metric_harness.zoo import N_TEST, Specimen, Zoo
from metric_harness.zoo_groups import learns
from metric_harness.zoo_recordings import matched, shipped_zoo

LESIONED = (
    "master",
    "pretrain_plain_frozen",
    "pretrain_anti_frozen",
    "pretrain_delayed_frozen",
    "pretrain_frozen",
    "pretrain_unfrozen",
)
"""Groups whose networks are lesioned: both ends of pretraining, each subtask by itself, and all weights free."""
N_MEASURED = 100
"""First test trials, on which accuracies fall and distances are taken."""
N_SEARCH = 50
"""Last test trials, from which lesions are found; none of them is among the first."""
N_FELT = 25
"""Those of them from which gradients are taken, which need fewer than shares of trials do."""


@final
@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Intact:
    """The networks as they are.

    Attributes:
        specimens: the networks.
        recordings: their states on the recorded trials as metrics see them, whitened.
        centers: mean states there, shape (n_networks, n_units).
        covariances: of the states there, shape (n_networks, n_units, n_units).
        accuracies: on all measured trials, shape (n_networks,).
    """

    specimens: Sequence[Specimen]
    recordings: Sequence[Trajectories]
    centers: Array
    covariances: Array
    accuracies: Array


@kept
def intact_networks(n_seeds: int, n_recorded: int) -> Intact:
    """Record the networks of the shipped zoo's first seeds that are lesioned."""
    zoo = shipped_zoo()
    specimens = lesioned_networks(zoo, zoo.seeds[:n_seeds])
    made, accuracies = observed(zoo, specimens, measured_trials(zoo), n_recorded, _described)
    recordings, centers, covariances = zip(*made, strict=True)
    return Intact(
        specimens=specimens,
        recordings=recordings,
        centers=np.array(centers),
        covariances=np.array(covariances),
        accuracies=accuracies,
    )


def _described(place: int, states: Trajectories) -> tuple[Trajectories, Array, Array]:
    x = flattened(states)
    return matched(states), x.mean(axis=0), np.cov(x, rowvar=False, ddof=0)


def whitened(place: int, states: Trajectories) -> Trajectories:
    """Return the states of a network as metrics see them, whichever network it is."""
    return matched(states)


@kept
def felt_by_decisions(n_seeds: int) -> Array:
    """Return E[g gᵀ] of the same networks on search trials, shape (n_networks, n_units, n_units).

    See `state_sensitivities`.
    """
    zoo = shipped_zoo()
    parts = stacks(zoo, lesioned_networks(zoo, zoo.seeds[:n_seeds]))
    trials = search_trials(zoo, N_FELT)
    return np.concatenate([state_sensitivities(zoo.network, parameters, trials) for _, parameters in parts])


def lesioned_networks(zoo: Zoo, seeds: Sequence[int]) -> list[Specimen]:
    """Return the finished networks of some seeds that are lesioned: those that learn the composite task."""
    return [zoo.final(group, seed) for group in LESIONED for seed in seeds if learns(zoo, group, seed)]


def measured_trials(zoo: Zoo) -> Trials:
    """Return the trials on which lesions are measured; recordings use the first of them."""
    return zoo.trials(N_MEASURED)


def search_trials(zoo: Zoo, n_trials: int = N_SEARCH) -> Trials:
    """Return the last of the trials from which lesions are found."""
    return zoo.trials(N_TEST).part(slice(N_TEST - n_trials, N_TEST))
