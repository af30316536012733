"""Whether networks of two architectures grow alike by learning one task."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array
from metric_harness.checks import NotApplicableError, Recorder, decide
from metric_harness.curriculum import MASTER
from metric_harness.profiles import Profile
from metric_harness.regime_unit import regime_unit
from metric_harness.statistics import mean_interval
from metric_harness.variance_kept import measure_components
from metric_harness.zoo import Zoo
from metric_harness.zoo_recordings import asked, is_default, other_shipped_zoo, recordings, shipped_zoo

UNTRAINED = "untrained"
KINDS = ((MASTER, MASTER), (MASTER, UNTRAINED), (UNTRAINED, MASTER), (UNTRAINED, UNTRAINED))
"""Group of the chosen architecture and of the other one, in every pair of networks."""


@pytest.mark.case(
    id="architecture.across",
    version=2,
    tier="validity",
    source="suite; after comparisons of leaky RNNs with Mamba in the code of arXiv 2410.24070, which kept no results",
)
def test_across(
    metric: MetricUnderTest,
    measure: Recorder,
    profile: Profile,
    zoo: Zoo,
    streams: Callable[..., np.random.Generator],
) -> None:
    """Whether networks of two architectures that learnt one task are closer than unrelated ones is measured.

    Why it matters: if a task shapes dynamics, networks of different make come to alike ones; a metric that tells only
    architectures apart cannot see it.
    Given: masters and untrained networks of the chosen architecture and of the leaky RNN, on the same trials; first six
    principal components, whitened. To the leaky RNN stands Mamba, or another one that comes with the package.
    Measured: the distance of master to master, master to untrained, untrained to master, and untrained to untrained,
    paired by seed; how much nearer masters are than a master and an untrained network, whichever of the two it is;
    both with intervals over seeds, and as a share of the distance of untrained networks.
    Null: unrelated networks, of which one did not learn. And masters of different seeds: nothing relates networks of
    one seed across architectures, so that pairing by seed has to make no difference.
    Verdict: the metric has a unit: motifs of other regimes are farther than the same under noise of .01 (AUC at least
    .9, over worlds) and than the floor. What is found of the architectures is measured only.
    Negative controls: constant, norm, mean, variance, covariance-spectrum, random metrics.
    Known limits: inputs and the task's periods drive all states, trained or not; what is alike for that is in every
    distance, and only differences between distances tell of learning. Trained networks may be alike in that they
    follow the decision, which is behavior, and not in how they come to it.
    """
    other = beside(zoo)
    unit = regime_unit(metric, profile, streams)
    findings = unit.measured(measure, metric.floor)
    if unit.smallest > metric.floor:
        measure("other architecture", other.folder.name)
        measure_across(measure, across(metric, zoo, other, profile, streams("order")), metric.floor)
        for label, some in (("", zoo), (f" of {other.folder.name}", other)):
            n = min(len(zoo.seeds), len(other.seeds), profile.zoo_seeds)
            measure_components(measure, some, some.seeds[:n], profile.zoo_trials, label=label)
    decide(
        measure,
        "a metric has a unit in which architectures can be compared",
        findings,
        hint="a metric that noise moves like another system has no scale that a distance could be read on",
    )


def beside(zoo: Zoo) -> Zoo:
    """Return the networks of another architecture.

    Raises:
        NotApplicableError: if the package has none.
    """
    other = other_shipped_zoo() if is_default(zoo) else shipped_zoo()
    if other is None:
        raise NotApplicableError("no other architecture comes with the package; see --metric-network")
    return other


def across(
    metric: MetricUnderTest, zoo: Zoo, other: Zoo, profile: Profile, rng: np.random.Generator
) -> dict[str, Array]:
    """Return the distances between the networks of two architectures by kind, one for each seed, shape (n_seeds,)."""
    n = min(len(zoo.seeds), len(other.seeds), profile.zoo_seeds)
    trials = other.trials(profile.zoo_trials)
    groups = (MASTER, UNTRAINED)
    places = {(g, k): i for i, (g, k) in enumerate((g, k) for g in groups for k in range(n))}
    xs = [x for one in (zoo, other) for x in recordings(one, [one.final(g, one.seeds[k]) for g, k in places], trials)]

    def pairs(first: str, second: str, shift: int = 0) -> Sequence[tuple[int, int]]:
        return [(places[first, k], len(places) + places[second, (k + shift) % n]) for k in range(n)]

    kinds = {f"{first} to {second}": pairs(first, second) for first, second in KINDS}
    kinds["masters of different seeds"] = pairs(MASTER, MASTER, 1)
    values = asked(metric, xs, [pair for some in kinds.values() for pair in some], rng)
    return dict(zip(kinds, values.reshape(len(kinds), n), strict=True))


def measure_across(measure: Recorder, found: dict[str, Array], floor: float) -> None:
    """Record distances between two architectures, and how much nearer learning brings them."""
    trained, unrelated = found["master to master"], found["untrained to untrained"]
    nearer = (found["master to untrained"] + found["untrained to master"]) / 2 - trained
    measure("seeds", len(trained))
    measure("kinds", list(found))
    measure.curve("mean distance", "kind", map(mean_interval, found.values()))
    measure("master and untrained minus two masters", mean_interval(nearer))
    measure("different seeds minus one seed", mean_interval(found["masters of different seeds"] - trained))
    measure("two untrained minus two masters", mean_interval(unrelated - trained))
    if float(unrelated.mean()) > floor:
        measure("nearer by two untrained", mean_interval(nearer / float(unrelated.mean())))
