"""What ridge regressions between two recordings leave unexplained in trials that they have not seen."""

import dataclasses
import math
from collections.abc import Sequence
from typing import ClassVar, TypeAlias, final

import numpy as np

from metric_harness import alignment, arrays, batches
from metric_harness.arrays import Array, Trajectories
from metric_harness.errors import DegenerateInputError, SettingError
from metric_harness.interfaces import AbstractMetric, Claims, Needs

SMALLEST_RIDGE = 1e-8
"""Below this the solution of the normal equations loses more digits than the floor allows."""

Moments: TypeAlias = tuple[Array, Array, Array]
"""A recording (trials, time, axes), the sums over each trial (trials, axes), and its products (trials, axes, axes)."""


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class LinearPredictivity(AbstractMetric):
    """Linear predictivity: the variance that ridge regression leaves unexplained in held-out trials, both ways.

    Each trial g is predicted by a fit to all others: with x and y centered on the others' means and λ = ridge · |x|²,
    where |x| is the norm of the whole centered recording, W_g minimizes Σ |y_t - x_t W|² + λ |W|² over their samples.
    u(x → y) = Σ_g |y_g - x_g W_g|² / Σ_g |y_g|² is one minus the cross-validated R² of y's units taken together, and
    d(x, y) = (u(x → y) + u(y → x)) / 2.

    Input: x, y of shape (trials, time, units), at least 2 trials; samples paired one by one; units may differ.
    Output: float, 0 or more; near 0 where each recording is linear in the other, about 1 where neither predicts the
        other, above 1 where predictions are worse than the mean of the other trials.
    Claims: invariant to rotating, reflecting and permuting units and to shifts, since the penalty weighs all directions
        alike and means are subtracted; to one common scale, which the penalty follows; to reordering the trials of
        both, since each trial is held out once, and the times within trials, so it is blind to the order of time;
        symmetric, by the average of both ways. Deterministic: no fold is drawn.
        d(x, x) is not 0: the penalty shrinks the prediction, of a direction that holds a share s of the variance by
        the share ridge / (s + ridge).
        Triangle inequality: violated, as by shares of variance, which are squares.
    Does not claim: invariance to scaling units separately or to linear maps, which change what is shrunk and what is
        weighed. Freedom from bias beyond that of the fit: independent recordings are at 1 or a little above.
    Numerical floor: 1e-10; rounding of the normal equations, whose condition the penalty keeps below 1 / ridge.
        Measured under rotation: below 1e-15 on 200 trials x 200 times x 3 units and at scales 1e-6 to 1e6;
        a shift of s standard deviations adds below 1e-18 s.
    Cost: samples x units² for each recording and each pair, and trials x units³ for each pair.
    Raises: ShapeError or NonFiniteError for invalid arrays or unequal trials or times; DegenerateInputError if a
        recording is constant or there is a single trial.
    Source: Schrimpf et al. (2018), "Brain-Score: Which Artificial Neural Network for Object Recognition is most
        Brain-Like?", doi 10.1101/407007 (held-out linear predictivity); Hoerl, Kennard (1970), "Ridge Regression:
        Biased Estimation for Nonorthogonal Problems", doi 10.1080/00401706.1970.10488634. Departs from them in:
        ridge instead of partial least squares, of one penalty relative to the variance, not sought; trials are the
        folds, for neighbors in time would tell of each other; variance is pooled over units; both ways are averaged.

    Attributes:
        ridge: penalty as a share of the predicting recording's variance; a direction with that share is halved. The
            default is a convention, set before any data was seen.

    Example:
        >>> x = np.array([[[1.0], [-1]], [[1], [-1]]])
        >>> # All means are 0, |x|² = 4 and λ = 4/2. One trial to fit: W = 2 / (2 + 2), so half of x remains.
        >>> round(LinearPredictivity(ridge=0.5).distance(x, x), 12)
        0.25
    """

    ridge: float = 1e-3

    needs: ClassVar[Needs] = "trajectories"
    claims: ClassVar[Claims] = Claims(
        symmetric=True,
        identity=False,
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
        value_range=(0.0, math.inf),
        numerical_floor=1e-10,
    )
    separable: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not SMALLEST_RIDGE <= self.ridge < math.inf:
            raise SettingError(f"ridge is {self.ridge}; needed a finite number of at least {SMALLEST_RIDGE:g}.")

    def distance(self, x: Trajectories, y: Trajectories) -> float:
        """Return the share of variance that is left in held-out trials; see the class."""
        first, second = arrays.paired_trajectories(x, y)
        return self._unexplained(_moments(first, "x"), _moments(second, "y"))

    def pair_distances(self, xs: Sequence[Trajectories], pairs: Sequence[tuple[int, int]]) -> Array:
        """Return the distances of the chosen pairs, with one decomposition per recording."""
        moments = batches.prepared_trajectories(xs, pairs, _moments)
        return np.array([self._unexplained(moments[i], moments[j]) for i, j in pairs], dtype=np.float64)

    def _unexplained(self, x: Moments, y: Moments) -> float:
        """Return the mean over both ways of what is left of held-out trials."""
        (x_states, x_sums, _), (y_states, y_sums, _) = x, y
        # Products of the samples of each trial, first as they are, then of all other trials about their means.
        products = {"xx": x[2], "yy": y[2], "xy": x_states.swapaxes(1, 2) @ y_states}
        sums = {"x": x_sums, "y": y_sums}
        n_times, n_others = x_states.shape[1], x_states.shape[1] * (len(x_states) - 1)
        inside: dict[str, Array] = {}
        outside: dict[str, Array] = {}
        for key, own in products.items():
            left, right = sums[key[0]], sums[key[1]]
            # All samples sum to zero, so the others' sums are the negative of a trial's own.
            outer = left[:, :, None] * right[:, None, :]
            outside[key] = own.sum(axis=0) - own - outer / n_others
            inside[key] = own + outer * (2 / n_others + n_times / n_others**2)
        for moments in (inside, outside):
            moments["yx"] = moments["xy"].swapaxes(1, 2)
        return (self._left("x", "y", inside, outside) + self._left("y", "x", inside, outside)) / 2

    def _left(self, x: str, y: str, inside: dict[str, Array], outside: dict[str, Array]) -> float:
        """Return the share of y's variance in held-out trials that the fits to the others leave."""
        penalty = self.ridge * np.eye(outside[x + x].shape[1])
        maps = np.linalg.solve(outside[x + x] + penalty, outside[x + y])
        total = float(np.trace(inside[y + y], axis1=1, axis2=2).sum())
        explained = float(np.sum(maps * (2 * inside[x + y] - inside[x + x] @ maps)))
        return max(0.0, (total - explained) / total)

    def neighbors(self) -> "Sequence[LinearPredictivity]":
        """Return linear predictivity with a tenth and with ten times the penalty."""
        penalties = (max(SMALLEST_RIDGE, self.ridge / 10), self.ridge * 10)
        return [LinearPredictivity(ridge=ridge) for ridge in penalties if ridge != self.ridge]


def _moments(x: Trajectories, name: str) -> Moments:
    """Return trials in principal coordinates at norm 1 over the recording, their sums and their products."""
    if len(x) < 2:
        raise DegenerateInputError(f"{name} has a single trial; needed 2 or more, to hold one out. Record more trials.")
    states = alignment.principal_coordinates(arrays.flattened(x), name).reshape(*x.shape[:2], -1)
    return states, states.sum(axis=1), states.swapaxes(1, 2) @ states
