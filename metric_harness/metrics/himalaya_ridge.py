"""A ridge encoding model by the package himalaya, judged on held-out samples."""

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar, final

import numpy as np

from metric_harness import arrays, optional
from metric_harness.arrays import Activations, Array
from metric_harness.errors import DegenerateInputError, SettingError
from metric_harness.interfaces import AbstractMetric, Claims, Needs

DISTRIBUTION = "himalaya"


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class HimalayaRidge(AbstractMetric):
    """himalaya's ridge: the share of y's variance that a ridge regression on x does not predict on held-out samples.

    The samples are cut into `n_folds` runs of consecutive ones. For each, `himalaya.ridge.RidgeCV` is fitted to all
    others, with a penalty for each unit of y that its own cross-validation picks, and predicts the run.
    d(x, y) = Σ |y - ŷ|² / Σ |y - ȳ|², over all runs and units, with ȳ the mean of all samples.

    Input: x (predicts) and y (is predicted) of shape (samples, units), samples paired row by row and at least ten times
        as many as folds; units may differ.
    Output: float of 0 or more; 0 where y is linear in x, 1 where x predicts no better than the mean, more where worse.
    Claims: invariant to rotating, reflecting and permuting units and to shifts, which leave a ridge's predictions as
        they are; asymmetric on purpose: a recording predicts its own part, the part does not predict the whole.
        d(x, x) is not quite 0: the penalty shrinks every prediction.
        Triangle inequality: violated, being a share of variance.
    Does not claim: rotation of y, for which penalties are picked unit by unit; one common scale, which a penalty of
        fixed size does not follow; scaling units or linear maps; the order of the samples, which decides the runs. It
        is blind to the order of time but for that.
    Numerical floor: 1e-8; the penalty picked may switch where two predict alike, which moves d by what they differ.
    Cost: n_folds x 6 decompositions of samples x units².
    Raises: ShapeError or NonFiniteError for invalid arrays; DegenerateInputError if a recording is constant or has too
        few samples; MetricUnavailableError when it is made without himalaya.
    Source: the package himalaya 0.4.11 (PyPI); Dupré la Tour, Eickenberg, Nunez-Elizalde, Gallant (2022),
        "Feature-space selection with banded ridge regression", doi 10.1016/j.neuroimage.2022.119728. Adapted in: an
        intercept is always fitted, which the package leaves out by default, for data that are centered already; its
        score counts a unit that does not vary within a run as R² = 0 and averages units, so errors are pooled here
        instead. Penalties span 1e-3 to 1e5, where the package's default has .1 and 1.

    Attributes:
        n_folds: runs that are held out in turn.
        n_alphas: penalties to choose from, evenly spaced in their logarithm.
        smallest_alpha: the first of them.
        largest_alpha: the last.

    Example:
        >>> t = np.arange(100.0)
        >>> x, y = np.stack([np.sin(t), np.cos(t)], axis=1), np.sin(t + 1)[:, None]
        >>> # sin(t + 1) is a sum of sin t and cos t: only the penalty is missed. One unit cannot make the two.
        >>> HimalayaRidge().distance(x, y) < 1e-6, HimalayaRidge().distance(y, x) > 0.3
        (True, True)
    """

    n_folds: int = 5
    n_alphas: int = 9
    smallest_alpha: float = 1e-3
    largest_alpha: float = 1e5

    needs: ClassVar[Needs] = "activations"
    claims: ClassVar[Claims] = Claims(
        symmetric=False,
        triangle=False,
        deterministic=True,
        unit_permutation=True,
        isotropic_scaling=False,
        unit_scaling=False,
        translation=True,
        linear=False,
        trial_permutation=False,
        unpaired_trials=False,
        unequal_units=True,
        unequal_trials=False,
        value_range=(0.0, float("inf")),
        numerical_floor=1e-8,
    )

    def __post_init__(self) -> None:
        if self.n_folds < 2:
            raise SettingError(f"n_folds is {self.n_folds}; needed 2 or more.")
        if self.n_alphas < 1 or not 0 < self.smallest_alpha <= self.largest_alpha:
            raise SettingError(
                f"n_alphas is {self.n_alphas}, from {self.smallest_alpha} to {self.largest_alpha}; needed 1 or more, "
                "positive, in ascending order."
            )
        _package()

    def distance(self, x: Activations, y: Activations) -> float:
        """Return the share of y's held-out variance that x does not predict; see the class."""
        first, second = arrays.paired_activations(x, y)
        if len(first) < 10 * self.n_folds:
            raise DegenerateInputError(
                f"x and y have {len(first)} samples; needed {10 * self.n_folds} for n_folds={self.n_folds}. "
                "Lower n_folds, or record more."
            )
        arrays.centered(first, "x")  # refuses what is constant
        residual = arrays.centered(second, "y")
        scale = np.abs(residual).max()
        errors = self._errors(first, second) / scale
        return float(np.linalg.norm(errors) / np.linalg.norm(residual / scale)) ** 2

    def _errors(self, x: Activations, y: Activations) -> Array:
        alphas = np.geomspace(self.smallest_alpha, self.largest_alpha, self.n_alphas)
        errors: list[Array] = []
        for held_out in np.array_split(np.arange(len(x)), self.n_folds):
            rest = np.setdiff1d(np.arange(len(x)), held_out)
            model = _package().RidgeCV(
                alphas=alphas, fit_intercept=True, cv=5, solver_params={"warn": False}, force_cpu=True
            )
            model.fit(x[rest], y[rest])
            errors.append(y[held_out] - np.asarray(model.predict(x[held_out]), dtype=np.float64))
        return np.concatenate(errors)

    def neighbors(self) -> "Sequence[HimalayaRidge]":
        """Return the same with twice as many folds, and with half and twice as many penalties."""
        n = self.n_alphas
        changes = ({"n_folds": 2 * self.n_folds}, {"n_alphas": max(1, n // 2)}, {"n_alphas": 2 * n})
        return [near for change in changes if (near := dataclasses.replace(self, **change)) != self]


def _package() -> Any:
    return optional.imported("himalaya.ridge", DISTRIBUTION, holds=("RidgeCV",))
