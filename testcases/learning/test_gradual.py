"""A representation that develops through training is seen to develop."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array
from metric_harness.checks import Recorder, at_least, decide, measure_neighbors
from metric_harness.curriculum import MASTER
from metric_harness.profiles import Profile
from metric_harness.statistics import mean_interval, proportion_interval, spearman
from metric_harness.variance_kept import measure_components
from metric_harness.zoo import Zoo
from metric_harness.zoo_groups import LEVELS, groups_of, learns, reference, require_learners, training_groups
from metric_harness.zoo_recordings import asked, recorded_trainings, recordings, spread_out

N_CHECKPOINTS = 8
"""Checkpoints of each network, evenly spread over those it has: as many as the quickest learner left."""
PROGRESS = np.linspace(0, 1, N_CHECKPOINTS)
"""Share of a network's checkpoints that lie behind; updates say less, for networks learn at different speeds."""

KINDS = {LEVELS[level]: groups_of(level) for level in range(1, len(LEVELS))} | {
    f"all weights free, {name}": [group]
    for name, group in (("from nothing", MASTER), ("pretrained", "pretrain_unfrozen"))
}
"""Kinds of training whose mean course is shown: by subtasks shared, input weights free; and the two that are free."""


@pytest.mark.case(
    id="learning.gradual",
    version=2,
    tier="validity",
    source="arXiv 2410.24070, groups of networks over learning; ours asks each network and pairs trials",
)
def test_gradual(
    metric: MetricUnderTest,
    measure: Recorder,
    profile: Profile,
    zoo: Zoo,
    streams: Callable[..., np.random.Generator],
) -> None:
    """A network comes closer to one that has learnt the composite task while it learns that task.

    Why it matters: a metric that compares finished networks only cannot follow how computations come about.
    Given: eight checkpoints of every network that is trained on the composite task, and the finished master of its
    seed (for a master: of the next seed), on the same trials; first six principal components, whitened.
    Measured: Spearman's correlation of distance and progress for each network that learns; the share of negative
    ones. The mean distance by kind of training, and the accuracy, which no metric changes.
    Verdict: the share is at least .9 with its whole exact binomial interval.
    Negative controls: constant, norm, mean, variance, covariance-spectrum, random metrics; one that drifts.
    Known limits: networks that were pretrained may leave what they had before they find what they need, and a metric
    that follows the states all through the trial sees that detour. In their outputs 71 of the 72 networks that learn
    come nearer, which is why a share of .9 can be asked for.
    """
    seeds = zoo.seeds[: profile.zoo_histories]
    require_learners(zoo, seeds)
    found = histories(metric, zoo, seeds, profile.zoo_trials, streams("order"))
    learners = {key: spearman(curve, PROGRESS) for key, curve in found.items() if learns(zoo, *key)}
    share = proportion_interval(sum(value < 0 for value in learners.values()), len(learners))
    measure("share of approaching networks", share)
    measure("networks that learn", len(learners))
    measure_components(measure, zoo, seeds, profile.zoo_trials)
    measure("mean correlation with progress", mean_interval(list(learners.values())))
    measure_approach(measure, learners)
    measure_histories(measure, zoo, found, seeds)
    measure.set_score(share.value)
    measure_neighbors(
        measure,
        metric,
        "share of approaching networks",
        lambda near: share_of_approaching(near, zoo, seeds[:2], profile.zoo_trials, streams("order")),
        holds=lambda value: value >= 0.9,
    )
    decide(
        measure,
        "networks come closer to one that has learnt a task while they learn it",
        [at_least("share of approaching networks", share, 0.9, "fixed by the suite; chance is .5")],
        hint="see the mean distances through training: a hump means that networks are seen to leave before they arrive",
    )


def histories(
    metric: MetricUnderTest, zoo: Zoo, seeds: Sequence[int], n_trials: int, rng: np.random.Generator
) -> dict[tuple[str, int], Array]:
    """Return each network's distances to what it is held against, shape (N_CHECKPOINTS,), by group and seed."""
    keys = [(group, seed) for group in training_groups() for seed in seeds]
    goals = {key: reference(zoo, *key) for key in keys}
    finished = list(dict.fromkeys(goals.values()))
    checkpoints = [spread_out(zoo.specimens(*key), N_CHECKPOINTS) for key in keys]
    trials = zoo.trials(n_trials)
    xs = [*recordings(zoo, finished, trials), *recorded_trainings(zoo, checkpoints, trials)]
    pairs = [
        (len(finished) + N_CHECKPOINTS * i + k, finished.index(goals[key]))
        for i, key in enumerate(keys)
        for k in range(N_CHECKPOINTS)
    ]
    table = asked(metric, xs, pairs, rng).reshape(len(keys), N_CHECKPOINTS)
    return dict(zip(keys, table, strict=True))


def share_of_approaching(
    metric: MetricUnderTest, zoo: Zoo, seeds: Sequence[int], n_trials: int, rng: np.random.Generator
) -> float:
    """Return the share of networks that come closer, of those that learn."""
    found = histories(metric, zoo, seeds, n_trials, rng)
    return float(np.mean([spearman(curve, PROGRESS) < 0 for key, curve in found.items() if learns(zoo, *key)]))


def measure_approach(measure: Recorder, correlations: dict[tuple[str, int], float]) -> None:
    """Record the share of negative correlations in each group of which a network learns."""
    own = {group: [v < 0 for (name, _), v in correlations.items() if name == group] for group in training_groups()}
    own = {group: some for group, some in own.items() if some}
    measure("groups", list(own))
    shares = (proportion_interval(sum(some), len(some)) for some in own.values())
    measure.curve("share of approaching networks", "group", shares)


def measure_histories(measure: Recorder, zoo: Zoo, found: dict[tuple[str, int], Array], seeds: Sequence[int]) -> None:
    """Record distance and accuracy through training, groups of one kind averaged, with intervals over seeds."""
    measure("shares of training", PROGRESS)
    accuracies = {
        key: np.array([zoo.accuracy(s) for s in spread_out(zoo.specimens(*key), N_CHECKPOINTS)]) / zoo.ceiling
        for key in found
    }
    for quantity, histories_of in (("distance", found), ("accuracy", accuracies)):
        for label, groups in KINDS.items():
            table = np.array([np.mean([histories_of[group, seed] for group in groups], axis=0) for seed in seeds])
            measure.curve(f"{quantity} of {label}", "share of training", map(mean_interval, table.T))
