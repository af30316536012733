"""Regimes are told apart without sample correspondence; beside it the study's own protocol."""

from collections.abc import Callable

import numpy as np
import pytest

from metric_harness import replication, simulation
from metric_harness.adapter import MetricUnderTest
from metric_harness.checks import NotApplicableError, Recorder, at_least, below, decide
from metric_harness.contrasts import class_contrast
from metric_harness.profiles import Profile
from metric_harness.transforms import whiten


@pytest.mark.case(
    id="attractor.regimes_unpaired",
    version=1,
    tier="validity",
    # What the search of DSA finds moves by 3e-3 with the kernels of other processors.
    drift=1e-2,
    source="arXiv 2410.24070, within- and across-regime distances of nine Lorenz systems, as published",
)
def test_regimes_unpaired(
    metric: MetricUnderTest, measure: Recorder, profile: Profile, streams: Callable[..., np.random.Generator]
) -> None:
    """Systems of one dynamical regime are closer than systems of two, also when no trials correspond.

    Why it matters: two animals, or two networks with their own noise, never share trials.
    Given: as attractor.regimes, but every system draws its own initial states.
    Measured: as attractor.regimes; also the study's protocol at its own size (explicit Euler, no
    moment matching), under names that begin with "published".
    Verdict: as attractor.regimes, for metrics that claim `unpaired_trials`. Others are measured and get
    no verdict: without correspondence their question is not defined.
    Negative controls: constant, norm, mean, variance, covariance-spectrum metrics that claim `unpaired_trials`.
    """
    replication.record(
        measure,
        lambda: replication.regimes(
            metric.as_published("regimes").pair_distances,
            streams("published"),
            n_trials=profile.replication_trials,
        ),
    )
    worlds = [simulation.regimes(streams("world", k), profile.n_trials, shared=False) for k in range(profile.n_worlds)]
    found = class_contrast(
        [metric.distances([whiten(x) for x in world.trajectories]) for world in worlds],
        worlds[0].labels,
        floor=metric.floor,
        n_permutations=profile.n_permutations,
        rng=streams("null"),
    )
    measure("AUC", found.auc)
    measure("permutation p", found.p)
    measure("mean distance within", found.within)
    measure("mean distance across", found.across)
    measure("mean distance matrix", found.matrix)
    measure("mean distance matrix labels", worlds[0].names)
    measure.set_score(found.auc.value)
    if metric.claims.unpaired_trials is not True:
        raise NotApplicableError(
            f"the metric does not claim unpaired_trials; measured only: AUC {found.auc}, p {found.p:.3g}"
        )
    decide(
        measure,
        "systems of one dynamical regime are closer than systems of two without trial correspondence",
        [
            at_least("AUC", found.auc, 0.9, "fixed by the suite; chance is .5"),
            below("permutation p", found.p, 0.01, "permuted regime labels"),
        ],
        hint="the metric claims unpaired_trials; more trials reduce sampling noise (--metric-profile=paper)",
    )
