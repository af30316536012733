"""Two implementations of one named measure agree."""

from collections.abc import Callable

import numpy as np
import pytest

from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Trajectories
from metric_harness.checks import NotApplicableError, Recorder, at_most, decide
from metric_harness.corpora import fixed_corpus
from metric_harness.families import FAMILIES
from metric_harness.statistics import unique_pairs

AGREED = 1e-6
"""Largest difference of two values of one measure; a metric whose numerical floor is higher has that."""
N_TIMES = 40
"""Leading times of the corpus that are compared: the definitions form matrices of all samples."""


def recordings(metric: MetricUnderTest, rng: np.random.Generator) -> list[Trajectories]:
    """Return the corpus; its last recordings have a unit less where the metric claims to take that."""
    found = [x[:, :N_TIMES] for x in fixed_corpus(rng)]
    n_units = found[0].shape[-1] - (metric.claims.unequal_units is True)
    return [*found[:4], *(x[..., :n_units] for x in found[4:])]


@pytest.mark.case(
    id="misleading.same_name",
    version=1,
    tier="validity",
    source="this suite; packages compute different numbers under one name (Cloos et al. 2024, arXiv 2409.18333)",
)
def test_same_name(metric: MetricUnderTest, measure: Recorder, streams: Callable[..., np.random.Generator]) -> None:
    """A metric that bears the name of a measure computes that measure.

    Why it matters: numbers of two papers are compared by their name; a package that leaves out the centering, squares,
    or corrects a bias gives others under the same one.
    Given: six recordings of 10 trials, 40 times and 4 units (two of them 3, where the metric claims to take that), of
    linear, random and nonlinear systems.
    Measured: the metric's value in the measure's own terms (`AbstractMetric.named_value`) and that of the textbook
    formula (`metric_harness.families`) for all 15 pairs; both of the pair that differs most.
    Verdict: no pair differs by more than 1e-6, or the metric's numerical floor where that is larger.
    Negative controls: moment summaries and a constant that call themselves linear CKA; CKA without centering.
    Needs: a name among the families; others get no verdict.
    """
    family = metric.bare.family
    if family not in FAMILIES:
        raise NotApplicableError(f"the metric names no measure with a formula (family = {family!r})")
    xs = recordings(metric, streams("corpus"))
    pairs = unique_pairs(len(xs))
    own = np.array([metric.bare.named_value(float(d)) for d in metric.pair_distances(xs, pairs)])
    defined = np.array([FAMILIES[family](xs[i], xs[j]) for i, j in pairs])
    worst = int(np.abs(own - defined).argmax())
    measure("family", family)
    measure("pair that differs most", list(pairs[worst]))
    measure("its value by the metric", own[worst])
    measure("its value by definition", defined[worst])
    difference = float(np.abs(own - defined).max())
    measure("largest difference", difference)
    bound = max(AGREED, metric.floor)
    decide(
        measure,
        f"the metric computes {family}: {own[worst]:.6g} where the formula gives {defined[worst]:.6g}",
        [at_most("largest difference", difference, bound, "1e-6 or the metric's numerical floor")],
        hint="usual departures: no centering, a squared value, an angle for a cosine, a correction of bias",
    )
