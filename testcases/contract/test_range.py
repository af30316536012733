"""No value leaves the range that the metric names."""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest

from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Trajectories
from metric_harness.checks import Finding, NotApplicableError, Recorder, at_least, at_most, decide
from metric_harness.corpora import fixed_corpus
from metric_harness.statistics import unique_pairs

ORIGIN = "the claimed value range, widened by the metric's numerical floor"


def extremes(
    corpus: Sequence[Trajectories], rng: np.random.Generator
) -> Mapping[str, tuple[Trajectories, Trajectories]]:
    """Return named pairs where similarity is at its largest and at its smallest."""
    x = corpus[0]
    trials, times, units = x.shape
    noise = rng.standard_normal((trials * times, 2 * units))
    # Columns that are centered and orthonormal: each pair of one half and the other has correlation zero.
    basis = np.linalg.qr(noise - noise.mean(axis=0)).Q * math.sqrt(trials * times)
    left, right = (part.reshape(trials, times, units) for part in np.split(basis, 2, axis=1))
    return {
        "identical": (x, x.copy()),
        "nearly identical": (x, x + 0.03 * x.std() * rng.standard_normal(x.shape)),
        "sign-flipped": (x, -x),
        "one unit flipped": (x, x * np.array([-1.0] + [1.0] * (units - 1))),
        "independent": (x, rng.standard_normal(x.shape)),
        "orthogonal": (left, right),
    }


@pytest.mark.case(id="contract.range", version=1, tier="required", source="suite")
def test_range(metric: MetricUnderTest, measure: Recorder, streams: Callable[..., np.random.Generator]) -> None:
    """A metric's values lie in the range that it claims.

    Why it matters: thresholds, color scales and 1 - d are read against the range; a value outside it turns
    a similarity negative without notice.
    Given: the fixed corpus, 15 pairs in both orders, and pairs at the extremes: identical, nearly so (noise of
    3 %), sign-flipped, one unit flipped, independent, orthogonal (every unit of one uncorrelated with every
    unit of the other).
    Measured: the smallest and the largest distance. The range of a similarity s is that of max - s.
    Verdict: both within `Claims.value_range`, up to the numerical floor; without one they are only measured.
    Negative controls: a metric whose range ends too low; one that goes below the zero that it claims to start at.
    """
    corpus = fixed_corpus(streams("corpus"))
    pairs = unique_pairs(len(corpus))
    values = metric.pair_distances(corpus, [*pairs, *((j, i) for i, j in pairs)])
    at = {name: metric.distance(x, y) for name, (x, y) in extremes(corpus, streams("extremes")).items()}
    smallest, largest = min(values.min(), *at.values()), max(values.max(), *at.values())
    for name, value in at.items():
        measure(name, value)
    measure("smallest distance", smallest)
    measure("largest distance", largest)
    limits = metric.distance_range
    if limits is None:
        raise NotApplicableError("the metric claims no value_range; the smallest and the largest value are on the card")
    findings: list[Finding] = []
    if math.isfinite(limits[0]):
        findings.append(at_least("smallest distance", smallest, limits[0] - metric.floor, ORIGIN))
    if math.isfinite(limits[1]):
        findings.append(at_most("largest distance", largest, limits[1] + metric.floor, ORIGIN))
    if not findings:
        raise NotApplicableError("the claimed value_range is open on both sides; no finite value could leave it")
    decide(
        measure,
        "every value lies in the claimed range",
        findings,
        hint="clip what only rounding lifts over the end, or declare the range that the formula has",
    )
