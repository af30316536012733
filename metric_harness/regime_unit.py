"""A unit of a metric that knows nothing of networks: how far apart Lorenz motifs of different regimes are."""

import dataclasses
from collections.abc import Callable
from typing import final

import numpy as np

from metric_harness import simulation
from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array
from metric_harness.checks import Finding, Recorder, above, at_least
from metric_harness.profiles import Profile
from metric_harness.statistics import Estimate, auc, mean_interval, settled
from metric_harness.transforms import perturb, whiten

NOISE = 0.01
"""Noise under which a motif is recorded again, the largest level of the reference study."""
MOST_WORLDS = 3
"""Worlds over which the unit is averaged, in any profile."""
MOST_TRIALS = 20
"""Trials of a motif in any profile."""


@final
@dataclasses.dataclass(frozen=True)
class RegimeUnit:
    """Whether a metric tells regimes from noise, and how far apart it puts them.

    Attributes:
        separation: AUC of noisy copies against other regimes, with its interval over worlds.
        smallest: smallest range over worlds, across regimes minus copies.
        mean: the across-regime mean.
    """

    separation: Estimate
    smallest: float
    mean: Estimate

    def measured(self, measure: Recorder, floor: float) -> list[Finding]:
        """Record the unit, and find whether the metric has it; the separation is the score."""
        measure("AUC of copies against other regimes", self.separation)
        measure("smallest range over worlds", self.smallest)
        measure("across-regime mean", self.mean)
        measure.set_score(self.separation.value)
        return [
            at_least("AUC of copies against other regimes", self.separation, 0.9, "fixed by the suite; chance is .5"),
            above("smallest range over worlds", self.smallest, floor, "the metric's numerical floor"),
        ]


def regime_unit(metric: MetricUnderTest, profile: Profile, streams: Callable[..., np.random.Generator]) -> RegimeUnit:
    """Ask a metric about whitened Lorenz motifs, each recorded twice under noise, in a few worlds."""
    n_worlds = min(MOST_WORLDS, profile.n_worlds)
    draws = [_distances(metric, streams("world", k), min(profile.n_trials, MOST_TRIALS)) for k in range(n_worlds)]
    return RegimeUnit(
        separation=mean_interval([auc(copies, across) for copies, across in draws], limits=(0, 1)),
        smallest=min(float(across.mean() - copies.mean()) for copies, across in draws),
        mean=mean_interval([across.mean() for _, across in draws]),
    )


def _distances(metric: MetricUnderTest, rng: np.random.Generator, n_trials: int) -> tuple[Array, Array]:
    """Return the distances of noisy copies, shape (n_motifs,), and of motifs of different regimes, shape (n_pairs,)."""
    motifs, regimes = simulation.motifs(rng, n_trials), simulation.MOTIF_REGIMES
    n = len(motifs)
    xs = [whiten(perturb(motif, NOISE, rng)) for _ in range(2) for motif in motifs]
    across = [(i, n + j) for i in range(n) for j in range(n) if regimes[i] != regimes[j]]
    found = settled(metric.pair_distances(xs, [(i, n + i) for i in range(n)] + across), metric.floor)
    return found[:n], found[n:]
