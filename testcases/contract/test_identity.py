"""A recording is at distance zero from itself."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import ClassVar, final

import numpy as np
import pytest
from hypothesis.strategies import SearchStrategy

from metric_harness import strategies
from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Trajectories
from metric_harness.checks import Recorder
from metric_harness.profiles import Profile
from metric_harness.questions import Call, Example, Question, Streams, Trial
from metric_harness.refutation import hold


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class SelfDistance(Question):
    """A recording against the same object, a copy and a strided view.

    Both sides lose the same digits on the way, whatever the recording's conditioning: the floor alone is allowed.
    """

    quantity: ClassVar[str] = "self-distance"
    origin: ClassVar[str] = "the metric's numerical floor"
    strided: ClassVar[Sequence[str]] = ("view",)

    @property
    def calls(self) -> Sequence[Call]:
        """The recording against each of the three."""
        return [("x", "x"), ("x", "copy"), ("x", "view")]

    def deviation(self, distances: Sequence[float]) -> float:
        """Return the largest self-distance."""
        return max(map(abs, distances))

    def drawn(self, *, long: bool) -> SearchStrategy[Example]:
        """Return the strategy that draws a recording of any conditioning."""
        return strategies.edge_trajectories(long=long).map(itself)

    def on_corpus(
        self, metric: MetricUnderTest, recordings: Sequence[Trajectories], measure: Recorder, streams: Streams
    ) -> Sequence[Trial]:
        """Return the trial of each recording."""
        return [self.tried(metric, itself(x)) for x in recordings]


def itself(x: Trajectories) -> Example:
    """Return the example that sets a recording against itself."""
    return Example({"x": x, "copy": x, "view": x}, "against itself, a copy and a strided view")


QUESTION = SelfDistance(
    claim="identity",
    sentence="d(x, x) is at most the numerical floor",
    hint="use a form that keeps its digits near zero (2·atan2 instead of arccos), or declare a higher floor",
)


@pytest.mark.case(id="contract.identity", version=1, tier="required", source="suite")
def test_identity(
    metric: MetricUnderTest, measure: Recorder, profile: Profile, streams: Callable[..., np.random.Generator]
) -> None:
    """A metric gives d(x, x) at most its declared numerical floor.

    Why it matters: an optimizer's residue on identical data is a noise floor under every result.
    Given: the fixed corpus, then recordings that a search draws until one breaks the claim: of a few samples, with
    equal units, of rank one, where the metric answers. Each against the same object, a copy, and a strided view.
    Measured: the largest self-distance on the corpus, and whether the search found a counterexample.
    Verdict: `True` must survive the search, at most `Claims.numerical_floor`, whatever the example's condition: both
    sides lose the same digits; `False` must be violated; `None` is only measured.
    Negative controls: a metric with an offset, one with a random residue, one that is zero for the same object only,
    one with an offset for fewer than 20 samples; one that is zero and denies it.
    """
    hold(QUESTION, metric, measure, profile, streams)
