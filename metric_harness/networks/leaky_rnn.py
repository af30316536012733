"""A recurrent network of leaky rate units."""

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, cast, final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from metric_harness.arrays import Array
from metric_harness.errors import SettingError
from metric_harness.interfaces import AbstractNetwork, Parameters
from metric_harness.trials import STEP_MS

NEGATIVE_SLOPE = 0.01
"""Slope of the leaky rectifier below zero."""
ACTIVATIONS: Mapping[str, tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]] = {
    "relu": (torch.relu, lambda z: (z > 0).to(z.dtype)),
    "leaky_relu": (
        lambda z: functional.leaky_relu(z, NEGATIVE_SLOPE),
        lambda z: torch.where(z > 0, 1.0, NEGATIVE_SLOPE).to(z.dtype),
    ),
    "softplus": (functional.softplus, torch.sigmoid),
    "tanh": (torch.tanh, lambda z: 1 - torch.tanh(z) ** 2),
}
"""The study's activation functions φ, each with its derivative."""


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class LeakyRNN(AbstractNetwork):
    """h_t = d h_{t-1} + (1 - d) φ(x_t W_in + h_{t-1} W_rec + b), read out by h_t W_out; h_0 = 0.

    State: h, shape (networks, trials, units); it is what is recorded.
    Frozen: only `input_weights` are trained; recurrent weights, bias and readout stay.
    Parameters: input_weights (inputs, units), recurrent_weights (units, units), bias (units,), readout_weights
        (units, outputs). Drawn uniformly within ±1/√(inputs of the layer), torch's default for linear layers and
        the study's (He et al. 2015 with a = √5).
    Source: arXiv 2410.24070, leaky RNN with d = exp(-dt/τ), dt = 20 ms, τ = 100 ms; no noise, readout without bias.

    Attributes:
        n_units: units.
        activation: φ, a key of `ACTIVATIONS`.
        time_constant: τ in milliseconds.
    """

    n_units: int = 64
    activation: str = "relu"
    time_constant: float = 100.0

    trained_when_frozen: ClassVar[tuple[str, ...]] = ("input_weights",)

    def __post_init__(self) -> None:
        if self.activation not in ACTIVATIONS:
            raise SettingError(f"activation is '{self.activation}'; needed one of {', '.join(ACTIVATIONS)}.")
        if self.n_units < 1 or not self.time_constant > 0:
            raise SettingError(
                f"n_units is {self.n_units}, time_constant {self.time_constant}; needed at least 1, and above 0."
            )

    @property
    def decay(self) -> float:
        """Share d of its state that a unit keeps over one time step."""
        return math.exp(-STEP_MS / self.time_constant)

    def initial_parameters(self, n_inputs: int, n_outputs: int, rng: np.random.Generator) -> Mapping[str, Array]:
        """Draw one network; see `AbstractNetwork`."""

        def uniform(n_from: int, *shape: int) -> Array:
            return rng.uniform(-1, 1, shape) / math.sqrt(n_from)

        n = self.n_units
        return {
            "input_weights": uniform(n_inputs, n_inputs, n),
            "recurrent_weights": uniform(n, n, n),
            "bias": uniform(n, n),
            "readout_weights": uniform(n, n, n_outputs),
        }

    def states(self, parameters: Parameters, inputs: Tensor) -> Tensor:
        """Run a stack of networks; see `AbstractNetwork`."""
        drive = _drive(parameters, inputs)
        return cast(Any, _Scan).apply(drive, parameters["recurrent_weights"], self.decay, self.activation)

    def step(self, parameters: Parameters, state: Tensor, inputs: Tensor) -> Tensor:
        """Advance a stack of networks by one time step; see `AbstractNetwork`."""
        drive = _drive(parameters, inputs[:, None])[:, 0]
        rate = ACTIVATIONS[self.activation][0](torch.baddbmm(drive, state, parameters["recurrent_weights"]))
        return torch.lerp(rate, state, self.decay)

    def readout(self, parameters: Parameters, states: Tensor) -> Tensor:
        """Return the outputs of a stack of networks; see `AbstractNetwork`."""
        k, n_times, n_trials, n = states.shape
        return torch.bmm(states.reshape(k, -1, n), parameters["readout_weights"]).view(k, n_times, n_trials, -1)


def _drive(parameters: Parameters, inputs: Tensor) -> Tensor:
    """Return x W_in + b, shape (networks, time, trials, units)."""
    k, n_times, n_trials, n_inputs = inputs.shape
    weights, bias = parameters["input_weights"], parameters["bias"]
    drive = torch.baddbmm(bias[:, None], inputs.reshape(k, -1, n_inputs), weights)
    return drive.view(k, n_times, n_trials, -1)


class _Scan(torch.autograd.Function):
    """The recurrence with its backward pass written out.

    Autograd would record every operation of every time step and add one gradient of the weights per step; here
    the backward pass reuses buffers, and the weights' gradient is one product over all times at the end.
    """

    @staticmethod
    def forward(ctx: Any, drive: Tensor, weights: Tensor, decay: float, activation: str) -> Tensor:
        k, n_times, n_trials, n = drive.shape
        function = ACTIVATIONS[activation][0]
        states = drive.new_empty(k, n_times + 1, n_trials, n)
        states[:, 0] = 0
        before = drive.new_empty(n_times, k, n_trials, n)
        for t in range(n_times):
            torch.baddbmm(drive[:, t], states[:, t], weights, out=before[t])
            torch.lerp(function(before[t]), states[:, t], decay, out=states[:, t + 1])
        ctx.save_for_backward(states, before, weights)
        ctx.decay, ctx.activation = decay, activation
        return states[:, 1:]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        states, before, weights = ctx.saved_tensors
        (direct,) = gradients
        k, n_times, _, n = direct.shape
        # Through h_t = d h_{t-1} + (1 - d) φ(z_t): the slope towards z_t, for all times at once.
        slopes = ACTIVATIONS[ctx.activation][1](before).mul_(1 - ctx.decay)
        to_drive = torch.empty_like(direct, memory_format=torch.contiguous_format)
        transposed = weights.transpose(1, 2).contiguous()
        total, rest = direct[:, -1].clone(), torch.empty_like(direct[:, -1], memory_format=torch.contiguous_format)
        for t in range(n_times - 1, -1, -1):
            through = slopes[t].mul_(total)
            to_drive[:, t] = through
            if t:
                torch.add(direct[:, t - 1], total, alpha=ctx.decay, out=rest)
                torch.baddbmm(rest, through, transposed, out=total)
        earlier = states[:, :-1].reshape(k, -1, n)
        to_weights = torch.bmm(earlier.transpose(1, 2), to_drive.view(k, -1, n)) if ctx.needs_input_grad[1] else None
        return to_drive, to_weights, None, None
