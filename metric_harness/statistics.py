"""Estimates with intervals, rank statistics and permutation nulls; pure functions."""

import dataclasses
import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any, cast, final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, stats

from metric_harness.arrays import Array

MOST_ARRANGEMENTS = 10_000
"""Distinct arrangements of labels up to which a permutation null is enumerated; nine labels in threes have 1680."""
LARGEST_EFFECT = 10.0
"""Standard deviations beyond which an effect is not resolved; differences that do not scatter have no finite one."""
CONFIDENCE = 0.95
"""Coverage of every interval."""


@final
@dataclasses.dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval; `low = high = value` for an exact one."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        if self.low == self.high:
            return f"{self.value:.4g}"
        return f"{self.value:.4g} [{self.low:.4g}, {self.high:.4g}]"


def exact(value: float) -> Estimate:
    """Return an estimate without uncertainty."""
    return Estimate(float(value), float(value), float(value))


def mean_interval(values: ArrayLike, *, limits: tuple[float, float] = (-np.inf, np.inf)) -> Estimate:
    """Return the mean of independent values with Student's t interval.

    Args:
        values: one number per independent unit (a world, a network), at least two.
        limits: range that the quantity cannot leave; the interval is clipped to it.

    Raises:
        ValueError: if there are fewer than two values, so that no interval exists.
    """
    sample = np.asarray(values, dtype=np.float64)
    if sample.size < 2:
        raise ValueError(f"{sample.size} values have no interval; needed at least 2 independent ones.")
    mean = float(sample.mean())
    quantile = float(stats.t.ppf((1 + CONFIDENCE) / 2, sample.size - 1))
    half = quantile * float(sample.std(ddof=1)) / np.sqrt(sample.size)
    low, high = np.clip([mean - half, mean + half], *limits)
    return Estimate(mean, float(low), float(high))


def jackknife_error(partial: ArrayLike) -> float:
    """Return the standard error of a statistic from its values with one item left out at a time.

    √((n - 1) / n · Σ (θ_i - mean θ)²) (Arvesen, 1969, "Jackknifing U-statistics", for items left out with all their
    pairs).
    """
    values = np.asarray(partial, dtype=np.float64)
    return float(np.sqrt((values.size - 1) / values.size * ((values - values.mean()) ** 2).sum()))


def jackknife_interval(
    value: float, partial: ArrayLike, *, limits: tuple[float, float] = (-np.inf, np.inf)
) -> Estimate:
    """Return a statistic with Student's t interval from its values with one item left out at a time.

    Args:
        value: the statistic of all items.
        partial: its values without each of the items, shape (n_items,).
        limits: range that the statistic cannot leave; the interval is clipped to it.
    """
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, np.size(partial) - 1)) * jackknife_error(partial)
    low, high = np.clip([value - half, value + half], *limits)
    return Estimate(value, float(low), float(high))


def effect_interval(differences: ArrayLike) -> Estimate:
    """Return the mean of paired differences by their standard deviation, with its exact interval.

    √n times the effect follows the noncentral t distribution; the ends are the effects under which what was found lies
    at either tail (Steiger and Fouladi, 1997). Differences that are all alike have no scatter to be divided by: they
    give 0 where they are zero, and otherwise the effect is taken to be `LARGEST_EFFECT` or minus that.

    Raises:
        ValueError: if there are fewer than two differences.
    """
    sample = np.asarray(differences, dtype=np.float64)
    if sample.size < 2:
        raise ValueError(f"{sample.size} differences have no scatter; needed at least 2 independent ones.")
    mean, n = float(sample.mean()), sample.size
    scatter = max(float(sample.std(ddof=1)), abs(mean) / LARGEST_EFFECT)
    effect = mean / scatter if scatter > 0 else 0.0

    def tail(true_effect: float, share: float) -> float:
        below = float(stats.nct.cdf(effect * math.sqrt(n), n - 1, true_effect * math.sqrt(n)))
        # SciPy gives nan where the two are so far apart that the probability is 0 or 1 to all digits.
        return (float(true_effect < effect) if math.isnan(below) else below) - share

    widest = 2 * abs(effect) + 10
    low, high = (
        float(cast(Any, optimize.brentq(tail, -widest, widest, args=(share,))))
        for share in ((1 + CONFIDENCE) / 2, (1 - CONFIDENCE) / 2)
    )
    return Estimate(effect, low, high)


def falling_p(table: ArrayLike) -> float:
    """Return the one-sided p of Page's trend test for values that fall from column to column (Page, 1963).

    Args:
        table: shape (n_subjects, n_levels), at least two of each; ties share their rank.
    """
    falling = -np.asarray(table, dtype=np.float64)
    return float(cast(Any, stats.page_trend_test(falling)).pvalue)


def proportion_interval(successes: int, n: int) -> Estimate:
    """Return a proportion with its exact binomial interval (Clopper and Pearson, 1934)."""
    interval = cast(Any, stats.binomtest(successes, n)).proportion_ci(CONFIDENCE, method="exact")
    return Estimate(successes / n, float(interval.low), float(interval.high))


def settled(values: ArrayLike, floor: float) -> Array:
    """Round distances to multiples of the numerical floor, so that rounding noise ranks as a tie."""
    raw = np.asarray(values, dtype=np.float64)
    return np.round(raw / floor) * floor if floor > 0 else raw


def auc(smaller: ArrayLike, larger: ArrayLike) -> float:
    """Return P(s < l) + P(s = l) / 2 for random members of two sets; 1 when they are fully separated.

    Mann-Whitney's U divided by the number of pairs of values.
    """
    low, high = np.ravel(smaller)[:, None], np.ravel(larger)[None, :]
    return float(((low < high) + 0.5 * (low == high)).mean())


def average_precision(distances: ArrayLike, relevant: ArrayLike) -> float:
    """Return the area under precision and recall when pairs are retrieved from near to far; 1 for relevant ones first.

    Σ (R_k - R_{k-1}) P_k over the different distances, with recall R_k and precision P_k of all that are no farther, so
    that ties are retrieved together; a metric that ties all has the share of relevant pairs.

    Args:
        distances: shape (n,).
        relevant: whether each is to be found, shape (n,).

    Raises:
        ValueError: if none is.
    """
    values, wanted = np.ravel(distances), np.ravel(relevant).astype(bool)
    if not wanted.any():
        raise ValueError(f"none of {wanted.size} pairs is relevant; needed at least one.")
    levels = np.unique(values)
    hits, drawn = (np.array([(some <= level).sum() for level in levels]) for some in (values[wanted], values))
    return float((np.diff(hits, prepend=0) / wanted.sum() * hits / drawn).sum())


def spearman(x: ArrayLike, y: ArrayLike) -> float:
    """Return Spearman's rank correlation; 0 when either side is constant and shows no order at all."""
    first, second = (stats.rankdata(np.asarray(side, dtype=np.float64)) for side in (x, y))
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])


def unique_pairs(n: int) -> list[tuple[int, int]]:
    """Return the n (n - 1) / 2 unordered pairs of different items, in row order."""
    return [(i, j) for i in range(n) for j in range(i + 1, n)]


def off_diagonal(matrix: Array) -> Array:
    """Return the unordered pairs of a distance matrix as a vector, both directions averaged."""
    rows, columns = np.triu_indices(len(matrix), k=1)
    return (matrix[rows, columns] + matrix[columns, rows]) / 2


def permutation_p(
    statistic: Callable[[NDArray[np.intp]], float],
    labels: ArrayLike,
    *,
    n_permutations: int,
    rng: np.random.Generator,
) -> float:
    """Return the one-sided p of a statistic that is large when labels carry information.

    The null permutes which item carries which label. Where the distinct arrangements of the labels number at most
    `MOST_ARRANGEMENTS`, all are visited and p is exact; otherwise it is estimated from random ones, the observed
    arrangement counting as one draw (Phipson and Smyth, 2010), so that p is never zero.

    Args:
        statistic: maps an arrangement of the labels to a number.
        labels: observed arrangement, integers of shape (n_items,); `range(n)` where every item is its own label.
        n_permutations: draws from the null where it is not enumerated.
        rng: generator of the null, independent of the data's.
    """
    observed_labels = np.asarray(labels, dtype=np.intp)
    observed = statistic(observed_labels)
    # Arrangements equal by symmetry must count as ties although their sums differ in rounding.
    reached = observed - 1e-12 * max(1.0, abs(observed))
    if _n_arrangements(observed_labels) <= MOST_ARRANGEMENTS:
        return float(np.mean([statistic(labels) >= reached for labels in _arrangements(observed_labels)]))
    null = (statistic(rng.permutation(observed_labels)) for _ in range(n_permutations))
    return (1 + sum(value >= reached for value in null)) / (1 + n_permutations)


def _n_arrangements(labels: NDArray[np.intp]) -> int:
    _, counts = np.unique(labels, return_counts=True)
    return math.factorial(len(labels)) // math.prod(math.factorial(int(count)) for count in counts)


def _arrangements(labels: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
    """Yield every distinct arrangement of the labels: one label is placed everywhere, the others in what is left."""
    label, free = labels[0], np.flatnonzero(labels != labels[0])
    n = len(labels)
    for places in itertools.combinations(range(n), n - len(free)):
        arranged = np.full(n, label)
        if not len(free):
            yield arranged
            continue
        left = np.setdiff1d(np.arange(n), places)
        for rest in _arrangements(labels[free]):
            arranged[left] = rest
            yield arranged.copy()
