"""A recurrent network of leaky gated units."""

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import ClassVar, final

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
ACTIVATIONS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "leaky_relu": lambda z: functional.leaky_relu(z, NEGATIVE_SLOPE),
    "softplus": functional.softplus,
    "tanh": torch.tanh,
}
"""The study's activation functions φ."""


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class LeakyGRU(AbstractNetwork):
    """h_t = (1 - z) h_{t-1} + z c, c = d h_{t-1} + (1 - d) n, read out by h_t W_out; h_0 = 0.

    The update gate is z = σ(x_t W_z + h_{t-1} R_z + b_z), the new rate n = φ(x_t W_n + r ∘ (h_{t-1} R_n) + b_n). With
    `reset_gate`, r = σ(x_t W_r + h_{t-1} R_r + b_r), which is where torch puts the gate; without it, r = 1.

    State: h, shape (networks, trials, units); it is what is recorded.
    Frozen: only `input_weights`, of all gates; recurrent weights, biases and readout stay.
    Parameters: input_weights (inputs, gates · units), recurrent_weights (units, gates · units), bias (gates · units,),
        readout_weights (units, outputs); gates z, n and, with it, r, side by side in this order. Drawn uniformly within
        ±1/√(inputs of the layer), as those of the leaky network.
    Source: arXiv 2410.24070, whose code computes a reset gate and never uses it (so that its weights get no gradient;
        here they are not there); d = exp(-dt/τ), dt = 20 ms, τ = 100 ms; no noise, readout without bias. The gate as it
        was meant: Cho et al. 2014, arXiv 1406.1078.

    Attributes:
        n_units: units.
        activation: φ, a key of `ACTIVATIONS`.
        time_constant: τ in milliseconds.
        reset_gate: whether there is a reset gate; the study's has none that does anything.
    """

    n_units: int = 48
    activation: str = "leaky_relu"
    time_constant: float = 100.0
    reset_gate: bool = False

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
        """Share d of its state that an open unit keeps over one time step."""
        return math.exp(-STEP_MS / self.time_constant)

    @property
    def n_gates(self) -> int:
        """Blocks of weights."""
        return 3 if self.reset_gate else 2

    def initial_parameters(self, n_inputs: int, n_outputs: int, rng: np.random.Generator) -> Mapping[str, Array]:
        """Draw one network; see `AbstractNetwork`."""

        def uniform(n_from: int, *shape: int) -> Array:
            return rng.uniform(-1, 1, shape) / math.sqrt(n_from)

        n, width = self.n_units, self.n_gates * self.n_units
        return {
            "input_weights": uniform(n_inputs, n_inputs, width),
            "recurrent_weights": uniform(n, n, width),
            "bias": uniform(n, width),
            "readout_weights": uniform(n, n, n_outputs),
        }

    def step(self, parameters: Parameters, state: Tensor, inputs: Tensor) -> Tensor:
        """Advance a stack of networks by one time step; see `AbstractNetwork`."""
        return self._moved(parameters, state, self._driven(parameters, inputs))

    def states(self, parameters: Parameters, inputs: Tensor) -> Tensor:
        """Run a stack of networks; see `AbstractNetwork`."""
        k, n_times, n_trials, n_inputs = inputs.shape
        # What the inputs give is one product for all times; autograd then adds no gradient of its weights per step.
        drive = self._driven(parameters, inputs.reshape(k, -1, n_inputs)).view(k, n_times, n_trials, -1)
        state = self.initial_state(parameters, n_trials)
        found: list[Tensor] = []
        for now in drive.unbind(dim=1):
            state = self._moved(parameters, state, now)
            found.append(state)
        return torch.stack(found, dim=1)

    def readout(self, parameters: Parameters, states: Tensor) -> Tensor:
        """Return the outputs of a stack of networks; see `AbstractNetwork`."""
        k, n_times, n_trials, n = states.shape
        return torch.bmm(states.reshape(k, -1, n), parameters["readout_weights"]).view(k, n_times, n_trials, -1)

    def _driven(self, parameters: Parameters, inputs: Tensor) -> Tensor:
        return torch.baddbmm(parameters["bias"][:, None], inputs, parameters["input_weights"])

    def _moved(self, parameters: Parameters, state: Tensor, drive: Tensor) -> Tensor:
        n = self.n_units
        fed_back = torch.bmm(state, parameters["recurrent_weights"])
        recurrent = fed_back[..., n : 2 * n]
        if self.reset_gate:
            recurrent = torch.sigmoid(drive[..., 2 * n :] + fed_back[..., 2 * n :]) * recurrent
        update = torch.sigmoid(drive[..., :n] + fed_back[..., :n])
        rate = ACTIVATIONS[self.activation](drive[..., n : 2 * n] + recurrent)
        # (1 - z) h + z (d h + (1 - d) n) = h + z (1 - d) (n - h).
        return torch.addcmul(state, update, rate - state, value=1 - self.decay)
