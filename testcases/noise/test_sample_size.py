"""Fewer trials of the same systems give nearly the same distances."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from metric_harness import simulation
from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array, Trajectories
from metric_harness.checks import Finding, Recorder, above, at_least, below, decide, measure_neighbors
from metric_harness.profiles import Profile
from metric_harness.statistics import Estimate, auc, mean_interval, settled
from metric_harness.transforms import perturb, whiten

N_TRIALS = (5, 20, 80)
"""Numbers of trials. The smallest is a tenth of the 50 on which other cases decide; that of the largest stands for
enough, and has a sixteenth of the smallest one's bias, if that falls as one by the number."""
NOISE = 0.01
"""Noise level of every recording, the loudest of the reference study."""
MOST_BIAS = 0.2
"""A fifth of the metric's own range."""
REGIMES = simulation.MOTIF_REGIMES
N_MOTIFS = len(REGIMES)
COPIES = [(i, N_MOTIFS + i) for i in range(N_MOTIFS)]
"""Pairs of places of the two recordings of one motif, all first recordings standing before all second ones."""
ACROSS = [(i, N_MOTIFS + j) for i in range(N_MOTIFS) for j in range(i) if REGIMES[i] != REGIMES[j]]
"""Pairs of motifs of different regimes."""


@pytest.mark.case(
    id="noise.sample_size",
    version=2,
    tier="validity",
    source="suite, after the bias of similarities from few samples of Murphy, Zylberberg and Fyshe (2024)",
)
def test_sample_size(
    metric: MetricUnderTest, measure: Recorder, profile: Profile, streams: Callable[..., np.random.Generator]
) -> None:
    """A few trials of two systems give nearly the distance that many trials give.

    Why it matters: nobody records enough trials; a distance that depends on how many says more of the experiment than
    of the system, and recordings of different length cannot be compared.
    Given: seven Lorenz motifs from shared initial states, each recorded twice with independent noise of level .01; 160
    trials, of which the first n and the next n make two disjoint parts, n from 5 to 80. A recording of n trials is
    whitened by itself. Trials correspond in both recordings of a pair at every n, for metrics with and without need
    of it: how the same pair of systems looks from n trials and from all is a fair question to both, where
    disjoint halves of one process have no correspondence, and a metric that needs it owes them no small distance.
    Measured: mean distance of the copies of a motif, and of motifs across regimes, by number of trials; the bias of
    either, (d at 5 trials - d at 80) / (d across regimes - d of copies at 80), the metric's own range being the
    unit. Also the mean distance of disjoint halves: of one motif in the one part and in the other.
    Verdict: at 5 trials copies are closer than recordings across regimes (AUC at least .9), and both biases are below a
    fifth in size, each with its whole interval over worlds. The range is at most the mean across regimes, so that
    this asks no less than a fifth of that. The AUC keeps a metric that never moves from passing.
    Negative controls: constant, norm, mean, variance, covariance-spectrum metrics; one that sums over samples.
    Known limits: a mean bias; that of single pairs of motifs may cancel in it. Disjoint halves decide nothing. The
    question, the smallest number of trials and the noise were chosen before any metric was asked.
    """
    draws = np.array([draw(metric, streams("world", k)) for k in range(profile.n_worlds)])
    copies, across, halves, aucs = draws.swapaxes(0, 1)
    ranges = across[:, -1] - copies[:, -1]
    separation = mean_interval(aucs[:, 0], limits=(0, 1))
    measure("numbers of trials", N_TRIALS)
    for name, curve in (("copies", copies), ("across regimes", across), ("disjoint halves", halves)):
        quantity = f"mean distance {name}" if name.startswith("across") else f"mean distance of {name}"
        measure.curve(quantity, "number of trials", map(mean_interval, curve.T))
    measure.curve("AUC of copies", "number of trials", (mean_interval(column, limits=(0, 1)) for column in aucs.T))
    measure("AUC of copies at 5 trials", separation)
    measure("smallest range over worlds", ranges.min())
    measure.set_score(0.0)
    findings = [
        at_least("AUC of copies at 5 trials", separation, 0.9, "fixed by the suite; chance is .5"),
        above("smallest range over worlds", ranges.min(), metric.floor, "the metric's numerical floor"),
    ]
    if ranges.min() > metric.floor:
        biases = {
            "bias between copies": mean_interval((copies[:, 0] - copies[:, -1]) / ranges),
            "bias across regimes": mean_interval((across[:, 0] - across[:, -1]) / ranges),
        }
        for name, bias in biases.items():
            measure(name, bias)
            findings += small(name, bias)
        measure.set_score(1 - max(abs(bias.value) for bias in biases.values()))
    measure_neighbors(
        measure,
        metric,
        "largest bias",
        lambda near: largest_bias(near, streams("world", 0)),
        holds=lambda value: value < MOST_BIAS,
    )
    decide(
        measure,
        "few trials give nearly the distances of many",
        findings,
        hint="see the distances by number of trials; it may sum where it should average, or fit too much to few trials",
    )


def twice(rng: np.random.Generator) -> list[Trajectories]:
    """Draw the motifs' noisy recordings, all first ones before all second ones, with trials for two parts."""
    motifs = simulation.motifs(rng, 2 * N_TRIALS[-1])
    return [perturb(motif, NOISE, rng) for _ in range(2) for motif in motifs]


def draw(metric: MetricUnderTest, rng: np.random.Generator) -> Array:
    """Return four curves of one world: copies, across regimes, disjoint halves, AUC; shape (4, len(N_TRIALS))."""
    noisy = twice(rng)
    return np.array([at_number(metric, noisy, n) for n in N_TRIALS]).T


def at_number(metric: MetricUnderTest, noisy: Sequence[Trajectories], n: int) -> tuple[float, float, float, float]:
    """Return the mean distance of copies, across regimes and of disjoint halves, and the AUC, from n trials."""
    parts = [[whiten(x[part]) for x in noisy] for part in (slice(n), slice(n, 2 * n))]
    copies, across = zip(*(copies_and_others(metric, part) for part in parts), strict=True)
    halves = settled(metric.pair_distances(parts[0][:N_MOTIFS] + parts[1][N_MOTIFS:], COPIES), metric.floor)
    found = [auc(*part) for part in zip(copies, across, strict=True)]
    return float(np.mean(copies)), float(np.mean(across)), float(halves.mean()), float(np.mean(found))


def copies_and_others(metric: MetricUnderTest, recordings: Sequence[Trajectories]) -> tuple[Array, Array]:
    """Return the distances of copies, shape (7,), and those across regimes, shape (15,)."""
    distances = settled(metric.pair_distances(recordings, COPIES + ACROSS), metric.floor)
    return distances[: len(COPIES)], distances[len(COPIES) :]


def small(name: str, bias: Estimate) -> list[Finding]:
    """Find whether a bias is below the bound in size, whichever its sign."""
    origin = "a fifth of the metric's own range"
    return [below(name, bias, MOST_BIAS, origin), above(name, bias, -MOST_BIAS, origin)]


def largest_bias(metric: MetricUnderTest, rng: np.random.Generator) -> float:
    """Return the larger bias in size of the first part of one world; 1, a whole range, for a metric without range."""
    noisy = twice(rng)
    few, many = (
        np.array([side.mean() for side in copies_and_others(metric, [whiten(x[:n]) for x in noisy])])
        for n in (N_TRIALS[0], N_TRIALS[-1])
    )
    scale = float(many[1] - many[0])
    return float(np.abs(few - many).max()) / scale if scale > metric.floor else 1.0
