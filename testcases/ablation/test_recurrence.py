"""Cutting recurrent weights that behavior needs is seen although the states are put back where they were."""

import pytest

from metric_harness.adapter import MetricUnderTest
from metric_harness.checks import Recorder, decide
from metric_harness.paired_lesions import findings_of, measure_entry, require_lesions
from metric_harness.profiles import Profile
from metric_harness.recurrence_lesions import recurrence_lesions
from metric_harness.statistics import mean_interval
from metric_harness.variance_kept import measure_components
from metric_harness.zoo import Zoo


@pytest.mark.case(
    id="ablation.recurrence",
    version=2,
    tier="validity",
    source="this suite; the refit keeps a metric of single-time geometry from seeing the lesion by that alone",
)
def test_recurrence(metric: MetricUnderTest, measure: Recorder, profile: Profile, zoo: Zoo) -> None:
    """Cutting recurrent weights that behavior needs moves a metric more than cutting as many and as large idle ones.

    Why it matters: a computation lives in connections; geometry that looks right may come from a broken one.
    Given: the finished networks of six groups that learn. Each runs intact, without the 32 of its 4096 recurrent
    weights that the choice hangs on most, and without 32 of equal sizes among the half that it hangs on least, by
    gradients on trials of their own. All on the same trials. Of the intact states the first six principal components,
    whitened; the lesioned states mapped onto these by an affine refit, and whitened again.
    Measured: d(intact, relevant) and d(intact, idle) of each network that enters, which takes an accuracy drop
    above .2 and below .02 and norms of the cut weights within 10 % of one another; one network is one observation.
    How many do not enter, and why; the share of variance that the refit explains.
    Verdict: the relevant lesion is the farther one in at least .9 of the networks with the whole exact binomial
    interval, sign test p < .01.
    Negative controls: constant, norm, mean, variance, covariance-spectrum, random metrics; covariances at lag zero,
    which are all that a metric of second moments has of single-time geometry, and which the refit restores.
    Known limits: weights of equal size do not carry equal input: idle cuts change states less, beside doing no harm.
    Where a lesion loses the choice no affine map brings it back, so that a metric that pairs samples sees more than
    recurrence alone.
    """
    require_lesions(zoo)
    lesions = recurrence_lesions(profile.zoo_lesions, profile.zoo_trials)
    entering = lesions.pairs.entering
    measure_entry(measure, lesions.pairs)
    measure_components(measure, zoo, zoo.seeds[: profile.zoo_seeds], profile.zoo_trials)
    measure("variance that the refit of relevant lesions explains", mean_interval(lesions.relevant_fits[entering]))
    measure("variance that the refit of idle lesions explains", mean_interval(lesions.idle_fits[entering]))
    decide(
        measure,
        "cutting weights that behavior needs moves the metric more than cutting as many that it does not need",
        findings_of(measure, metric, lesions.pairs),
        hint="see the mean distances of both lesions; zero for both means that only single-time geometry is compared",
    )
