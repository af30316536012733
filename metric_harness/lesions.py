"""Lesions of running networks: what is done to the parameters of a stack, and to its states after every step.

A lesion here clamps one direction of each network's states: after every time step the state is moved towards its mean
along that direction, the whole way at dose 1. What the direction carried is gone, and so is all that would have come
of it.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias, TypeVar

import numpy as np
import torch
from torch import Tensor

from metric_harness.arrays import Array, Trajectories
from metric_harness.interfaces import Parameters
from metric_harness.recording import AfterStep, stacked, tensor_of, watched
from metric_harness.trials import Trials
from metric_harness.zoo import Specimen, Zoo

Intervention: TypeAlias = Callable[[Parameters, slice], tuple[Parameters, AfterStep | None]]
"""Given the parameters of some networks and their places in the list: their parameters, and what follows each step."""
AT_ONCE = 8
"""Networks that run as one stack; with a hundred trials their states still fit a core's cache."""
Prepared = TypeVar("Prepared")
"""What is made of a recording."""


def nothing(parameters: Parameters, places: slice) -> tuple[Parameters, AfterStep | None]:
    """Leave networks as they are."""
    return parameters, None


def clamping(directions: Array, centers: Array, dose: float = 1.0) -> Intervention:
    """Return the lesion h ← h - dose · ⟨h - c, u⟩ u after every step.

    Args:
        directions: u of each network, unit vectors, shape (networks, units).
        centers: c of each network, shape (networks, units).
        dose: share of the way to the center, in [0, 1].

    Raises:
        ValueError: if the dose lies outside, or a direction is no unit vector.
    """
    if not 0 <= dose <= 1:
        raise ValueError(f"dose is {dose}; needed a share in [0, 1].")
    lengths = np.linalg.norm(directions, axis=1)
    if not np.allclose(lengths, 1):
        raise ValueError(f"a direction has length {lengths[np.abs(lengths - 1).argmax()]:.4g}; needed unit vectors.")

    def clamp(parameters: Parameters, places: slice) -> tuple[Parameters, AfterStep]:
        axis, center = (tensor_of(a[places].astype(np.float32))[:, None] for a in (directions, centers))
        return parameters, lambda state, t: _moved(state, axis, center, dose)

    return clamp


def _moved(state: Tensor, axis: Tensor, center: Tensor, dose: float) -> Tensor:
    away = torch.bmm(state - center, axis.transpose(1, 2))
    return torch.baddbmm(state, away, axis, alpha=-dose)


def observed(
    zoo: Zoo,
    specimens: Sequence[Specimen],
    trials: Trials,
    n_recorded: int,
    prepare: Callable[[int, Trajectories], Prepared],
    intervention: Intervention = nothing,
) -> tuple[list[Prepared], Array]:
    """Return what is made of the states of networks in the first trials, and their accuracies in all of them.

    Args:
        zoo: where the networks are.
        specimens: which of them.
        trials: what they run on.
        n_recorded: trials whose states are kept.
        prepare: what is made of the states, shape (n_recorded, time, units), of the network of each place; at once, as
            the states of all networks would be a gigabyte.
        intervention: what is done to the networks, by their places in `specimens`.

    Returns:
        What was made, one entry per network, and accuracies of shape (networks,).
    """
    made: list[Prepared] = []
    shares: list[Array] = []
    for places, parameters in stacks(zoo, specimens):
        changed, after_step = intervention(parameters, places)
        states, accuracies = watched(zoo.network, changed, trials, n_recorded, after_step)
        made += [prepare(places.start + k, x) for k, x in enumerate(states)]
        shares.append(accuracies)
    return made, np.concatenate(shares)


def accuracies_under(
    zoo: Zoo, specimens: Sequence[Specimen], trials: Trials, intervention: Intervention = nothing
) -> Array:
    """Return the accuracies of networks under an intervention, shape (networks,)."""
    return observed(zoo, specimens, trials, 0, lambda place, states: None, intervention)[1]


def stacks(zoo: Zoo, specimens: Sequence[Specimen]) -> list[tuple[slice, dict[str, Tensor]]]:
    """Return networks in stacks of at most `AT_ONCE`: their places in the list, and their parameters."""
    parts = [slice(k, min(k + AT_ONCE, len(specimens))) for k in range(0, len(specimens), AT_ONCE)]
    return [(part, stacked([zoo.weights(s) for s in specimens[part]])) for part in parts]
