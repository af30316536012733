"""What a linear regression of one recording on the other leaves unexplained."""

import dataclasses
from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np

from metric_harness import arrays, batches
from metric_harness.arrays import Activations, Array
from metric_harness.interfaces import AbstractMetric, Claims, Needs


@final
@dataclasses.dataclass(frozen=True)
class LinearRegression(AbstractMetric):
    """Linear regression: the share of y's variance that no linear map of x predicts, 1 - R², in [0, 1].

    With centered x and y, d(x, y) = min over W of |y - x W|² / |y|², the variance of y's units taken together.
    With Q an orthonormal basis of the space that x's units span over the samples, the residual is y - Q Qᵀ y.

    Input: x (predicts) and y (is predicted) of shape (samples, units); samples paired row by row; units may
        differ. Where units of x depend on each other W is not unique, but its prediction is: x counts with its
        numerical rank (`metric_harness.arrays.column_space`).
    Output: float in [0, 1]; 0 where y is linear in x, 1 where no unit of x correlates with one of y.
    Claims: invariant to rotating, reflecting and permuting units, to one common scale and to shifts, whichever
        recording they change: the space of x's units stays, and residual and variance of y change alike.
        To reordering the samples of both, so it is blind to the order of time. Asymmetric on purpose: a
        recording predicts its own part, the part does not predict the whole.
        Triangle inequality: violated, being the squared sine of an angle where y has one unit.
    Does not claim: invariance to scaling units separately or to invertible linear maps, which weigh the units of y
        anew; those of x may be mapped so freely. Freedom from bias: R² is that of the fit, not of held-out
        samples. For independent recordings R² is rank(x) / (samples - 1) on average, and 1, whatever the data, as
        soon as the rank of x reaches samples - 1.
    Numerical floor: 1e-12; rounding of the decomposition. Measured: below 1e-15 under rotation on 40000 samples x 3
        units and at scales 1e-6 to 1e6; a linear map of x of condition κ adds up to 1e-17 κ, a shift of s standard
        deviations about 1e-17 s. Near 0 it falls as the residual's square: d(x, x) < 1e-29.
    Cost: samples x units² for each recording, samples x units of x x units of y for each pair.
    Raises: ShapeError or NonFiniteError for invalid arrays; DegenerateInputError if a recording is constant.
    Source: Kornblith, Norouzi, Lee, Hinton (2019), "Similarity of Neural Network Representations Revisited",
        arXiv 1905.00414, section on linear regression (R² of the fit, by an orthonormal basis). Departs from it
        in: 1 - R² is the residual itself, which keeps the digits that a difference from 1 loses; and the space
        of x comes from a singular value decomposition, which sees dependent units.

    Example:
        >>> u, v = np.array([[1.0, -1, 0, 0], [0, 0, 1, -1]])
        >>> x, y = u[:, None], np.stack([3 * u + 4 * v, 5 * u], axis=1)
        >>> # |u|² = |v|²: u explains 9 + 25 of 9 + 16 + 25; both units together explain u in full.
        >>> round(LinearRegression().distance(x, y), 12), round(LinearRegression().distance(y, x), 12)
        (0.32, 0.0)
    """

    needs: ClassVar[Needs] = "activations"
    claims: ClassVar[Claims] = Claims(
        symmetric=False,
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
        numerical_floor=1e-12,
    )
    separable: ClassVar[bool] = True

    def distance(self, x: Activations, y: Activations) -> float:
        """Return the share of y's variance that x does not predict; see the class."""
        first, second = arrays.paired_activations(x, y)
        return _unexplained(arrays.column_space(first, "x"), _unit_norm(second, "y"))

    def pair_distances(self, xs: Sequence[Activations], pairs: Sequence[tuple[int, int]]) -> Array:
        """Return the distances of the chosen pairs, with one decomposition per predicting recording."""
        valid = batches.prepared_activations(xs, pairs, lambda x, name: x)
        predicting = {i: arrays.column_space(valid[i], f"recording {i}") for i in {i for i, _ in pairs}}
        predicted = {j: _unit_norm(valid[j], f"recording {j}") for j in {j for _, j in pairs}}
        return np.array([_unexplained(predicting[i], predicted[j]) for i, j in pairs], dtype=np.float64)


def _unit_norm(y: Activations, name: str) -> Array:
    """Return centered y at Frobenius norm 1; its largest entry goes first, so that squares stay in range."""
    residual = arrays.centered(y, name)
    residual /= np.abs(residual).max()
    return residual / np.linalg.norm(residual)


def _unexplained(basis: Array, y: Array) -> float:
    """Return the squared norm of what lies outside the space of an orthonormal basis, for y of norm 1."""
    return min(1.0, float(np.linalg.norm(y - basis @ (basis.T @ y)) ** 2))
