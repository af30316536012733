"""How far an architecture's recurrent dynamics move while it learns, beside those of a leaky RNN."""

from collections.abc import Callable

import numpy as np
import pytest

from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array
from metric_harness.checks import Recorder, decide
from metric_harness.curriculum import MASTER
from metric_harness.equivalence import Difference, difference_of, equivalence, equivalence_of
from metric_harness.profiles import Profile
from metric_harness.recurrent_change import (
    COMPARED,
    FROZEN,
    FULL,
    TWO_MASTERS,
    TWO_UNTRAINED,
    UNTRAINED,
    Changes,
    changes,
    common_checkpoints,
)
from metric_harness.regime_unit import regime_unit
from metric_harness.statistics import Estimate, mean_interval
from metric_harness.variance_kept import measure_components
from metric_harness.zoo import Zoo, shipped
from metric_harness.zoo_recordings import is_default, shipped_zoo

MARGIN = 0.1
"""Largest difference that counts as none, as a share of the across-regime mean."""
LEARNT = 0.95
"""Share of the ceiling from which a network counts as one that has learnt the composite task."""
SHARED, OWN = "the across-regime mean", "unrelated"
"""What changes are divided by: what architectures share, or the distance of each one's unrelated networks."""
BESIDE = "leaky_rnn"
"""The architecture that the chosen one is set beside."""
PUBLISHED_OF = "mamba"
"""The architecture of which the reference study gives these distances beside those of the leaky RNN."""


@pytest.mark.case(
    id="architecture.recurrent_change",
    version=2,
    tier="validity",
    source="arXiv 2410.24070, distances to the master in Mamba; ours tests equivalence, and has nulls",
)
def test_recurrent_change(
    metric: MetricUnderTest,
    measure: Recorder,
    profile: Profile,
    zoo: Zoo,
    streams: Callable[..., np.random.Generator],
) -> None:
    """Whether an architecture's dynamics move while it learns is measured, in a unit that the metric has.

    Why it matters: an architecture whose recurrent states hardly change with training may work as a reservoir, its
    input and output weights doing the learning. The reference study says so of Mamba.
    Given: the finished networks of the chosen architecture, and the masters and frozen masters of the first seeds at
    six checkpoints, on the same trials; first six principal components, whitened. The leaky RNN's beside them.
    Unit: the across-regime mean, the mean distance of whitened Lorenz motifs of different regimes, as in noise.floor,
    over three worlds. It knows nothing of networks, so that architectures share it; a tenth of it is the margin. Where
    unrelated networks are nearer than that nothing could fail to be equivalent, so that the test with a tenth of their
    mean distance stands beside it.
    Measured: d(untrained, master) and d(full, master), the latter pretrained on all subtasks; their difference over
    paired seeds with two one-sided t tests against the margin. d(checkpoint, last) through training. What needs
    recurrence: how far a master moves from its draw, minus how far one with frozen recurrence does. Both differences
    also by the mean distance of unrelated networks, whose own scatter enters by the jackknife over seeds. Both minus
    the leaky RNN's, by the across-regime mean and by each one's unrelated networks, also with each seed left out in
    turn. Accuracies of all groups: what was trained need not have learnt.
    Null: networks with frozen recurrence, of which input weights alone were trained: a change of states that needs no
    trained recurrence. Where inputs select what is kept, as in Mamba, input weights move the recurrence, too. And
    masters of two seeds: where these are not closer than untrained networks are to a master, the metric does not see
    that masters have something in common, and equivalence says nothing; "training seen" tells.
    Verdict: the metric has the unit: motifs of other regimes are farther than the same under noise of .01 (AUC at
    least .9, over worlds) and than the floor. What is found of the architecture is measured only.
    Negative controls: constant, norm, mean, variance, covariance-spectrum, random metrics.
    Known limits: recordings are of states, which input weights drive; whitening takes how much each direction varies
    from them, and six components what lies beyond. Frozen pretrained networks differ from untrained ones in recurrence,
    bias and readout, of which states show the first two. A metric that pairs samples sees where states are; whether
    it sees dynamics, the group `dynamics` tells.
    """
    unit = regime_unit(metric, profile, streams)
    findings = unit.measured(measure, metric.floor)
    if unit.smallest > metric.floor:
        zoos = compared(zoo)
        n_checkpoints = common_checkpoints(zoos.values(), profile.zoo_histories)
        measure("margin", MARGIN * unit.mean.value)
        measure("groups", COMPARED)
        measure("kinds of network", [*COMPARED, MASTER])
        measure("checkpoints", list(range(1, n_checkpoints)))
        found = {label: asked_of(metric, some, n_checkpoints, profile, streams) for label, some in zoos.items()}
        for label, own in found.items():
            measure_changes(measure, label, own, MARGIN * unit.mean.value, metric.floor)
            measure_learnt(measure, label, own)
            seeds = zoos[label].seeds[: profile.zoo_seeds]
            measure_components(measure, zoos[label], seeds, profile.zoo_trials, label=label)
        if len(found) == 2:
            chosen, beside = found.values()
            measure_contrasts(measure, chosen, beside, unit.mean.value, metric.floor)
            for label, some in zoos.items():
                reached = [some.pretrained(FULL, seed) for seed in some.seeds[: profile.zoo_seeds]]
                measure(f"pretrained networks that reached their target{label}", sum(reached))
        if zoo.folder == shipped(PUBLISHED_OF):
            for group, values in found[""].to_master.items():
                measure(f"published Mamba {group} to master", mean_interval(values))
    decide(
        measure,
        "a metric has the unit in which the change of an architecture is measured",
        findings,
        hint="a metric that noise moves like another system has no scale that a change could be read on",
    )


def compared(zoo: Zoo) -> dict[str, Zoo]:
    """Return the chosen architecture's networks, and the leaky RNN's beside them, by what ends their names."""
    return {"": zoo} if is_default(zoo) else {"": zoo, f" of {BESIDE}": shipped_zoo()}


def asked_of(
    metric: MetricUnderTest,
    zoo: Zoo,
    n_checkpoints: int,
    profile: Profile,
    streams: Callable[..., np.random.Generator],
) -> Changes:
    """Return the distances of one architecture."""
    seeds = zoo.seeds[: profile.zoo_seeds]
    return changes(
        metric,
        zoo,
        seeds,
        histories=seeds[: profile.zoo_histories],
        n_checkpoints=n_checkpoints,
        n_trials=profile.zoo_trials,
        rng=streams("order"),
    )


def measure_changes(measure: Recorder, label: str, found: Changes, margin: float, floor: float) -> None:
    """Record what a metric says of one architecture."""
    untrained, full, frozen = (found.to_master[group] for group in (UNTRAINED, FULL, FROZEN))
    measure(f"seeds{label}", found.n_seeds)
    measure.curve(f"mean distance to the master{label}", "group", (mean_interval(v) for v in found.to_master.values()))
    for name, other, differences in (
        ("full", "untrained", full - untrained),
        ("frozen", "untrained", frozen - untrained),
        ("full", "frozen", full - frozen),
    ):
        test = equivalence(differences, margin)
        measure(f"{name} minus {other}{label}", test.difference)
        measure(f"p of {name} minus {other} at most -margin{label}", test.p_above)
        measure(f"p of {name} minus {other} at least margin{label}", test.p_below)
        measure(f"{name} against {other}{label}", test.verdict)
    measure(f"distance of unrelated networks{label}", found.scale_interval())
    measure(f"distance of two untrained{label}", float(found.unrelated[TWO_UNTRAINED][0].mean()))
    measure(f"distance of two masters{label}", float(found.unrelated[TWO_MASTERS][0].mean()))
    together = found.brought_together()
    if together is not None:
        measure(f"untrained to master minus two masters{label}", together)
    measure(f"training seen{label}", seen(together))
    for name, group in (("all free", MASTER), ("frozen", FROZEN)):
        course = map(mean_interval, found.courses[group].T)
        measure.curve(f"distance to the end, {name}{label}", "checkpoint", course)
        measure(f"mean shares of training, {name}{label}", found.shares[group].mean(axis=0))
    if found.scale > floor:
        own = equivalence_of(found.on_scale(full - untrained), found.n_seeds, MARGIN)
        measure(f"full minus untrained by unrelated{label}", own.difference)
        measure(f"p of equivalence by unrelated{label}", own.p)
        measure(f"full against untrained by unrelated{label}", own.verdict)
        for name, values in moves(found).items():
            measure(f"{name} by unrelated{label}", found.on_scale(values))


def measure_learnt(measure: Recorder, label: str, found: Changes) -> None:
    """Record what the networks have learnt."""
    shares = found.accuracies.values()
    # The ceiling is an expected accuracy: on a few hundred trials a network may do better.
    means = (mean_interval(some, limits=(0, max(1, some.max()))) for some in shares)
    measure.curve(f"share of the ceiling{label}", "kind of network", means)
    measure(f"networks that learnt{label}", [int((some >= LEARNT).sum()) for some in shares])


def seen(together: Estimate | None) -> str:
    """Return whether training brings networks together: masters are closer than untrained networks are to them."""
    if together is None:
        return "not known"
    return "yes" if together.low > 0 else "no" if together.high < 0 else "not shown"


def moves(found: Changes) -> dict[str, Array]:
    """Return the distances in which architectures are set side by side, one number per seed."""
    return {
        "untrained to master": found.to_master[UNTRAINED],
        "untrained minus full": found.to_master[UNTRAINED] - found.to_master[FULL],
        "change with all weights free": found.free,
        "change with recurrence fixed": found.fixed,
        "change that needs recurrence": found.free - found.fixed,
    }


def measure_contrasts(measure: Recorder, chosen: Changes, beside: Changes, unit: float, floor: float) -> None:
    """Record by how much the chosen architecture changes more than the leaky RNN.

    In the unit that architectures share, the across-regime mean; and each on its own scale, which is wider where
    untrained networks differ more. What is found in one of them alone is a matter of the unit.
    """
    for label, some in (("", chosen), (f" of {BESIDE}", beside)):
        if (apart := some.masters_apart()) is not None:
            measure(f"two masters minus two untrained{label}", apart)
    if min(chosen.scale, beside.scale) <= floor:
        return
    for by, divisor in ((SHARED, unit), (OWN, None)):
        for name in moves(chosen):
            found = contrast(name, chosen, beside, divisor)
            measure(f"{name} by {by}, minus {BESIDE}'s", found.estimate)
            measure(f"p of {name} by {by}, minus {BESIDE}'s", found.p)
            if min(chosen.n_seeds, beside.n_seeds) > 2:
                fewer = [contrast(name, chosen.without(k), beside, divisor) for k in range(chosen.n_seeds)]
                fewer += [contrast(name, chosen, beside.without(k), divisor) for k in range(beside.n_seeds)]
                measure(f"largest p of {name} by {by}, minus {BESIDE}'s, without a seed", max(one.p for one in fewer))


def contrast(name: str, chosen: Changes, beside: Changes, unit: float | None) -> Difference:
    """Return by how much more than the leaky RNN the chosen architecture has of what `moves` names.

    Args:
        name: what.
        chosen: distances of the chosen architecture.
        beside: of the leaky RNN.
        unit: what both are divided by; none for each one's own scale.
    """
    ours, theirs = (
        some.on_scale(moves(some)[name]) if unit is None else mean_interval(moves(some)[name] / unit)
        for some in (chosen, beside)
    )
    return difference_of(ours, theirs, chosen.n_seeds, beside.n_seeds)
