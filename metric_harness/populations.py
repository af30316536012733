"""Populations of units that see latent variables, whose truth is known. Pure functions.

Latents have shape (trials, time, latents), recordings (trials, time, units). What a case needs of a population (noise,
mixing, which latents still mean anything) is an argument; moments are matched by `in_components` or
`transforms.whiten`.
"""

import math
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike
from scipy import signal

from metric_harness.arrays import Array, Trajectories, flattened, trajectories
from metric_harness.transforms import random_orthogonal, whiten


def autoregressive(shape: tuple[int, int, int], keep: float, rng: np.random.Generator) -> Trajectories:
    """Draw independent stationary Gaussian series of variance one: z_0 ~ N(0, 1), z_t = q z_{t-1} + √(1 - q²) ε_t.

    Args:
        shape: (trials, time, units).
        keep: q, the correlation of successive samples, in [0, 1).
        rng: source of z_0 and ε.
    """
    innovations = rng.standard_normal(shape)
    innovations[:, 1:] *= math.sqrt(1 - keep**2)
    return cast(Trajectories, cast(Any, signal).lfilter([1.0], [1.0, -keep], innovations, axis=1))


def courses(n_trials: int, n_times: int, n_latents: int, rng: np.random.Generator, *, memory: float) -> Trajectories:
    """Draw stationary Gaussian courses of variance one whose correlation falls as exp(-steps / memory)."""
    return autoregressive((n_trials, n_times, n_latents), math.exp(-1 / memory), rng)


def repeated(course: Array, n_trials: int, private: float, rng: np.random.Generator, *, memory: float) -> Trajectories:
    """Return trials that repeat one course, each with its own variability at unchanged variance.

    Args:
        course: shape (time, latents), of variance one.
        n_trials: repeats.
        private: standard deviation of what is a trial's own, in [0, 1]; the course is scaled by √(1 - private²).
        rng: source of it.
        memory: of it, as in `courses`.
    """
    own = courses(n_trials, len(course), course.shape[1], rng, memory=memory)
    return math.sqrt(1 - private**2) * course + private * own


def destroyed(latents: Trajectories, n: int, rng: np.random.Generator) -> Trajectories:
    """Shuffle the times of the last n latents, each trial and latent by itself: values stay, their meaning goes."""
    changed = trajectories(latents).copy()
    first = changed.shape[-1] - n
    changed[..., first:] = rng.permuted(changed[..., first:], axis=1)
    return changed


def in_components(latents: Trajectories, scales: ArrayLike, rng: np.random.Generator) -> Trajectories:
    """Return a recording whose principal components are the latents, with exactly these standard deviations.

    Latents are whitened, scaled and rotated at random: all recordings of one spectrum have equal mean, total variance
    and covariance spectrum, whatever their latents.
    """
    white = whiten(latents)
    return white * np.asarray(scales) @ random_orthogonal(white.shape[-1], rng)


def observed(latents: Trajectories, n_units: int, noise: float, rng: np.random.Generator) -> Trajectories:
    """Return units that each see a random mixture of the latents and noise of their own.

    x = z W + noise · ε, with W ~ N(0, 1 / latents), so that latents of variance one give units of variance about one.
    """
    z = trajectories(latents)
    mixing = rng.standard_normal((z.shape[-1], n_units)) / math.sqrt(z.shape[-1])
    return z @ mixing + noise * rng.standard_normal((*z.shape[:2], n_units))


def standardized(x: Trajectories) -> Trajectories:
    """Return a recording with every unit's mean at zero and a mean square of one over all entries."""
    states = trajectories(x)
    centered = states - states.mean(axis=(0, 1))
    return centered / math.sqrt(float((centered**2).mean()))


def decoding_accuracy(x: Trajectories, labels: Array) -> float:
    """Return how often a linear decoder finds a variable of two values in times that it was not fitted to.

    Least squares with an intercept on the first half of all trials; the sign of its prediction on the second half.

    Args:
        x: recording.
        labels: -1 or 1 at each time, the same in all trials; shape (time,).
    """
    recording: Array = trajectories(x)
    states = np.concatenate([recording, np.ones((*recording.shape[:2], 1))], axis=-1)
    half = recording.shape[1] // 2
    wanted = np.broadcast_to(labels, recording.shape[:2])
    fitted, asked = flattened(states[:, :half]), flattened(states[:, half:])
    weights = np.linalg.lstsq(fitted, wanted[:, :half].ravel(), rcond=None)[0]
    return float((np.sign(asked @ weights) == wanted[:, half:].ravel()).mean())
