"""Systems of one dynamical regime look closer than systems of two."""

from collections.abc import Callable

import numpy as np
import pytest

from metric_harness import simulation
from metric_harness.adapter import MetricUnderTest
from metric_harness.checks import Recorder, at_least, below, decide, measure_neighbors
from metric_harness.contrasts import ClassContrast, class_contrast
from metric_harness.profiles import Profile
from metric_harness.transforms import whiten


@pytest.mark.case(
    id="attractor.regimes",
    version=1,
    tier="validity",
    # What the search of DSA finds moves by 3e-3 with the kernels of other processors.
    drift=1e-2,
    source="arXiv 2410.24070, within- and across-regime distances of nine Lorenz systems; ours shares "
    "initial states and matches moments",
)
def test_regimes(
    metric: MetricUnderTest, measure: Recorder, profile: Profile, streams: Callable[..., np.random.Generator]
) -> None:
    """Systems of one dynamical regime are closer than systems of two.

    Why it matters: a metric of dynamics must group what moves alike.
    Given: nine Lorenz systems in three regimes (one attractor, two stable ones, chaos); trial k starts
    from the same state in all nine; each recording whitened, so that norm, mean, variance and
    covariance spectrum carry nothing. One world is one draw of the initial states.
    Measured: AUC = P(within < across) over the 9 + 27 unordered pairs of each world; 1 is perfect, .5 chance.
    Verdict: the mean AUC over worlds is at least .9 with its whole interval, and permuting the regime
    labels reaches the observed AUC with p < .01.
    Negative controls: constant, norm, mean, variance, covariance-spectrum metrics.
    Needs: paired trials. Known limits: three regimes of one system.
    """
    worlds = [simulation.regimes(streams("world", k), profile.n_trials, shared=True) for k in range(profile.n_worlds)]
    recordings = [[whiten(x) for x in world.trajectories] for world in worlds]
    labels = worlds[0].labels

    def contrast(subject: MetricUnderTest, n_worlds: int) -> ClassContrast:
        matrices = [subject.distances(xs) for xs in recordings[:n_worlds]]
        return class_contrast(
            matrices,
            labels,
            floor=metric.floor,
            n_permutations=profile.n_permutations,
            rng=streams("null"),
        )

    found = contrast(metric, len(worlds))
    measure("AUC", found.auc)
    measure("permutation p", found.p)
    measure("mean distance within", found.within)
    measure("mean distance across", found.across)
    measure("mean distance matrix", found.matrix)
    measure("mean distance matrix labels", worlds[0].names)
    measure.set_score(found.auc.value)
    measure_neighbors(
        measure, metric, "AUC", lambda near: contrast(near, 2).auc.value, holds=lambda value: value >= 0.9
    )
    decide(
        measure,
        "systems of one dynamical regime are closer than systems of two",
        [
            at_least("AUC", found.auc, 0.9, "fixed by the suite; chance is .5"),
            below("permutation p", found.p, 0.01, "permuted regime labels"),
        ],
        hint="moments are matched here: a metric that compares sizes or variances sees no difference",
    )
