"""A question about many pairs as a value, so that a cache or a cluster can stand between a case and a metric."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol, TypeAlias, cast, final

from metric_harness.arrays import Array
from metric_harness.interfaces import AbstractMetric, Claims

Method: TypeAlias = Literal["pair_distances", "distances", "operator_distances"]
"""The methods of a metric that answer for many pairs at once."""


@final
@dataclasses.dataclass
class Meter:
    """Distances asked for, how many of them came from a cache, and seconds spent inside the metric.

    An answer from a cache counts with the seconds that it took when it was computed: they are what the metric costs.
    """

    n_calls: int = 0
    seconds: float = 0.0
    n_reused: int = 0


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Question:
    """What a metric is asked in one call.

    Attributes:
        bare: the metric.
        method: which of its methods is called.
        arrays: recordings of the shape that the metric needs, or operators, as the method takes them.
        pairs: index pairs into the arrays; empty for `distances`, which is about all of them.
        n_distances: how many distances the answer counts as.
    """

    bare: AbstractMetric
    method: Method
    arrays: Sequence[Array]
    pairs: Sequence[tuple[int, int]]
    n_distances: int

    def answered(self) -> Any:
        """Return what the metric says, unchecked."""
        if self.method == "distances":
            return self.bare.distances(self.arrays)
        if self.method == "pair_distances":
            return self.bare.pair_distances(self.arrays, self.pairs)
        return cast(Any, self.bare).operator_distances(self.arrays, self.pairs)


def looped(question: Question) -> bool:
    """Return whether a question is put to the metric pair by pair, so that nothing about it hangs on other pairs."""
    return question.method == "pair_distances" and type(question.bare).pair_distances is AbstractMetric.pair_distances


def divisible(question: Question) -> bool:
    """Return whether each pair of a question gets, to the last bit, the number that it gets alone."""
    return looped(question) or (question.method != "distances" and type(question.bare).separable)


def asks_for_pairs(bare: AbstractMetric) -> bool:
    """Return whether a metric answers for all pairs by its `pair_distances`, as the interface does."""
    return type(bare).distances is AbstractMetric.distances


def from_pairs(bare: AbstractMetric, pair_distances: Callable[..., Array], xs: Sequence[Array]) -> Array:
    """Return what a metric's `distances` are if its pairs go another way; see `asks_for_pairs`."""
    stand_in: Any = _StandIn(bare.claims, pair_distances)
    return AbstractMetric.distances(stand_in, xs)


@final
@dataclasses.dataclass(frozen=True)
class _StandIn:
    """Has what `AbstractMetric.distances` uses of a metric."""

    claims: Claims
    pair_distances: Callable[..., Array]


class Route(Protocol):
    """A way from a question to its answer."""

    def __call__(self, question: Question, meter: Meter, ask: Callable[[], Any]) -> Any:
        """Return the answer that `ask()` would give, to the last bit, and count it on the meter.

        Args:
            question: what is asked.
            meter: counts distances and seconds; `ask` counts on it by itself.
            ask: asks the metric in this process.
        """
        ...
