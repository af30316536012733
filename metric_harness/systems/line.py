"""Straight motion at constant speed."""

import dataclasses
from typing import ClassVar, final

import numpy as np

from metric_harness.arrays import Array, Trajectories
from metric_harness.interfaces import AbstractSystem


@final
@dataclasses.dataclass(frozen=True)
class Line(AbstractSystem):
    """Line: x' = v, the same at every state.

    Ground truth: x(t) = x(0) + v t; no fixed point, no attractor, unbounded in time (closed form). A
        constant field is integrated exactly, but for rounding, by every consistent method.
    Time: with the default v a state leaves the unit cube within 1 unit of time.
    Source: ours, after the line motif of arXiv 2410.24070, which accelerates; this one does not.

    Attributes:
        velocity: v, one number per unit.
    """

    velocity: tuple[float, float, float] = (1.5, -1.0, 0.5)

    n_units: ClassVar[int] = 3

    def vector_field(self, state: Array) -> Array:
        """Return dx/dt at each state; shape (..., 3) in and out."""
        return np.broadcast_to(np.array(self.velocity, dtype=np.float64), state.shape).copy()

    def solution(self, initial_states: Array, times: Array) -> Trajectories:
        """Return the exact trajectories, shape (trials, time, 3).

        Args:
            initial_states: shape (trials, 3).
            times: shape (time,), in the system's unit of time.
        """
        return initial_states[:, None, :] + np.multiply.outer(times, np.array(self.velocity))
