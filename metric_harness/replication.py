"""The reference study's protocols, repeated as published, faults included; measured, never judged.

Explicit Euler, independent initial points for every system, normalized to [0, 1], no moment matching, the
study's noise and weights (arXiv 2410.24070). What departs: self pairs are left out of every mean, and each
unordered pair counts once. The fair forms of these experiments are the cases of `testcases/`.

Each function takes `pair_distances(xs, pairs)`, such as `AbstractMetric.pair_distances`, and hands it
trajectories of shape (trials, time, units); a metric of activations flattens them first. Results are keyed
by the quantities of `metric_harness.published`.

A standard error is the jackknife's over recordings (systems, motifs or composites): one is left out with
all its pairs, for pairs that share a recording are not independent (Efron, Tibshirani 1993, "An
Introduction to the Bootstrap", equation 11.5). It is nan where some recording occurs in every pair.
"""

import dataclasses
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Literal, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from metric_harness.arrays import Array, Trajectories
from metric_harness.checks import Recorder
from metric_harness.errors import MetricError
from metric_harness.published import FAILED, PREFIX
from metric_harness.simulation import MOTIFS, N_STEPS, REGIME_LABELS, REGIMES, motion
from metric_harness.statistics import Estimate, auc, jackknife_error, unique_pairs
from metric_harness.systems.lorenz import Lorenz
from metric_harness.transforms import attach_all, normalize_range, perturb, superpose

PairDistances: TypeAlias = Callable[[Sequence[Trajectories], Sequence[tuple[int, int]]], Array]
Version: TypeAlias = Literal["HEAD", "September"]
LineRule: TypeAlias = Literal["meant", "published"]

N_TRIALS = 200
"""Trajectories per recording in the study."""
SIGMAS: Mapping[Version, tuple[float, ...]] = MappingProxyType(
    {"HEAD": (0.004, 0.002, 0.001), "September": (0.01, 0.005, 0.0025)}
)
"""Noise levels of epochs 1, 2, 3, in the last version of the study's code and in that of September 2024."""
WEIGHTS = (1.0, 0.5, 0.25)
"""Mixing weights of epochs 1, 2, 3."""
LINE_SCALE = 1e-4
"""Size of a line's direction."""


@final
@dataclasses.dataclass(frozen=True)
class Replicated:
    """One quantity of the study, measured again."""

    value: float
    standard_error: float
    n_pairs: int
    """Pairs of recordings that the value rests on."""
    limits: tuple[float, float] = (0.0, math.inf)
    """Range that the quantity cannot leave."""

    def estimate(self) -> Estimate:
        """Return the value with its 95 % interval; without one where the standard error is nan."""
        half = 0.0 if math.isnan(self.standard_error) else 1.96 * self.standard_error
        low, high = self.limits
        return Estimate(self.value, max(low, self.value - half), min(high, self.value + half))


def record(measure: Recorder, experiment: Callable[[], Mapping[str, Replicated]]) -> None:
    """Repeat an experiment and record its quantities, under names that begin with "published".

    A metric that cannot answer at the study's settings leaves its reason in place of the numbers: what is only measured
    decides no verdict.
    """
    try:
        results = experiment()
    except MetricError as error:
        measure(FAILED, str(error))
        return
    for quantity, result in results.items():
        measure(f"{PREFIX}{quantity}", result.estimate())


def regimes(
    pair_distances: PairDistances, rng: np.random.Generator, *, n_trials: int = N_TRIALS
) -> dict[str, Replicated]:
    """Repeat the contrast of distances within and across the regimes of nine Lorenz systems.

    Args:
        pair_distances: the metric.
        rng: draws the initial points.
        n_trials: trajectories per system.
    """
    systems = [motion(system, n_trials, rng, method="euler") for system in REGIMES]
    pairs = np.array(list(itertools.combinations(range(len(systems)), 2)))
    first, second = (np.array(REGIME_LABELS)[column] for column in pairs.T)
    distances = pair_distances(systems, [(int(i), int(j)) for i, j in pairs])
    within = first == second
    results = {
        "mean within regimes": _mean(distances, pairs, within),
        "mean across regimes": _mean(distances, pairs, ~within),
        "AUC of within against across": dataclasses.replace(
            _jackknifed(
                pairs, lambda kept: auc(distances[kept & within], distances[kept & ~within]), np.ones_like(within)
            ),
            limits=(0.0, 1.0),
        ),
    }
    names = ("one attractor", "two stable", "two unstable")
    for a, b in itertools.combinations(range(3), 2):
        results[f"mean of {names[a]} to {names[b]}"] = _mean(distances, pairs, (first == a) & (second == b))
    return results


def noise(
    pair_distances: PairDistances,
    rng: np.random.Generator,
    *,
    n_trials: int = N_TRIALS,
    n_pairs: int = 14,
) -> dict[str, Replicated]:
    """Repeat the distance of two noisy copies of one motif, by noise level, for both versions of the study.

    Args:
        pair_distances: the metric.
        rng: draws the initial points and the noise.
        n_trials: trajectories per motif.
        n_pairs: pairs of copies at each level. The study has 42, six for each of seven motifs; 14 are two each.
    """
    clean = _motifs(n_trials, rng)
    chosen = [i for i, _ in _ordered_pairs(len(clean), n_pairs)]
    motif_of = np.array(chosen)[:, None]
    results: dict[str, Replicated] = {}
    for version, sigma in ((version, sigma) for version, levels in SIGMAS.items() for sigma in levels):
        copies = [perturb(clean[i], sigma, rng) for i in chosen for _ in range(2)]
        distances = pair_distances(copies, [(2 * k, 2 * k + 1) for k in range(len(chosen))])
        results[f"noise {sigma:g} ({version})"] = _mean(distances, motif_of)
    return results


def mixing(
    pair_distances: PairDistances,
    rng: np.random.Generator,
    *,
    n_trials: int = N_TRIALS,
    n_pairs: int = 42,
) -> dict[str, Replicated]:
    """Repeat the distance of a noisy motif from itself contaminated by a second, by weight.

    The second motif enters without noise, and the noise falls with the weight, as in the study.

    Args:
        pair_distances: the metric.
        rng: draws the initial points and the noise.
        n_trials: trajectories per motif.
        n_pairs: ordered pairs of motifs. The study has all 42; the first 7 have every motif once in each place.
    """
    clean = _motifs(n_trials, rng)
    ordered = _ordered_pairs(len(clean), n_pairs)
    results: dict[str, Replicated] = {}
    for sigma, weight in zip(SIGMAS["HEAD"], WEIGHTS, strict=True):
        recordings: list[Trajectories] = []
        for i, j in ordered:
            recordings.append(perturb(clean[i], sigma, rng))
            recordings.append(superpose(perturb(clean[i], sigma, rng), clean[j], weight))
        distances = pair_distances(recordings, [(2 * k, 2 * k + 1) for k in range(len(ordered))])
        results[f"weight {weight:g}"] = _mean(distances, np.array(ordered))
    return results


def composition(
    pair_distances: PairDistances,
    rng: np.random.Generator,
    *,
    n_trials: int = N_TRIALS,
    pairs_per_kind: int | None = None,
    line: LineRule = "published",
) -> dict[str, Replicated]:
    """Repeat the distances of composites by the number of motifs they share, anywhere or in place.

    Five motifs (line, curve, two stable patterns, and one attached from lines and curves) in all 60 ordered triples,
    1770 unordered pairs. The kind of a pair is its number of shared motifs, anywhere and in place; seven kinds occur.

    Args:
        pair_distances: the metric.
        rng: draws the initial points, the lines, and the pairs of each kind.
        n_trials: trajectories per motif.
        pairs_per_kind: most pairs of each kind that are compared, each standing for its share of the kind;
            all by default.
        line: how lines are drawn; see `line_motif`.
    """
    motifs = composition_motifs(n_trials, rng, line=line)
    orders: list[tuple[int, ...]] = list(itertools.permutations(range(len(motifs)), 3))
    composites = [attach_all([motifs[index] for index in order]) for order in orders]
    pairs = unique_pairs(len(orders))
    shared = np.array([len({*orders[i]} & {*orders[j]}) for i, j in pairs])
    in_place = np.array([sum(a == b for a, b in zip(orders[i], orders[j], strict=True)) for i, j in pairs])
    chosen, weights = _sample_of_each(10 * shared + in_place, pairs_per_kind or len(pairs), rng)
    distances = pair_distances(composites, [pairs[int(k)] for k in chosen])
    counts = [("shared", shared, (1, 2, 3)), ("in place", in_place, (0, 1, 2))]
    return {
        f"{level} {word}": _mean(distances, np.array(pairs)[chosen], count[chosen] == level, weights)
        for word, count, levels in counts
        for level in levels
    }


def _sample_of_each(
    kinds: NDArray[np.intp], n_most: int, rng: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return indices of at most n_most members of each kind, and how many members each of them stands for."""
    members = [np.flatnonzero(kinds == kind) for kind in np.unique(kinds)]
    drawn = [np.sort(rng.permutation(indices)[:n_most]) for indices in members]
    weights = [np.full(len(few), len(all_) / len(few)) for few, all_ in zip(drawn, members, strict=True)]
    return np.concatenate(drawn), np.concatenate(weights)


def composition_motifs(
    n_trials: int, rng: np.random.Generator, *, line: LineRule = "published"
) -> tuple[Trajectories, ...]:
    """Return the five motifs of the study's composites, each of shape (n_trials, N_STEPS, 3).

    The fifth is line, curve, and both again with the order of their trials reversed. The study calls
    that a flip; it leaves every single trajectory as it was, and only pairs it with others.

    Args:
        n_trials: trajectories per motif.
        rng: draws the initial points and the lines.
        line: how lines are drawn; see `line_motif`.
    """
    straight = line_motif(n_trials, rng, line=line)
    curve, near, far = (motion(Lorenz(r), n_trials, rng, method="euler") for r in (0.5, 5.0, 15.0))
    return straight, curve, near, far, attach_all([straight, curve, straight[::-1], curve[::-1]])


def line_motif(n_trials: int, rng: np.random.Generator, *, line: LineRule = "published") -> Trajectories:
    """Return accelerating straight lines s_(i+1) = s_i + i v, normalized; shape (n_trials, N_STEPS, 3).

    `meant`: every trajectory has a random direction v of its own, of length `LINE_SCALE`. `published`
    stands for what the study's code did: it changed v in place, so that lines shrank from trial to trial,
    and only about 17 of 200 move by more than 1e-3. The exact factor is not known; here each v
    is the last one times the factor that gives this count.

    Args:
        n_trials: trajectories.
        rng: draws initial points, uniform in the unit cube, and directions.
        line: which of the two.
    """
    start = rng.random((n_trials, 1, 3))
    directions = rng.standard_normal((n_trials, 1, 3))
    directions *= LINE_SCALE / np.linalg.norm(directions, axis=2, keepdims=True)
    progress = np.cumsum(np.arange(N_STEPS) - 0.0)
    progress = np.concatenate([[0.0], progress[:-1]])
    if line == "published":
        factor = (1e-3 / (LINE_SCALE * progress[-1])) ** (1 / 17)
        directions = directions[:1] * factor ** np.arange(n_trials)[:, None, None]
    return normalize_range(start + progress[:, None] * directions)


def _motifs(n_trials: int, rng: np.random.Generator) -> list[Trajectories]:
    """Simulate the seven motifs, each from initial points of its own."""
    return [motion(system, n_trials, rng, method="euler") for system in MOTIFS]


def _ordered_pairs(n: int, n_pairs: int) -> list[tuple[int, int]]:
    """Return the first n_pairs of all ordered pairs of n motifs; each run of n has every motif first once."""
    if not 1 <= n_pairs <= n * (n - 1):
        raise ValueError(f"{n_pairs} pairs asked for; needed 1 to {n * (n - 1)}.")
    return [(i, (i + shift) % n) for shift in range(1, n) for i in range(n)][:n_pairs]


def _mean(
    distances: Array,
    members: NDArray[np.intp],
    chosen: NDArray[np.bool_] | None = None,
    weights: Array | None = None,
) -> Replicated:
    """Return the weighted mean of the chosen distances; `members` holds each pair's recordings, shape (n_pairs, k)."""
    selected = np.ones(len(distances), dtype=bool) if chosen is None else chosen
    shares = np.ones(len(distances)) if weights is None else weights
    return _jackknifed(members, lambda kept: float(np.average(distances[kept], weights=shares[kept])), selected)


def _jackknifed(
    members: NDArray[np.intp], statistic: Callable[[NDArray[np.bool_]], float], chosen: NDArray[np.bool_]
) -> Replicated:
    """Return a statistic of the chosen pairs with its standard error, one recording left out at a time."""
    recordings = np.unique(members[chosen])
    kept = [chosen & ~(members == recording).any(axis=1) for recording in recordings]
    error = math.nan
    if len(recordings) > 1 and all(mask.any() for mask in kept):
        error = jackknife_error([statistic(mask) for mask in kept])
    return Replicated(statistic(chosen), error, int(chosen.sum()))
