"""No detour is shorter than the straight way."""

import dataclasses
import itertools
from collections.abc import Callable, Sequence
from typing import ClassVar, final

import numpy as np
import pytest
from hypothesis.strategies import SearchStrategy

from metric_harness import strategies
from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array, Trajectories
from metric_harness.checks import Recorder
from metric_harness.profiles import Profile
from metric_harness.questions import Call, Example, Question, Streams, Trial
from metric_harness.refutation import hold

WEIGHTS = (0.25, 0.5, 0.75)
"""Shares of the second recording in the morphs between two."""


def morphs(first: Trajectories, second: Trajectories) -> Sequence[Trajectories]:
    """Return mixtures of two recordings, each brought to variance one."""
    first, second = ((x - x.mean(axis=(0, 1))) / x.std() for x in (first, second))
    return [(1 - weight) * first + weight * second for weight in WEIGHTS]


def between_all(metric: MetricUnderTest, recordings: Sequence[Trajectories]) -> Array:
    """Return the distances of all ordered pairs of different recordings, shape (recordings, recordings)."""
    n, symmetric = len(recordings), metric.claims.symmetric is True
    pairs = [(i, j) for i, j in itertools.permutations(range(n), 2) if i < j or not symmetric]
    d = np.zeros((n, n))
    rows, columns = np.array(pairs).T
    d[rows, columns] = values = metric.pair_distances(recordings, pairs)
    if symmetric:
        d[columns, rows] = values
    return d


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class Detour(Question):
    """The way from x to z, and the two parts of the detour over y."""

    quantity: ClassVar[str] = "d(x, z) - d(x, y) - d(y, z)"

    @property
    def calls(self) -> Sequence[Call]:
        """The straight way, then the parts of the detour."""
        return [("x", "z"), ("x", "y"), ("y", "z")]

    def deviation(self, distances: Sequence[float]) -> float:
        """Return by how much the straight way is the longer one."""
        straight, *parts = distances
        return straight - sum(parts)

    def drawn(self, *, long: bool) -> SearchStrategy[Example]:
        """Return the strategy that draws three recordings, the second often a mixture of the others."""

        def example(drawn: tuple[Trajectories, ...]) -> Example:
            condition = max(map(strategies.condition_of, drawn))
            return Example(dict(zip("xyz", drawn, strict=True)), "three recordings", condition)

        return strategies.trajectory_triples(long=long).map(example)

    def on_corpus(
        self, metric: MetricUnderTest, recordings: Sequence[Trajectories], measure: Recorder, streams: Streams
    ) -> Sequence[Trial]:
        """Return the trials of all ordered triples of the recordings and of morphs between some, the worst first."""
        recordings = [*recordings, *morphs(recordings[0], recordings[1]), *morphs(recordings[3], recordings[4])]
        d = between_all(metric, recordings)
        arrays = [metric.prepared(recording) for recording in recordings]
        conditions = [strategies.condition_of(recording) for recording in recordings]

        def trial(triple: tuple[int, ...]) -> Trial:
            at = dict(zip("xyz", triple, strict=True))
            asked = [float(d[at[first], at[second]]) for first, second in self.calls]
            tolerance = metric.floor * max(conditions[k] for k in triple)
            own = {name: arrays[k] for name, k in at.items()}
            return Trial(own, f"recordings {triple} of the corpus", asked, self.deviation(asked), tolerance)

        trials = {triple: trial(triple) for triple in itertools.permutations(range(len(recordings)), 3)}
        order = sorted(trials, key=lambda triple: trials[triple].deviation, reverse=True)
        measure("worst triple", order[0])
        return [trials[triple] for triple in order]


QUESTION = Detour(
    claim="triangle",
    sentence="d(x, z) is at most d(x, y) + d(y, z)",
    hint="take the angle or the square root of what grows like a square, or claim triangle=False",
)


@pytest.mark.case(id="contract.triangle", version=1, tier="required", source="suite")
def test_triangle(
    metric: MetricUnderTest, measure: Recorder, profile: Profile, streams: Callable[..., np.random.Generator]
) -> None:
    """A metric that claims the triangle inequality gives d(x, z) ≤ d(x, y) + d(y, z).

    Why it matters: nearest neighbors, clusterings and embeddings take it for granted; 1 - CKA and squared
    Procrustes distances, both in wide use, do not have it.
    Given: the fixed corpus and the morphs from its first to its second and from its fourth to its fifth
    recording, at weights .25, .5 and .75. A morph lies between its ends, where a detour costs least and a
    distance that grows like a square must break the inequality. All 1320 ordered triples of 12 recordings; then
    triples that a search draws until one breaks the claim, free ones and pairs with a morph between them.
    Measured: the largest d(x, z) - d(x, y) - d(y, z) on the corpus, and whether the search found a counterexample.
    Verdict: `True` must survive the search, at most the numerical floor times the example's condition; `False` must be
    violated; `None` is only measured.
    Negative controls: 1 - CKA that claims the inequality; the angle of CKA that turns into 1 - CKA for fewer than 20
    samples; the angle of CKA, which has it, that denies it.
    """
    hold(QUESTION, metric, measure, profile, streams)
