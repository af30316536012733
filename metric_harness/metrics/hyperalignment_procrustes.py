"""Orthogonal Procrustes distance with the rotation that the package hyperalignment finds."""

import dataclasses
import math
from typing import Any, ClassVar, final

import numpy as np

from metric_harness import alignment, arrays, optional
from metric_harness.arrays import Activations, Array
from metric_harness.interfaces import AbstractMetric, Claims, Needs

DISTRIBUTION = "hyperalignment"


@final
@dataclasses.dataclass(frozen=True)
class HyperalignmentProcrustes(AbstractMetric):
    """hyperalignment's Procrustes: the angle between x and y after the package's best rotation of x, at most 1.

    With centered x and y of norm 1 and T = `hyperalignment.procrustes(x, y, reflection=True, scaling=False)`,
    d(x, y) = (2/π) arccos ⟨x T, y⟩; the formula is that of `metric_harness.metrics.procrustes`.

    Input: x, y of shape (samples, units); samples paired row by row; units may differ: the narrower is padded with
        silent units, since the package's T would otherwise drop directions of the wider one. A recording with more
        units than samples is handed over in its principal coordinates, as many as samples: a rotation that changes
        nothing but the size of T.
    Output: float in [0, 1]; 0 where a rotation and a scale carry x into y, 1 where xᵀ y = 0.
    Claims: invariant to rotating, reflecting and permuting units, absorbed by T; to one common scale and to shifts,
        which the adapter divides and subtracts out; to reordering the samples of both, so it is blind to the order of
        time; symmetric, and obeys the triangle inequality, as an angle between orbits of a group of isometries.
    Does not claim: invariance to scaling units separately or to invertible linear maps.
    Numerical floor: 1e-8; a weak direction is aligned to the precision of the strongest: with units from 1 to 1e-12,
        d(x, x) is up to 1e-9. Measured under rotation of the fixed corpus: below 1e-14.
    Cost: samples x units², and the cube of samples or units, whichever are fewer.
    Raises: ShapeError or NonFiniteError for invalid arrays; DegenerateInputError if a recording is constant;
        MetricUnavailableError when it is made without hyperalignment.
    Source: the package hyperalignment 0.1.1 by F. Ma (PyPI), after Haxby et al. (2011), "A Common, High-Dimensional
        Model of the Representational Space in Human Ventral Temporal Cortex", doi 10.1016/j.neuron.2011.08.026; the
        angle: Williams, Kunz, Kornblith, Linderman (2021), "Generalized Shape Metrics on Neural Representations", arXiv
        2110.14739. Adapted in: the package returns a transformation of arrays that it takes as they are, so centering,
        norm, padding and the angle are the adapter's; its `scaling` is not used, as it is wrong for arrays that are
        not centered.

    Example:
        >>> x = np.array([[1.0, 0], [-1, 0], [0, 1], [0, -1]])
        >>> y = x * [1, 0]
        >>> # xᵀy = diag(2, 0), |x| = 2, |y| = √2: the nuclear norm 2 over 2 √2 is cos(π/4).
        >>> round(HyperalignmentProcrustes().distance(x, y), 9)
        0.5
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
        numerical_floor=1e-8,
    )

    def __post_init__(self) -> None:
        _package()

    def distance(self, x: Activations, y: Activations) -> float:
        """Return the normalized angle after the package's rotation; see the class."""
        first, second = arrays.paired_activations(x, y)
        first, second = _prepared(first, "x"), _prepared(second, "y")
        width = max(first.shape[1], second.shape[1])
        first, second = (np.pad(z, ((0, 0), (0, width - z.shape[1]))) for z in (first, second))
        aligned = first @ np.asarray(_package().procrustes(first, second, reflection=True, scaling=False))
        angle = 2 * math.atan2(float(np.linalg.norm(aligned - second)), float(np.linalg.norm(aligned + second)))
        # The nuclear norm is never negative, so only rounding can lift the angle above π/2.
        return min(1.0, angle * 2 / math.pi)

    def named_value(self, distance: float) -> float:
        """Return the angle in radians."""
        return distance * math.pi / 2


def _prepared(x: Activations, name: str) -> Array:
    """Return x centered, at Frobenius norm 1, in no more units than samples."""
    if x.shape[1] > x.shape[0]:
        return alignment.principal_coordinates(x, name)
    centered = arrays.centered(x, name)
    centered = centered / np.abs(centered).max()
    return centered / np.linalg.norm(centered)


def _package() -> Any:
    return optional.imported("hyperalignment.procrustes", DISTRIBUTION, holds=("procrustes",))
