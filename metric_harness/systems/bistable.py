"""A switch between two stable states, beside a second unit that decays."""

import dataclasses
import math
from typing import ClassVar, final

import numpy as np

from metric_harness.arrays import Array, Trajectories
from metric_harness.interfaces import AbstractSystem


@final
@dataclasses.dataclass(frozen=True)
class Bistable(AbstractSystem):
    """Bistable: x' = g x - c x³, y' = -k y.

    Ground truth: a saddle at the origin, along which x grows at rate g, and two stable fixed points at x = ±√(g / c),
        where deviations of x decay at rate 2 g; y decays at rate k everywhere. x(t) is known in closed form, as x⁻²
        obeys a linear equation (Bernoulli's).
    Time: with the defaults a state at x = .05 is three quarters of the way to its stable state after 0.7 units of
        time.
    Source: Ostrow, Eisen, Kozachkov, Fiete (2023), arXiv 2306.10168, figure 3, after the saddle point model of Galgali,
        Sahani, Mante (2023), "Residual dynamics resolves recurrent contributions to neural computation", doi
        10.1038/s41593-022-01230-2. The defaults are the middle of the ranges in the former's published notebook: g and
        c from 4 to 5, k from 3 to 4.

    Attributes:
        growth: g, how fast the saddle is left.
        saturation: c, the strength of the cubic term.
        decay: k, how fast the second unit is forgotten.
    """

    growth: float = 4.5
    saturation: float = 4.5
    decay: float = 3.5

    n_units: ClassVar[int] = 2

    def vector_field(self, state: Array) -> Array:
        """Return dx/dt at each state; shape (..., 2) in and out."""
        x, y = state[..., 0], state[..., 1]
        return np.stack([self.growth * x - self.saturation * x**3, -self.decay * y], axis=-1)

    def fixed_points(self) -> Array:
        """Return the saddle and the two stable states, shape (3, 2)."""
        stable = math.sqrt(self.growth / self.saturation)
        return np.array([[0.0, 0.0], [stable, 0.0], [-stable, 0.0]])

    def solution(self, initial_states: Array, times: Array) -> Trajectories:
        """Return the exact trajectories, shape (trials, time, 2).

        Args:
            initial_states: shape (trials, 2).
            times: shape (time,), in the system's unit of time.
        """
        x, y = (column[:, None] for column in initial_states.T)
        grown = np.exp(self.growth * times)
        crowding = 1 + self.saturation / self.growth * x**2 * (grown**2 - 1)
        return np.stack([x * grown / np.sqrt(crowding), y * np.exp(-self.decay * times)], axis=-1)
