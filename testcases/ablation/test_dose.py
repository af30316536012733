"""The further a graded lesion pulls accuracy down, the further a metric sees the network go."""

import numpy as np
import pytest

from metric_harness.adapter import MetricUnderTest
from metric_harness.checks import Recorder, above, below, decide
from metric_harness.direction_lesions import graded_lesions
from metric_harness.paired_lesions import RELEVANT, require_lesions, sign_test_p
from metric_harness.profiles import Profile
from metric_harness.statistics import mean_interval, proportion_interval, spearman
from metric_harness.variance_kept import measure_components
from metric_harness.zoo import Zoo

DOSES = (0.01, 0.02, 0.05, 0.1, 0.3, 1.0)
"""Shares of the way to its mean that the state goes at every step along a direction. Small ones add up over steps, so
that they have even ratios; accuracies alone were looked at, whose median drop they take from 0 to .6. No dose of zero,
which would be a self pair."""
MOST_SEEDS = 6
"""Seeds whose networks are asked: 36 networks, each in six doses."""
ORDERED = 0.5
"""Smallest Spearman correlation of a network that counts as ordered; six doses in random order reach it in 1 of 7."""


@pytest.mark.case(
    id="ablation.dose",
    version=2,
    tier="validity",
    source="this suite; dose and response",
)
def test_dose(metric: MetricUnderTest, measure: Recorder, profile: Profile, zoo: Zoo) -> None:
    """The further a graded lesion pulls a network's accuracy down, the further the metric sees it from intact.

    Why it matters: a cause shows in grades; a metric that only tells lesioned from intact cannot rank lesions.
    Given: the finished networks of six groups and six seeds that learn; of each the direction that its choice hangs on
    most among those with 8 % of the variance (as in ablation.relevant_units), pulled to its mean after every step in
    six doses from .01 to 1 of the way. All on the same trials; first six principal components, whitened.
    Measured: Spearman's correlation of d(intact, lesioned) and the drop of accuracy over the doses of each network
    whose whole lesion costs more than .2 of accuracy; drops and mean distances by dose, with intervals over networks.
    Verdict: the correlation exceeds .5 in more than half of the networks with the whole exact binomial interval, sign
    test p < .01; one network is one observation.
    Negative controls: constant, norm, mean, variance, covariance-spectrum, random metrics; one that drifts.
    Known limits: accuracy is at chance from a middle dose on, which differs between networks, and ties there while
    states go on to change; correlations of metrics that follow the states fall short of 1 for that alone.
    """
    require_lesions(zoo)
    lesions = graded_lesions(profile.zoo_lesions, profile.zoo_trials, DOSES, MOST_SEEDS)
    entering = lesions.drops[:, -1] > RELEVANT
    distances = lesions.distances(metric)
    correlations = np.array([spearman(d, drop) for d, drop in zip(distances, lesions.drops, strict=True)])[entering]
    n, successes = len(correlations), int((correlations > ORDERED).sum())
    share, p = proportion_interval(successes, n), sign_test_p(successes, n)
    measure("networks asked", len(entering))
    measure("networks that enter", n)
    measure_components(measure, zoo, zoo.seeds[: profile.zoo_seeds], profile.zoo_trials)
    measure("share of ordered networks", share)
    measure("sign test p", p)
    measure("mean correlation", mean_interval(correlations, limits=(-1, 1)))
    measure("doses", DOSES)
    measure.curve("accuracy drop", "dose", map(mean_interval, lesions.drops[entering].T))
    measure.curve("mean distance", "dose", map(mean_interval, distances[entering].T))
    measure.set_score(share.value)
    decide(
        measure,
        "the further a graded lesion pulls accuracy down, the larger the distance",
        [
            above("share of ordered networks", share, 0.5, "chance is 1 in 7"),
            below("sign test p", p, 0.01, "ordered or not with equal odds"),
        ],
        hint="see 'mean distance by dose' beside 'accuracy drop by dose': a plateau means saturation, a zigzag noise",
    )
