"""A stable focus: rotation that shrinks, beside a third unit that decays."""

import dataclasses
import math
from typing import ClassVar, final

import numpy as np

from metric_harness.arrays import Array, Trajectories
from metric_harness.interfaces import AbstractSystem


@final
@dataclasses.dataclass(frozen=True)
class Spiral(AbstractSystem):
    """Spiral: x' = -a x - w y, y' = w x - a y, z' = -k z.

    Ground truth: linear, with eigenvalues -a ± i w and -k. (x, y) at time t is (x, y) at time 0 turned
        by w t and shrunk by exp(-a t); z shrinks by exp(-k t) (closed form). The origin is the only
        fixed point and attracts every state.
    Time: with the defaults a state turns twice in 2 units of time and shrinks to .14 of its radius.
    Source: any text on linear systems, such as Strogatz (2015), "Nonlinear Dynamics and Chaos", section 5.2.

    Attributes:
        contraction: a, how fast the rotation shrinks.
        frequency: w, in radians per unit of time.
        decay: k, how fast the third unit is forgotten.
    """

    contraction: float = 1.0
    frequency: float = 2 * math.pi
    decay: float = 0.5

    n_units: ClassVar[int] = 3

    def vector_field(self, state: Array) -> Array:
        """Return dx/dt at each state; shape (..., 3) in and out."""
        x, y, z = state[..., 0], state[..., 1], state[..., 2]
        a, w = self.contraction, self.frequency
        return np.stack([-a * x - w * y, w * x - a * y, -self.decay * z], axis=-1)

    def fixed_points(self) -> Array:
        """Return the origin, shape (1, 3)."""
        return np.zeros((1, 3))

    def solution(self, initial_states: Array, times: Array) -> Trajectories:
        """Return the exact trajectories, shape (trials, time, 3).

        Args:
            initial_states: shape (trials, 3).
            times: shape (time,), in the system's unit of time.
        """
        x, y, z = (column[:, None] for column in initial_states.T)
        cosine, sine = np.cos(self.frequency * times), np.sin(self.frequency * times)
        shrunk = np.exp(-self.contraction * times)
        return np.stack(
            [
                shrunk * (cosine * x - sine * y),
                shrunk * (sine * x + cosine * y),
                np.exp(-self.decay * times) * z,
            ],
            axis=-1,
        )
