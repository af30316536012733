"""Populations of tuned units that see a state move along a ring, or along the line that a closed gate makes of it.

What moves, how far it moves and what it can reach is the ring's doing; how its place shows in the units is the
population's. The first is dynamics and topology, the second geometry.
"""

import dataclasses
import math
from collections.abc import Sequence
from typing import final

import numpy as np

from metric_harness.arrays import Array, Trajectories
from metric_harness.cache import kept
from metric_harness.diffusion import diffuse, drawn_noise
from metric_harness.simulation import N_STEPS, TIME_STEP
from metric_harness.systems.ring_attractor import RingAttractor

SPEED = 2 * math.pi
"""Standard deviation of the angular velocity, in radians per unit of time."""
STRIDE = 5
"""Steps of the simulation from one sample to the next: a trial lasts for ten units of time, twenty times as long as a
velocity, so that a state passes an open gate several times in each."""
CLEAR = 0.7
"""Least angle between the gate and a first state; no gate up to 2 reaches as far."""


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Population:
    """Units with bell-shaped tuning over the angle: exp(s (cos(θ - p) - 1)), s a unit's sharpness, p its place.

    Attributes:
        places: preferred angles, shape (units,).
        sharpness: at gain 1, shape (units,).
    """

    places: Array
    sharpness: Array

    def responses(self, angles: Array, gain: float = 1.0) -> Trajectories:
        """Return the responses to angles (trials, time), shape (trials, time, units); the gain multiplies sharpness."""
        return np.exp(gain * self.sharpness * (np.cos(angles[..., None] - self.places) - 1))


def drawn_population(n_units: int, rng: np.random.Generator) -> Population:
    """Draw units whose places are spread evenly, each moved by up to half a step, with sharpness from 1/2 to 3/2."""
    steps = np.arange(n_units) + rng.uniform(-0.5, 0.5, n_units)
    return Population(2 * np.pi / n_units * steps, rng.uniform(0.5, 1.5, n_units))


@kept
def wandering(gates: Sequence[float], n_trials: int, rng: np.random.Generator) -> list[Array]:
    """Return the angle on a ring with each gate, shape (trials, N_STEPS) each.

    Trial k has one first state and one course of velocity whatever the gate, so that the gate is all that differs.

    Args:
        gates: what the gate takes of the speed; above 1 it is closed. Up to 2.
        n_trials: trials of each.
        rng: draws first states and noise.
    """
    noise = drawn_noise(STRIDE * (N_STEPS - 1) + 1, n_trials, RingAttractor.n_units, rng)
    angles = rng.uniform(CLEAR - np.pi, np.pi - CLEAR, n_trials)
    initial = np.stack([np.cos(angles), np.sin(angles), SPEED * rng.standard_normal(n_trials)], axis=1)
    paths: list[Array] = []
    for gate in gates:
        system = RingAttractor(gate)
        # Of an Ornstein-Uhlenbeck process with this strength, SPEED is the standard deviation from first to last.
        strength = (0.0, 0.0, SPEED * math.sqrt(2 / system.persistence))
        path = diffuse(system, initial, noise, time_step=TIME_STEP, strength=strength)[:, ::STRIDE]
        paths.append(np.arctan2(path[..., 1], path[..., 0]))
    return paths
