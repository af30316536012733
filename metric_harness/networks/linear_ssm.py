"""A linear state-space network with a static nonlinear readout."""

import dataclasses
import math
from collections.abc import Mapping
from typing import ClassVar, final

import numpy as np
import torch
from torch import Tensor

from metric_harness.arrays import Array
from metric_harness.errors import SettingError
from metric_harness.interfaces import AbstractNetwork, Parameters
from metric_harness.transforms import random_orthogonal
from metric_harness.trials import STEP_MS


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class LinearSSM(AbstractNetwork):
    """h_t = h_{t-1} A + x_t B, read out by relu(h_t W_hidden + b_hidden) W_out; h_0 = 0.

    The reservoir-like control: whatever it is taught, its dynamics stay linear, one operator for all inputs. A rule
    that turns the answer around is a product of inputs, which no linear state holds; the readout's hidden layer makes
    it, at each time step for itself.

    State: h, shape (networks, trials, units); it is what is recorded.
    Frozen: only `input_weights`, B, are trained; A and the readout stay.
    Parameters: input_weights (inputs, units), recurrent_weights (units, units), hidden_weights (units, hidden),
        hidden_bias (hidden,), readout_weights (hidden, outputs). A = Q diag(exp(-dt/τ)) Qᵀ, dt = 20 ms, Q
        orthogonal and drawn by Haar's measure, τ evenly spaced on a logarithmic scale: dense, stable, and with slow
        modes that keep what was shown until it is asked for (a rotation in place of A has nearly none, and was not
        learned from). Training may change all of A. The rest is drawn uniformly within ±1/√(inputs of the layer).
    Source: the state-space model of linear systems theory (Kailath 1980) with the fixed-recurrence view of Jaeger 2001,
        GMD Report 148.

    Attributes:
        n_units: units of the state.
        n_hidden: rectified units of the readout.
        fastest: smallest time constant τ that A begins with, in milliseconds.
        slowest: largest one.
    """

    n_units: int = 48
    n_hidden: int = 48
    fastest: float = 20.0
    slowest: float = 4000.0

    trained_when_frozen: ClassVar[tuple[str, ...]] = ("input_weights",)

    def __post_init__(self) -> None:
        if min(self.n_units, self.n_hidden) < 1 or not 0 < self.fastest <= self.slowest:
            raise SettingError(
                f"n_units is {self.n_units}, n_hidden {self.n_hidden}, times {self.fastest} to {self.slowest}; "
                "needed at least 1 of each, and time constants above 0 that ascend."
            )

    def initial_parameters(self, n_inputs: int, n_outputs: int, rng: np.random.Generator) -> Mapping[str, Array]:
        """Draw one network; see `AbstractNetwork`."""

        def uniform(n_from: int, *shape: int) -> Array:
            return rng.uniform(-1, 1, shape) / math.sqrt(n_from)

        n, modes = self.n_units, random_orthogonal(self.n_units, rng)
        kept = np.exp(-STEP_MS / np.geomspace(self.fastest, self.slowest, n))
        return {
            "input_weights": uniform(n_inputs, n_inputs, n),
            "recurrent_weights": modes * kept @ modes.T,
            "hidden_weights": uniform(n, n, self.n_hidden),
            "hidden_bias": uniform(n, self.n_hidden),
            "readout_weights": uniform(self.n_hidden, self.n_hidden, n_outputs),
        }

    def step(self, parameters: Parameters, state: Tensor, inputs: Tensor) -> Tensor:
        """Advance a stack of networks by one time step; see `AbstractNetwork`."""
        return torch.baddbmm(torch.bmm(inputs, parameters["input_weights"]), state, parameters["recurrent_weights"])

    def readout(self, parameters: Parameters, states: Tensor) -> Tensor:
        """Return the outputs of a stack of networks; see `AbstractNetwork`."""
        k, n_times, n_trials, n = states.shape
        bias, weights = parameters["hidden_bias"], parameters["hidden_weights"]
        hidden = torch.relu(torch.baddbmm(bias[:, None], states.reshape(k, -1, n), weights))
        return torch.bmm(hidden, parameters["readout_weights"]).view(k, n_times, n_trials, -1)
