"""A representation that develops through training is seen to develop."""

from collections.abc import Sequence

import numpy as np
import pytest

from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array
from metric_harness.checks import Recorder, at_least, decide, measure_neighbors
from metric_harness.curriculum import GROUPS
from metric_harness.profiles import Profile
from metric_harness.statistics import falling_p, mean_interval, proportion_interval, settled, spearman
from metric_harness.zoo import Zoo
from metric_harness.zoo_groups import LEVELS, groups_of, learns, reference, training_groups
from metric_harness.zoo_recordings import recordings, shipped_zoo, spread_out

N_CHECKPOINTS = 7
"""Checkpoints of each network, evenly spread over those it has: as many as the quickest learner left."""
PROGRESS = np.linspace(0, 1, N_CHECKPOINTS)
"""Share of a network's checkpoints that lie behind."""


@pytest.mark.case(
    id="learning.gradual",
    version=1,
    tier="validity",
    source="arXiv 2410.24070, groups of networks over learning; ours asks each network and pairs trials",
)
def test_gradual(metric: MetricUnderTest, measure: Recorder, profile: Profile) -> None:
    """A network comes closer to one that has learnt the composite task while it learns that task.

    Why it matters: a metric that compares finished networks only cannot follow how computations come about.
    Given: seven checkpoints of every network that is trained on the composite task, and the finished master of its
    seed (for a master: of the next seed), on the same trials; first six principal components, whitened.
    Measured: Spearman's correlation of distance and progress for each network that learns; the share of negative
    ones. The mean distance by progress, for each number of shared subtasks; Page's p of these networks in the end.
    Verdict: the share is at least .9 with its whole exact binomial interval.
    Negative controls: constant, norm, mean, variance, covariance-spectrum, random metrics.
    Known limits: networks that were pretrained may leave what they had before they find what they need, and a metric
    that follows the states all through the trial sees that detour. In their outputs 99 % of the networks come nearer.
    """
    zoo, seeds = shipped_zoo(), shipped_zoo().seeds[: profile.zoo_histories]
    found = histories(metric, zoo, seeds, profile.zoo_trials)
    learners = {key: curve for key, curve in found.items() if learns(zoo, *key)}
    approaching = [spearman(curve, PROGRESS) < 0 for curve in learners.values()]
    share = proportion_interval(sum(approaching), len(approaching))
    measure("share of approaching networks", share)
    measure("networks that learn", len(learners))
    measure("mean correlation with progress", mean_interval([spearman(c, PROGRESS) for c in learners.values()]))
    for group in training_groups():
        measure(f"share of approaching {group}", np.mean([spearman(found[group, s], PROGRESS) < 0 for s in seeds]))
    measure("progress", PROGRESS)
    measure_curves(measure, found, seeds)
    measure.set_score(share.value)
    measure_neighbors(
        measure,
        metric,
        "share of approaching networks",
        lambda near: share_of_approaching(near, zoo, seeds[:2], profile.zoo_trials),
        holds=lambda value: value >= 0.9,
    )
    decide(
        measure,
        "networks come closer to one that has learnt a task while they learn it",
        [at_least("share of approaching networks", share, 0.9, "fixed by the suite; chance is .5")],
        hint="see the mean distance by progress: a hump means that networks are seen to leave before they arrive",
    )


def histories(metric: MetricUnderTest, zoo: Zoo, seeds: Sequence[int], n_trials: int) -> dict[tuple[str, int], Array]:
    """Return each network's distances to what it is held against, shape (N_CHECKPOINTS,), by group and seed."""
    keys = [(group, seed) for group in training_groups() for seed in seeds]
    goals = {key: reference(zoo, *key) for key in keys}
    finished = list(dict.fromkeys(goals.values()))
    checkpoints = [spread_out(zoo.specimens(*key), N_CHECKPOINTS) for key in keys]
    xs = recordings(zoo, [*finished, *(s for some in checkpoints for s in some)], zoo.trials(n_trials))
    pairs = [
        (len(finished) + N_CHECKPOINTS * i + k, finished.index(goals[key]))
        for i, key in enumerate(keys)
        for k in range(N_CHECKPOINTS)
    ]
    table = settled(metric.pair_distances(xs, pairs), metric.floor).reshape(len(keys), N_CHECKPOINTS)
    return dict(zip(keys, table, strict=True))


def share_of_approaching(metric: MetricUnderTest, zoo: Zoo, seeds: Sequence[int], n_trials: int) -> float:
    """Return the share of networks that come closer, of those that learn."""
    found = histories(metric, zoo, seeds, n_trials)
    return float(np.mean([spearman(curve, PROGRESS) < 0 for key, curve in found.items() if learns(zoo, *key)]))


def measure_curves(measure: Recorder, found: dict[tuple[str, int], Array], seeds: Sequence[int]) -> None:
    """Record the mean distance by progress with its intervals over seeds, and the trend where they end."""
    trained = {LEVELS[level]: groups_of(level) for level in range(1, len(LEVELS))}
    free = {group: [group] for group in training_groups() if GROUPS[group].free == "all"}
    curves = {
        label: np.array([np.mean([found[group, seed] for group in groups], axis=0) for seed in seeds])
        for label, groups in (trained | free).items()
    }
    for label, table in curves.items():
        estimates = [mean_interval(column) for column in table.T]
        measure(f"mean distance by progress, {label}", [e.value for e in estimates])
        measure(f"intervals by progress, {label}", [[e.low, e.high] for e in estimates])
    measure("p of the final trend", falling_p(np.stack([curves[label][:, -1] for label in trained], axis=1)))
