"""Networks that behave differently are further apart in each period of the task by itself."""

from collections.abc import Callable

import numpy as np
import pytest

from metric_harness.adapter import MetricUnderTest
from metric_harness.checks import Finding, Recorder, below, decide
from metric_harness.profiles import Profile
from metric_harness.slopes import Slope, slope_on_difference
from metric_harness.statistics import unique_pairs
from metric_harness.trials import Period
from metric_harness.variance_kept import measure_components
from metric_harness.zoo import Zoo
from metric_harness.zoo_groups import drawn_checkpoints, require_learners
from metric_harness.zoo_recordings import recordings

MOST_SEEDS = 6
"""Seeds whose networks are compared: 66 networks, 2145 pairs in each period, as many as in `learning.behavior`."""
PERIODS = (Period.STIMULUS, Period.DELAY, Period.DECISION)
"""Periods of 90 steps each; fixation is too short to compare."""


@pytest.mark.case(
    id="learning.task_epochs",
    version=2,
    tier="validity",
    source="after arXiv 2410.24070, distance on difference in accuracy; asking it of each period comes from this suite",
)
def test_task_epochs(
    metric: MetricUnderTest,
    measure: Recorder,
    profile: Profile,
    zoo: Zoo,
    streams: Callable[..., np.random.Generator],
) -> None:
    """The more two networks differ in accuracy, the larger their distance while they see, wait and choose.

    Why it matters: a period is what an experiment often records, and a choice is prepared before it is made.
    Given: one checkpoint of every network of the zoo's first seeds, drawn so that accuracies spread, on the
    same trials; stimulus, delay and decision period each on its own first six principal components, whitened.
    Measured: slope, R² and Spearman's correlation of distance on difference in accuracy in each period.
    Verdict: in each period, permuting which network has which accuracy reaches the slope with p < .01.
    Negative controls: constant, norm, mean, variance, covariance-spectrum, random metrics.
    """
    seeds = zoo.seeds[: min(MOST_SEEDS, profile.zoo_seeds)]
    require_learners(zoo, seeds)
    networks = drawn_checkpoints(zoo, seeds, streams("checkpoints"))
    accuracies = [zoo.accuracy(network) for network in networks]
    trials = zoo.trials(profile.zoo_trials)
    findings: list[Finding] = []
    slopes: list[Slope] = []
    for period in PERIODS:
        name = period.name.lower()
        xs = recordings(zoo, networks, trials, steps=trials.steps(period))
        measure_components(measure, zoo, seeds, profile.zoo_trials, steps=trials.steps(period), label=f" in {name}")
        found = slope_on_difference(
            metric.pair_distances(xs, unique_pairs(len(xs))),
            accuracies,
            floor=metric.floor,
            n_permutations=profile.n_permutations,
            rng=streams("null", name),
        )
        slopes.append(found)
        findings.append(below(f"permutation p in {name}", found.p, 0.01, "accuracies permuted over networks"))
    measure("networks", len(networks))
    measure("periods", [period.name.lower() for period in PERIODS])
    measure.curve("slope", "period", (found.slope for found in slopes))
    measure("permutation p by period", [found.p for found in slopes])
    measure.curve("R squared", "period", (found.r_squared for found in slopes))
    measure.curve("Spearman correlation", "period", (found.spearman for found in slopes))
    measure.set_score(max(0.0, min(found.spearman.value for found in slopes)))
    decide(
        measure,
        "networks that differ more in accuracy are further apart in every period of the task",
        findings,
        hint="see the slopes by period; one of them near zero shows where in the task the metric is blind",
    )
