"""Three kinds of attractor with one set of condition averages: what differs is how single trials leave them.

Averages, covariance and mean of all recordings are equal to the last digit; no summary of these tells the kinds apart.
"""

import dataclasses
from collections.abc import Sequence
from typing import final

import numpy as np
from numpy.typing import NDArray

from metric_harness.arrays import Trajectories
from metric_harness.cache import kept
from metric_harness.diffusion import drawn_noise, drive_to
from metric_harness.interfaces import AbstractSystem
from metric_harness.simulation import N_STEPS, TIME_STEP
from metric_harness.systems.bistable import Bistable
from metric_harness.systems.linear import Linear
from metric_harness.transforms import whiten

KINDS = ("bistable", "line attractor", "point attractor")
N_EACH = 4
"""Systems of each kind."""
COHERENCES = (0.1, -0.1)
"""Constant inputs of the two conditions."""
NOISE = 0.005
"""Strength of the noise: the source's standard deviation of .05 times the time step, at a step of .01."""


@final
@dataclasses.dataclass(frozen=True, eq=False)
class AveragesWorld:
    """Twelve recordings of shape (trials, N_STEPS, 2), first those of the first kind, and what they are made of.

    Attributes:
        trajectories: one recording of each system.
        labels: place in `KINDS` of each.
        conditions: of each trial, the same in all recordings.
    """

    trajectories: tuple[Trajectories, ...]
    labels: tuple[int, ...]
    conditions: NDArray[np.intp]

    def averages(self) -> list[Trajectories]:
        """Return the condition averages of each recording, shape (2, N_STEPS, 2)."""
        members = [self.conditions == condition for condition in range(len(COHERENCES))]
        return [np.stack([x[trials].mean(axis=0) for trials in members]) for x in self.trajectories]


@kept
def equal_averages(rng: np.random.Generator, n_trials: int) -> AveragesWorld:
    """Draw four systems of each kind and drive them to the averages of one bistable system without noise.

    What is left of a trial without its average, the residual, is whitened, and so are the averages; both make up half
    of a recording's variance. Whitening residuals is a change of their coordinates: it keeps the spectrum of how they
    decay or grow.

    Args:
        rng: draws the systems, within the source's ranges, and the noise, anew for each.
        n_trials: trials of each recording, half of them in either condition.

    Source: Ostrow, Eisen, Kozachkov, Fiete (2023), arXiv 2306.10168, figure 3, the ranges from its published notebook;
    2 units of time, in which the switch takes place, instead of 100, and moments matched.
    """
    conditions = np.repeat(np.arange(len(COHERENCES)), n_trials // len(COHERENCES))
    averages = _averages()
    systems = _systems(rng)
    matched: list[Trajectories] = []
    for system in systems:
        noise = drawn_noise(N_STEPS, len(conditions), system.n_units, rng)
        driven = drive_to(system, averages, conditions, noise, time_step=TIME_STEP, strength=NOISE)
        residuals = driven - averages[conditions]
        matched.append((whiten(averages)[conditions] + whiten(residuals)) / np.sqrt(2))
    return AveragesWorld(tuple(matched), tuple(np.repeat(np.arange(len(KINDS)), N_EACH).tolist()), conditions)


def _averages() -> Trajectories:
    """Return the course of the middle bistable system from the saddle, shape (conditions, N_STEPS, 2)."""
    system, inputs = Bistable(), np.array(COHERENCES)[:, None]
    path = np.zeros((N_STEPS, len(COHERENCES), system.n_units))
    for k in range(1, N_STEPS):
        path[k] = path[k - 1] + TIME_STEP * (system.vector_field(path[k - 1]) + inputs)
    return path.swapaxes(0, 1)


def _systems(rng: np.random.Generator) -> Sequence[AbstractSystem]:
    """Draw the systems; the rates are those of the source."""
    switches = [Bistable(rng.uniform(4, 5), rng.uniform(4, 5), rng.uniform(3, 4)) for _ in range(N_EACH)]
    lines = [Linear((0.0, -rng.uniform(2, 3))) for _ in range(N_EACH)]
    points = [Linear((-rng.uniform(4, 5), -rng.uniform(8, 9))) for _ in range(N_EACH)]
    return [*switches, *lines, *points]
