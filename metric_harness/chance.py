"""What a metric gives to recordings that have nothing to do with each other, and from where on a distance is no chance.

Three nulls, none of which leaves anything in common but the sizes:

- `independent`: two recordings drawn anew each time;
- `permutation`: one pair, the trials of y in random order, or its samples where there is one trial;
- `shift`: one pair, every trial of y moved around a circle in time by one random lag, so that each recording keeps its
  autocorrelation.

A distance is beyond chance at the level α if it is below the r-th smallest of n draws, r = ⌊α (n + 1)⌋: then
p = (1 + #{draws ≤ distance}) / (n + 1) ≤ α (Phipson and Smyth, 2010). That threshold estimates a quantile, so that
order statistics on both sides of it are its interval, whatever the distribution.
"""

import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, TypeAlias, cast, final

import numpy as np
from scipy import stats

from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array, Trajectories
from metric_harness.errors import UsageError
from metric_harness.populations import autoregressive
from metric_harness.seeding import generator
from metric_harness.statistics import CONFIDENCE, Estimate, mean_interval
from metric_harness.surrogates import circularly_shifted

LEVEL = 0.05
"""Share of unrelated pairs below the threshold."""
FEWEST_DRAWS = 100
"""Draws without which the threshold's interval has no lower end: (1 - `LEVEL`)ⁿ has to be below 2.5 %."""
FEWEST_ARRANGEMENTS = round(1 / LEVEL)
"""Arrangements without which no p reaches `LEVEL`."""
MOST_ENTRIES = 100_000_000
"""Numbers of one recording, 0.8 GB, up to which it is drawn."""
BATCH_ENTRIES, BATCH_PAIRS = 4_000_000, 20
"""Most numbers and most pairs that a metric is asked about at once."""

Name: TypeAlias = Literal["independent", "permutation", "shift"]
Pair: TypeAlias = tuple[Trajectories, Trajectories]


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class Sizes:
    """Sizes of the recordings, and how much of a sample the next one keeps.

    Attributes:
        n_samples: samples of each trial.
        n_units: units of x and y.
        n_trials: trials of both.
        autocorrelation: correlation of successive samples, in [0, 1).

    Raises:
        UsageError: if no recording has these sizes, or it is too large to be drawn.
    """

    n_samples: int
    n_units: int
    n_trials: int = 1
    autocorrelation: float = 0.0

    def __post_init__(self) -> None:
        for name in ("samples", "units", "trials"):
            if getattr(self, f"n_{name}") < 1:
                raise UsageError(f"{getattr(self, f'n_{name}')} {name}; needed at least 1.")
        if not 0 <= self.autocorrelation < 1:
            raise UsageError(f"an autocorrelation of {self.autocorrelation}; needed at least 0 and below 1.")
        if math.prod(self.shape) > MOST_ENTRIES:
            raise UsageError(
                f"{self.n_trials} trials x {self.n_samples} samples x {self.n_units} units are {math.prod(self.shape)} "
                f"numbers; needed at most {MOST_ENTRIES}. Ask about fewer units: chance depends on them first."
            )

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of a recording: (trials, time, units)."""
        return self.n_trials, self.n_samples, self.n_units


@final
@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Chance:
    """The distances that one null gives, or why it gives none.

    Attributes:
        name: the null.
        draws: distances, sorted; empty if there are none.
        why_none: why there are none.
    """

    name: Name
    draws: Array
    why_none: str = ""

    @property
    def mean(self) -> Estimate:
        """The mean distance of unrelated recordings, with Student's interval."""
        return mean_interval(self.draws)

    @property
    def threshold(self) -> Estimate:
        """The distance below which `LEVEL` of the draws lie, with an interval that holds for any distribution.

        The number of draws below the true quantile is binomial, so that its own quantiles are the ranks of the ends
        (Conover, 1999, "Practical Nonparametric Statistics", section 3.2).
        """
        n = len(self.draws)
        tails = ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2)
        low, high = (int(cast(Any, stats.binom).ppf(tail, n, LEVEL)) for tail in tails)
        own, low, high = (float(self.draws[rank - 1]) for rank in (math.floor(LEVEL * (n + 1)), low, high + 1))
        return Estimate(own, low, high)

    def p(self, distance: float) -> float:
        """Return the share of unrelated pairs that are as close, the observed one counted among them."""
        return float((1 + np.sum(self.draws <= distance)) / (1 + len(self.draws)))


def independent(sizes: Sizes, rng: np.random.Generator) -> Pair:
    """Return two independent Gaussian recordings of unit variance, autoregressive of order one in time."""
    x, y = (autoregressive(sizes.shape, sizes.autocorrelation, rng) for _ in range(2))
    return x, y


def permuted(y: Trajectories, rng: np.random.Generator) -> Trajectories:
    """Return a recording with its trials in random order, or its samples if it has one trial."""
    return y[rng.permutation(len(y))] if len(y) > 1 else y[:, rng.permutation(y.shape[1])]


def shifted(y: Trajectories, rng: np.random.Generator) -> Trajectories:
    """Return a recording with every trial moved around a circle in time by one random lag, never by none."""
    return circularly_shifted(y, int(cast(Any, rng).integers(1, y.shape[1])))


def chances_of_sizes(
    metric: MetricUnderTest, sizes: Sizes, *, n_draws: int, seed: int, tell: Callable[[int], None]
) -> list[Chance]:
    """Return what a metric gives to unrelated recordings of the given sizes, by each null.

    Args:
        metric: the metric.
        sizes: of the recordings.
        n_draws: of each null, at least `FEWEST_DRAWS`.
        seed: root seed; equal seeds give equal recordings to every metric.
        tell: receives the number of distances known since it was told last.

    Raises:
        MetricError: if the metric has no answer.
        UsageError: if there are too few draws.
    """
    _require_draws(n_draws)
    anew = (independent(sizes, generator(seed, "null", "independent", k)) for k in range(n_draws))
    drawn = Chance(name="independent", draws=_sorted(_distances(metric, anew, math.prod(sizes.shape), tell)))
    pair = independent(sizes, generator(seed, "null", "pair"))
    return [drawn, *chances_of_pair(metric, pair, n_draws=n_draws, seed=seed, tell=tell)]


def chances_of_pair(
    metric: MetricUnderTest, pair: Pair, *, n_draws: int, seed: int, tell: Callable[[int], None]
) -> list[Chance]:
    """Return what is left of the distance of two recordings when their correspondence is destroyed, by two nulls.

    Args:
        metric: the metric.
        pair: x and y, of shape (trials, time, units).
        n_draws: of each null, at least `FEWEST_DRAWS`.
        seed: root seed.
        tell: receives the number of distances known since it was told last.

    Raises:
        InvalidInputError: if a recording is not valid trajectories.
        MetricError: if the metric has no answer.
        UsageError: if there are too few draws.
    """
    _require_draws(n_draws)
    y = pair[1]
    # A factorial beyond that of ten is enough in any case.
    n_orders = math.factorial(min(10, len(y) if len(y) > 1 else y.shape[1]))
    return [
        _rearranged(metric, pair, "permutation", permuted, n_orders, n_draws, seed, tell),
        _rearranged(metric, pair, "shift", shifted, y.shape[1], n_draws, seed, tell),
    ]


def _rearranged(
    metric: MetricUnderTest,
    pair: Pair,
    name: Name,
    rearranged: Callable[..., Trajectories],
    n_arrangements: int,
    n_draws: int,
    seed: int,
    tell: Callable[[int], None],
) -> Chance:
    if n_arrangements < FEWEST_ARRANGEMENTS:
        tell(n_draws)
        why = f"{n_arrangements} arrangements; needed at least {FEWEST_ARRANGEMENTS}"
        return Chance(name=name, draws=np.empty(0), why_none=why)
    x, y = pair
    pairs = ((x, rearranged(y, generator(seed, "null", name, k))) for k in range(n_draws))
    draws = _sorted(_distances(metric, pairs, max(x.size, y.size), tell))
    # What is as it was before cannot say what chance is.
    if draws[-1] - draws[0] <= metric.floor and abs(draws[0] - metric.distance(x, y)) <= metric.floor:
        return Chance(name=name, draws=np.empty(0), why_none="the metric does not see the change")
    return Chance(name=name, draws=draws)


def _require_draws(n_draws: int) -> None:
    if n_draws < FEWEST_DRAWS:
        raise UsageError(f"{n_draws} draws; needed at least {FEWEST_DRAWS} for the interval of the threshold.")


def _distances(
    metric: MetricUnderTest, pairs: Iterator[Pair], n_entries: int, tell: Callable[[int], None]
) -> Iterator[Array]:
    """Yield the distances of pairs in batches."""
    at_once = max(1, min(BATCH_PAIRS, BATCH_ENTRIES // n_entries))
    batch: list[Trajectories] = []
    for pair in pairs:
        batch += pair
        if len(batch) == 2 * at_once:
            yield _asked(metric, batch, tell)
            batch = []
    if batch:
        yield _asked(metric, batch, tell)


def _asked(metric: MetricUnderTest, batch: Sequence[Trajectories], tell: Callable[[int], None]) -> Array:
    distances = metric.pair_distances(batch, [(k, k + 1) for k in range(0, len(batch), 2)])
    tell(len(distances))
    return distances


def _sorted(batches: Iterator[Array]) -> Array:
    return np.sort(np.concatenate(list(batches)))
