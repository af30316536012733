"""Half the samples moved far away."""

from collections.abc import Callable

import numpy as np
import pytest

from metric_harness.adapter import MetricUnderTest
from metric_harness.checks import Recorder
from metric_harness.displacement import N_TIMES, N_TRIALS, draw, measure_displacement
from metric_harness.profiles import Profile


@pytest.mark.case(
    id="misleading.subset_translation",
    version=1,
    tier="validity",
    source="Davari et al. 2022 (arXiv 2210.16156): moving a subset of samples lowers CKA and separates classes no less",
)
def test_subset_translation(
    metric: MetricUnderTest, measure: Recorder, profile: Profile, streams: Callable[..., np.random.Generator]
) -> None:
    """Half of the samples moved along one direction move a named measure as its closed form says.

    Why it matters: a classifier moves one class away from another and computes nothing new; a metric may call it
    another network.
    Given: 1000 independent Gaussian samples of 50 units, and the same with a random half of them moved along a random
    direction by 1 to a million standard deviations.
    Measured: the distance of the two by shift, also as a share of the distance of independent recordings; for named
    measures (`AbstractMetric.family`) their value beside the closed form.
    Verdict: linear CKA and mean CCA are within 1 % of their closed form at every shift, the Procrustes angle at the
    largest; all worlds. No claim says that a metric resists it, so that others get no verdict.
    Negative controls: moment summaries and a constant that call themselves linear CKA; one that clips far samples.
    Known limits: moments are not matched, for the shift is one of them. Sizes and shifts are ours.
    """
    measure_displacement(
        metric,
        measure,
        [draw(N_TRIALS * N_TIMES // 2, streams("world", k)) for k in range(profile.n_worlds)],
        claim="moving half of the samples changes the measure as its closed form says",
        hint="see the values beside the closed form: does the metric center over all samples, and keep all of them?",
    )
