"""What a metric answers to: how much of its range each nuisance and each signal moves."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest

from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array
from metric_harness.checks import Recorder, above, at_least, decide
from metric_harness.errors import MetricError
from metric_harness.evidence import RANGE_SHARE
from metric_harness.nuisances import (
    AGAIN,
    ALL_NUISANCES,
    ALL_SIGNALS,
    OTHER_REGIME,
    ChangedWorld,
    changed_world,
)
from metric_harness.profiles import Profile
from metric_harness.statistics import Estimate, auc, mean_interval, settled

MOST_TRIALS = 20
"""Trials of a recording in any profile: worlds tell more than trials, and twelve units are dear to delay embeddings."""


def distances_of(metric: MetricUnderTest, world: ChangedWorld, refused: dict[str, str]) -> Mapping[str, Array]:
    """Return the distances of every change that the metric takes, and those of unchanged copies under no name."""
    asked = {"": world.unchanged} | {name: pairs for name, pairs in world.pairs.items() if name not in refused}
    found: dict[str, Array] = {}
    for name, pairs in asked.items():
        try:
            found[name] = settled(metric.pair_distances(world.recordings, pairs), metric.floor)
        except MetricError as error:
            if name in ("", AGAIN, OTHER_REGIME):
                raise
            refused[name] = str(error)
    return found


def shares(draws: Sequence[Mapping[str, Array]], names: Sequence[str], scale: float) -> list[Estimate]:
    """Return how much of the range each change moves the metric, with intervals over worlds."""
    return [mean_interval([(draw[name].mean() - draw[""].mean()) / scale for draw in draws]) for name in names]


@pytest.mark.case(
    id="misleading.sensitivity",
    version=1,
    tier="validity",
    source="suite; after Ding, Denain, Steinhardt 2021 (arXiv 2108.01661): sensitivity and specificity of measures",
)
def test_sensitivity(
    metric: MetricUnderTest, measure: Recorder, profile: Profile, streams: Callable[..., np.random.Generator]
) -> None:
    """A metric has a range, and what moves it by how much of this range is measured.

    Why it matters: a distance says something only to those who know what it answers to. Rotation, scale, noise, one
    outlier, another sample of units or trials are nuisances to most; another motion, its speed or its direction in
    time are signals to many.
    Given: two Lorenz motifs (r = 10, r = 40) seen by 12 of 24 units through random weights on their three whitened
    components, each unit with noise of a tenth of its signal, in as many worlds as the profile says; each recording and
    a changed one, and other motifs seen through the same weights. Mean and covariance of all motifs are equal.
    Measured: for each change (d(x, changed x) - d(x, x)) / (d(x, another regime) - d(x, x)), the denominator being the
    mean over worlds; 1 is as far as another regime. What a metric refuses is named.
    Verdict: the metric has a range that it can be measured by: another regime is farther than the same recorded with
    another draw of the noise (AUC at least .9, over worlds) and farther than a copy by more than the floor. The profile
    itself is measured only: which change is a nuisance depends on the question.
    Negative controls: constant, norm, mean, variance, covariance-spectrum metrics.
    Known limits: changes have sizes, and another size moves a metric otherwise. Changes of a single recording break the
    pairing in time where they reorder time, so that a metric of paired samples answers to them, too.
    """
    refused: dict[str, str] = {}
    worlds = [changed_world(streams("world", k), min(profile.n_trials, MOST_TRIALS)) for k in range(profile.n_worlds)]
    draws = [distances_of(metric, world, refused) for world in worlds]
    separation = mean_interval([auc(draw[AGAIN], draw[OTHER_REGIME]) for draw in draws], limits=(0, 1))
    ranges = np.array([draw[OTHER_REGIME].mean() - draw[""].mean() for draw in draws])
    measure("AUC of the same again against another regime", separation)
    measure("smallest range over worlds", ranges.min())
    measure("range", mean_interval(ranges))
    measure("changes refused", refused)
    measure.set_score(separation.value)
    if ranges.min() > metric.floor:
        for noun, plural, names in (("nuisance", "nuisances", ALL_NUISANCES), ("signal", "signals", ALL_SIGNALS)):
            taken = [name for name in names if name not in refused]
            measure(plural, taken)
            measure.curve(RANGE_SHARE, noun, shares(draws, taken, float(ranges.mean())))
    decide(
        measure,
        "a metric has a range: another regime is farther than the same recorded again",
        [
            at_least(
                "AUC of the same again against another regime", separation, 0.9, "fixed by the suite; chance is .5"
            ),
            above("smallest range over worlds", ranges.min(), metric.floor, "the metric's numerical floor"),
        ],
        hint="a metric that noise moves like another system has no scale that its answers could be read on",
    )
