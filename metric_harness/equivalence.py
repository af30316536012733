"""Whether two things are as good as equal: two one-sided tests of a mean difference against a margin."""

import dataclasses
from collections.abc import Sequence
from typing import final

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from metric_harness.statistics import Estimate, exact, mean_interval

LEVEL = 0.05
"""Level of each one-sided test; two of them at this level are a test of equivalence at this level."""


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class Equivalence:
    """A mean difference set against a margin on either side.

    Attributes:
        difference: the mean with Student's 95 % interval.
        margin: largest difference that counts as none, above 0.
        p_above: of a mean at or below -margin, one-sided.
        p_below: of a mean at or above margin, one-sided.
    """

    difference: Estimate
    margin: float
    p_above: float
    p_below: float

    @property
    def p(self) -> float:
        """The p of the test: the larger of both, for both hypotheses have to be rejected."""
        return max(self.p_above, self.p_below)

    @property
    def verdict(self) -> str:
        """What the test says, in words; a difference can be smaller than the margin and still not be zero."""
        moved = self.difference.low > 0 or self.difference.high < 0
        if self.p < LEVEL:
            return "equivalent, though not zero" if moved else "equivalent"
        if not moved:
            return "undecided"
        return "larger" if self.difference.value > 0 else "smaller"


def equivalence(differences: ArrayLike, margin: float) -> Equivalence:
    """Test whether the mean of paired differences lies within ± margin.

    Args:
        differences: one per independent unit, at least two.
        margin: above 0.

    Raises:
        ValueError: if there are fewer than two differences, or the margin is not above 0.

    Source: Schuirmann (1987), doi 10.1007/BF01068419: equivalence at level α if both one-sided t tests reject at α.
    """
    sample = np.asarray(differences, dtype=np.float64)
    return equivalence_of(mean_interval(sample), sample.size, margin)


def equivalence_of(difference: Estimate, n: int, margin: float) -> Equivalence:
    """Test whether an estimated difference lies within ± margin, by the standard error that its interval tells.

    Args:
        difference: with a symmetric Student interval of n - 1 degrees of freedom, such as a jackknife gives.
        n: independent units behind it, at least two.
        margin: above 0.

    Raises:
        ValueError: if the margin is not above 0.
    """
    if not margin > 0:
        raise ValueError(f"margin is {margin}; needed more than 0.")
    error = _error(difference, n)
    if error == 0:
        # A difference that does not scatter leaves no doubt; a t test would divide by zero.
        p_above, p_below = float(difference.value <= -margin), float(difference.value >= margin)
    else:
        p_above = float(stats.t.sf((difference.value + margin) / error, n - 1))
        p_below = float(stats.t.cdf((difference.value - margin) / error, n - 1))
    return Equivalence(difference=difference, margin=float(margin), p_above=p_above, p_below=p_below)


@final
@dataclasses.dataclass(frozen=True)
class Difference:
    """Of two independent estimates, with Welch's 95 % interval and the two-sided p of its being zero."""

    estimate: Estimate
    p: float


def difference_of(first: Estimate, second: Estimate, n_first: int, n_second: int) -> Difference:
    """Return first - second of two independent estimates.

    The standard errors are those of the estimates' own Student intervals, of n - 1 degrees of freedom each (Welch,
    1947).

    Args:
        first: with a symmetric interval.
        second: likewise.
        n_first: independent units behind the first, at least two.
        n_second: of the second.
    """
    squares = [_error(estimate, n) ** 2 for estimate, n in ((first, n_first), (second, n_second))]
    total, value = sum(squares), first.value - second.value
    if total == 0:
        return Difference(exact(value), float(value == 0))
    freedom = total**2 / sum(square**2 / (n - 1) for square, n in zip(squares, (n_first, n_second), strict=True))
    error = float(np.sqrt(total))
    half = float(stats.t.ppf(0.975, freedom)) * error
    return Difference(Estimate(value, value - half, value + half), 2 * float(stats.t.sf(abs(value) / error, freedom)))


def holm(ps: Sequence[float]) -> list[float]:
    """Return p values adjusted for how many there are, in their order.

    Source: Holm (1979), "A simple sequentially rejective multiple test procedure": the k-th smallest of n is multiplied
    by n - k + 1, and no adjusted p is below that of a smaller one.
    """
    adjusted, largest = [0.0] * len(ps), 0.0
    for rank, place in enumerate(sorted(range(len(ps)), key=lambda k: ps[k])):
        largest = max(largest, min(1.0, ps[place] * (len(ps) - rank)))
        adjusted[place] = largest
    return adjusted


def _error(estimate: Estimate, n: int) -> float:
    """Return the standard error behind a Student interval of n - 1 degrees of freedom."""
    return (estimate.high - estimate.low) / 2 / float(stats.t.ppf(0.975, n - 1))
