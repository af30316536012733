"""Networks that behave differently are further apart."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array
from metric_harness.checks import Recorder, below, decide, measure_neighbors
from metric_harness.profiles import Profile
from metric_harness.replication import Replicated, record
from metric_harness.slopes import binned, jackknifed_slope, slope_of, slope_on_difference
from metric_harness.statistics import settled, unique_pairs
from metric_harness.variance_kept import measure_components
from metric_harness.zoo import Specimen, Zoo
from metric_harness.zoo_groups import drawn_checkpoints, require_learners
from metric_harness.zoo_recordings import Form, is_default, recordings

MOST_SEEDS = 6
"""Seeds whose networks are compared: 66 networks, 2145 pairs."""
SLOPE = "slope on difference in accuracy"
"""Name of the published quantity that this case repeats."""
GAPS = np.linspace(0, 1, 11)
"""Edges of the differences in accuracy over which distances are averaged for a look at their line."""
SKILLED = 0.9
"""Share of the best expected accuracy above which networks hardly differ in behavior."""


@pytest.mark.case(
    id="learning.behavior",
    version=2,
    tier="validity",
    source="arXiv 2410.24070, distance on difference in accuracy; ours counts networks, not pairs, and pairs trials",
)
def test_behavior(
    metric: MetricUnderTest,
    measure: Recorder,
    profile: Profile,
    zoo: Zoo,
    streams: Callable[..., np.random.Generator],
) -> None:
    """The more two networks differ in accuracy, the larger their distance.

    Why it matters: a difference between networks that no behavior shows may be none that matters.
    Given: one checkpoint of every network of the zoo's first seeds, drawn so that accuracies spread from chance to
    the ceiling, on the same trials; first six principal components, whitened.
    Measured: slope, R² and Spearman's correlation of distance on difference in accuracy over all pairs of networks,
    the slope with its jackknife interval over networks; mean distances in tenths of the difference; the slope among
    networks above .9 of the ceiling. Also the slope with the spectrum kept, under a name that begins with "published".
    Verdict: permuting which network has which accuracy reaches the slope with p < .01, which takes a slope above
    zero, for the null's are centered there.
    Negative controls: constant, norm, mean, variance, covariance-spectrum, random metrics.
    """
    seeds = zoo.seeds[: min(MOST_SEEDS, profile.zoo_seeds)]
    require_learners(zoo, seeds)
    networks = drawn_checkpoints(zoo, seeds, streams("checkpoints"))
    accuracies = np.array([zoo.accuracy(network) for network in networks])
    if is_default(zoo):
        record(measure, lambda: published(metric, zoo, networks, profile.zoo_trials))
    distances = pairwise(metric, zoo, networks, profile.zoo_trials)
    found = slope_on_difference(
        distances, accuracies, floor=metric.floor, n_permutations=profile.n_permutations, rng=streams("null")
    )
    measure("networks", len(networks))
    measure_components(measure, zoo, seeds, profile.zoo_trials)
    measure("accuracies", np.sort(accuracies))
    measure("slope", found.slope)
    measure("permutation p", found.p)
    measure("R squared", found.r_squared)
    measure("Spearman correlation", found.spearman)
    gaps = binned(distances, accuracies, GAPS)
    measure("accuracy gaps", [gap for gap, _ in gaps])
    measure.curve("mean distance", "accuracy gap", (mean for _, mean in gaps))
    measure("slope among skilled networks", slope_of(*among_skilled(distances, accuracies, zoo.ceiling)))
    measure.set_score(max(0.0, found.spearman.value))
    few = drawn_checkpoints(zoo, seeds[:2], streams("neighbors"))
    measure_neighbors(
        measure,
        metric,
        "slope",
        lambda near: slope_between(pairwise(near, zoo, few, profile.zoo_trials), [zoo.accuracy(n) for n in few]),
        holds=lambda value: value > 0,
    )
    decide(
        measure,
        "networks that differ more in accuracy are further apart",
        [below("permutation p", found.p, 0.01, "accuracies permuted over networks")],
        hint="see the slope and R²; a slope of zero means that the metric sees what behavior does not depend on",
    )


def pairwise(
    metric: MetricUnderTest, zoo: Zoo, networks: Sequence[Specimen], n_trials: int, form: Form = "whitened"
) -> Array:
    """Return the distances of all pairs of networks, in the order of `unique_pairs`."""
    xs = recordings(zoo, networks, zoo.trials(n_trials), form=form)
    return settled(metric.pair_distances(xs, unique_pairs(len(networks))), metric.floor)


def slope_between(distances: Array, accuracies: Sequence[float]) -> float:
    """Return the slope of distance on difference in accuracy over all pairs."""
    return slope_of(distances, np.array([abs(accuracies[i] - accuracies[j]) for i, j in unique_pairs(len(accuracies))]))


def among_skilled(distances: Array, accuracies: Array, ceiling: float) -> tuple[Array, Array]:
    """Return distances and differences in accuracy of the pairs of networks near the ceiling."""
    pairs = np.array(unique_pairs(len(accuracies)))
    both = (accuracies[pairs] > SKILLED * ceiling).all(axis=1)
    return distances[both], np.abs(np.diff(accuracies[pairs[both]], axis=1)).ravel()


def published(metric: MetricUnderTest, zoo: Zoo, networks: Sequence[Specimen], n_trials: int) -> dict[str, Replicated]:
    """Return the slope of the reference study, with its jackknife error over networks."""
    distances = pairwise(metric, zoo, networks, n_trials, form="scaled")
    slope, error = jackknifed_slope(distances, [zoo.accuracy(network) for network in networks])
    return {SLOPE: Replicated(slope, error, len(distances), limits=(-math.inf, math.inf))}
