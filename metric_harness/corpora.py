"""The fixed corpus on which contracts are checked: six small recordings of different character."""

from collections.abc import Sequence

import numpy as np

from metric_harness.arrays import Array, Trajectories

N_TRIALS, N_TIMES, N_UNITS = 10, 150, 4
"""Sizes of every recording of the corpus; long enough for delay embeddings of half its length."""


def fixed_corpus(rng: np.random.Generator) -> Sequence[Trajectories]:
    """Return six recordings of shape (10, 150, 4), paired trial by trial through their initial states.

    Three noise-driven linear systems with different spectra, one of them shifted and scaled; a random
    walk; and a nonlinear oscillator network. None is degenerate: every covariance has full rank.
    """
    initial = rng.standard_normal((N_TRIALS, N_UNITS))
    slow, fast, mixed = (_operator(rng, radius) for radius in (0.99, 0.9, 0.97))
    return (
        _driven(slow, initial, rng),
        _driven(fast, initial, rng),
        3.0 + 20.0 * _driven(mixed, initial, rng),
        _driven(np.eye(N_UNITS), initial, rng),
        np.tanh(2.0 * _driven(mixed @ slow, initial, rng)),
        _driven(-fast, initial, rng),
    )


def _operator(rng: np.random.Generator, radius: float) -> Array:
    """Draw a Gaussian matrix scaled to a spectral radius."""
    matrix = rng.standard_normal((N_UNITS, N_UNITS))
    return matrix * (radius / np.abs(np.linalg.eigvals(matrix)).max())


def _driven(operator: Array, initial: Array, rng: np.random.Generator) -> Trajectories:
    """Iterate x ← A x + 0.3 ε from the initial states."""
    states = [initial]
    for _ in range(N_TIMES - 1):
        states.append(states[-1] @ operator.T + 0.3 * rng.standard_normal(initial.shape))
    return np.stack(states, axis=1)
