"""Orthogonal Procrustes distance, as an angle."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any, ClassVar, cast, final

import numpy as np
from scipy.linalg import lapack

from metric_harness import arrays
from metric_harness.arrays import Activations, Array
from metric_harness.errors import NotConvergedError
from metric_harness.interfaces import AbstractMetric, Claims, Needs


@final
@dataclasses.dataclass(frozen=True)
class Procrustes(AbstractMetric):
    """Procrustes: the angle between two recordings after the best rotation, 0 for equal shape, at most 1.

    With centered x and y, d(x, y) = (2/π) min over orthogonal Q of arccos(⟨x Q, y⟩ / (|x| |y|)). The
    minimum is at Q = U Vᵀ from the singular value decomposition xᵀ y = U S Vᵀ.

    Input: x, y of shape (samples, units); samples paired row by row; units may differ: the narrower is
        padded with silent units.
    Output: float in [0, 1]; 0 where a rotation and a scale carry x into y, 1 where xᵀ y = 0.
    Claims: invariant to rotating, reflecting and permuting units, absorbed by Q; to one common scale and
        to shifts, divided and subtracted out; to reordering the samples of both, so it is blind to
        the order of time; symmetric, and obeys the triangle inequality, as an angle between orbits of a
        group of isometries.
    Does not claim: invariance to scaling units separately or to invertible linear maps.
    Numerical floor: 1e-12; rounding of the decompositions. Measured under rotation: below 1e-14 on 40000
        samples x 3 units, at scales 1e-6 to 1e6 and with axes from 1 to 1e-12; a shift of s standard
        deviations adds about 1e-15 s.
    Cost: samples x units² for each recording and each pair; units³ for the alignment.
    Raises: ShapeError or NonFiniteError for invalid arrays; DegenerateInputError if a recording is constant;
        NotConvergedError if the decomposition of xᵀ y did not converge.
    Source: Williams, Kunz, Kornblith, Linderman (2021), "Generalized Shape Metrics on Neural
        Representations", arXiv 2110.14739, section 2 (the angular distance, without partial whitening);
        Schönemann (1966), "A generalized solution of the orthogonal Procrustes problem", doi
        10.1007/BF02289451. Departs from it in: the angle is 2 atan2(|x Q - y|, |x Q + y|) at unit norms,
        which keeps the digits that arccos loses near 1; and x and y are aligned in their principal axes,
        which differ from their units by a rotation only.

    Example:
        >>> x = np.array([[1.0, 0], [-1, 0], [0, 1], [0, -1]])
        >>> y = x * [1, 0]
        >>> # xᵀy = diag(2, 0), |x| = 2, |y| = √2: the nuclear norm 2 over 2 √2 is cos(π/4).
        >>> round(Procrustes().distance(x, y), 12)
        0.5
    """

    needs: ClassVar[Needs] = "activations"
    claims: ClassVar[Claims] = Claims(
        symmetric=True,
        identity=True,
        triangle=True,
        deterministic=True,
        unit_permutation=True,
        orthogonal=True,
        isotropic_scaling=True,
        unit_scaling=False,
        translation=True,
        linear=False,
        trial_permutation=True,
        unpaired_trials=False,
        unequal_units=True,
        unequal_trials=False,
        time_order=False,
        value_range=(0.0, 1.0),
        numerical_floor=1e-12,
    )

    def distance(self, x: Activations, y: Activations) -> float:
        """Return the normalized angle after the best rotation; see the class."""
        first, second = arrays.paired_activations(x, y)
        return _angle(_principal(first, "x"), _principal(second, "y"))

    def pair_distances(self, xs: Sequence[Activations], pairs: Sequence[tuple[int, int]]) -> Array:
        """Return the distances of the chosen pairs, with one decomposition per recording."""
        for i, j in pairs:
            arrays.paired_activations(xs[i], xs[j])
        used = sorted({index for pair in pairs for index in pair})
        principal = {i: _principal(arrays.activations(xs[i]), f"recording {i}") for i in used}
        return np.array([_angle(principal[i], principal[j]) for i, j in pairs], dtype=np.float64)


def _principal(x: Activations, name: str) -> Array:
    """Return the principal coordinates of x at Frobenius norm 1, shape (samples, min(samples, units)).

    They differ from the centered x by a rotation of its units, which the distance does not see. Their
    columns have graded norms, so that weak directions are aligned to their own precision.
    """
    centered = arrays.centered(x, name)
    left, scales, _ = np.linalg.svd(centered / np.abs(centered).max(), full_matrices=False)
    return left * (scales / np.linalg.norm(scales))


def _angle(x: Array, y: Array) -> float:
    """Return (2/π) times the angle between unit-norm x Q and y, for the best orthogonal Q."""
    width = max(x.shape[1], y.shape[1])
    x, y = (np.pad(z, ((0, 0), (0, width - z.shape[1]))) for z in (x, y))
    aligned = x @ _best_rotation(x.T @ y)
    angle = 2 * math.atan2(float(np.linalg.norm(aligned - y)), float(np.linalg.norm(aligned + y)))
    # The nuclear norm is never negative, so only rounding can lift the angle above π/2.
    return min(1.0, angle * 2 / math.pi)


def _best_rotation(cross: Array) -> Array:
    """Return U Vᵀ of a square matrix U S Vᵀ.

    In principal axes xᵀ y = D_x C D_y with graded diagonal D. Jacobi's method finds the singular vectors of
    such a product to the precision of C, where bidiagonalization loses the weak ones to the strong:
    5e-9 instead of 3e-15 for x against itself with axes from 1 to 1e-12 (Drmač, Veselić 2008, "New fast
    and accurate Jacobi SVD algorithm", doi 10.1137/050639193; joba=2 asks for this two-sided grading).
    """
    _, left, right, _, _, status = cast(Any, lapack).dgejsv(cross, joba=2, jobr=0, jobt=0, jobp=0)
    if status != 0:
        raise NotConvergedError(
            f"the Jacobi decomposition of a {cross.shape} matrix stopped with status {status}. Scale the recordings."
        )
    return left @ right.T
