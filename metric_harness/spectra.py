"""Linear systems with drawn spectra, under noise: recordings whose every property follows from a known matrix."""

import math
from typing import Any, cast

import numpy as np
from scipy.linalg import expm, solve_continuous_lyapunov

from metric_harness.arrays import Array, Trajectories
from metric_harness.systems.linear import Linear

SAMPLING = 0.02
"""Time between two samples; the fastest drawn rotation takes 25 of them."""


def drawn_linear(rng: np.random.Generator) -> Linear:
    """Draw a normal system of four units: two planes that rotate half a turn to two turns per unit of time.

    The radius shrinks at a rate from 1/2 to 2 per unit of time in each.
    """
    rates, frequencies = rng.uniform(0.5, 2, 2), 2 * math.pi * rng.uniform(0.5, 2, 2)
    return Linear(tuple(complex(-rate, frequency) for rate, frequency in zip(rates, frequencies, strict=True)))


def stationary_covariance(system: Linear) -> Array:
    """Return the covariance C of x' = A x + ε under white noise of strength one: A C + C Aᵀ = -I (Lyapunov's)."""
    return np.asarray(cast(Any, solve_continuous_lyapunov)(system.matrix, -np.eye(system.n_units)))


def recorded(
    system: Linear, n_trials: int, n_steps: int, rng: np.random.Generator, *, distance: float = 1.0
) -> Trajectories:
    """Return trajectories under white noise of strength one, shape (trials, n_steps, units), `SAMPLING` apart.

    x ← P x + ε with P = exp(A dt) and the covariance C - P C Pᵀ of ε, which is exact at every step.

    Args:
        system: the system; all its eigenvalues have negative real parts.
        n_trials: trials.
        n_steps: samples.
        rng: draws initial states and noise.
        distance: how many times as far out as in the long run the trials start; at 1 they are stationary throughout.
    """
    covariance = stationary_covariance(system)
    propagator = np.asarray(cast(Any, expm)(system.matrix * SAMPLING))
    kick = np.linalg.cholesky(covariance - propagator @ covariance @ propagator.T)
    shape = (n_trials, system.n_units)
    path = np.empty((n_steps, *shape))
    path[0] = distance * rng.standard_normal(shape) @ np.linalg.cholesky(covariance).T
    for k in range(1, n_steps):
        path[k] = path[k - 1] @ propagator.T + rng.standard_normal(shape) @ kick.T
    return np.ascontiguousarray(path.swapaxes(0, 1))
