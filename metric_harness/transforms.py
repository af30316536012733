"""Changes of trajectories: noise, composition, moment matching, rotation. Pure functions.

Every function takes and returns float64 trajectories of shape (trials, time, units), leaves its inputs
untouched, and raises `ShapeError` or `NonFiniteError` for anything else.
"""

import math
from collections.abc import Sequence

import numpy as np

from metric_harness import arrays
from metric_harness.arrays import Array, Trajectories
from metric_harness.errors import DegenerateInputError, ShapeError

JOINT_FRACTION = 1e-4
"""Step between two attached motifs, as a fraction of the first one's last increment (the study's value)."""


def normalize_range(x: Trajectories) -> Trajectories:
    """Rescale each trajectory to [0, 1] by one smallest and one largest number over its times and units.

    The shape of a trajectory in state space survives; its size and place do not.

    Args:
        x: shape (trials, time, units).

    Raises:
        DegenerateInputError: if all entries of a trajectory are equal.

    Source: arXiv 2410.24070, normalization of simulated trajectories.
    """
    x = arrays.trajectories(x)
    low = x.min(axis=(1, 2), keepdims=True)
    span = x.max(axis=(1, 2), keepdims=True) - low
    flat = np.flatnonzero(span == 0)
    if flat.size:
        raise DegenerateInputError(
            f"{flat.size} of {len(x)} trajectories are constant, first trial {flat[0]}; needed a range above zero."
        )
    return (x - low) / span


def perturb(x: Trajectories, sigma: float, rng: np.random.Generator) -> Trajectories:
    """Add noise that keeps unit variance: x ← √(1 - σ²) x + σ ε, with ε standard normal and independent.

    Args:
        x: shape (trials, time, units).
        sigma: noise level in [0, 1]; at 1 nothing of x is left.
        rng: source of ε, one draw per entry.

    Raises:
        ValueError: if sigma is outside [0, 1].

    Source: arXiv 2410.24070, perturbation of motifs.
    """
    x = arrays.trajectories(x)
    if not 0 <= sigma <= 1:
        raise ValueError(f"sigma is {sigma}; needed a noise level between 0 and 1.")
    return math.sqrt(1 - sigma**2) * x + sigma * rng.standard_normal(x.shape)


def attach(first: Trajectories, second: Trajectories) -> Trajectories:
    """Continue one motif by the increments of another, shape (trials, time of both, units).

    The second motif starts a small step, `JOINT_FRACTION` of the last increment, beyond the end of the
    first and moves on from there as it moved from its own start; the joint is continuous.

    Args:
        first: shape (trials, time, units), at least two times.
        second: same trials and units; its time may differ.

    Raises:
        ShapeError: if trials or units differ, or `first` has one time only.

    Source: arXiv 2410.24070, combination of motifs.
    """
    first, second = arrays.trajectories(first, "first"), arrays.trajectories(second, "second")
    if first.shape[::2] != second.shape[::2]:
        raise ShapeError(f"first is {first.shape}, second {second.shape}; needed equal trials and units.")
    if first.shape[1] < 2:
        raise ShapeError("first has one time; needed at least two for its last increment.")
    end, increment = first[:, -1:], first[:, -1:] - first[:, -2:-1]
    start = end + JOINT_FRACTION * increment
    return np.concatenate([first, start + (second - second[:, :1])], axis=1)


def attach_all(motifs: Sequence[Trajectories]) -> Trajectories:
    """Attach k motifs of equal length, keep every k-th time, and normalize the range.

    Args:
        motifs: at least one array of shape (trials, time, units), all of one shape.

    Returns:
        The composite, of the shape of one motif, each trajectory in [0, 1].

    Raises:
        ShapeError: if there is no motif, or the shapes differ.
        DegenerateInputError: if a trajectory of the composite is constant.

    Source: arXiv 2410.24070, combination of motifs.
    """
    shapes = {np.shape(motif) for motif in motifs}
    if len(shapes) != 1:
        raise ShapeError(f"motifs have shapes {sorted(shapes)}; needed one shape.")
    joined = arrays.trajectories(motifs[0])
    for motif in motifs[1:]:
        joined = attach(joined, motif)
    return normalize_range(joined[:, :: len(motifs)])


def superpose(base: Trajectories, added: Trajectories, weight: float) -> Trajectories:
    """Add another motif's motion, base + w · (added - added at time 0), trial by trial.

    Args:
        base: shape (trials, time, units).
        added: same shape.
        weight: w; 0 leaves `base` as it is.

    Raises:
        ShapeError: if the shapes differ.

    Source: arXiv 2410.24070, gradual composition of two motifs.
    """
    base, added = arrays.trajectories(base, "base"), arrays.trajectories(added, "added")
    if base.shape != added.shape:
        raise ShapeError(f"base is {base.shape}, added {added.shape}; needed equal shapes.")
    return base + weight * (added - added[:, :1])


def reverse_time(x: Trajectories) -> Trajectories:
    """Return each trajectory played backward, shape (trials, time, units)."""
    return arrays.trajectories(x)[:, ::-1].copy()


def shuffle_time(x: Trajectories, rng: np.random.Generator) -> Trajectories:
    """Return each trajectory with its times in a random order of its own, shape (trials, time, units)."""
    return np.stack([trial[rng.permutation(len(trial))] for trial in arrays.trajectories(x)])


def whiten(x: Trajectories) -> Trajectories:
    """Match moments: mean zero and covariance one over trials and times, by the symmetric square root.

    With the singular value decomposition Z = U S Vᵀ of the n centered states, ZCA whitening gives
    Z (ZᵀZ / n)^(-1/2) = √n U Vᵀ. It is the whitening closest to the data, depends continuously on them,
    and commutes with rotation: whiten(x Qᵀ) = whiten(x) Qᵀ for orthogonal Q. The decomposition of Z
    keeps the digits that forming ZᵀZ would lose.

    Args:
        x: shape (trials, time, units), with more states than units.

    Raises:
        DegenerateInputError: if the covariance is singular to rounding; the message names its rank.

    Source: Kessy, Lewin, Strimmer (2018), "Optimal Whitening and Decorrelation", doi
    10.1080/00031305.2016.1277159, equation 8.
    """
    x = arrays.trajectories(x)
    states = arrays.flattened(x)
    n, units = states.shape
    left, scales, right = np.linalg.svd(arrays.centered(states, "x"), full_matrices=False)
    rank = int((scales > max(n, units) * np.finfo(np.float64).eps * scales[0]).sum())
    if rank < units:
        raise DegenerateInputError(
            f"the covariance of x has rank {rank} over {n} states, but there are {units} units; needed full rank. "
            "Add trials, drop dependent units, or add noise."
        )
    return (math.sqrt(n) * left @ right).reshape(x.shape)


def rotate_units(x: Trajectories, q: Array) -> Trajectories:
    """Map each state s to q s.

    Args:
        x: shape (trials, time, units).
        q: orthogonal matrix of shape (units, units), of either determinant.

    Raises:
        ShapeError: if q is not square of the size of x's units.
        ValueError: if q is not orthogonal to 1e-8.
    """
    x = arrays.trajectories(x)
    units = x.shape[-1]
    if np.shape(q) != (units, units):
        raise ShapeError(f"q has shape {np.shape(q)}; needed ({units}, {units}) for {units} units.")
    deviation = float(np.abs(q @ q.T - np.eye(units)).max())
    if not deviation <= 1e-8:
        raise ValueError(f"q deviates from orthogonality by {deviation:.3g}; needed at most 1e-8.")
    return x @ q.T


def random_orthogonal(n: int, rng: np.random.Generator) -> Array:
    """Draw an orthogonal matrix of shape (n, n) from Haar measure; either determinant is equally likely.

    The Q of a Gaussian matrix's QR decomposition is Haar distributed once R's diagonal is made positive.

    Source: Mezzadri (2007), "How to generate random matrices from the classical compact groups",
    Notices of the AMS 54, section 5.
    """
    q, r = np.linalg.qr(rng.standard_normal((n, n)))
    return q * np.where(np.diagonal(r) < 0, -1.0, 1.0)
