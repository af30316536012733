"""One sample that is moved far away."""

from collections.abc import Callable

import numpy as np
import pytest

from metric_harness.adapter import MetricUnderTest
from metric_harness.checks import Recorder
from metric_harness.displacement import draw, measure_displacement
from metric_harness.profiles import Profile


@pytest.mark.case(
    id="misleading.outlier",
    version=1,
    tier="validity",
    source="Davari et al. 2022 (arXiv 2210.16156): one sample changes CKA at will",
)
def test_outlier(
    metric: MetricUnderTest, measure: Recorder, profile: Profile, streams: Callable[..., np.random.Generator]
) -> None:
    """One sample moved far away moves a named measure as its closed form says.

    Why it matters: an artifact in one sample of a thousand can make two recordings of one thing look unrelated.
    Given: 1000 independent Gaussian samples of 50 units, and the same with one sample moved along a random direction by
    1 to a million standard deviations.
    Measured: the distance of the two by shift, also as a share of the distance of independent recordings; for named
    measures (`AbstractMetric.family`) their value beside the closed form.
    Verdict: linear CKA and mean CCA are within 1 % of their closed form at every shift, the Procrustes angle at the
    largest; all worlds. No claim says that a metric resists an outlier, so that others get no verdict.
    Negative controls: moment summaries and a constant that call themselves linear CKA; one that clips far samples.
    Known limits: moments are not matched, for an outlier is one of them. Sizes and shifts are ours.
    """
    measure_displacement(
        metric,
        measure,
        [draw(1, streams("world", k)) for k in range(profile.n_worlds)],
        claim="one moved sample changes the measure as its closed form says",
        hint="more agreement than the closed form means that samples are dropped or clipped: another measure",
    )
