"""Systems under noise, by the method of Euler and Maruyama; free, or driven to given averages.

x ← x + f(x) dt + s √dt ε, with ε standard normal and independent. The noise is drawn beforehand, so that systems can
be given the same.
"""

import math
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from metric_harness.arrays import Array, Trajectories
from metric_harness.errors import NonFiniteError, ShapeError
from metric_harness.interfaces import AbstractSystem

Noise: TypeAlias = Array
"""Standard normal numbers, shape (steps, trials, units)."""


def drawn_noise(n_steps: int, n_trials: int, n_units: int, rng: np.random.Generator) -> Noise:
    """Draw the noise of a recording of `n_steps` samples, shape (n_steps - 1, n_trials, n_units)."""
    return rng.standard_normal((n_steps - 1, n_trials, n_units))


def diffuse(
    system: AbstractSystem, initial: Array, noise: Noise, *, time_step: float, strength: float | Sequence[float]
) -> Trajectories:
    """Return the trajectories of a system under noise, shape (trials, steps + 1, units); sample 0 is the start.

    Args:
        system: the system.
        initial: initial states, shape (trials, units).
        noise: shape (steps, trials, units); see `drawn_noise`.
        time_step: time between two samples.
        strength: s, one number, or one for each unit; the noise of a step has standard deviation s √dt.

    Raises:
        ShapeError: if the shapes do not fit each other or the system.
        NonFiniteError: if a trajectory leaves the finite numbers.
    """
    path = _begun(system, initial, noise)
    kicks = np.asarray(strength) * math.sqrt(time_step) * noise
    for k, kick in enumerate(kicks):
        path[k + 1] = path[k] + time_step * system.vector_field(path[k]) + kick
    return _finished(path, system)


def drive_to(
    system: AbstractSystem,
    averages: Trajectories,
    conditions: NDArray[np.intp],
    noise: Noise,
    *,
    time_step: float,
    strength: float,
) -> Trajectories:
    """Return trajectories whose averages over the trials of each condition are exactly the given ones.

    All trials of a condition get one input at each step: what their average lacks to the wanted one. So the input says
    nothing of single trials, and how these fall back or drift away from the average is the system's own doing.

    Args:
        system: the system.
        averages: wanted, shape (conditions, steps + 1, units).
        conditions: of each trial, shape (trials,).
        noise: shape (steps, trials, units); its own averages over trials are taken out by the input, too.
        time_step: time between two samples.
        strength: of the noise; see `diffuse`.

    Raises:
        ShapeError: if the shapes do not fit each other or the system.
        NonFiniteError: if a trajectory leaves the finite numbers.

    Source: the feedback linearization of Galgali, Sahani, Mante (2023), doi 10.1038/s41593-022-01230-2, as in Ostrow,
    Eisen, Kozachkov, Fiete (2023), arXiv 2306.10168, figure 3. Departs from it in: the input makes up for the noise of
    the average too, which makes averages equal to the last digit.
    """
    wanted = averages[conditions].swapaxes(0, 1)
    path = _begun(system, wanted[0], noise)
    members = [np.flatnonzero(conditions == condition) for condition in np.unique(conditions)]
    for k, kick in enumerate(strength * math.sqrt(time_step) * noise):
        moved = path[k] + time_step * system.vector_field(path[k]) + kick
        for trials in members:
            moved[trials] -= moved[trials].mean(axis=0)
        path[k + 1] = wanted[k + 1] + moved
    return _finished(path, system)


def _begun(system: AbstractSystem, initial: Array, noise: Noise) -> Array:
    """Return room for a path, time first, that begins at the initial states."""
    if initial.ndim != 2 or initial.shape[1] != system.n_units or noise.shape[1:] != initial.shape:
        raise ShapeError(
            f"initial states have shape {initial.shape} and noise {noise.shape}; needed (trials, {system.n_units}) "
            f"and (steps, trials, {system.n_units}) for {system}."
        )
    path = np.empty((len(noise) + 1, *initial.shape))
    path[0] = initial
    return path


def _finished(path: Array, system: AbstractSystem) -> Trajectories:
    if not np.isfinite(path).all():
        raise NonFiniteError(
            f"trajectories of {system} left the finite numbers. Shorten time_step, or lower the noise."
        )
    return np.ascontiguousarray(path.swapaxes(0, 1))
