"""A confound that makes systems look alike, and one that hides that they are."""

from collections.abc import Callable

import numpy as np
import pytest

from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array
from metric_harness.checks import Finding, Recorder, at_most, decide, refuse_unpaired
from metric_harness.confounds import category_code, design, recording, scalar_code, without
from metric_harness.profiles import Profile
from metric_harness.statistics import mean_interval
from metric_harness.yardstick import Yardstick

MOST_EXCESS = 0.1
"""Largest effect of a confound beyond that on a comparison that knows it, on the metric's own scale."""


def distances(metric: MetricUnderTest, rng: np.random.Generator) -> Array:
    """Return six distances of one world.

    Of two populations that hold the category; of one that holds it and one that holds the permuted scalar; the same
    with the aligned scalar, as recorded and with the scalar regressed out; of one that holds the category and one that
    also holds the permuted scalar, both ways.
    """
    stimuli = design()
    category, scalar = category_code(stimuli.categories), scalar_code(stimuli.permuted)
    aligned = scalar_code(stimuli.aligned)
    same, other, alone, mimic, both = (
        recording(code, rng) for code in (category, category, scalar, aligned, np.hstack([category, scalar]))
    )
    xs = [same, other, alone, mimic, both]
    xs += [without(same, aligned), without(mimic, aligned), without(same, scalar), without(both, scalar)]
    return metric.pair_distances(xs, [(0, 1), (0, 2), (0, 3), (5, 6), (0, 4), (7, 8)])


@pytest.mark.case(
    id="misleading.confound",
    version=1,
    tier="validity",
    source="Dujmović et al. 2022 (doi 10.1101/2022.04.05.487135): confounds mimic and modulate similarity",
)
def test_confound(
    metric: MetricUnderTest, measure: Recorder, profile: Profile, streams: Callable[..., np.random.Generator]
) -> None:
    """A confound neither makes two systems look alike that share nothing else, nor hides what two systems share.

    Why it matters: a network that reads the texture looks like a brain that reads the category where the two go
    together; and a nuisance that one of two like systems also holds drives them apart.
    Given: 80 stimuli of four categories and a scalar. Populations of 6 units that hold the category, the scalar that
    goes along with it, the same scalar in another order, or category and scalar; 4 trials, noise, whitened.
    Measured: on the metric's own scale, 1 for two populations with the category and 0 for one with the category and one
    with the permuted scalar: mimicry, the similarity of category and aligned scalar; hiding, what a permuted scalar
    takes from the similarity of two with the category. Both also after the scalar is regressed out of the two
    recordings, which is what a confound-aware comparison by the same metric finds.
    Verdict: neither exceeds that of the confound-aware comparison by more than .1, with the whole interval over worlds.
    Negative controls: constant, norm, mean, variance, covariance-spectrum metrics (no scale at all).
    Known limits: no metric of two recordings can know what is a confound; the case tells how much it matters to this
    one.
    """
    refuse_unpaired(metric)
    table = np.array([distances(metric, streams("world", k)) for k in range(4 * profile.n_worlds)])
    yardstick = Yardstick(same=table[:, 0], unrelated=table[:, 1])
    findings: list[Finding] = [yardstick.measured(measure, metric.floor)]
    measure.set_score(0.0)
    if yardstick.usable(metric.floor):
        similarities = yardstick.similarity(table[:, 2:])
        effects = {"mimicry": similarities[:, :2], "hiding": 1 - similarities[:, 2:]}
        for name, values in effects.items():
            raw, aware, excess = (mean_interval(v) for v in (values[:, 0], values[:, 1], values[:, 0] - values[:, 1]))
            measure(name, raw)
            measure(f"{name} where the confound is known", aware)
            measure(f"excess {name}", excess)
            findings.append(
                at_most(f"excess {name}", excess, MOST_EXCESS, "a tenth of the metric's own scale beyond its control")
            )
        measure.set_score(1 - max(float((v[:, 0] - v[:, 1]).mean()) for v in effects.values()))
    decide(
        measure,
        "a confound neither mimics similarity nor hides it",
        findings,
        hint="compare residuals after the known confounds are regressed out, and vary the confound by design",
    )
