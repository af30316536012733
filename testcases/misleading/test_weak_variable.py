"""A task variable in the weakest component."""

from collections.abc import Callable

import numpy as np
import pytest

from metric_harness import components
from metric_harness.adapter import MetricUnderTest
from metric_harness.checks import Recorder, above, decide
from metric_harness.populations import decoding_accuracy
from metric_harness.profiles import Profile
from metric_harness.statistics import Estimate, effect_interval, mean_interval

LEVELS = (0.03, 0.1, 0.3)
"""Private variability of each trial, as shares of a component's standard deviation."""
DECIDING = 0.1
"""The one that decides."""


@pytest.mark.case(
    id="misleading.weak_variable",
    version=1,
    tier="validity",
    source="Cloos et al. 2024 (arXiv 2407.07059): high similarity does not imply that task variables can be decoded",
)
def test_weak_variable(
    metric: MetricUnderTest, measure: Recorder, profile: Profile, streams: Callable[..., np.random.Generator]
) -> None:
    """The loss of a variable that behavior could read moves a metric more than recording anew does.

    Why it matters: what a brain reads out may hold a thousandth of the variance; two recordings are not alike if one
    tells the choice and the other does not.
    Given: systems of 30 components with standard deviations from 1 to .1. The weakest is a variable of two values. A
    reference, a second recording, and one in which the weakest component's times are shuffled; each of 4 trials that
    repeat the course with 3, 10 or 30 % variability of their own. Mean and covariance spectrum of all are equal.
    Measured: held-out accuracy of a linear decoder in the intact and the shuffled recordings, by variability; the
    effect: the mean of d(reference, shuffled) - d(reference, intact) over systems in its standard deviations.
    Verdict: at 10 % variability the effect is above 1 with its whole interval.
    Negative controls: constant, norm, mean, variance, covariance-spectrum metrics.
    Known limits: the variability decides how small a loss can be seen, so that the other levels stand beside it. The
    numbers are ours.
    """
    effects: list[Estimate] = []
    intact: list[Estimate] = []
    shuffled: list[Estimate] = []
    for level in LEVELS:
        n_worlds = (4 if level == DECIDING else 2) * profile.n_worlds
        worlds = [components.draw([1], level, streams("level", str(level), k)) for k in range(n_worlds)]
        found = np.array([components.distances(metric, world) for world in worlds])
        effects.append(effect_interval(found[:, 1] - found[:, 0]))
        intact.append(mean_interval([decoding_accuracy(w.intact, w.task) for w in worlds], limits=(0, 1)))
        shuffled.append(mean_interval([decoding_accuracy(w.lossy[0], w.task) for w in worlds], limits=(0, 1)))
    measure("levels of private variability", LEVELS)
    measure.curve("effect", "level of private variability", effects)
    measure.curve("accuracy of decoding, intact", "level of private variability", intact)
    measure.curve("accuracy of decoding, shuffled", "level of private variability", shuffled)
    effect = effects[LEVELS.index(DECIDING)]
    measure("effect", effect)
    measure.set_score(effect.value)
    decide(
        measure,
        "a variable that could be decoded is missed when it is lost",
        [above("effect", effect, 1.0, "what recording anew does, in its standard deviations")],
        hint="the metric weighs components by their variance; whiten, or add a measure of what can be decoded",
    )
