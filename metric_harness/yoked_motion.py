"""Motion along one direction of the state, and the same motion yoked to it along another.

Noise that is added to a running network along a direction does not stay what it was: the recurrence amplifies it in one
direction and forgets it in another. What is compared is therefore not the noise but the motion that comes of it. The
first network is pushed and moves as it will; the second is moved by as much at every step of every trial, elsewhere.
"""

import dataclasses
from collections.abc import Sequence
from typing import final

import numpy as np
import torch
from torch import Tensor

from metric_harness.arrays import Array, Trajectories
from metric_harness.interfaces import AbstractNetwork, Parameters
from metric_harness.recording import AfterStep, choices, run, states_of, tensor_of, time_first
from metric_harness.trials import Trials


@final
@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Yoked:
    """A stack of networks as they are, pushed, and moved as far along another direction.

    Attributes:
        recordings: of each of the three, states of the recorded trials, an array (trials, time, units) per network.
        accuracies: of each of the three on all trials, shape (3, n_networks).
        motions: of the pushed and the yoked, mean squared distance from the intact states on the recorded trials,
            shape (2, n_networks).
    """

    recordings: Sequence[Sequence[Trajectories]]
    accuracies: Array
    motions: Array


def pushing(pushes: Array, noise: Array) -> AfterStep:
    """Return what adds noise along one direction of each network after every step.

    Args:
        pushes: direction times strength, shape (networks, units).
        noise: shape (time, trials), the same for all networks.
    """
    along, series = _tensor(pushes)[:, None], _tensor(noise)
    return lambda state, t: torch.addcmul(state, series[t, :, None], along)


def yoked(
    network: AbstractNetwork,
    parameters: Parameters,
    trials: Trials,
    n_recorded: int,
    *,
    push: AfterStep,
    seen: Array,
    unseen: Array,
) -> Yoked:
    """Run a stack of networks as it is, under a push, and moved as far along another direction.

    The displacement of the pushed states along the first direction, scaled so that its mean square is that of the whole
    displacement, is what the states of the third run are kept at along the other direction, counted from
    the intact states.

    Args:
        network: architecture.
        parameters: of all networks, stacked.
        trials: what they run on.
        n_recorded: trials whose states are kept.
        push: what happens to the states after every step.
        seen: direction of the push, unit vectors, shape (networks, units).
        unseen: direction of the yoked motion, of the same shape.
    """
    inputs, second = time_first(trials), _tensor(unseen)
    intact = run(network, parameters, inputs)
    pushed = run(network, parameters, inputs, push)
    goal = _along(intact, second) + _motion(pushed - intact, _tensor(seen))

    def keep(state: Tensor, t: int) -> Tensor:
        short = goal[:, t] - torch.einsum("kbi,ki->kb", state, second)
        return torch.addcmul(state, short[..., None], second[:, None])

    runs = (intact, pushed, run(network, parameters, inputs, keep))
    kept = [states[:, :, :n_recorded] for states in runs]
    return Yoked(
        recordings=[states_of(network, states) for states in kept],
        accuracies=np.array(
            [(choices(network, parameters, states, trials) == trials.choices).mean(axis=1) for states in runs]
        ),
        motions=np.array([_mean_square(states - kept[0]) for states in kept[1:]]),
    )


def _motion(displacement: Tensor, direction: Tensor) -> Tensor:
    """Return the displacement along a direction, scaled to the size of all of it, shape (networks, time, trials)."""
    along = _along(displacement, direction)
    scale = displacement.square().sum(dim=(1, 2, 3)) / along.square().sum(dim=(1, 2))
    return along * scale.sqrt()[:, None, None]


def _along(states: Tensor, direction: Tensor) -> Tensor:
    return torch.einsum("ktbi,ki->ktb", states, direction)


def _mean_square(displacement: Tensor) -> Array:
    return displacement.square().sum(dim=-1).mean(dim=(1, 2)).double().numpy()


def _tensor(array: Array) -> Tensor:
    return tensor_of(array.astype(np.float32))
