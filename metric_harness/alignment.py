"""Recordings turned onto each other by the best rotation, with all the digits that rounding leaves."""

import math
from typing import Any, cast

import numpy as np
from scipy.linalg import lapack

from metric_harness import arrays
from metric_harness.arrays import Activations, Array
from metric_harness.errors import NotConvergedError


def principal_coordinates(x: Activations, name: str) -> Array:
    """Return the principal coordinates of x at Frobenius norm 1, shape (samples, min(samples, units)).

    They differ from the centered x by a rotation of its units and a scale. Their columns have graded norms, so that
    weak directions are aligned to their own precision.

    Raises:
        DegenerateInputError: if x is constant.
    """
    centered = arrays.centered(x, name)
    left, scales, _ = np.linalg.svd(centered / np.abs(centered).max(), full_matrices=False)
    return left * (scales / np.linalg.norm(scales))


def turned(x: Array, y: Array) -> tuple[Array, Array]:
    """Return x Q and y for the orthogonal Q that brings them closest, the narrower padded with silent units.

    Raises:
        NotConvergedError: if the decomposition of xᵀ y did not converge.
    """
    width = max(x.shape[1], y.shape[1])
    x, y = (np.pad(z, ((0, 0), (0, width - z.shape[1]))) for z in (x, y))
    return x @ best_rotation(x.T @ y), y


def angle(x: Array, y: Array) -> float:
    """Return (2/π) times the angle between unit-norm x Q and y, for the best orthogonal Q; in [0, 1].

    Raises:
        NotConvergedError: as in `turned`.
    """
    x, y = turned(x, y)
    found = 2 * math.atan2(float(np.linalg.norm(x - y)), float(np.linalg.norm(x + y)))
    # The nuclear norm is never negative, so only rounding can lift the angle above π/2.
    return min(1.0, found * 2 / math.pi)


def best_rotation(cross: Array) -> Array:
    """Return U Vᵀ of a square matrix U S Vᵀ.

    In principal axes xᵀ y = D_x C D_y with graded diagonal D. Jacobi's method finds the singular vectors of
    such a product to the precision of C, where bidiagonalization loses the weak ones to the strong:
    5e-9 instead of 3e-15 for x against itself with axes from 1 to 1e-12 (Drmač, Veselić 2008, "New fast
    and accurate Jacobi SVD algorithm", doi 10.1137/050639193; joba=2 asks for this two-sided grading).

    Raises:
        NotConvergedError: if the decomposition did not converge.
    """
    _, left, right, _, _, status = cast(Any, lapack).dgejsv(cross, joba=2, jobr=0, jobt=0, jobp=0)
    if status != 0:
        raise NotConvergedError(
            f"the Jacobi decomposition of a {cross.shape} matrix stopped with status {status}. Scale the recordings."
        )
    return left @ right.T
