"""How far an architecture's recurrent dynamics move while it learns, beside those of a leaky RNN."""

from collections.abc import Callable

import numpy as np
import pytest

from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array
from metric_harness.checks import Recorder, decide
from metric_harness.curriculum import MASTER
from metric_harness.equivalence import difference_of, equivalence
from metric_harness.profiles import Profile
from metric_harness.recurrent_change import COMPARED, FROZEN, FULL, UNTRAINED, Changes, changes, common_checkpoints
from metric_harness.regime_unit import regime_unit
from metric_harness.statistics import mean_interval
from metric_harness.zoo import Zoo, shipped
from metric_harness.zoo_recordings import is_default, shipped_zoo

MARGIN = 0.1
"""Largest difference that counts as none, as a share of the across-regime mean."""
BESIDE = "leaky_rnn"
"""The architecture that the chosen one is set beside."""
PUBLISHED_OF = "mamba"
"""The architecture of which the reference study gives these distances beside those of the leaky RNN."""


@pytest.mark.case(
    id="architecture.recurrent_change",
    version=1,
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
    also by the mean distance of unrelated networks, and so minus the leaky RNN's.
    Null: networks with frozen recurrence, whose states change by input weights alone: what they show is no recurrent
    change. And masters of two seeds: where these are no closer than untrained networks are to a master, the metric
    does not see that training brings networks together, and equivalence says nothing; "training seen" tells.
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
        measure("shares of training", np.linspace(0, 1, n_checkpoints)[:-1])
        found = {label: asked_of(metric, some, n_checkpoints, profile, streams) for label, some in zoos.items()}
        for label, own in found.items():
            measure_changes(measure, label, own, MARGIN * unit.mean.value, metric.floor)
        if len(found) == 2:
            chosen, beside = found.values()
            measure_contrasts(measure, chosen, beside, metric.floor)
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
    masters = found.unrelated["two masters"][0]
    measure(f"seeds{label}", found.n_seeds)
    measure.curve(f"mean distance to the master{label}", "group", (mean_interval(v) for v in found.to_master.values()))
    for name, values in (("full", full), ("frozen", frozen)):
        test = equivalence(values - untrained, margin)
        measure(f"{name} minus untrained{label}", test.difference)
        measure(f"p of {name} minus untrained at most -margin{label}", test.p_above)
        measure(f"p of {name} minus untrained at least margin{label}", test.p_below)
        measure(f"{name} against untrained{label}", test.verdict)
    measure(f"distance of unrelated networks{label}", found.scale_interval())
    measure(f"distance of two untrained{label}", float(found.unrelated["two untrained"][0].mean()))
    measure(f"distance of two masters{label}", float(masters.mean()))
    measure(f"training seen{label}", seen(untrained, masters))
    for name, group in (("all free", MASTER), ("frozen", FROZEN)):
        course = map(mean_interval, found.courses[group].T)
        measure.curve(f"distance to the end, {name}{label}", "share of training", course)
    if found.scale > floor:
        own = equivalence(full - untrained, MARGIN * found.scale)
        measure(f"p of equivalence by unrelated{label}", own.p)
        measure(f"full against untrained by unrelated{label}", own.verdict)
        for name, values in scale_free(found).items():
            measure(f"{name}{label}", found.on_scale(values))


def seen(untrained: Array, masters: Array) -> str:
    """Return whether masters are closer to one another than untrained networks are to them, with the whole interval."""
    if len(untrained) != len(masters):
        return "not known"
    return "yes" if mean_interval(untrained - masters).low > 0 else "no"


def scale_free(found: Changes) -> dict[str, Array]:
    """Return what is read on the scale of unrelated networks, one number per seed."""
    return {
        "untrained to master by unrelated": found.to_master[UNTRAINED],
        "untrained minus full by unrelated": found.to_master[UNTRAINED] - found.to_master[FULL],
        "change with all weights free by unrelated": found.free,
        "change with recurrence fixed by unrelated": found.fixed,
        "change that needs recurrence by unrelated": found.free - found.fixed,
    }


def measure_contrasts(measure: Recorder, chosen: Changes, beside: Changes, floor: float) -> None:
    """Record by how much the chosen architecture changes more than the leaky RNN, each on its own scale."""
    if min(chosen.scale, beside.scale) <= floor:
        return
    for name in scale_free(chosen):
        ours, theirs = (some.on_scale(scale_free(some)[name]) for some in (chosen, beside))
        difference = difference_of(ours, theirs, chosen.n_seeds, beside.n_seeds)
        measure(f"{name}, minus {BESIDE}'s", difference)
