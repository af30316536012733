"""Questions whose answers can refute a claim: recordings, the distances asked between them, and what these may be.

What a metric's numerical floor and an example's conditioning explain is no violation. How a claim is decided by its
question is the business of `refutation`.
"""

import abc
import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import ClassVar, TypeAlias, final

import numpy as np
from hypothesis.strategies import SearchStrategy

from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array, Trajectories
from metric_harness.checks import Recorder

Streams: TypeAlias = Callable[..., np.random.Generator]
Call: TypeAlias = tuple[str, str]
"""Names of the two recordings between which a distance is asked; one name twice is the same object twice."""


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Example:
    """Recordings by name, how they came about, and the factor by which they may worsen rounding."""

    recordings: Mapping[str, Trajectories]
    text: str
    condition: float = 1.0


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Trial:
    """One example put to a metric: arrays as the metric gets them, its distances, and what rounding explains."""

    arrays: Mapping[str, Array]
    text: str
    distances: Sequence[float]
    deviation: float
    tolerance: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Question(abc.ABC):
    """One claim, the examples and distances by which it can be refuted, and how far these are from what it says.

    Attributes:
        claim: field of `Claims`.
        sentence: the claim in words.
        hint: what usually lies behind a violation.
        moves: whether the claim says that there is a deviation; otherwise it says that there is none.
        long: whether only long recordings are searched.
    """

    claim: str
    sentence: str
    hint: str
    moves: bool = False
    long: bool = False

    quantity: ClassVar[str]
    """What the deviation is, in words."""
    origin: ClassVar[str] = "the metric's numerical floor times the example's condition"
    """Where the tolerance comes from."""
    strided: ClassVar[Sequence[str]] = ()
    """Names of arrays that are handed over as views of wider ones; all others are copies."""

    @property
    @abc.abstractmethod
    def calls(self) -> Sequence[Call]:
        """The distances that are asked of each example."""

    @abc.abstractmethod
    def deviation(self, distances: Sequence[float]) -> float:
        """Return how far the distances, one for each call, are from what the claim says."""

    @abc.abstractmethod
    def drawn(self, *, long: bool) -> SearchStrategy[Example]:
        """Return the strategy that draws examples, of recordings small enough to read or long enough for delays."""

    @abc.abstractmethod
    def on_corpus(
        self, metric: MetricUnderTest, recordings: Sequence[Trajectories], measure: Recorder, streams: Streams
    ) -> Sequence[Trial]:
        """Return the trials on the fixed corpus."""

    def claimed(self, metric: MetricUnderTest) -> bool | None:
        """Return what the metric claims."""
        return getattr(metric.claims, self.claim)

    def breaks(self, trial: Trial) -> bool:
        """Return whether a trial contradicts the claim."""
        return trial.deviation > trial.tolerance

    def worst(self, deviations: Iterable[float]) -> float:
        """Return the deviation farthest from what the claim says."""
        return (min if self.moves else max)(deviations)

    def tried(self, metric: MetricUnderTest, example: Example) -> Trial:
        """Put an example to a metric.

        Raises:
            MetricError: if the metric has no finite answer.
        """
        arrays = {name: metric.prepared(recording) for name, recording in example.recordings.items()}
        return self.asked(metric, arrays, example.text, metric.floor * example.condition)

    def asked(self, metric: MetricUnderTest, arrays: Mapping[str, Array], text: str, tolerance: float) -> Trial:
        """Ask a metric for the distances between arrays.

        Raises:
            KeyError: if an array is missing.
            MetricError: if the metric has no finite answer.
        """
        distances = [metric.answer(*self._handed(arrays, *call)) for call in self.calls]
        return Trial(arrays, text, distances, self.deviation(distances), tolerance)

    def _handed(self, arrays: Mapping[str, Array], first: str, second: str) -> tuple[Array, Array]:
        # Made anew for each call: what a metric does to its input must not reach the next question.
        fresh = {name: (strided if name in self.strided else np.copy)(arrays[name]) for name in (first, second)}
        return fresh[first], fresh[second]


def strided(x: Array) -> Array:
    """Return the same numbers as a view of every other unit of a wider array."""
    return np.repeat(x, 2, axis=-1)[..., ::2]
