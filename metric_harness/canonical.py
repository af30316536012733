"""Canonical correlations, as the principal angles between two spaces."""

import numpy as np

from metric_harness.arrays import Array


def mean_versine(x: Array, y: Array) -> float:
    """Return the mean of 1 - cos θ over the principal angles between two orthonormal bases; in [0, 1].

    Args:
        x: orthonormal columns, shape (samples, dimension).
        y: the same; dimensions may differ, and the smaller one is the number of angles.
    """
    small, large = sorted((x, y), key=lambda basis: basis.shape[1])
    cross = large.T @ small
    cosines = np.linalg.svd(cross, compute_uv=False)
    outside = small - large @ cross
    # Eigenvalues rise as the cosines fall. They are exact to eps of the largest, and so is their mean.
    squared_sines = np.clip(np.linalg.eigvalsh(outside.T @ outside), 0.0, 1.0)
    return min(1.0, float(np.mean(squared_sines / (1 + cosines))))
