"""Linear centered kernel alignment, as an angle."""

import dataclasses
import math
from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np

from metric_harness import arrays, batches
from metric_harness.arrays import Activations, Array
from metric_harness.interfaces import AbstractMetric, Claims, Needs


@final
@dataclasses.dataclass(frozen=True)
class CKA(AbstractMetric):
    """CKA: the angle between two recordings' Gram matrices, 0 for equal geometry, at most 1.

    With centered x and y, Gram matrices K = x xᵀ and L = y yᵀ, and ⟨K, L⟩ = Σ K_ij L_ij,
    d(x, y) = (2/π) arccos(⟨K, L⟩ / (|K| |L|)). The argument of the arccos is linear CKA.

    Input: x, y of shape (samples, units); samples paired row by row; units may differ.
    Output: float in [0, 1]; 0 where the Gram matrices are proportional, 1 where they are orthogonal.
    Claims: invariant to rotating, reflecting and permuting units, to one common scale and to shifts, as
        the centered, normalized Gram matrix is; to reordering the samples of both, which reorders
        both matrices alike, so it is blind to the order of time; symmetric, and obeys the triangle
        inequality, as an angle between vectors.
    Does not claim: invariance to scaling units separately or to invertible linear maps.
    Numerical floor: 1e-12; rounding of the factorization. Measured under rotation: below 2e-15 on 40000
        samples x 3 units and at scales 1e-6 to 1e6; a shift of s standard deviations adds about 1e-16 s.
    Cost: samples x units² by QR, or samples² x units where samples are fewer.
    Raises: ShapeError or NonFiniteError for invalid arrays; DegenerateInputError if a recording is constant.
    Source: Kornblith, Norouzi, Lee, Hinton (2019), "Similarity of Neural Network Representations
        Revisited", arXiv 1905.00414, equation 4 with linear kernels; the angle: Williams, Kunz,
        Kornblith, Linderman (2021), "Generalized Shape Metrics on Neural Representations", arXiv
        2110.14739, section 2. Departs from it in: the angle is 2 atan2(|K̂ - L̂|, |K̂ + L̂|) of the
        normalized matrices, which keeps the digits that arccos loses near 1.

    Example:
        >>> x = np.array([[1.0, 0], [-1, 0], [0, 1], [0, -1]])
        >>> y = x * [1, 0]
        >>> # xᵀx = 2 I, yᵀy = diag(2, 0): CKA = |xᵀy|² / (|xᵀx| |yᵀy|) = 4 / (√8 · 2) = cos(π/4).
        >>> round(CKA().distance(x, y), 12)
        0.5
    """

    needs: ClassVar[Needs] = "activations"
    family: ClassVar[str] = "linear CKA"
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
        """Return the normalized angle between the Gram matrices; see the class."""
        first, second = arrays.paired_activations(x, y)
        return _angle(_scaled(first, "x"), _scaled(second, "y"))

    def pair_distances(self, xs: Sequence[Activations], pairs: Sequence[tuple[int, int]]) -> Array:
        """Return the distances of the chosen pairs; every recording is checked and centered once."""
        scaled = batches.prepared_activations(xs, pairs, _scaled)
        return np.array([_angle(scaled[i], scaled[j]) for i, j in pairs], dtype=np.float64)

    def named_value(self, distance: float) -> float:
        """Return linear CKA, the cosine of the angle."""
        return math.cos(distance * math.pi / 2)


def _scaled(x: Activations, name: str) -> Array:
    """Center, and divide by the largest entry, so that fourth powers neither overflow nor vanish."""
    x = arrays.centered(x, name)
    return x / np.abs(x).max()


def _angle(x: Array, y: Array) -> float:
    joint = np.hstack([x, y])
    if joint.shape[1] < len(joint):
        # With joint = Q R, x xᵀ = Q (R_x R_xᵀ) Qᵀ: the small product has the norms and angles of the large one.
        joint = np.linalg.qr(joint, mode="r")
    gram, other = (_gram(part) for part in np.split(joint, [x.shape[1]], axis=1))
    angle = 2 * math.atan2(float(np.linalg.norm(gram - other)), float(np.linalg.norm(gram + other)))
    # ⟨K, L⟩ is never negative, so only rounding can lift the angle above π/2.
    return min(1.0, angle * 2 / math.pi)


def _gram(x: Array) -> Array:
    """Return x xᵀ at Frobenius norm 1."""
    gram = x @ x.T
    return gram / np.linalg.norm(gram)
