"""The Van der Pol oscillator, a limit cycle, with a third unit that decays."""

import dataclasses
from typing import ClassVar, final

import numpy as np

from metric_harness.arrays import Array
from metric_harness.interfaces import AbstractSystem


@final
@dataclasses.dataclass(frozen=True)
class VanDerPol(AbstractSystem):
    """VanDerPol: x' = c y, y' = c (m (1 - x²) y - x), z' = -k z.

    Ground truth: the origin is the only fixed point, unstable in x and y for m > 0; every other state
        tends to one limit cycle in the plane z = 0 (Liénard's theorem). At m = 1 the cycle has
        period 6.6632869 / c and amplitude 2.0086199 in x. z decays as exp(-k t), in closed form.
    Time: with c = 10 the cycle is run through three times in 2 units of time.
    Source: van der Pol (1926), "On relaxation-oscillations", doi 10.1080/14786442608564127; period and
        amplitude: Andersen, Geer (1982), "Power Series Expansions for the Frequency and Period of
        the Limit Cycle of the Van der Pol Equation", doi 10.1137/0142047. The third unit is ours,
        so that all motifs have three.

    Attributes:
        damping: m, the strength of the nonlinearity.
        rate: c, how fast the cycle is run through.
        decay: k, how fast the third unit is forgotten.
    """

    damping: float = 1.0
    rate: float = 10.0
    decay: float = 1.0

    n_units: ClassVar[int] = 3

    def vector_field(self, state: Array) -> Array:
        """Return dx/dt at each state; shape (..., 3) in and out."""
        x, y, z = state[..., 0], state[..., 1], state[..., 2]
        force = self.damping * (1 - x**2) * y - x
        return np.stack([self.rate * y, self.rate * force, -self.decay * z], axis=-1)

    def fixed_points(self) -> Array:
        """Return the origin, shape (1, 3)."""
        return np.zeros((1, 3))
