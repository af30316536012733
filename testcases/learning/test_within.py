"""Checkpoints that lie further apart in one training are further apart for a metric."""

from collections.abc import Callable, Mapping, Sequence
from itertools import chain

import numpy as np
import pytest

from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array, Trajectories
from metric_harness.checks import Recorder, at_least, at_most, decide
from metric_harness.errors import UnfitZooError
from metric_harness.profiles import Profile
from metric_harness.statistics import mean_interval, proportion_interval, settled, spearman, unique_pairs
from metric_harness.variance_kept import measure_components
from metric_harness.zoo import Specimen, Zoo
from metric_harness.zoo_groups import learns, require_learners, training_groups
from metric_harness.zoo_recordings import recorded_trainings, recordings, spread_out

N_CHECKPOINTS = 8
"""Checkpoints of each network, evenly spread over those it has: as many as the quickest learner left."""
PAIRS = unique_pairs(N_CHECKPOINTS)
"""Pairs of places in a series."""
SEPARATIONS = [j - i for i, j in PAIRS]
"""How far apart the places of each pair are."""
N_SERIES = 40
"""Series of untrained networks: one of them scatters by about .25, the mean of 40 by .04."""
UNORDERED = 0.2
"""Mean correlation up to which a series counts as unordered; below the scatter of a single one."""


@pytest.mark.case(
    id="learning.within",
    version=2,
    tier="validity",
    source="arXiv 2410.24070, quarters of one training compared; ours asks each network and has a control of order",
)
def test_within(
    metric: MetricUnderTest,
    measure: Recorder,
    profile: Profile,
    zoo: Zoo,
    streams: Callable[..., np.random.Generator],
) -> None:
    """The further apart two checkpoints of a training are, the larger their distance.

    Why it matters: learning moves a network step by step; a metric of what it learns has to keep that order.
    Given: eight checkpoints of every network that is trained on the composite task, on the same trials; first six
    principal components, whitened. Against it 40 series of eight untrained networks each, drawn and put in order
    at random: no training lies between them.
    Measured: Spearman's correlation of distance and separation in each series; the share of positive ones among the
    networks that learn; the mean over the untrained series.
    Verdict: the share is at least .9 with its whole exact binomial interval; the mean over untrained series lies
    within .2 of zero with its whole interval, so that the order in which a metric is asked explains nothing.
    Negative controls: constant, norm, mean, variance, covariance-spectrum, random metrics; one that drifts.
    """
    seeds = zoo.seeds[: profile.zoo_histories]
    require_learners(zoo, seeds)
    keys = [(group, seed) for group in training_groups() for seed in seeds]
    series = [spread_out(zoo.specimens(*key), N_CHECKPOINTS) for key in keys]
    xs = recorded_trainings(zoo, series, zoo.trials(profile.zoo_trials))
    found = dict(zip(keys, correlations(metric, dict(zip(chain(*series), xs, strict=True)), series), strict=True))
    learners = [value for key, value in found.items() if learns(zoo, *key)]
    share = proportion_interval(sum(value > 0 for value in learners), len(learners))
    measure("share of ordered trainings", share)
    measure("networks that learn", len(learners))
    measure_components(measure, zoo, seeds, profile.zoo_trials)
    measure("mean correlation in training", mean_interval(learners))
    by_group = ([found[group, seed] for seed in seeds] for group in training_groups())
    measure("groups", training_groups())
    measure.curve("mean correlation", "group", map(mean_interval, by_group))
    unordered = mean_interval(correlations_of_untrained(metric, zoo, profile.zoo_trials, streams("untrained")))
    measure("mean correlation of untrained series", unordered)
    measure.set_score(share.value)
    origin = "fixed by the suite; one series of unrelated networks scatters as much"
    decide(
        measure,
        "checkpoints of one training are the farther apart, the more training lies between them",
        [
            at_least("share of ordered trainings", share, 0.9, "fixed by the suite; chance is .5"),
            at_most("mean correlation of untrained series", unordered, UNORDERED, origin),
            at_least("mean correlation of untrained series", unordered, -UNORDERED, origin),
        ],
        hint="see the mean correlation by group; an order among untrained networks comes from the metric alone",
    )


def correlations_of_untrained(metric: MetricUnderTest, zoo: Zoo, n_trials: int, rng: np.random.Generator) -> Array:
    """Return the correlations in series of untrained networks, shape (N_SERIES,)."""
    series = untrained_series(zoo, rng)
    networks = list(dict.fromkeys(chain(*series)))
    return correlations(
        metric, dict(zip(networks, recordings(zoo, networks, zoo.trials(n_trials)), strict=True)), series
    )


def correlations(
    metric: MetricUnderTest, xs: Mapping[Specimen, Trajectories], series: Sequence[Sequence[Specimen]]
) -> Array:
    """Return the correlation of distance and separation in each series, shape (n_series,)."""
    places = {specimen: k for k, specimen in enumerate(xs)}
    pairs = [(places[some[i]], places[some[j]]) for some in series for i, j in PAIRS]
    table = settled(metric.pair_distances(list(xs.values()), pairs), metric.floor).reshape(len(series), len(PAIRS))
    return np.array([spearman(row, SEPARATIONS) for row in table])


def untrained_series(zoo: Zoo, rng: np.random.Generator) -> list[list[Specimen]]:
    """Draw series of different untrained networks in arbitrary order.

    Raises:
        UnfitZooError: if there are fewer of them than a series has places.
    """
    networks = [zoo.final("untrained", seed) for seed in zoo.seeds]
    if len(networks) < N_CHECKPOINTS:
        raise UnfitZooError(f"{len(networks)} untrained networks; needed at least {N_CHECKPOINTS}")
    orders = [rng.permutation(len(networks))[:N_CHECKPOINTS] for _ in range(N_SERIES)]
    return [[networks[k] for k in order] for order in orders]
