"""The linear shape metrics between Procrustes and canonical correlation, as an angle."""

import dataclasses
import math
from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np

from metric_harness import alignment, arrays, batches
from metric_harness.arrays import Activations, Array
from metric_harness.errors import SettingError
from metric_harness.interfaces import AbstractMetric, Claims, Needs

ALPHAS = (0.0, 0.5, 1.0)
"""Both ends of the family, and its middle."""


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class ShapeMetric(AbstractMetric):
    """Shape metric: the angle between two partly whitened recordings after the best rotation, from 0 to 1.

    With the singular value decomposition U S Vᵀ of a centered recording, of r directions and scaled so that the mean
    of S² is 1, its shape is φ(x) = U (α S + (1 - α) 1) Vᵀ. Then
    d(x, y) = (2/π) min over orthogonal Q of arccos(⟨φ(x) Q, φ(y)⟩ / (|φ(x)| |φ(y)|)).
    At α = 1 this is the Procrustes angle. At α = 0 all directions count alike, and the cosine is the sum of the
    canonical correlations over √(r_x r_y); unlike one minus their mean, its angle obeys the triangle inequality.

    Input: x, y of shape (samples, units); samples paired row by row; units may differ: the narrower is padded with
        silent units. A recording whose units depend on each other counts with its numerical rank.
    Output: float in [0, 1]; 0 where a rotation carries one shape into the other, 1 where every unit of one is
        uncorrelated with every unit of the other.
    Claims: invariant to rotating, reflecting and permuting units, which φ passes on and Q absorbs; to one common scale
        and to shifts, divided and subtracted out; to reordering the samples of both, so it is blind to the order
        of time; symmetric, and obeys the triangle inequality, as an angle between orbits of a group of isometries.
        With `alpha=0` also to every invertible linear map of the units, hence to scaling them separately.
    Does not claim: invariance to scaling units separately or to linear maps where α > 0. Freedom from bias: whitened
        directions that are noise count as much as others.
    Numerical floor: 1e-12; rounding of the decompositions. Measured under rotation: below 1e-15 on 40000 samples x 3
        units and at scales 1e-6 to 1e6; whitening lifts the rounding of an axis that is κ times weaker than the
        strongest to at most 1e-16 κ, and beyond κ = 1e11 rounding decides whether it counts; a shift of s standard
        deviations adds about 1e-16 s.
    Cost: samples x units² for each recording and each pair; units³ for the alignment.
    Raises: ShapeError or NonFiniteError for invalid arrays; DegenerateInputError if a recording is constant;
        NotConvergedError if the decomposition of φ(x)ᵀ φ(y) did not converge.
    Source: Williams, Kunz, Kornblith, Linderman (2021), "Generalized Shape Metrics on Neural Representations",
        arXiv 2110.14739, section 2 (the angular distance after partial whitening, X (α 1 + (1 - α)(XᵀX)^(-1/2))).
        Departs from it in: the recording is scaled before, so that α does not mix a length with a number, and the
        distance keeps its digits as in the Procrustes angle; directions that are rounding only are left out.

    Attributes:
        alpha: share of the recording as it is; the rest is whitened. 0 to 1.

    Example:
        >>> x = np.array([[1.0, 0], [-1, 0], [0, 1], [0, -1]])
        >>> y = x * [1, 7]
        >>> # Singular values 1 and 7 over their root mean square 5, half whitened: (1/5 + 1)/2 = 3/5 and 6/5.
        >>> # Those of x are equal: the cosine is (3/5 + 6/5) / (√2 · √(9/25 + 36/25)) = 3 / √10.
        >>> round(float(np.cos(ShapeMetric().distance(x, y) * np.pi / 2)) ** 2, 12)
        0.9
    """

    alpha: float = 0.5

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
    separable: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not 0 <= self.alpha <= 1:
            raise SettingError(f"alpha is {self.alpha}; needed a number from 0 (whitened) to 1 (as recorded).")
        if self.alpha == 0:
            # This setting's claims differ from the class's.
            vars(self).update(claims=dataclasses.replace(type(self).claims, unit_scaling=True, linear=True))
        if self.alpha == 1:
            vars(self).update(family="Procrustes angle")

    def distance(self, x: Activations, y: Activations) -> float:
        """Return the normalized angle between the shapes; see the class."""
        first, second = arrays.paired_activations(x, y)
        return alignment.angle(self._shape(first, "x"), self._shape(second, "y"))

    def named_value(self, distance: float) -> float:
        """Return the angle in radians."""
        return distance * math.pi / 2

    def pair_distances(self, xs: Sequence[Activations], pairs: Sequence[tuple[int, int]]) -> Array:
        """Return the distances of the chosen pairs, with one decomposition per recording."""
        shapes = batches.prepared_activations(xs, pairs, self._shape)
        return np.array([alignment.angle(shapes[i], shapes[j]) for i, j in pairs], dtype=np.float64)

    def _shape(self, x: Activations, name: str) -> Array:
        """Return the partly whitened recording at norm 1 in its principal axes, shape (samples, rank)."""
        if self.alpha == 0:
            # What spans the space is decided with units of one norm: their scales must not matter here.
            basis = arrays.column_space(x, name)
            return basis / np.sqrt(basis.shape[1])
        vectors, values = arrays.principal_axes(x, name)
        scales = self.alpha * values / np.sqrt(np.mean(values**2)) + (1 - self.alpha)
        return vectors * (scales / np.linalg.norm(scales))

    def neighbors(self) -> "Sequence[ShapeMetric]":
        """Return the ends and the middle of the family, but for this one."""
        return [ShapeMetric(alpha=alpha) for alpha in ALPHAS if alpha != self.alpha]
