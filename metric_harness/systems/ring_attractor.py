"""A ring of resting states that a velocity moves along, with a gate that turns the ring into a line."""

import dataclasses
import math
from typing import ClassVar, final

import numpy as np

from metric_harness.arrays import Array
from metric_harness.interfaces import AbstractSystem


@final
@dataclasses.dataclass(frozen=True)
class RingAttractor(AbstractSystem):
    """RingAttractor: in polar coordinates r' = k r (1 - r²), θ' = v - b |v| h(θ), and v' = -v / τ.

    The third unit v is the angular velocity, to be driven by noise. With d = θ - π, h = -sin d exp((cos d - 1) / w²)
    over its largest value, which it takes about w before a gate at θ = π; behind the gate it is negative. So what
    approaches the gate loses up to the share b of its speed, and what leaves it gains as much. The state is
    (r cos θ, r sin θ, v).

    Ground truth: without velocity every state of the ring r = 1 rests, whatever b is; it attracts all other states but
        the origin, at rate 2 k. For b < 1 any velocity that lasts carries a state once around: a ring. For b > 1 the
        angular speed vanishes on either side where |h| = 1 / b, and no state crosses: a line of resting states with two
        ends, which a state leaves as soon as its velocity turns. The topology changes at b = 1 and nowhere else.
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
        away = self._away(np.arctan2(y, x) - np.pi)
        turning = v - self.gate * np.abs(v) * away
        growth = self.attraction * (1 - x**2 - y**2)
        return np.stack([growth * x - turning * y, growth * y + turning * x, -v / self.persistence], axis=-1)

    def _away(self, d: Array) -> Array:
        """Return h at angles from the gate."""
        square = self.width**2
        # sin d exp(cos d / w²) is largest where cos d = c solves c w² = 1 - c².
        c = (math.sqrt(square**2 + 4) - square) / 2
        largest = math.sqrt(1 - c**2) * math.exp((c - 1) / square)
        return -np.sin(d) * np.exp((np.cos(d) - 1) / square) / largest

    def fixed_points(self) -> Array:
        """Return the origin, and eight of the resting states on the ring, shape (9, 3)."""
        angles = np.arange(8) * np.pi / 4
        ring = np.stack([np.cos(angles), np.sin(angles), np.zeros(8)], axis=1)
        return np.concatenate([np.zeros((1, 3)), ring])
