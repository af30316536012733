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

_ATEN: Any = torch.ops.aten
NEGATIVE_SLOPE = 0.01
"""Slope of the leaky rectifier below zero."""
ACTIVATIONS: Mapping[str, tuple[Callable[[Tensor], Tensor], Callable[[Tensor, Tensor], Tensor]]] = {
    "relu": (torch.relu, lambda g, z: _ATEN.threshold_backward(g, z, 0)),
    "leaky_relu": (
        lambda z: functional.leaky_relu(z, NEGATIVE_SLOPE),
        lambda g, z: _ATEN.leaky_relu_backward(g, z, NEGATIVE_SLOPE, False),  # noqa: FBT003 - of z
    ),
    "softplus": (functional.softplus, lambda g, z: g * torch.sigmoid(z)),
    "tanh": (torch.tanh, lambda g, z: _ATEN.tanh_backward(g, torch.tanh(z))),
}
"""The study's activation functions φ, each with what turns the gradient of φ(z) into that of z.

One fused kernel of torch's where it has one: a derivative that is made first and multiplied afterwards takes four
passes over memory.
"""


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
        weights = (parameters[name] for name in ("input_weights", "recurrent_weights", "bias"))
        return cast(Any, _Scan).apply(inputs, *weights, self.decay, self.activation, torch.is_grad_enabled())

    def step(self, parameters: Parameters, state: Tensor, inputs: Tensor) -> Tensor:
        """Advance a stack of networks by one time step; see `AbstractNetwork`."""
        drive = torch.baddbmm(parameters["bias"][:, None], inputs, parameters["input_weights"])
        rate = ACTIVATIONS[self.activation][0](torch.baddbmm(drive, state, parameters["recurrent_weights"]))
        return torch.lerp(rate, state, self.decay)

    def readout(self, parameters: Parameters, states: Tensor) -> Tensor:
        """Return the outputs of a stack of networks; see `AbstractNetwork`."""
        k, n_times, n_trials, n = states.shape
        return torch.bmm(states.reshape(k, -1, n), parameters["readout_weights"]).view(k, n_times, n_trials, -1)


class _Scan(torch.autograd.Function):
    """The recurrence with its backward pass written out.

    Autograd would record every operation of every time step and add one gradient of the weights per step; here
    the weights' gradients are one product over all times at the end. What takes the time is memory: a step's
    intermediates stay in one small buffer, and what the backward pass needs is kept once.
    """

    @staticmethod
    def forward(
        ctx: Any,
        inputs: Tensor,
        input_weights: Tensor,
        weights: Tensor,
        bias: Tensor,
        decay: float,
        activation: str,
        differentiable: bool,  # noqa: FBT001 - autograd passes by position
    ) -> Tensor:
        (k, n_times, n_trials, _), n = inputs.shape, weights.shape[-1]
        function = ACTIVATIONS[activation][0]
        states = inputs.new_empty(k, n_times + 1, n_trials, n)
        states[:, 0] = 0
        before = inputs.new_empty(k, n_times, n_trials, n) if differentiable else None
        sums = inputs.new_empty(k, n_trials, n)
        for t in range(n_times):
            torch.baddbmm(bias[:, None], inputs[:, t], input_weights, out=sums)
            sums.baddbmm_(states[:, t], weights)
            if before is not None:
                before[:, t] = sums
            torch.lerp(function(sums), states[:, t], decay, out=states[:, t + 1])
        if before is not None:
            ctx.save_for_backward(states, before, inputs, weights)
        ctx.decay, ctx.activation = decay, activation
        return states[:, 1:]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        states, before, inputs, weights = ctx.saved_tensors
        (direct,) = gradients
        k, n_times, _, n = direct.shape
        through_activation = ACTIVATIONS[ctx.activation][1]
        transposed = weights.transpose(1, 2).contiguous()
        total, rest = direct[:, -1].clone(), torch.empty_like(direct[:, -1], memory_format=torch.contiguous_format)
        for t in range(n_times - 1, -1, -1):
            # Through h_t = d h_{t-1} + (1 - d) φ(z_t). The gradient of z_t takes its place: autograd refuses a second
            # backward pass through the same graph.
            through = through_activation(total * (1 - ctx.decay), before[:, t])
            before[:, t] = through
            if t:
                torch.add(direct[:, t - 1], total, alpha=ctx.decay, out=rest)
                torch.baddbmm(rest, through, transposed, out=total)
        flat = before.view(k, -1, n)
        _, to_inputs, to_weights, to_bias, *_ = ctx.needs_input_grad
        return (
            None,
            torch.bmm(inputs.reshape(k, -1, inputs.shape[-1]).transpose(1, 2), flat) if to_inputs else None,
            torch.bmm(states[:, :-1].reshape(k, -1, n).transpose(1, 2), flat) if to_weights else None,
            flat.sum(dim=1) if to_bias else None,
            *[None] * 3,
        )
