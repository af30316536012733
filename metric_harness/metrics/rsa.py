"""Representational similarity analysis of average responses over time."""

import dataclasses
from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np
from scipy.spatial.distance import pdist
from scipy.stats import rankdata

from metric_harness import arrays
from metric_harness.arrays import Array, Trajectories
from metric_harness.errors import DegenerateInputError, SettingError, ShapeError
from metric_harness.interfaces import AbstractMetric, Claims, Needs

FEWEST = 3
"""Conditions with fewer than three pairs have no order of dissimilarities to compare."""
TIED = 1e-10
"""Dissimilarities whose order rests on less than this share of the largest one are tied."""
DISSIMILARITIES = ("correlation", "euclidean")


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class RSA(AbstractMetric):
    """RSA: whether the same pairs of conditions look alike in two recordings, 0 for one order, 2 for the reverse.

    The conditions are time points, at most `n_conditions` of them, evenly spaced; the pattern of a condition
    is the mean over trials of all units. The dissimilarity of two patterns is one minus their Pearson
    correlation across units, or their Euclidean distance. Then d(x, y) = 1 - r, with r Spearman's correlation
    of the two recordings' dissimilarities over all pairs of conditions, ties having their average rank.

    Input: x, y of shape (trials, time, units); equally many times, at least 3, corresponding one to one; trials and
        units may differ. For correlation every pattern must vary across units, so there are at least two.
    Output: float in [0, 2]; 0 where both recordings order the pairs of conditions alike, 1 where the orders are
        unrelated, 2 where they are opposite.
    Claims: invariant to permuting units and to one common scale, as correlation is, and to the order of trials,
        which are averaged; hence trials need not correspond or be equally many; symmetric.
        With `dissimilarity="euclidean"` also to rotating, reflecting and shifting, which leave distances as they are.
        Triangle inequality: violated, since 1 - r is half the squared distance of normalized ranks.
    Does not claim: with correlation, invariance to rotation or shifts, which change the mean over units that it
        subtracts; with either, to scaling units separately or to linear maps. Sight of dynamics: shuffling
        time in both recordings alike changes nothing, but for which times are chosen where there are more than
        `n_conditions`. Also not unchanged by adding silent units, which take part in a pattern's mean.
    Numerical floor: 1e-6; two pairs of conditions out of order. Ranks jump: where rounding decides the order of two
        dissimilarities, d moves by up to 12 / m², for m pairs of conditions: 5e-7 at 100 conditions.
        So dissimilarities within 1e-10 of the largest one are tied; what remains is the chance that a gap is
        1e-10 to within rounding. Measured: exactly 0 under permutation, reordered trials and scales 1e-6 to 1e6, and
        for Euclidean distance under rotation and shifts of up to 1e6 standard deviations.
    Cost: trials x time x units, then conditions² x units, for each recording; conditions² for each pair.
    Raises: ShapeError or NonFiniteError for invalid arrays or unequal times; DegenerateInputError if there are fewer
        than 3 times, a pattern is constant across units, or all pairs of conditions are equally dissimilar.
    Source: Kriegeskorte, Mur, Bandettini (2008), "Representational similarity analysis - connecting the
        branches of systems neuroscience", doi 10.3389/neuro.06.004.2008 (correlation distance, rank correlation of
        the upper triangles). Departs from it in: the conditions are times of one average trial instead of
        stimuli; dissimilarities that rounding cannot tell apart are tied.

    Attributes:
        n_conditions: most time points that are compared.
        dissimilarity: `correlation` or `euclidean`.

    Example:
        >>> x = np.array([[[1.0, -1, 0], [1, 0, -1], [0, 1, -1]]])
        >>> y = x[:, [0, 2, 1]]
        >>> # Times 12, 13, 23 correlate by 1/2, -1/2, 1/2 in x: ranks of the rest to 1 are 1.5, 3, 1.5, and
        >>> # 3, 1.5, 1.5 in y. About their mean 2 these are (-1, 2, -1)/2 and (2, -1, -1)/2: r = -3/6.
        >>> round(RSA().distance(x, y), 12)
        1.5
    """

    n_conditions: int = 200
    dissimilarity: str = "correlation"

    needs: ClassVar[Needs] = "trajectories"
    family: ClassVar[str] = "Spearman RSA"
    claims: ClassVar[Claims] = Claims(
        time_order=False,
        symmetric=True,
        identity=True,
        triangle=False,
        deterministic=True,
        unit_permutation=True,
        orthogonal=False,
        isotropic_scaling=True,
        unit_scaling=False,
        translation=False,
        linear=False,
        trial_permutation=True,
        unpaired_trials=True,
        unequal_units=True,
        unequal_trials=True,
        value_range=(0.0, 2.0),
        numerical_floor=1e-6,
    )
    separable: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.n_conditions < FEWEST:
            raise SettingError(f"n_conditions is {self.n_conditions}; needed {FEWEST} or more.")
        if self.dissimilarity not in DISSIMILARITIES:
            raise SettingError(f"dissimilarity is {self.dissimilarity!r}; needed one of {', '.join(DISSIMILARITIES)}.")
        if self.dissimilarity == "euclidean":
            # This setting's claims differ from the class's.
            vars(self).update(
                claims=dataclasses.replace(type(self).claims, orthogonal=True, translation=True), family=""
            )

    def distance(self, x: Trajectories, y: Trajectories) -> float:
        """Return one minus Spearman's correlation of the dissimilarities; see the class."""
        first, second = arrays.trajectories(x, "x"), arrays.trajectories(y, "y")
        _check_times(first, second)
        return _disagreement(self._ranks(first, "x"), self._ranks(second, "y"))

    def named_value(self, distance: float) -> float:
        """Return the correlation of the dissimilarities."""
        return 1 - distance

    def pair_distances(self, xs: Sequence[Trajectories], pairs: Sequence[tuple[int, int]]) -> Array:
        """Return the distances of the chosen pairs, with the dissimilarities of each recording ranked once."""
        used = sorted({index for pair in pairs for index in pair})
        valid = {i: arrays.trajectories(xs[i], f"recording {i}") for i in used}
        for i, j in pairs:
            _check_times(valid[i], valid[j])
        ranks = {i: self._ranks(valid[i], f"recording {i}") for i in used}
        return np.array([_disagreement(ranks[i], ranks[j]) for i, j in pairs], dtype=np.float64)

    def _ranks(self, x: Trajectories, name: str) -> Array:
        """Return the ranks of the pairs of conditions, centered, at norm 1."""
        chosen = x[:, _evenly_spaced(x.shape[1], self.n_conditions, name)]
        peaks = np.abs(chosen).max(axis=(0, 2))
        if not peaks.any():
            raise DegenerateInputError(f"{name} is zero at all {len(peaks)} conditions; needed patterns that differ.")
        patterns = (chosen / peaks.max()).mean(axis=0)
        if self.dissimilarity == "correlation":
            # Rounding of the mean over trials leaves less than this of a pattern that averages out.
            rounding = (8 + len(x)) * np.finfo(np.float64).eps * peaks / peaks.max()
            patterns = _standardized(patterns, rounding, name)
        dissimilarities = pdist(patterns, "sqeuclidean" if self.dissimilarity == "correlation" else "euclidean")
        ranks = _tied_ranks(dissimilarities)
        centered = ranks - (len(ranks) + 1) / 2
        if not centered.any():
            raise DegenerateInputError(
                f"{name}: all {len(ranks)} pairs of conditions are equally dissimilar; needed at least two that differ."
            )
        return centered / np.linalg.norm(centered)

    def neighbors(self) -> "Sequence[RSA]":
        """Return RSA with two thirds and four thirds of the conditions, and with the other dissimilarity."""
        fewer, more = max(FEWEST, self.n_conditions * 2 // 3), self.n_conditions * 4 // 3
        other = next(name for name in DISSIMILARITIES if name != self.dissimilarity)
        changes = ({"n_conditions": fewer}, {"n_conditions": more}, {"dissimilarity": other})
        return [near for change in changes if (near := dataclasses.replace(self, **change)) != self]


def _check_times(x: Trajectories, y: Trajectories) -> None:
    if x.shape[1] != y.shape[1]:
        raise ShapeError(
            f"x has {x.shape[1]} times and y has {y.shape[1]}; needed the same times one by one. "
            "Select the times that both recordings share."
        )


def _evenly_spaced(n_times: int, n_conditions: int, name: str) -> list[int]:
    """Return indices of at most n_conditions times, the first and the last among them."""
    if n_times < FEWEST:
        raise DegenerateInputError(f"{name} has {n_times} times; needed at least {FEWEST} conditions.")
    return np.linspace(0, n_times - 1, min(n_times, n_conditions)).round().astype(int).tolist()


def _standardized(patterns: Array, rounding: Array, name: str) -> Array:
    """Return patterns with mean 0 and squared norm 1/2, whose squared distances are 1 - r."""
    deviations = patterns - patterns.mean(axis=1, keepdims=True)
    constant = np.flatnonzero(np.abs(deviations).max(axis=1) <= rounding)
    if constant.size:
        raise DegenerateInputError(
            f"{name}: {constant.size} of {len(patterns)} patterns are constant across the {patterns.shape[1]} units, "
            f"first that of condition {constant[0]}, so they have no correlation. Leave such times out, record more "
            "units, or choose dissimilarity=euclidean."
        )
    deviations /= np.abs(deviations).max(axis=1, keepdims=True)
    return deviations / (np.linalg.norm(deviations, axis=1, keepdims=True) * np.sqrt(2))


def _tied_ranks(values: Array) -> Array:
    """Return ranks from 1; neighbors in order that differ by rounding only share their average rank."""
    order = np.argsort(values, kind="stable")
    ascending = values[order]
    steps = np.diff(ascending) > TIED * ascending[-1]
    labels = np.empty(len(values), dtype=np.intp)
    labels[order] = np.concatenate([[0], np.cumsum(steps)])
    return rankdata(labels)


def _disagreement(x: Array, y: Array) -> float:
    """Return 1 - x·y of two vectors of norm 1, exactly 0 for equal ones."""
    return min(2.0, float(np.sum((x - y) ** 2)) / 2)
