"""Bures distance between normalized Gram matrices."""

import dataclasses
import math
from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np

from metric_harness import alignment, arrays, batches
from metric_harness.arrays import Activations, Array
from metric_harness.interfaces import AbstractMetric, Claims, Needs


@final
@dataclasses.dataclass(frozen=True)
class Bures(AbstractMetric):
    """Bures: the distance between two recordings' Gram matrices as if they were covariances, from 0 to 1.

    With centered x and y, K = x xᵀ / |x|², L = y yᵀ / |y|² of trace 1, and the normalized Bures similarity
    NBS = tr √(√K L √K), which is also the sum of the singular values of xᵀ y over |x| |y|,
    d(x, y) = √(1 - NBS). The Bures distance of K and L is √(tr K + tr L - 2 NBS) = √2 d.

    Input: x, y of shape (samples, units); samples paired row by row; units may differ.
    Output: float in [0, 1]; 0 where the Gram matrices are proportional, 1 where their product is zero.
    Claims: invariant to rotating, reflecting and permuting units, to one common scale and to shifts, as the
        normalized, centered Gram matrix is; to reordering the samples of both, which reorders both matrices alike,
        so it is blind to the order of time; symmetric, and obeys the triangle inequality, as a distance of
        probability theory (the Wasserstein distance of centered Gaussians) does.
        NBS is the cosine of the Procrustes angle θ and d = √2 sin(θ/2): this orders pairs as that angle does, and
        weighs them differently. The arccos of NBS would be the Procrustes angle, 1 - NBS violates the inequality.
    Does not claim: invariance to scaling units separately or to invertible linear maps.
    Numerical floor: 1e-12; rounding of the decompositions. Measured under rotation: below 1e-15 on 40000 samples x 3
        units, at scales 1e-6 to 1e6 and with axes from 1 to 1e-12; a shift of s standard deviations adds about 1e-16 s.
    Cost: samples x units² for each recording and each pair; units³ for the alignment.
    Raises: ShapeError or NonFiniteError for invalid arrays; DegenerateInputError if a recording is constant;
        NotConvergedError if the decomposition of xᵀ y did not converge.
    Source: Tang, Maddox, Dickens, Diethe, Damianou (2020), "Similarity of Neural Networks with Gradients", arXiv
        2003.11498 (normalized Bures similarity of Gram matrices); Harvey, Larsen, Williams (2024), "Duality of Bures
        and Shape Distances with Implications for Comparing Neural Representations", arXiv 2311.11436 (its relation
        to the Procrustes angle); Bhatia, Jain, Lim (2019), "On the Bures-Wasserstein distance between positive
        definite matrices", doi 10.1016/j.exmath.2018.01.002 (the distance). Departs from them in: d is
        |x Q - y| / √2 at unit norms with the best rotation Q, which keeps the digits that 1 - NBS loses near 0; no
        matrix of samples x samples is formed, none is inverted or has its root taken.

    Example:
        >>> x = np.array([[1.0, 0], [-1, 0], [0, 1], [0, -1]])
        >>> y = x * [1, 7]
        >>> # xᵀy = diag(2, 14), |x| = 2, |y| = 10: NBS = 16 / 20, and 1 - NBS = 1/5.
        >>> round(Bures().distance(x, y) ** 2, 12)
        0.2
    """

    needs: ClassVar[Needs] = "activations"
    family: ClassVar[str] = "Procrustes angle"
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
    separable: ClassVar[bool] = True

    def distance(self, x: Activations, y: Activations) -> float:
        """Return the Bures distance over √2; see the class."""
        first, second = arrays.paired_activations(x, y)
        return _chord(alignment.principal_coordinates(first, "x"), alignment.principal_coordinates(second, "y"))

    def named_value(self, distance: float) -> float:
        """Return the angle whose cosine NBS is, in radians."""
        return 2 * math.asin(distance / math.sqrt(2))

    def pair_distances(self, xs: Sequence[Activations], pairs: Sequence[tuple[int, int]]) -> Array:
        """Return the distances of the chosen pairs, with one decomposition per recording."""
        principal = batches.prepared_activations(xs, pairs, alignment.principal_coordinates)
        return np.array([_chord(principal[i], principal[j]) for i, j in pairs], dtype=np.float64)


def _chord(x: Array, y: Array) -> float:
    """Return |x Q - y| / √2 of two recordings of norm 1, for the best orthogonal Q."""
    first, second = alignment.turned(x, y)
    return min(1.0, float(np.linalg.norm(first - second)) / math.sqrt(2))
