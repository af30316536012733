"""The search for two directions of equal variance, one of which the decision needs and one of which it does not.

Among the unit vectors u of one variance uᵀ C u the search takes the two ends of uᵀ S u, where C is the covariance of a
network's states and S what its decision feels (`sensitivity`). The two differ in nothing that was asked for but S.
"""

from collections.abc import Callable

import numpy as np

from metric_harness.arrays import Array

N_KEPT = 24
"""Leading directions of C + S among which is searched; they hold what either of them holds, and cost a tenth of all."""
N_HALVINGS = 30
"""Halvings of each interval; the variance is met to 1e-6."""
MOST = 100.0
"""Largest multiplier of the variance that is tried; beyond it the leading component of C is what comes out."""


def extremes(covariances: Array, sensitivities: Array, share: float) -> tuple[Array, Array]:
    """Return the directions of a given share of the variance that the decision feels most and least.

    Args:
        covariances: C of each network's states, shape (networks, units, units).
        sensitivities: S of each network, of the same shape.
        share: uᵀ C u / tr C, of both directions.

    Returns:
        The relevant and the idle direction of each network, unit vectors, each of shape (networks, units). Where no
        direction among those that are searched has such a share, the nearest one: what it removes is to be measured.
    """
    total, felt = (m / np.trace(m, axis1=1, axis2=2)[:, None, None] for m in (covariances, sensitivities))
    basis = np.linalg.eigh(total + felt)[1][:, :, : -N_KEPT - 1 : -1]
    small = [basis.swapaxes(1, 2) @ m @ basis for m in (total, felt)]
    relevant, idle = (_extreme(small[0], sign * small[1], share) for sign in (-1, 1))
    return _in(basis, relevant), _in(basis, idle)


def _extreme(covariance: Array, cost: Array, share: float) -> Array:
    """Minimize uᵀ cost u under uᵀ C u = share and |u| = 1, for each network of a stack.

    At the minimum u is the lowest eigenvector of cost - μ C for some μ, and its variance grows with μ. Where it jumps
    at an eigenvalue that is double, the vectors on both sides of the jump are mixed until the variance is met.
    """

    def lowest(multiplier: Array) -> Array:
        return np.linalg.eigh(cost - multiplier[:, None, None] * covariance)[1][:, :, 0]

    ends = np.full(len(cost), MOST)
    low, high = _halved(lowest, covariance, share, -ends, ends)
    below, above = lowest(low), lowest(high)
    above *= np.where((below * above).sum(axis=1) < 0, -1.0, 1.0)[:, None]

    def mixed(weight: Array) -> Array:
        mixture = (1 - weight[:, None]) * below + weight[:, None] * above
        return mixture / np.linalg.norm(mixture, axis=1, keepdims=True)

    return mixed(_halved(mixed, covariance, share, np.zeros(len(cost)), np.ones(len(cost)))[1])


def _halved(
    vector: Callable[[Array], Array], covariance: Array, share: float, low: Array, high: Array
) -> tuple[Array, Array]:
    """Return ends of an interval, halved until the variance of the vector that belongs to them meets the share."""
    for _ in range(N_HALVINGS):
        middle = (low + high) / 2
        u = vector(middle)
        short = (u * _in(covariance, u)).sum(axis=1) < share
        low, high = np.where(short, middle, low), np.where(short, high, middle)
    return low, high


def _in(matrices: Array, vectors: Array) -> Array:
    """Return each matrix times its vector."""
    return (matrices @ vectors[..., None])[..., 0]
