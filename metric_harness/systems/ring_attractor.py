"""A ring of resting states that a velocity moves along, with a gate that turns the ring into a line."""

import dataclasses
from typing import ClassVar, final

import numpy as np

from metric_harness.arrays import Array
from metric_harness.interfaces import AbstractSystem


@final
@dataclasses.dataclass(frozen=True)
class RingAttractor(AbstractSystem):
    """RingAttractor: in polar coordinates r' = k r (1 - r²), θ' = v (1 - b g(θ)), and v' = -v / τ.

    g(θ) = exp((cos(θ - π) - 1) / w²) is a bump of height one at θ = π, about w wide: a gate across the ring. The third
    unit v is the angular velocity, to be driven by noise. The state is (r cos θ, r sin θ, v).

    Ground truth: without velocity every state of the ring r = 1 rests, whatever b is; it attracts all other states but
        the origin, at rate 2 k. For b < 1 any velocity that lasts carries a state once around: a ring. For b > 1 the
        angular speed vanishes where g(θ) = 1 / b, at |θ - π| = arccos(1 - w² ln b), and no state crosses: a line of
        resting states with two ends. The topology changes at b = 1 and nowhere else.
    Time: a velocity lasts for τ; started at v = 2π with b = 0, a state makes half a turn before it rests.
    Source: ours; that topology and not geometry is what changes the dynamics of ring and line attractors: Ostrow,
        Eisen, Kozachkov, Fiete (2023), arXiv 2306.10168, figure 4, whose rings are networks of 100 neurons.

    Attributes:
        gate: b, how much of the speed the gate takes.
        width: w, in radians.
        persistence: τ, in units of time.
        attraction: k.
    """

    gate: float = 0.0
    width: float = 0.3
    persistence: float = 0.5
    attraction: float = 10.0

    n_units: ClassVar[int] = 3

    def vector_field(self, state: Array) -> Array:
        """Return dx/dt at each state; shape (..., 3) in and out."""
        x, y, v = state[..., 0], state[..., 1], state[..., 2]
        bump = np.exp((-np.cos(np.arctan2(y, x)) - 1) / self.width**2)
        turning = v * (1 - self.gate * bump)
        growth = self.attraction * (1 - x**2 - y**2)
        return np.stack([growth * x - turning * y, growth * y + turning * x, -v / self.persistence], axis=-1)

    def fixed_points(self) -> Array:
        """Return the origin, and eight of the resting states on the ring, shape (9, 3)."""
        angles = np.arange(8) * np.pi / 4
        ring = np.stack([np.cos(angles), np.sin(angles), np.zeros(8)], axis=1)
        return np.concatenate([np.zeros((1, 3)), ring])
