"""Centered kernel alignment as the package repsim computes it."""

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar, final

import numpy as np

from metric_harness import arrays, optional
from metric_harness.arrays import Activations
from metric_harness.errors import DegenerateInputError, SettingError
from metric_harness.interfaces import AbstractMetric, Claims, Needs

DISTRIBUTION = "repsim"
KERNELS = ("linear", "rbf", "rbf_mean", "rbf_dualmed")
ESTIMATORS = ("gretton", "song", "lange")
FEWEST = 4
"""Samples without which the estimates song and lange divide by zero."""


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class RepsimCKA(AbstractMetric):
    """repsim's CKA: one minus the alignment of two kernel matrices, 0 for equal geometry.

    d(x, y) = 1 - HSIC(K, L) / √(HSIC(K, K) HSIC(L, L)), as `repsim.cka` returns the fraction. Kernel and estimator are
    always passed: the package's own default is an RBF kernel, where others mean a linear one by "CKA".

    Input: x, y of shape (samples, units), at least 4 samples, paired row by row; units may differ.
    Output: float; in [0, 1] with `gretton`; up to 2 with `song` and `lange`, whose numerator may be negative.
    Claims: invariant to rotating, reflecting and permuting units, to one common scale (an RBF kernel's width is the
        median or mean distance) and to shifts; to reordering the samples of both, so it is blind to the order of
        time; symmetric. d(x, x) = 0 with `gretton` only: the package divides the unbiased numerators of `song` and
        `lange` by biased norms, so that d(x, x) is .11 at 100 samples x 12 units and .91 at 100 x 1000.
        Triangle inequality: violated, since 1 - cos θ grows like θ²; unknown for RBF kernels.
    Does not claim: invariance to scaling units separately or to invertible linear maps.
    Numerical floor: 1e-11; a fraction near 1 is subtracted from 1, and an RBF kernel takes squared distances as
        differences of squares: a shift of s standard deviations adds 1e-16 s² there, 1e-19 s² with a linear kernel.
    Cost: samples² x units.
    Raises: ShapeError or NonFiniteError for invalid arrays; DegenerateInputError if a recording is constant or has
        fewer than 4 samples; MetricUnavailableError when it is made without repsim.
    Source: the package repsim 0.1.5 by K. You (PyPI), after Cortes, Mohri, Rostamizadeh (2012), "Algorithms for
        Learning Kernels Based on Centered Alignment", arXiv 1203.0550, and for `song` Song, Smola, Gretton, Bedo,
        Borgwardt (2012), "Feature Selection via Dependence Maximization". Adapted in: the package takes a list and
        returns a matrix whose diagonal is set to 1, whatever its formula gives; only the off-diagonal entry is read. It
        answers constant recordings with 0, which are refused here. Each recording is divided by its largest
        entry, which no kernel sees. Other projects import as `repsim` too: their functions are told apart.

    Attributes:
        kernel_type: `linear`, `rbf`, `rbf_mean` or `rbf_dualmed`.
        estimator: `gretton` (biased), `song` or `lange`.

    Example:
        >>> x = np.array([[1.0, 0], [-1, 0], [0, 1], [0, -1]])
        >>> y = x * [1, 0]
        >>> # xᵀx = 2 I, yᵀy = diag(2, 0): the alignment is |xᵀy|² / (|xᵀx| |yᵀy|) = 4 / (√8 · 2) = 1 / √2.
        >>> round(RepsimCKA().distance(x, y), 6)
        0.292893
    """

    kernel_type: str = "linear"
    estimator: str = "gretton"

    needs: ClassVar[Needs] = "activations"
    family: ClassVar[str] = "linear CKA"
    claims: ClassVar[Claims] = Claims(
        symmetric=True,
        identity=True,
        triangle=False,
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
        numerical_floor=1e-11,
    )

    def __post_init__(self) -> None:
        for field, known in (("kernel_type", KERNELS), ("estimator", ESTIMATORS)):
            if getattr(self, field) not in known:
                raise SettingError(f"{field} is {getattr(self, field)!r}; needed one of {', '.join(known)}.")
        _package()
        changes: dict[str, Any] = {}
        if self.kernel_type != "linear":
            changes |= {"triangle": None}
        if self.estimator != "gretton":
            changes |= {"identity": False, "triangle": None, "value_range": (0.0, 2.0)}
        if changes:
            # These settings' claims differ from the class's.
            vars(self).update(claims=dataclasses.replace(type(self).claims, **changes), family="")

    def distance(self, x: Activations, y: Activations) -> float:
        """Return one minus the package's alignment; see the class."""
        first, second = arrays.paired_activations(x, y)
        if len(first) < FEWEST:
            raise DegenerateInputError(f"x and y have {len(first)} samples; needed {FEWEST} or more. Record more.")
        mats = [z / np.abs(z).max() for z, name in ((first, "x"), (second, "y")) if arrays.centered(z, name).any()]
        alignment = float(_package().cka(mats, kernel_type=self.kernel_type, estimator=self.estimator)[0, 1])
        # Only rounding lifts the alignment above 1.
        return max(0.0, 1.0 - alignment)

    def named_value(self, distance: float) -> float:
        """Return CKA."""
        return 1 - distance

    def neighbors(self) -> "Sequence[RepsimCKA]":
        """Return the same with the other kernels and the other estimators."""
        kernels = [dataclasses.replace(self, kernel_type=name) for name in KERNELS if name != self.kernel_type]
        return kernels + [dataclasses.replace(self, estimator=name) for name in ESTIMATORS if name != self.estimator]


def _package() -> Any:
    return optional.imported("repsim", DISTRIBUTION, holds=("cka", "repsim_kernels"))
