"""Motion along directions that the readout cannot see counts less than equal motion along what it sees."""

import pytest

from metric_harness.adapter import MetricUnderTest
from metric_harness.checks import ClaimFailedError, ClaimInconclusiveError, Recorder, decide
from metric_harness.errors import MetricError
from metric_harness.interfaces import Claims
from metric_harness.paired_lesions import PairedLesions, farther, findings_of, measure_entry, require_lesions
from metric_harness.profiles import Profile
from metric_harness.readout_motion import motions
from metric_harness.statistics import proportion_interval
from metric_harness.transforms import whiten
from metric_harness.variance_kept import measure_components
from metric_harness.zoo import Zoo

N_WHITENED = 20
"""Most networks that are compared on whitened recordings too."""


@pytest.mark.case(
    id="ablation.readout_null",
    version=2,
    tier="validity",
    source="this suite; output-potent and output-null directions after Kaufman, Churchland, Ryu, Shenoy (2014), "
    "doi 10.1038/nn.3643",
)
def test_readout_null(metric: MetricUnderTest, measure: Recorder, profile: Profile, zoo: Zoo) -> None:
    """Motion that the readout sees moves a metric more than motion of equal size and course that it cannot see.

    Why it matters: states wander in directions that nothing downstream reads; a metric that counts them alike measures
    variation without consequences.
    Given: the finished networks of six groups that learn. Each runs intact; with noise along its choice axis at every
    step, as much as costs .25 of accuracy on trials of their own; and yoked to that, its states kept off the intact
    ones by the same displacement at every step of every trial, along a direction that the readout cannot see
    and the choice hangs on least. Same trials; first six principal components, scaled together to variance one.
    Measured: d(intact, potent) and d(intact, null) of each network that enters, which takes an accuracy drop above .2
    and below .02 and mean squares of the motion within 10 % of one another; one network is one observation. How many
    do not enter, and why. The share of up to 20 on whitened recordings too.
    Verdict: potent motion is the farther one in at least .9 of the networks with the whole exact binomial interval,
    sign test p < .01. A metric that claims to need no corresponding trials and not to see rotations has nothing by
    which to know one direction from another: where it does not pass it is not refuted, and the reason is told.
    Negative controls: constant, norm, mean, variance, covariance-spectrum, random metrics.
    Known limits: whitening brings motion over a loud direction and beside it to one size and takes from "equal" its
    meaning, so the spectrum is kept: mean and total variance are matched, and a spectrum by itself is seen to fail. On
    whitened recordings of all networks CKA came to .95 with an interval that straddles the bound, and no other built-in
    metric further; a share of them stands on the card. No metric is told the readout: what it can see is whether
    motion runs over what it compares, or beside it.
    """
    require_lesions(zoo)
    found = motions(profile.zoo_lesions, profile.zoo_trials)
    measure_entry(measure, found)
    measure_components(measure, zoo, zoo.seeds[: profile.zoo_seeds], profile.zoo_trials)
    measure_whitened(measure, metric, found.spread(N_WHITENED).changed(whiten))
    findings = findings_of(measure, metric, found)
    try:
        decide(
            measure,
            "motion that the readout sees moves the metric more than equal motion that it cannot see",
            findings,
            hint="see the mean distances of both; a metric of dynamics or spectra counts motion wherever it is",
        )
    except ClaimFailedError as error:
        if not blind(metric.claims):
            raise
        reason = "the metric claims unpaired_trials and not to see rotations: no direction has a meaning to it"
        raise ClaimInconclusiveError(f"{reason}\n{error}") from error


def blind(claims: Claims) -> bool:
    """Return whether a metric is blind to the readout by what it claims."""
    return claims.unpaired_trials is True and True in (claims.orthogonal, claims.linear, claims.conjugacy)


def measure_whitened(measure: Recorder, metric: MetricUnderTest, lesions: PairedLesions) -> None:
    """Record the share of networks on whitened recordings; a metric that refuses them leaves its reason."""
    try:
        distances = lesions.distances(metric)
    except MetricError as error:
        measure("error on whitened recordings", str(error))
        return
    measure(
        "share of networks on whitened recordings", proportion_interval(int(farther(distances).sum()), len(distances))
    )
