"""A system in other coordinates is the same system."""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest
from scipy import stats

from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array, Trajectories
from metric_harness.checks import Finding, Recorder, below, decide, require_time
from metric_harness.interfaces import ComparesOperators
from metric_harness.statistics import mean_interval
from metric_harness.transforms import random_orthogonal, rotate_units, whiten

SIZES = (3, 5, 10, 20, 35, 50)
"""Numbers of units."""
N_SEEDS = 10
"""Independent systems of each size."""
N_TRIALS = 12
"""Trajectories per system."""
N_TIMES = 100
"""Time steps of a generated trajectory."""


def coordinate_changes(n: int, rng: np.random.Generator) -> dict[str, Array]:
    """Return orthogonal matrices of three kinds."""
    return {
        "rotated": random_orthogonal(n, rng),
        "sign-flipped": np.diag(rng.choice([-1.0, 1.0], n)),
        "permuted": np.eye(n)[rng.permutation(n)],
    }


def generated(operator: Array, rng: np.random.Generator) -> Trajectories:
    """Iterate x ← A x + ε, with A scaled to spectral radius .95 so that it neither dies nor explodes, and whiten.

    The noise drives all directions at all times, so that delay windows of any length have full rank, and a metric that
    fits more dimensions than there are units is not refused. Symmetric whitening commutes with rotation, so conjugates
    stay conjugates.
    """
    stable = operator * (0.95 / np.abs(np.linalg.eigvals(operator)).max())
    states = [rng.standard_normal((N_TRIALS, len(operator)))]
    for _ in range(N_TIMES - 1):
        states.append(states[-1] @ stable.T + rng.standard_normal(states[-1].shape))
    return whiten(np.stack(states, axis=1))


@pytest.mark.case(
    id="dynamics.planted_conjugacy",
    version=2,
    tier="validity",
    source="after Ostrow et al. 2023 (arXiv 2306.10168): orthogonal conjugates are at distance zero",
)
def test_planted_conjugacy(
    metric: MetricUnderTest, measure: Recorder, streams: Callable[..., np.random.Generator]
) -> None:
    """An operator and its orthogonal conjugate B = Q A Qᵀ, and the trajectories they generate, are one system.

    Why it matters: coordinates are arbitrary. An optimizer that misses the conjugation reports a
    difference between identical systems, as large as between unrelated ones.
    Given: Gaussian operators with 3 to 50 units, ten of each size; Q random, a sign flip, a permutation;
    for a metric that compares operators (`operator_distances`) the operators themselves, and for every
    metric the trajectories they generate, driven by noise from 12 initial states, whitened, with the trials of the copy
    reordered where `unpaired_trials` is claimed.
    Measured: the largest distance of conjugates, and the median distance of independent systems. Both in the mean, with
    intervals over systems: of each system its worst conjugate, and another system.
    Null: if conjugation meant nothing, of a system's four distances that of the other system would be the largest once
    in four; the sign test over systems tells how likely as many are then.
    Verdict: the largest is below 1 % of the median, for operators and for trajectories, at each size.
    Negative controls: constant, norm, mean, variance, covariance-spectrum metrics; an alignment by gradient
    descent from one start.
    Needs: a metric that sees time; others get no verdict.
    """
    require_time(metric)
    kinds = ["trajectories", *(["operators"] if isinstance(metric.bare, ComparesOperators) else [])]
    measure("numbers of units", SIZES)
    findings: list[Finding] = []
    # Sizes are the outer loop, as a metric with a random state of its own sees an order.
    found = {(n, kind): planted(metric, kind, n, streams("size", n, kind)) for n in SIZES for kind in kinds}
    for kind in kinds:
        of_kind = [found[n, kind] for n in SIZES]
        worst, other = [conjugates.max(axis=1) for conjugates, _ in of_kind], [others for _, others in of_kind]
        measure(f"largest distance of conjugate {kind} by number of units", [float(some.max()) for some in worst])
        measure(f"median distance of independent {kind} by number of units", [float(np.median(some)) for some in other])
        measure.curve(
            f"mean distance of the worst conjugate {kind}",
            "number of units",
            (mean_interval(some, limits=(0, np.inf)) for some in worst),
        )
        measure.curve(
            f"mean distance of independent {kind}",
            "number of units",
            (mean_interval(some, limits=(0, np.inf)) for some in other),
        )
        measure(f"sign test p of conjugate {kind} by number of units", list(map(sign_p, worst, other)))
        for n, conjugate, independent in zip(SIZES, worst, other, strict=True):
            median = float(np.median(independent))
            # A median at the floor means that the metric tells no two systems apart: 0 is then the bound.
            bound = 0.01 * median if median > metric.floor else 0.0
            origin = f"1 % of the median {median:.3g} of independent {kind}"
            name = f"largest distance of conjugate {kind} with {n} units"
            findings.append(below(name, float(conjugate.max()), bound, origin))
    decide(
        measure,
        "orthogonal conjugates are one system",
        findings,
        hint="give the alignment several starts: identity, a reflection, eigenbases of the symmetric parts",
    )


def sign_p(worst: Array, others: Array) -> float:
    """Return how likely as many systems have another one farther than all their conjugates, if it is any of four."""
    n_right = int((others > worst).sum())
    return float(cast(Any, stats.binomtest(n_right, len(worst), 1 / 4, alternative="greater")).pvalue)


def planted(metric: MetricUnderTest, kind: str, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return the distances of each system to its conjugates, (N_SEEDS, 3), and to an independent one, (N_SEEDS,)."""
    originals: list[Array] = []
    copies: list[Array] = []
    conjugates: list[tuple[int, int]] = []
    for seed in range(N_SEEDS):
        operator = rng.standard_normal((n, n)) / np.sqrt(n)
        originals.append(operator if kind == "operators" else generated(operator, rng))
        for change in coordinate_changes(n, rng).values():
            conjugates.append((seed, N_SEEDS + len(copies)))
            if kind == "operators":
                copies.append(change @ operator @ change.T)
            else:
                order = rng.permutation(N_TRIALS) if metric.claims.unpaired_trials else np.arange(N_TRIALS)
                copies.append(rotate_units(originals[seed][order], change))
    ask = metric.operator_distances if kind == "operators" else metric.pair_distances
    independent = [(seed, (seed + 1) % N_SEEDS) for seed in range(N_SEEDS)]
    distances = ask([*originals, *copies], conjugates + independent)
    return distances[: len(conjugates)].reshape(N_SEEDS, -1), distances[len(conjugates) :]
