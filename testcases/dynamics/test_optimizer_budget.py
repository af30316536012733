"""An iterative metric that goes on for five times as long says the same."""

from collections.abc import Callable

import numpy as np
import pytest

from metric_harness import simulation
from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array
from metric_harness.budgets import with_budget
from metric_harness.checks import NotApplicableError, Recorder, above, at_most, decide
from metric_harness.profiles import Profile
from metric_harness.statistics import mean_interval
from metric_harness.transforms import whiten

FACTOR = 5
"""How many times the budget."""
SHARE = 0.01
"""Largest share of the mean distance across regimes by which a distance may change."""
WITHIN = ((0, 1), (3, 4), (6, 7))
ACROSS = ((0, 3), (3, 6), (6, 0))
"""One pair within each regime and one across each two; an iteration may take minutes for a pair."""


@pytest.mark.case(
    id="dynamics.optimizer_budget",
    version=2,
    tier="validity",
    source="suite; after the descent of the official DSA, which stops after a fixed number of steps",
)
def test_optimizer_budget(
    metric: MetricUnderTest, measure: Recorder, profile: Profile, streams: Callable[..., np.random.Generator]
) -> None:
    """An iterative metric has converged: five times the budget changes no distance.

    Why it matters: what stops early reports where it stopped. The error is as large as its owner's patience is short,
    and differs from pair to pair.
    Given: three pairs of Lorenz systems within a regime and three across, whitened, trials paired; the metric as it is,
    and with five times the setting that it names as its budget.
    Measured: the largest change of a distance; the mean change and the mean distance across regimes, with intervals
    over worlds; how far distances spread.
    Verdict: no change exceeds one hundredth of the mean distance across regimes, and the spread is above the metric's
    floor, so that one number for everything does not pass. Neither has an interval: one pair that moves is enough.
    Null: an iteration that has converged changes nothing at all.
    Negative controls: constant, norm, mean, variance, covariance-spectrum metrics; an alignment by gradient steps.
    Needs: a metric that names its budget (`budget`), whether or not it sees time; others get no verdict.
    Known limits: an iteration that ends by a rule of its own before its budget is spent shows that the rule is kept,
    not that it is right: where all starts miss the minimum, five times as many may miss it too.
    """
    longer = with_budget(metric, FACTOR)
    if longer is None:
        raise NotApplicableError("the metric names no budget of iterations")
    worlds = [simulation.regimes(streams("world", k), profile.n_trials, shared=True) for k in range(profile.n_worlds)]
    recordings = [[whiten(x) for x in world.trajectories] for world in worlds]
    pairs = [*WITHIN, *ACROSS]
    usual, patient = (np.array([asked.pair_distances(xs, pairs) for xs in recordings]) for asked in (metric, longer))
    across = mean_interval(usual[:, len(WITHIN) :].mean(axis=1))
    changes = np.abs(patient - usual)
    largest = changes.max(axis=0)
    measure("pairs", [named(*pair) for pair in pairs])
    measure("mean distance by pair", usual.mean(axis=0))
    measure("mean distance at five times the budget by pair", patient.mean(axis=0))
    measure("largest change of a distance by pair", largest)
    measure("mean distance across regimes", across)
    measure("spread of distances", float(np.ptp(usual)))
    measure("largest change", largest.max())
    measure("mean change", mean_interval(changes.mean(axis=1), limits=(0, np.inf)))
    measure("share of distances that fall", float(np.mean(patient < usual - metric.floor)))
    measure.set_score(score(largest, across.value))
    decide(
        measure,
        "five times the budget changes no distance",
        [
            above("spread of distances", float(np.ptp(usual)), metric.floor, "the metric's numerical floor"),
            at_most(
                "largest change",
                float(largest.max()),
                max(SHARE * across.value, metric.floor),
                "1 % of the mean distance across regimes",
            ),
        ],
        hint="iterate until the slope or the gain is small, not for a number of steps; refuse what does not get there",
    )


def named(i: int, j: int) -> str:
    """Return what a pair of systems is called."""
    return f"{simulation.REGIMES[i].r:g} and {simulation.REGIMES[j].r:g}"


def score(changes: Array, across: float) -> float:
    """Return the share of pairs whose change is within the bound; 0 for a metric that sees nothing."""
    return float(np.mean(changes <= SHARE * across)) if across > 0 else 0.0
