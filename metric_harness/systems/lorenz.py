"""The Lorenz system, whose one parameter r leads from rest through two fixed points to chaos."""

import dataclasses
import math
from typing import ClassVar, final

import numpy as np

from metric_harness.arrays import Array
from metric_harness.interfaces import AbstractSystem


@final
@dataclasses.dataclass(frozen=True)
class Lorenz(AbstractSystem):
    """Lorenz: x' = s (y - x), y' = r x - y - x z, z' = x y - b z.

    Ground truth, for s = 10 and b = 2.667:
        r < 1: the origin attracts every state (Lorenz 1963, section 7).
        1 < r < r_H = s (s + b + 3) / (s - b - 1) = 24.74: the origin is a saddle, and the two points
            (±√(b (r - 1)), ±√(b (r - 1)), r - 1) are stable (ibid.). Below r = 13.93, a homoclinic
            orbit, every state but those on the saddle's stable manifold tends to one of them at
            once; above it chaotic transients can come first (Sparrow 1982, chapter 2).
        r > r_H: all three fixed points are unstable, trajectories stay bounded and never settle, but
            for windows of stable orbits far above the values named here (ibid.).
    Bounded for every r: states enter an ellipsoid around (0, 0, r + s).
    Time: at r = 10 the approach oscillates at 6.2 radians per unit of time; 2 units show the regime.
    Source: Lorenz (1963), "Deterministic Nonperiodic Flow", doi
        10.1175/1520-0469(1963)020<0130:DNF>2.0.CO;2, equations 25-27; Sparrow (1982), "The Lorenz
        Equations", doi 10.1007/978-1-4612-5767-7. Values of r and b: arXiv 2410.24070.

    Attributes:
        r: the bifurcation parameter.
        s: the Prandtl number.
        b: the geometric factor; 2.667 is the study's rounding of 8/3.
    """

    r: float
    s: float = 10.0
    b: float = 2.667

    n_units: ClassVar[int] = 3
    ONE_ATTRACTOR: ClassVar[tuple[float, ...]] = (0.25, 0.5, 0.75)
    """Values of r at which the origin attracts everything."""
    TWO_STABLE: ClassVar[tuple[float, ...]] = (5.0, 10.0, 15.0)
    """Values of r at which two fixed points are stable."""
    TWO_UNSTABLE: ClassVar[tuple[float, ...]] = (30.0, 40.0, 50.0)
    """Values of r at which trajectories are chaotic."""

    def vector_field(self, state: Array) -> Array:
        """Return dx/dt at each state; shape (..., 3) in and out."""
        x, y, z = state[..., 0], state[..., 1], state[..., 2]
        slope = np.empty_like(state)
        slope[..., 0] = self.s * (y - x)
        slope[..., 1] = self.r * x - y - x * z
        slope[..., 2] = x * y - self.b * z
        return slope

    def fixed_points(self) -> Array:
        """Return the origin and, above r = 1, the symmetric pair; shape (1 or 3, 3)."""
        if self.r <= 1:
            return np.zeros((1, 3))
        side, height = math.sqrt(self.b * (self.r - 1)), self.r - 1
        return np.array([[0.0, 0.0, 0.0], [side, side, height], [-side, -side, height]])

    def onset_of_instability(self) -> float:
        """Return r_H, where the symmetric pair loses its stability; infinite if s ≤ b + 1."""
        excess = self.s - self.b - 1
        return self.s * (self.s + self.b + 3) / excess if excess > 0 else math.inf
