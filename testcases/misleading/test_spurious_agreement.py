"""A search for recordings that a metric calls alike although the task can be decoded from only one, and the reverse."""

import dataclasses
from collections.abc import Callable
from typing import Any, cast, final

import hypothesis
import numpy as np
import pytest

from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array
from metric_harness.checks import Recorder, above, at_least, decide
from metric_harness.errors import MetricError
from metric_harness.profiles import Profile
from metric_harness.search import search
from metric_harness.spurious import (
    DECODED,
    LOST,
    N_TIMES,
    Kind,
    Recipe,
    accuracy,
    decoding_axis,
    recipes,
    recordings,
)
from metric_harness.statistics import auc, mean_interval, settled
from metric_harness.transforms import whiten

ALIKE, DIFFERENT = 0.05, 0.95
"""Shares of the range up to which two recordings count as alike, and from which on as different."""
KINDS: tuple[Kind, ...] = ("recording", "repeated", "unrelated")
"""What the range is seen by."""
N_REFERENCES = 6
"""Recipes of each world by which the range is seen to be one."""
SHRINKS = 1
"""Distances asked while a counterexample is made smaller, per example of the search."""
SHOWN = 5
"""Time steps from one place of the plot to the next."""


@final
@dataclasses.dataclass(frozen=True)
class Found:
    """A pair, its distance as a share of the range, and how well the variable is decoded from either side."""

    recipe: Recipe
    share: float
    accuracies: tuple[float, float]


@final
class Hunt:
    """Looks for the pair that a metric gets most wrong: the closest of one kind, or the farthest of another."""

    def __init__(self, metric: MetricUnderTest, kind: Kind, n_examples: int) -> None:
        self.metric = metric
        self.kind: Kind = kind
        self.n_examples, self.most = n_examples, (1 + SHRINKS) * n_examples
        self.best: Found | None = None
        self.n_asked = 0

    def seed_with(self, seed: int) -> Found | None:
        """Search, and return the smallest pair that is wrong enough, or else the one most wrong."""
        found = search(recipes(), self.judge, n_examples=self.n_examples, seed=seed, targeted=True)
        return found.broken or self.best

    def judge(self, recipe: Recipe) -> Found | None:
        """Return a pair that is wrong enough, and tell the search how wrong it is."""
        made, variable = recordings(recipe)
        own, other = accuracy(made["recording"], variable), accuracy(made[self.kind], variable)
        if own < DECODED or (other > LOST if self.kind == "stripped" else other < DECODED):
            raise MetricError("the variable is not decoded as the pair should have it")  # no example
        if self.n_asked == self.most:
            return None  # what was found last stands
        self.n_asked += 1
        distance, scale = self.metric.pair_distances(
            [made["recording"], made[self.kind], made["unrelated"]], [(0, 1), (0, 2)]
        )
        if scale <= self.metric.floor:
            return None
        found = Found(recipe, float(distance / scale), (own, other))
        wrong = -found.share if self.kind == "stripped" else found.share
        hypothesis.target(wrong)
        if self.best is None or wrong > (-self.best.share if self.kind == "stripped" else self.best.share):
            self.best = found
        return found if wrong >= (-ALIKE if self.kind == "stripped" else DIFFERENT) else None


@pytest.mark.case(
    id="misleading.spurious_agreement",
    version=1,
    tier="validity",
    source="suite; after Cloos et al. 2024 (arXiv 2407.07059) on weak variables and Hypothesis' targeted search",
)
def test_spurious_agreement(
    metric: MetricUnderTest, measure: Recorder, profile: Profile, streams: Callable[..., np.random.Generator]
) -> None:
    """Recordings that a metric calls alike although the task is in only one of them are searched for and shown.

    Why it matters: a similarity is read as a shared computation. It says nothing of a variable that is too weak to
    move it, and two systems that hold the same variable are called different for what has nothing to do with it.
    Given: populations of 2 to 8 units that see shared components and a task variable, weak or strong, through random
    weights, with private noise; a search over strengths, sizes, noise and draws, led by the metric's own distance.
    Measured: the pair called most alike of which only one side holds the variable (decoded with at least .9 accuracy
    from one, at most .7 from the other, each trial left out once), and the pair called most different of which both
    do, as shares of the distance of an unrelated recording; shrunk, with its activity along the decoder's axis.
    Verdict: an unrelated recording is farther than a repeated one, both whitened (AUC at least .9, over worlds), so
    that shares of the range mean something. Counterexamples are evidence and never gated: every continuous metric has
    them, and the question is how far one has to go.
    Negative controls: constant, norm, mean, variance, covariance-spectrum metrics.
    Known limits: a linear decoder of mean states; what it does not find may be there.
    """
    draws = [_references(metric, streams("world", k)) for k in range(profile.n_worlds)]
    separation = mean_interval([auc(near, far) for near, far in draws], limits=(0, 1))
    smallest = min(float(far.mean() - near.mean()) for near, far in draws)
    measure("AUC of repeated against unrelated", separation)
    measure("smallest range over worlds", smallest)
    measure.set_score(separation.value)
    if smallest > metric.floor:
        hunts: tuple[tuple[str, Kind], ...] = (("called alike", "stripped"), ("called different", "foreign"))
        for name, kind in hunts:
            hunt = Hunt(metric, kind, profile.n_examples)
            found = hunt.seed_with(int(cast(Any, streams("search", kind)).integers(2**32)))
            measure(f"{name}: pairs tried", hunt.n_asked)
            if found is not None:
                _record(measure, name, kind, found)
    decide(
        measure,
        "an unrelated recording is farther than a repeated one",
        [
            at_least("AUC of repeated against unrelated", separation, 0.9, "fixed by the suite; chance is .5"),
            above("smallest range over worlds", smallest, metric.floor, "the metric's numerical floor"),
        ],
        hint="a metric that noise moves like another system has no scale on which recordings are alike",
    )


def _references(metric: MetricUnderTest, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return the distances of repeated and of unrelated recordings, moments matched."""
    near: list[float] = []
    far: list[float] = []
    for _ in range(N_REFERENCES):
        made, _ = recordings(Recipe(n_more=2, noise=1, seed=int(cast(Any, rng).integers(2**31))))
        xs = [whiten(made[kind]) for kind in KINDS]
        distances = settled(metric.pair_distances(xs, [(0, 1), (0, 2)]), metric.floor)
        near.append(float(distances[0]))
        far.append(float(distances[1]))
    return np.array(near), np.array(far)


def _record(measure: Recorder, name: str, kind: Kind, found: Found) -> None:
    """Record a counterexample in numbers and words, and its activity along the axis of the decoder."""
    made, variable = recordings(found.recipe)
    measure(f"{name}: share of the range", found.share)
    measure(f"{name}: accuracy from one", found.accuracies[0])
    measure(f"{name}: accuracy from the other", found.accuracies[1])
    measure(f"{name}: pair", str(found.recipe))
    axis = decoding_axis(made["recording"], variable)
    # A grid of its own for each pair, so that each has its own plot.
    measure(f"time steps of the pair {name}", list(range(0, N_TIMES, SHOWN)))
    for side, recording in (("one", made["recording"]), ("the other", made[kind])):
        for word, sign in (("plus", 1), ("minus", -1)):
            course = (recording[variable == sign] @ axis).mean(axis=0)
            measure(f"activity of {side}, {word} by time step of the pair {name}", course[::SHOWN])
