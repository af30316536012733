"""Components that are lost one after the other, from the weakest to the strongest."""

from collections.abc import Callable

import numpy as np
import pytest

from metric_harness import components
from metric_harness.adapter import MetricUnderTest
from metric_harness.checks import Recorder, above, at_least, decide
from metric_harness.profiles import Profile
from metric_harness.statistics import effect_interval, mean_interval, spearman

NUMBERS = (2, 5, 15, 25, 29)
"""Components lost, of 30."""
HALF = 15
"""The number that decides whether a loss exceeds recording anew."""
PRIVATE = 0.1
"""Private variability of each trial, as a share of a component's standard deviation."""


@pytest.mark.case(
    id="misleading.dominant_variance",
    version=1,
    tier="validity",
    source="Ding, Denain and Steinhardt 2021 (arXiv 2108.01661): CKA does not see that most components are deleted",
)
def test_dominant_variance(
    metric: MetricUnderTest, measure: Recorder, profile: Profile, streams: Callable[..., np.random.Generator]
) -> None:
    """The more components are lost, the larger the distance, and long before only the strongest are left.

    Why it matters: a metric that a few strong components decide calls two recordings alike that share nothing else.
    Given: systems of 30 components with standard deviations from 1 to .1. A reference, a second recording, and five in
    which the times of the weakest 2 to 29 components are shuffled; each of 4 trials that repeat the course with 10 %
    variability of their own. Mean and covariance spectrum of all are equal, where the source deletes components.
    Measured: Spearman's correlation of distance and number lost, the intact recording being none, per system; distance
    by number, and the effect: the mean of d(reference, lossy) - d(reference, intact) over systems in its standard
    deviations.
    Verdict: the mean correlation is at least .9, and the effect of losing half of the components is above 1, each with
    its whole interval.
    Negative controls: constant, norm, mean, variance, covariance-spectrum metrics.
    Known limits: one spectrum and one level of variability, both ours; misleading.weak_variable varies the latter.
    """
    n_worlds = 2 * profile.n_worlds
    worlds = [components.draw(NUMBERS, PRIVATE, streams("world", k)) for k in range(n_worlds)]
    table = np.array([components.distances(metric, world) for world in worlds])
    correlation = mean_interval([spearman((0, *NUMBERS), row) for row in table], limits=(-1, 1))
    effects = [effect_interval(column - table[:, 0]) for column in table[:, 1:].T]
    measure("numbers of lost components", NUMBERS)
    measure.curve("distance", "number of lost components", map(mean_interval, table[:, 1:].T))
    measure.curve("effect", "number of lost components", effects)
    measure("distance with none lost", mean_interval(table[:, 0]))
    measure("correlation", correlation)
    effect = effects[NUMBERS.index(HALF)]
    measure("effect of half", effect)
    measure.set_score((correlation.value + min(1.0, effect.value)) / 2)
    decide(
        measure,
        "distances grow with the number of lost components, and exceed recording anew when half are lost",
        [
            at_least("correlation", correlation, 0.9, "fixed by the suite; chance is 0"),
            above("effect of half", effect, 1.0, "what recording anew does, in its standard deviations"),
        ],
        hint="see the distance by number: flat up to 25 of 30 means that the strongest components decide",
    )
