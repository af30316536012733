"""Which networks of two architectures are compared, told by a metric that answers with whom it was asked about."""

import dataclasses

import numpy as np
import pytest

from metric_harness.adapter import FunctionMetric, MetricUnderTest
from metric_harness.arrays import Array
from metric_harness.checks import Recorder
from metric_harness.curriculum import MASTER
from metric_harness.interfaces import Claims
from metric_harness.profiles import PROFILES
from metric_harness.seeding import generator
from metric_harness.zoo_recordings import other_shipped_zoo, recordings, shipped_zoo
from testcases.architecture.test_across import UNTRAINED, across, beside, measure_across

SMALL = dataclasses.replace(PROFILES["smoke"], zoo_seeds=3, zoo_trials=4)

pytestmark = pytest.mark.usefixtures("one_thread")


def test_pairs_are_of_the_named_groups_and_of_one_seed():
    chosen, other = shipped_zoo(), other_shipped_zoo()
    assert other is not None
    assert other.folder.name == "mamba"
    trials = other.trials(SMALL.zoo_trials)
    known = [
        (place, specimen.group, specimen.seed, x.tobytes())
        for place, zoo in enumerate((chosen, other))
        # As one stack, as the case records them: in another one rounding would be other.
        for some in [[zoo.final(group, seed) for group in (MASTER, UNTRAINED) for seed in zoo.seeds[:3]]]
        for specimen, x in zip(some, recordings(zoo, some, trials), strict=True)
    ]
    names = {content: (place, group, seed) for place, group, seed, content in known}
    assert len(names) == 12

    def number(x: Array) -> int:
        place, group, seed = names[np.ascontiguousarray(x).tobytes()]
        return 100 * place + 10 * (group == MASTER) + seed

    bare = FunctionMetric(
        lambda x, y: 1000.0 * number(x) + number(y), needs="trajectories", kind="distance", claims=Claims()
    )
    found = across(MetricUnderTest("name", bare), chosen, other, SMALL, generator(5, "test_across"))
    first = {name: (values // 1000).tolist() for name, values in found.items()}
    second = {name: (values % 1000 - 100).tolist() for name, values in found.items()}
    assert first == {
        "master to master": [10, 11, 12],
        "master to untrained": [10, 11, 12],
        "untrained to master": [0, 1, 2],
        "untrained to untrained": [0, 1, 2],
        "masters of different seeds": [10, 11, 12],
    }
    assert second == {
        "master to master": [10, 11, 12],
        "master to untrained": [0, 1, 2],
        "untrained to master": [10, 11, 12],
        "untrained to untrained": [0, 1, 2],
        "masters of different seeds": [11, 12, 10],
    }


def test_how_much_nearer_learning_brings_is_worked_by_hand():
    measure = Recorder()
    kinds = {
        "master to master": [1.0, 2.0],
        "master to untrained": [3.0, 4.0],
        "untrained to master": [5.0, 8.0],
        "untrained to untrained": [2.0, 2.0],
        "masters of different seeds": [1.5, 2.5],
    }
    measure_across(measure, {name: np.array(values) for name, values in kinds.items()}, 1e-6)
    found = measure.measurements
    assert found["master and untrained minus two masters"] == 3.5  # (4 - 1 + 6 - 2) / 2
    assert found["different seeds minus one seed"] == 0.5
    assert found["two untrained minus two masters"] == 0.5
    assert found["nearer by two untrained"] == 1.75


def test_to_another_architecture_stands_the_default_one():
    other = other_shipped_zoo()
    assert other is not None
    assert beside(other).folder == shipped_zoo().folder
