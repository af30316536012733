"""Canonical correlation as the package repsim summarizes it."""

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar, final

import numpy as np

from metric_harness import arrays, optional
from metric_harness.arrays import Activations
from metric_harness.errors import DegenerateInputError, SettingError
from metric_harness.interfaces import AbstractMetric, Claims, Needs

DISTRIBUTION = "repsim"
SUMMARIES = ("yanai", "pillai")


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class RepsimCCA(AbstractMetric):
    """repsim's CCA: one minus a mean of canonical correlations, 0 where one recording is linear in the other.

    With ρ_i the canonical correlations of x and y and m the smaller number of units, d(x, y) = 1 - Σ ρ_i² / m with
    `yanai` and 1 - Σ ρ_i / m with `pillai`. These are the formulas that the package computes; what the names stand
    for elsewhere are others: Yanai's measure divides by the root of both ranks, Pillai's trace is Σ ρ_i².

    Input: x, y of shape (samples, units), samples paired row by row and more than units in either; units may differ.
    Output: float in [0, 1]; 0 where the narrower recording is a linear function of the wider one.
    Claims: invariant to every invertible linear map of the units, hence to rotation, permutation and scales, and to
        shifts; to reordering the samples of both, so it is blind to the order of time; symmetric.
        Triangle inequality: violated: a wide recording is at 0 from each of its parts, which are not from each other.
    Numerical floor: 1e-9; bases from an eigendecomposition of the covariance, whose rounding is squared. Measured:
        below 1e-13 under rotation and scales, 1e-10 under a shift of 1e6 standard deviations.
    Cost: samples x units².
    Raises: ShapeError or NonFiniteError for invalid arrays; DegenerateInputError if a recording is constant or has
        units that depend linearly on each other; MetricUnavailableError when it is made without repsim.
    Source: the package repsim 0.1.5 by K. You (PyPI), after Hotelling (1936), "Relations Between Two Sets of
        Variates", doi 10.1093/biomet/28.3-4.321; the names of the summaries: Kornblith, Norouzi, Lee, Hinton (2019),
        "Similarity of Neural Network Representations Revisited", arXiv 1905.00414. Adapted in: the package takes a
        list and returns a matrix; recordings of deficient rank, for which it keeps directions of mere rounding and
        calls constant ones perfectly similar to themselves, are refused, once silent units are left out. Each unit is
        brought to unit variance, which no canonical correlation sees.

    Attributes:
        summary_type: `yanai` (mean of squares) or `pillai` (mean).

    Example:
        >>> u, v, w = np.array([[1.0, -1, 0, 0], [0, 0, 1, -1], [1, 1, -1, -1]])
        >>> x, y = np.stack([u, v], axis=1), np.stack([u, v + w], axis=1)
        >>> # u is shared; |v|² = 2 and |v + w|² = 6, v · (v + w) = 2: ρ = 1 and 2 / √12; the squares average 2/3.
        >>> round(RepsimCCA().distance(x, y), 6)
        0.333333
    """

    summary_type: str = "yanai"

    needs: ClassVar[Needs] = "activations"
    claims: ClassVar[Claims] = Claims(
        symmetric=True,
        identity=True,
        triangle=False,
        deterministic=True,
        unit_permutation=True,
        orthogonal=True,
        isotropic_scaling=True,
        unit_scaling=True,
        translation=True,
        linear=True,
        trial_permutation=True,
        unpaired_trials=False,
        unequal_units=True,
        unequal_trials=False,
        time_order=False,
        value_range=(0.0, 1.0),
        numerical_floor=1e-9,
    )

    def __post_init__(self) -> None:
        if self.summary_type not in SUMMARIES:
            raise SettingError(f"summary_type is {self.summary_type!r}; needed one of {', '.join(SUMMARIES)}.")
        if self.summary_type == "pillai":
            # The package's name for what others call the mean.
            vars(self).update(family="mean CCA")
        _package()

    def distance(self, x: Activations, y: Activations) -> float:
        """Return one minus the package's summary of the canonical correlations; see the class."""
        first, second = arrays.paired_activations(x, y)
        mats = [_standardized(first, "x"), _standardized(second, "y")]
        # Rounding may leave the mean beyond 1.
        return min(1.0, max(0.0, 1.0 - float(_package().cca(mats, summary_type=self.summary_type)[0, 1])))

    def named_value(self, distance: float) -> float:
        """Return the mean canonical correlation."""
        return 1 - distance

    def neighbors(self) -> "Sequence[RepsimCCA]":
        """Return the same with the other summary."""
        return [dataclasses.replace(self, summary_type=name) for name in SUMMARIES if name != self.summary_type]


def _standardized(x: Activations, name: str) -> Activations:
    centered = arrays.centered(x, name)
    varies = np.abs(centered).max(axis=0) > 8 * np.finfo(np.float64).eps * np.abs(x).max(axis=0)
    rank = arrays.column_space(x, name).shape[1]
    if rank < np.count_nonzero(varies):
        raise DegenerateInputError(
            f"{name} has {np.count_nonzero(varies)} units that vary and span {rank} dimensions over {len(x)} samples; "
            "needed independent units, since the package would count rounding as directions. Leave units out, or "
            "record more samples."
        )
    scaled = centered[:, varies] / np.abs(centered[:, varies]).max(axis=0)
    return scaled / np.linalg.norm(scaled, axis=0)


def _package() -> Any:
    return optional.imported("repsim", DISTRIBUTION, holds=("cca", "repsim_kernels"))
