"""What a network's decision hangs on: the gradients of its decision margin, with respect to states and to weights."""

from typing import Any, cast

import torch
from torch import Tensor

from metric_harness.arrays import Array
from metric_harness.interfaces import AbstractNetwork, Parameters
from metric_harness.recording import late_decision, tensor_of, time_first
from metric_harness.trials import Trials


def decision_margins(network: AbstractNetwork, parameters: Parameters, states: Tensor, trials: Trials) -> Tensor:
    """Return by how much the right output exceeds the others where a choice is made, shape (networks, trials).

    Outputs are averaged over the late decision period; the others enter by the logarithm of their summed exponentials.

    Args:
        network: architecture.
        parameters: of all networks, stacked.
        states: shape (networks, time, trials, units).
        trials: what the networks ran on.
    """
    late, choices = tensor_of(late_decision(trials)), tensor_of(trials.choices)
    outputs = torch.einsum("ktbo,tb->kbo", network.readout(parameters, states), late)
    right = torch.nn.functional.one_hot(choices, outputs.shape[-1]).bool().expand_as(outputs)
    others = outputs.masked_fill(right, -torch.inf).logsumexp(dim=-1)
    return outputs[right].view(others.shape) - others


def state_sensitivities(network: AbstractNetwork, parameters: Parameters, trials: Trials) -> Array:
    """Return E[g gᵀ] of each network, g = ∂margin/∂h at every time step of every trial, shape (networks, units, units).

    g counts all that follows from a push at that step, through the recurrence to the choice: uᵀ E[g gᵀ] u is how much
    the decision feels small pushes along u.
    """
    inputs = time_first(trials)
    n_networks = len(next(iter(parameters.values())))
    everywhere = inputs.expand(n_networks, *inputs.shape)
    states = network.states(parameters, everywhere).detach().requires_grad_()
    (direct,) = torch.autograd.grad(decision_margins(network, parameters, states, trials).sum(), states)
    before = torch.cat([torch.zeros_like(states[:, :1]), states[:, :-1].detach()], dim=1)
    later = torch.zeros_like(direct[:, 0])
    total = torch.zeros(n_networks, network.n_units, network.n_units)
    for t in range(len(inputs) - 1, -1, -1):
        gradient = direct[:, t] + later
        total += torch.bmm(gradient.transpose(1, 2), gradient)
        earlier = before[:, t].requires_grad_()
        (later,) = torch.autograd.grad(network.step(parameters, earlier, everywhere[:, t]), earlier, gradient)
    return total.double().numpy() / direct[0, ..., 0].numel()


def weight_sensitivities(network: AbstractNetwork, parameters: Parameters, trials: Trials, name: str) -> Array:
    """Return w · ∂margin/∂w of one parameter, the mean over trials, of the parameter's own shape.

    To first order it is what the margin loses when the weight is cut.
    """
    weights = parameters[name].detach().clone().requires_grad_()
    changed = {**parameters, name: weights}
    inputs = time_first(trials)
    states = network.states(changed, inputs.expand(len(weights), *inputs.shape))
    margins = decision_margins(network, changed, states, trials).mean(dim=1).sum()
    cast(Any, margins).backward()
    assert weights.grad is not None
    return (weights * weights.grad).detach().double().numpy()
