"""Silencing what carries the computation moves a metric more than silencing as much of what does not."""

import pytest

from metric_harness.adapter import MetricUnderTest
from metric_harness.checks import Recorder, decide, measure_neighbors
from metric_harness.direction_lesions import direction_lesions
from metric_harness.paired_lesions import SHARE, farther, findings_of, measure_entry, require_lesions
from metric_harness.profiles import Profile
from metric_harness.variance_kept import measure_components
from metric_harness.zoo import Zoo

N_NEAR = 8
"""Most networks that are asked at neighboring settings too."""


@pytest.mark.case(
    id="ablation.relevant_units",
    version=2,
    tier="validity",
    source="this suite; silencing as in experiments on what a circuit needs for behavior",
)
def test_relevant_units(metric: MetricUnderTest, measure: Recorder, profile: Profile, zoo: Zoo) -> None:
    """Silencing a direction that behavior needs moves a metric more than silencing an idle one of the same variance.

    Why it matters: networks are compared to learn whether they compute alike; variance that nothing hangs on is not it.
    Given: the finished networks of six groups that learn. Each runs intact and with one direction of its state clamped
    to its mean after every step: of the directions with 8 % of the variance the one that the choice hangs on most,
    and the one it hangs on least, by gradients on trials of their own. All on the same trials; first six
    principal components, whitened.
    Measured: d(intact, relevant) and d(intact, idle) of each network that enters, which takes an accuracy drop
    above .2 and below .02 and variances within 10 % of one another; one network is one observation. How many do not
    enter, and why.
    Verdict: the relevant lesion is the farther one in at least .9 of the networks with the whole exact binomial
    interval, sign test p < .01.
    Negative controls: constant, norm, mean, variance, covariance-spectrum, random metrics; one that drifts.
    Known limits: a clamped direction is gone from a recording, whichever it is; whitening brings a weaker one in its
    place, in both arms alike. Directions are searched per network, units are not: no single one carries the choice.
    """
    require_lesions(zoo)
    lesions = direction_lesions(profile.zoo_lesions, profile.zoo_trials)
    measure_entry(measure, lesions)
    measure_components(measure, zoo, zoo.seeds[: profile.zoo_seeds], profile.zoo_trials)
    findings = findings_of(measure, metric, lesions)
    few = lesions.spread(N_NEAR)
    measure_neighbors(
        measure,
        metric,
        "share of networks",
        lambda near: float(farther(few.distances(near)).mean()),
        holds=lambda value: value >= SHARE,
    )
    decide(
        measure,
        "silencing what behavior needs moves the metric more than silencing as much of what it does not need",
        findings,
        hint="see the mean distances of both lesions; a metric of single components counts lost variance, not its use",
    )
