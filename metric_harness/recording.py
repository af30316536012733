"""Runs networks on trials: what they choose, and the trajectories of their states.

Inside, arrays are (networks, time, trials, units) and hold all that a network carries from step to step, which is what
its readout needs. What leaves this module for a metric is `AbstractNetwork.recorded` of it, (trials, time, units) in
float64, one array per network.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from metric_harness.arrays import Array, Trajectories
from metric_harness.interfaces import AbstractNetwork, Parameters
from metric_harness.trials import Period, Trials

Weights: TypeAlias = Mapping[str, NDArray[np.float32]]
"""Named parameters of one network."""
ROWS_AT_ONCE = 384
"""Trials of all networks of a stack together that run as whole sequences: what fits a cache, and is worth a loop."""
AfterStep: TypeAlias = Callable[[Tensor, int], Tensor]
"""Changes the states of a stack, shape (networks, trials, units), after the time step of the given index."""


def stacked(weights: Sequence[Weights]) -> dict[str, Tensor]:
    """Return networks as a stack: every parameter with a leading axis of networks."""
    return {name: tensor_of(np.stack([w[name] for w in weights])) for name in weights[0]}


def tensor_of(array: NDArray[Any]) -> Tensor:
    """Return an array as a tensor that shares its memory."""
    return cast(Any, torch).from_numpy(array)


def time_first(trials: Trials) -> Tensor:
    """Return the inputs of trials, shape (time, trials, inputs)."""
    return tensor_of(trials.inputs.swapaxes(0, 1))


@torch.no_grad()
def run(
    network: AbstractNetwork, parameters: Parameters, inputs: Tensor, after_step: AfterStep | None = None
) -> Tensor:
    """Return the states of a stack of networks, shape (networks, time, trials, units).

    Args:
        network: architecture.
        parameters: of all networks, stacked.
        inputs: of all networks, shape (time, trials, inputs).
        after_step: what intervenes after every time step, such as noise or a lesion.
    """
    n_networks = len(next(iter(parameters.values())))
    everywhere = inputs.expand(n_networks, *inputs.shape)
    if after_step is None:
        return network.states(parameters, everywhere)
    return torch.stack(list(_walk(network, parameters, inputs, after_step)), dim=1)


@torch.no_grad()
def choices(network: AbstractNetwork, parameters: Parameters, states: Tensor, trials: Trials) -> NDArray[np.intp]:
    """Return the output that each network settles for in each trial, shape (networks, trials).

    That is the largest output on average over the second half of the decision period: the cue to decide reaches the
    state with a delay of some time constants, which is no error.
    """
    return _settled(network, parameters, states, late_decision(trials))


@torch.no_grad()
def accuracies(
    network: AbstractNetwork, parameters: Parameters, trials: Trials, after_step: AfterStep | None = None
) -> Array:
    """Return the share of trials in which each network of a stack chooses correctly, shape (networks,).

    They run whole sequences of a few trials at a time. A Mamba takes a third of the time of steps, others the same; and
    the states of all trials would be hundreds of megabytes, which take longer to get from the operating system than to
    fill.
    """
    if after_step is not None:
        return watched(network, parameters, trials, 0, after_step)[1]
    n_networks = len(next(iter(parameters.values())))
    device = next(iter(parameters.values())).device
    inputs, late = time_first(trials).to(device), late_decision(trials)
    chosen: list[NDArray[np.intp]] = []
    n_at_once = max(1, ROWS_AT_ONCE // n_networks)
    for first in range(0, len(trials.choices), n_at_once):
        some = slice(first, first + n_at_once)
        outputs = network.outputs(parameters, inputs[:, some].expand(n_networks, -1, -1, -1))
        chosen.append(_largest(outputs, late[:, some]))
    return (np.concatenate(chosen, axis=1) == trials.choices).mean(axis=1)


@torch.no_grad()
def watched(
    network: AbstractNetwork,
    parameters: Parameters,
    trials: Trials,
    n_recorded: int,
    after_step: AfterStep | None = None,
) -> tuple[list[Trajectories], Array]:
    """Return the states of a stack of networks in the first trials, and its accuracies in all of them.

    Args:
        network: architecture.
        parameters: of all networks, stacked.
        trials: what they run on.
        n_recorded: trials whose states are kept.
        after_step: what intervenes after every time step.

    Returns:
        One recording of shape (n_recorded, time, units) per network, and accuracies of shape (networks,).
    """
    late, inputs = late_decision(trials), time_first(trials)
    first = int(late.any(axis=1).argmax())
    kept: list[Tensor] = []
    deciding: list[Tensor] = []
    for t, state in enumerate(_walk(network, parameters, inputs, after_step)):
        kept.append(network.recorded(state[:, :n_recorded]).clone())
        if t >= first:
            deciding.append(state)
    chosen = _settled(network, parameters, torch.stack(deciding, dim=1), late[first:])
    return _by_trial(torch.stack(kept, dim=1)), (chosen == trials.choices).mean(axis=1)


def states_of(network: AbstractNetwork, states: Tensor) -> list[Trajectories]:
    """Return what is recorded of the states of a stack, one array of shape (trials, time, units) per network."""
    return _by_trial(network.recorded(states))


def _by_trial(recorded: Tensor) -> list[Trajectories]:
    return list(np.ascontiguousarray(recorded.numpy().swapaxes(1, 2), dtype=np.float64))


def _walk(
    network: AbstractNetwork, parameters: Parameters, inputs: Tensor, after_step: AfterStep | None
) -> Iterator[Tensor]:
    """Yield the states of a stack after every time step, each of shape (networks, trials, units)."""
    n_networks = len(next(iter(parameters.values())))
    state = network.initial_state(parameters, inputs.shape[1])
    for t, now in enumerate(inputs.expand(n_networks, *inputs.shape).unbind(dim=1)):
        state = network.step(parameters, state, now)
        if after_step is not None:
            state = after_step(state, t)
        yield state


def _settled(
    network: AbstractNetwork, parameters: Parameters, states: Tensor, late: NDArray[np.float32]
) -> NDArray[np.intp]:
    """Return what each network settles for in each trial, by the weights (time, trials) of steps."""
    return _largest(network.readout(parameters, states), late)


def _largest(outputs: Tensor, late: NDArray[np.float32]) -> NDArray[np.intp]:
    """Return the largest output of each network and trial, averaged with the weights (time, trials)."""
    return torch.einsum("ktbo,tb->kbo", outputs, tensor_of(late).to(outputs.device)).argmax(dim=-1).cpu().numpy()


def late_decision(trials: Trials) -> NDArray[np.float32]:
    """Return the weight of each step in the mean that decides a choice, shape (time, trials)."""
    inside = trials.periods.T == Period.DECISION
    passed = inside.cumsum(axis=0)
    late = inside & (2 * passed > passed[-1])
    return (late / late.sum(axis=0)).astype(np.float32)
