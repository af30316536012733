"""Noise moves a metric little, on the metric's own scale."""

from collections.abc import Callable

import numpy as np
import pytest

from metric_harness import replication, simulation
from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array
from metric_harness.checks import Recorder, above, at_least, below, decide, measure_neighbors
from metric_harness.profiles import Profile
from metric_harness.statistics import auc, mean_interval, settled
from metric_harness.transforms import perturb, whiten

PUBLISHED = (0.001, 0.002, 0.004, 0.01)
"""The study's noise levels, both versions of it; the verdict rests on the first and the last."""
LOUDEST = len(PUBLISHED) - 1
"""Index of the last of them."""
REPORTED = (0.03, 0.1, 0.3)
"""Levels beyond the study's, measured only."""


def copies_and_others(
    metric: MetricUnderTest, rng: np.random.Generator, n_trials: int, sigmas: tuple[float, ...]
) -> tuple[Array, Array]:
    """Return distances of noisy copies, shape (n_sigmas, n_motifs), and across regimes at the first level."""
    motifs, regimes = simulation.motifs(rng, n_trials), simulation.MOTIF_REGIMES
    n = len(motifs)
    recordings = [whiten(perturb(motif, sigma, rng)) for sigma in sigmas for _ in range(2) for motif in motifs]
    copies = [(2 * s * n + i, (2 * s + 1) * n + i) for s in range(len(sigmas)) for i in range(n)]
    across = [(i, n + j) for i in range(n) for j in range(n) if regimes[i] != regimes[j]]
    distances = settled(metric.pair_distances(recordings, copies + across), metric.floor)
    return distances[: len(copies)].reshape(len(sigmas), n), distances[len(copies) :]


@pytest.mark.case(
    id="noise.floor",
    version=1,
    tier="validity",
    source="arXiv 2410.24070, noise robustness; ours divides by the metric's own scale and matches moments",
)
def test_floor(
    metric: MetricUnderTest, measure: Recorder, profile: Profile, streams: Callable[..., np.random.Generator]
) -> None:
    """Two noisy copies of one trajectory stay close, on the scale of different regimes.

    Why it matters: recordings are noisy; a metric whose noise floor moves with the noise compares noise.
    Given: seven Lorenz motifs, each recorded twice with independent noise x ← √(1-σ²) x + σ ε, whitened
    afterwards; σ from .001 to .01 (the study's levels), reported up to .3.
    Measured: the gap (d(.01) - d(.001)) / (d across regimes - d(.001)), the metric's own range being the
    unit; the curve over σ. Also the study's own curve, under names that begin with "published".
    Verdict: copies are closer than recordings across regimes (AUC at least .9 at σ = .01), and the gap is
    below .1, each with its whole interval over worlds. The first is what keeps a metric that never
    moves, or that has no range, from passing.
    Negative controls: constant, norm, mean, variance, covariance-spectrum metrics.
    Known limits: the gap depends on how a metric is scaled. An angle grows like σ where 1 - cos grows like σ², so
    that of two metrics that order all pairs alike one can pass and the other fail; noise.discriminability sees only
    the order.
    """
    replication.record(
        measure,
        lambda: replication.noise(
            metric.as_published("noise").pair_distances, streams("published"), n_trials=profile.replication_trials
        ),
    )
    draws = [
        copies_and_others(metric, streams("world", k), profile.n_trials, PUBLISHED + REPORTED)
        for k in range(profile.n_worlds)
    ]
    curves = np.array([copies.mean(axis=1) for copies, _ in draws])
    separation = mean_interval([auc(copies[LOUDEST], across) for copies, across in draws], limits=(0, 1))
    ranges = np.array([across.mean() for _, across in draws]) - curves[:, 0]
    measure("noise levels", PUBLISHED + REPORTED)
    measure.curve("mean distance", "noise level", map(mean_interval, curves.T))
    measure("AUC of copies against other regimes", separation)
    measure("smallest range over worlds", ranges.min())
    measure.set_score(0.0)
    findings = [
        at_least("AUC of copies against other regimes", separation, 0.9, "fixed by the suite; chance is .5"),
        above("smallest range over worlds", ranges.min(), metric.floor, "the metric's numerical floor"),
    ]
    if ranges.min() > metric.floor:
        gap = mean_interval((curves[:, LOUDEST] - curves[:, 0]) / ranges)
        measure("gap", gap)
        measure.set_score(1 - gap.value)
        findings.append(below("gap", gap, 0.1, "a tenth of the metric's own range"))
    measure_neighbors(
        measure, metric, "gap", lambda near: gap_of(near, streams, profile), holds=lambda value: value < 0.1
    )
    decide(
        measure,
        "noisy copies of one trajectory stay close on the metric's own scale",
        findings,
        hint="see 'mean distance by noise level'; a high floor at the smallest noise means an unstable estimator",
    )


def gap_of(metric: MetricUnderTest, streams: Callable[..., np.random.Generator], profile: Profile) -> float:
    """Return the gap of one world; 1, a whole range, for a metric that has no range."""
    copies, across = copies_and_others(metric, streams("world", 0), profile.n_trials, PUBLISHED)
    curve = copies.mean(axis=1)
    scale = float(across.mean() - curve[0])
    return float(curve[LOUDEST] - curve[0]) / scale if scale > metric.floor else 1.0
