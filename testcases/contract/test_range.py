"""No value leaves the range that the metric names."""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, final

import numpy as np
import pytest
from hypothesis.strategies import SearchStrategy

from metric_harness import strategies
from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Trajectories
from metric_harness.checks import NotApplicableError, Recorder
from metric_harness.corpora import recorded_corpus
from metric_harness.profiles import Profile
from metric_harness.questions import Call, Example, Question, Streams, Trial
from metric_harness.refutation import hold
from metric_harness.statistics import unique_pairs

UNLIMITED = (-math.inf, math.inf)


def extremes(
    corpus: Sequence[Trajectories], rng: np.random.Generator
) -> Mapping[str, tuple[Trajectories, Trajectories]]:
    """Return named pairs where similarity is at its largest and at its smallest."""
    x = corpus[0]
    trials, times, units = x.shape
    noise = rng.standard_normal((trials * times, 2 * units))
    # Columns that are centered and orthonormal: each pair of one half and the other has correlation zero.
    basis = np.linalg.qr(noise - noise.mean(axis=0)).Q * math.sqrt(trials * times)
    left, right = (part.reshape(trials, times, units) for part in np.split(basis, 2, axis=1))
    return {
        "identical": (x, x.copy()),
        "nearly identical": (x, x + 0.03 * x.std() * rng.standard_normal(x.shape)),
        "sign-flipped": (x, -x),
        "one unit flipped": (x, x * np.array([-1.0] + [1.0] * (units - 1))),
        "independent": (x, rng.standard_normal(x.shape)),
        "orthogonal": (left, right),
    }


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class Limits(Question):
    """A distance against the smallest and the largest possible one.

    Recordings near an ill-conditioned one have their distances within the range, too: the floor alone is allowed.

    Attributes:
        limits: both; infinite where there is none.
    """

    limits: tuple[float, float]

    quantity: ClassVar[str] = "distance beyond the range"
    origin: ClassVar[str] = "the metric's numerical floor"

    @property
    def calls(self) -> Sequence[Call]:
        """The distance."""
        return [("x", "y")]

    def deviation(self, distances: Sequence[float]) -> float:
        """Return how far a distance is beyond the nearer limit; negative within."""
        (distance,) = distances
        return max(self.limits[0] - distance, distance - self.limits[1])

    def claimed(self, metric: MetricUnderTest) -> bool | None:
        """Return whether the metric names any limit."""
        return None if self.limits == UNLIMITED else True

    def drawn(self, *, long: bool) -> SearchStrategy[Example]:
        """Return the strategy that draws pairs at the edges of what a distance can be."""
        return strategies.edge_pairs(long=long).map(lambda pair: paired(*pair, "a pair"))

    def on_corpus(
        self, metric: MetricUnderTest, recordings: Sequence[Trajectories], measure: Recorder, streams: Streams
    ) -> Sequence[Trial]:
        """Return the trials of all pairs, in both orders, and of those at the extremes."""
        ordered = [order for i, j in unique_pairs(len(recordings)) for order in ((i, j), (j, i))]
        named = {f"recordings {i} and {j} of the corpus": (recordings[i], recordings[j]) for i, j in ordered}
        at = extremes(recordings, streams("extremes"))
        trials = {text: self.tried(metric, paired(x, y, text)) for text, (x, y) in {**named, **at}.items()}
        values = {text: trial.distances[0] for text, trial in trials.items()}
        for name in at:
            measure(name, values[name])
        measure("smallest distance", min(values.values()))
        measure("largest distance", max(values.values()))
        return list(trials.values())


def paired(x: Trajectories, y: Trajectories, text: str) -> Example:
    """Return the example of one pair."""
    return Example({"x": x, "y": y}, text)


@pytest.mark.case(id="contract.range", version=1, tier="required", source="suite")
def test_range(
    metric: MetricUnderTest, measure: Recorder, profile: Profile, streams: Callable[..., np.random.Generator]
) -> None:
    """A metric's values lie in the range that it claims.

    Why it matters: thresholds, color scales and 1 - d are read against the range; a value outside it turns
    a similarity negative without notice.
    Given: the fixed corpus, 15 pairs in both orders, and pairs at the extremes: identical, nearly so (noise of
    3 %), sign-flipped, one unit flipped, independent, orthogonal (every unit of one uncorrelated with every
    unit of the other). Then pairs that a search draws until one breaks the claim: free, identical, nearly so, flipped;
    of a few samples, with equal units, of rank one, constant, where the metric answers.
    Measured: the smallest and the largest distance on the corpus, how far these are beyond the range, and whether the
    search found a counterexample. The range of a similarity s is that of max - s.
    Verdict: every distance within `Claims.value_range`, up to the numerical floor, whatever the example's condition:
    recordings near it have theirs within the range, too. A range open at one end is held at the other; without any,
    the corpus is only measured.
    Negative controls: a metric whose range ends too low; one that goes below the zero that it claims to start at; one
    that does so only for recordings of rank one.
    """
    limits = metric.distance_range
    question = Limits(
        claim="value_range",
        sentence="every value lies in the claimed range",
        hint="clip what only rounding lifts over the end, or declare the range that the formula has",
        limits=limits or UNLIMITED,
    )
    if question.limits == UNLIMITED:
        question.on_corpus(metric, recorded_corpus(measure, streams("corpus")), measure, streams)
        claimed = "no value_range" if limits is None else "a value_range open at both ends"
        raise NotApplicableError(f"the metric claims {claimed}; the smallest and the largest value are on the card")
    hold(question, metric, measure, profile, streams)
