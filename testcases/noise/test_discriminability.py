"""A motif under noise stays closer to itself than to another motif."""

from collections.abc import Callable

import numpy as np
import pytest

from metric_harness import simulation
from metric_harness.adapter import MetricUnderTest
from metric_harness.checks import Recorder, at_least, decide, measure_neighbors
from metric_harness.profiles import Profile
from metric_harness.recognition import measure_recognition, recognition
from metric_harness.statistics import mean_interval, settled
from metric_harness.transforms import perturb, whiten

DECIDING = (0.001, 0.003, 0.01, 0.03)
"""Noise levels at which the claim must hold."""
REPORTED = (0.1, 0.3, 1.0)
"""Levels at which the breakdown is looked for, measured only; at 1 nothing of the motif is left."""


def aucs(metric: MetricUnderTest, rng: np.random.Generator, n_trials: int, sigmas: tuple[float, ...]) -> list[float]:
    """Return AUC(same < different) at each noise level, over 7 same and 42 different ordered pairs."""
    motifs = simulation.motifs(rng, n_trials)
    n = len(motifs)
    pairs = [(i, j) for i in range(n) for j in range(n)]
    found: list[float] = []
    for sigma in sigmas:
        recordings = [whiten(perturb(motif, sigma, rng)) for _ in range(2) for motif in motifs]
        distances = metric.pair_distances(recordings, [(i, n + j) for i, j in pairs])
        found.append(recognition(settled(distances, metric.floor), pairs))
    return found


@pytest.mark.case(
    id="noise.discriminability",
    version=1,
    tier="validity",
    source="after arXiv 2410.24070, noise robustness; the question which motif it is comes from this suite",
)
def test_discriminability(
    metric: MetricUnderTest, measure: Recorder, profile: Profile, streams: Callable[..., np.random.Generator]
) -> None:
    """The same motif under independent noise stays closer than another motif.

    Why it matters: a low noise floor is worth nothing if different motifs look just as close.
    Given: seven Lorenz motifs from shared initial states, each recorded twice with independent noise of
    level σ, whitened afterwards, so that no summary of moments tells them apart.
    Measured: AUC = P(same < different) over 7 + 42 ordered pairs at each σ from .001 to 1; the σ where
    it falls below .9; the area under the curve over log σ, which is the score.
    Verdict: at every σ up to .03 the mean AUC over worlds is at least .9 with its whole interval.
    Negative controls: constant, norm, mean, variance, covariance-spectrum metrics.
    """
    sigmas = DECIDING + REPORTED
    table = np.array([aucs(metric, streams("world", k), profile.n_trials, sigmas) for k in range(profile.n_worlds)])
    estimates = [mean_interval(column, limits=(0, 1)) for column in table.T]
    measure_recognition(measure, sigmas, estimates, 0.9)
    measure_neighbors(
        measure,
        metric,
        "smallest AUC up to noise .03",
        lambda near: min(aucs(near, streams("world", 0), profile.n_trials, DECIDING)),
        holds=lambda value: value >= 0.9,
    )
    decide(
        measure,
        "a motif under noise is closer to itself than to another motif",
        [
            at_least(f"AUC at noise {sigma:g}", estimate, 0.9, "fixed by the suite; chance is .5")
            for sigma, estimate in zip(DECIDING, estimates, strict=False)
        ],
        hint="raise the embedding or the number of trials if the metric has such settings; see 'settings that hold'",
    )
