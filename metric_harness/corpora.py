"""The fixed corpus on which contracts are checked: six small recordings of different character."""

import hashlib
from collections.abc import Callable, Sequence

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
    slow, fast, mixed = (operator_of_radius(rng, radius, N_UNITS) for radius in (0.99, 0.9, 0.97))
    return (
        driven(slow, initial, N_TIMES, rng),
        driven(fast, initial, N_TIMES, rng),
        3.0 + 20.0 * driven(mixed, initial, N_TIMES, rng),
        driven(np.eye(N_UNITS), initial, N_TIMES, rng),
        np.tanh(2.0 * driven(of_radius(mixed @ slow, 0.97), initial, N_TIMES, rng)),
        driven(-fast, initial, N_TIMES, rng),
    )


def recorded_corpus(measure: Callable[[str, object], None], rng: np.random.Generator) -> Sequence[Trajectories]:
    """Return the fixed corpus, its fingerprint measured beside what a case finds on it."""
    recordings = fixed_corpus(rng)
    measure("corpus", fingerprint(recordings))
    return recordings


def operator_of_radius(rng: np.random.Generator, radius: float, n_units: int) -> Array:
    """Draw a Gaussian matrix scaled to a spectral radius."""
    return of_radius(rng.standard_normal((n_units, n_units)), radius)


def of_radius(operator: Array, radius: float) -> Array:
    """Scale an operator to a spectral radius; that of a product is not bounded by those of its factors."""
    return operator * (radius / np.abs(np.linalg.eigvals(operator)).max())


def driven(operator: Array, initial: Array, n_times: int, rng: np.random.Generator) -> Trajectories:
    """Iterate x ← A x + 0.3 ε from initial states (trials, units); shape (trials, n_times, units)."""
    states = [initial]
    for _ in range(n_times - 1):
        states.append(states[-1] @ operator.T + 0.3 * rng.standard_normal(initial.shape))
    return np.stack(states, axis=1)


def fingerprint(recordings: Sequence[Array]) -> str:
    """Return a digest of recordings, by which two runs can prove that they saw the same data.

    Entries are rounded to nine decimals first: the last digits of a product differ between processors.
    """
    content = hashlib.sha256()
    for recording in recordings:
        content.update(repr(recording.shape).encode())
        content.update((np.round(recording, 9) + 0.0).tobytes())  # + 0.0 turns -0.0 into 0.0
    return content.hexdigest()[:16]
