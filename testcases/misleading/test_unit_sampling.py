"""The same latents seen by few and by many units."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from metric_harness import simulation
from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array, Trajectories
from metric_harness.checks import ClaimInconclusiveError, Finding, Recorder, at_least, decide
from metric_harness.errors import MetricError
from metric_harness.populations import observed, standardized
from metric_harness.profiles import Profile
from metric_harness.slopes import slope_of
from metric_harness.statistics import auc, mean_interval, settled
from metric_harness.transforms import whiten
from metric_harness.yardstick import Yardstick, within

N_UNITS = (5, 20, 100, 1000)
"""Units of both populations."""
N_TRIALS = 5
"""Trials of a recording, of which every second time is kept."""
MOTIFS = (0, 3, 6)
"""Places among `simulation.MOTIFS` of the motifs that are seen."""
NOISE = 0.3
"""Noise of each unit, in its own standard deviations; ours."""
MOST_SLOPE = 0.05
"""Largest change of similarity for ten times the units."""


def latents(rng: np.random.Generator) -> list[Trajectories]:
    """Draw the motifs, each from initial states of its own, whitened."""
    return [whiten(simulation.motion(simulation.MOTIFS[m], N_TRIALS, rng)[:, ::2]) for m in MOTIFS]


def populations(z: list[Trajectories], n_units: int, rng: np.random.Generator) -> list[Trajectories]:
    """Return two populations for each motif, all first ones before all second ones; mean and variance matched."""
    return [standardized(observed(motif, n_units, NOISE, rng)) for _ in range(2) for motif in z]


def draw(metric: MetricUnderTest, rng: np.random.Generator, refused: dict[int, MetricError]) -> Array:
    """Return one world's mean distances of the same and of the unrelated, and their AUC, shape (3, numbers).

    Numbers of units that the metric refuses are NaN, and why is noted in `refused`.
    """
    z, n = latents(rng), len(MOTIFS)
    pairs = [(i, n + (i + step) % n) for step in range(3) for i in range(n)]
    same = np.arange(len(pairs)) < n
    found = np.full((3, len(N_UNITS)), np.nan)
    for place, n_units in enumerate(N_UNITS):
        try:
            values = settled(metric.pair_distances(populations(z, n_units, rng), pairs), metric.floor)
        except MetricError as error:
            refused.setdefault(n_units, error)
        else:
            found[:, place] = values[same].mean(), values[~same].mean(), auc(values[same], values[~same])
    return found


@pytest.mark.case(
    id="misleading.unit_sampling",
    version=1,
    tier="validity",
    source="Chun et al. 2025 (arXiv 2502.15104): CKA of one latent rises with the number of recorded units",
)
def test_unit_sampling(
    metric: MetricUnderTest, measure: Recorder, profile: Profile, streams: Callable[..., np.random.Generator]
) -> None:
    """How many units are recorded does not decide how similar two populations are that see the same latents.

    Why it matters: electrodes sample a few units of many; areas and animals with more of them must not look more alike.
    Given: three Lorenz motifs, whitened; for each two populations of 5, 20, 100 and 1000 units that see
    random mixtures of its three latents, with 30 % noise; 5 trials of 100 times, mean and variance matched. Motifs
    start from states of their own.
    Measured: the mean similarity of the two populations of one motif by number of units on the metric's own scale, 1
    for a distance of 0 and 0 for populations of 1000 units that see different motifs; its slope on the decimal
    logarithm of the number; whether populations of one motif are closer than those of two (AUC), by number.
    Verdict: at 1000 units the AUC is at least .9; the slope is within .05; each with its whole interval over worlds.
    A metric that refuses some of the numbers is judged at the others, where it can fail but not pass.
    Negative controls: constant, norm, mean, variance, covariance-spectrum metrics.
    Known limits: more units than samples have no covariance to be whitened; that of both has one expectation.
    """
    refused: dict[int, MetricError] = {}
    worlds = np.array([draw(metric, streams("world", k), refused) for k in range(3 * profile.n_worlds)])
    answered = [place for place, n_units in enumerate(N_UNITS) if n_units not in refused]
    if not answered:
        raise refused[N_UNITS[0]]
    if refused:
        measure("refused numbers of units", [f"{n_units}: {why}" for n_units, why in refused.items()])
    if len(answered) > 1:
        numbers = [N_UNITS[place] for place in answered]
        findings = sampling(measure, metric, worlds.swapaxes(0, 1)[..., answered], numbers)
        decide(
            measure,
            "similarity does not hang on the number of recorded units",
            findings,
            hint="compare latents (leading components, shared variance) instead of units, or equally many units only",
        )
    if refused:
        number, why = next(iter(refused.items()))
        raise ClaimInconclusiveError(
            f"the metric refuses {len(refused)} of {len(N_UNITS)} numbers of units, first {number}: {why}"
        )


def sampling(measure: Recorder, metric: MetricUnderTest, worlds: Array, numbers: Sequence[int]) -> list[Finding]:
    """Record distances and similarities by number of units, shape (3, n_worlds, numbers), and find how they change."""
    same, unrelated, aucs = worlds
    measure("numbers of units", numbers)
    measure.curve("distance of one motif's populations", "number of units", map(mean_interval, same.T))
    measure.curve("distance of two motifs' populations", "number of units", map(mean_interval, unrelated.T))
    separations = [mean_interval(column, limits=(0, 1)) for column in aucs.T]
    measure.curve("AUC", "number of units", separations)
    yardstick = Yardstick(same=np.zeros(len(same)), unrelated=unrelated[:, -1])
    measure.set_score(0.0)
    findings: list[Finding] = [
        yardstick.measured(measure, metric.floor),
        at_least(f"AUC at {numbers[-1]} units", separations[-1], 0.9, "fixed by the suite; chance is .5"),
    ]
    if yardstick.usable(metric.floor):
        similarities = yardstick.similarity(same)
        slope = mean_interval([slope_of(row, np.log10(numbers)) for row in similarities])
        measure.curve("similarity", "number of units", map(mean_interval, similarities.T))
        measure("slope", slope)
        measure.set_score((1 - abs(slope.value)) * max(0.0, 2 * separations[-1].value - 1))
        findings += within("slope", slope, MOST_SLOPE, "similarity for ten times the units, fixed by the suite")
    return findings
