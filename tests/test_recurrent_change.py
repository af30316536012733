"""Which networks are compared, which share a draw of weights, and how an architecture's own scale is estimated."""

import dataclasses

import numpy as np
import pytest

from metric_harness.adapter import MetricUnderTest
from metric_harness.errors import UnfitZooError
from metric_harness.metrics.cka import CKA
from metric_harness.recurrent_change import (
    COMPARED,
    FROZEN,
    N_CHECKPOINTS,
    TWO_MASTERS,
    UNTRAINED,
    Changes,
    changes,
    common_checkpoints,
)
from metric_harness.seeding import generator
from metric_harness.zoo import shipped
from metric_harness.zoo_plans import SHIPPED
from metric_harness.zoo_recordings import shipped_zoo, zoo_in

SEEDS = (0, 1, 2)


def made(to_master, free, fixed, unrelated) -> Changes:
    n = len(free)
    around = np.array([(k, (k + 1) % n) for k in range(n)])
    return Changes(
        to_master={UNTRAINED: np.array(to_master)},
        free=np.array(free),
        fixed=np.array(fixed),
        unrelated={"two untrained": (np.array(unrelated), around)},
        courses={},
        shares={},
        accuracies={UNTRAINED: np.zeros(n)},
    )


@pytest.fixture(scope="module")
def found() -> Changes:
    zoo, metric = shipped_zoo(), MetricUnderTest("cka", CKA())
    rng = generator(61, "test_recurrent_change")
    return changes(metric, zoo, SEEDS, histories=SEEDS[:2], n_checkpoints=4, n_trials=3, rng=rng)


def test_every_seed_is_one_observation(found):
    assert found.n_seeds == 3
    assert {group: values.shape for group, values in found.to_master.items()} == dict.fromkeys(COMPARED, (3,))
    assert {kind: values.shape for kind, values in found.courses.items()} == {"master": (2, 3), FROZEN: (2, 3)}


def test_no_self_pair_enters(found):
    unrelated = [values for values, _ in found.unrelated.values()]
    for values in (found.free, found.fixed, *found.courses.values(), *found.to_master.values(), *unrelated):
        assert values.min() > 0


def test_a_course_begins_with_the_whole_way(found):
    assert found.courses["master"][:, 0] == pytest.approx(found.free[:2])
    assert found.courses[FROZEN][:, 0] == pytest.approx(found.fixed[:2])


def test_the_frozen_null_keeps_the_recurrence_of_its_draw_and_the_master_does_not():
    zoo = shipped_zoo()
    draw, frozen = (zoo.weights(zoo.final(group, 0)) for group in (UNTRAINED, FROZEN))
    assert np.array_equal(draw["recurrent_weights"], frozen["recurrent_weights"])
    assert not np.array_equal(draw["input_weights"], frozen["input_weights"])
    first, last = (zoo.weights(zoo.specimens("master", 0)[k]) for k in (0, -1))
    assert not np.array_equal(first["recurrent_weights"], last["recurrent_weights"])
    assert not np.array_equal(first["recurrent_weights"], draw["recurrent_weights"])
    assert zoo.specimens(FROZEN, 0)[0].update == zoo.specimens("master", 0)[0].update == 0


@pytest.mark.parametrize("network", sorted(SHIPPED))
def test_the_frozen_null_changes_input_weights_alone(network):
    zoo = zoo_in(shipped(network))
    moving = {"embedding_weights", "embedding_bias"} if network == "mamba" else {"input_weights"}
    draw, frozen = (zoo.weights(zoo.final(group, 0)) for group in (UNTRAINED, FROZEN))
    assert {name for name in draw if not np.array_equal(draw[name], frozen[name])} == moving


def test_numbers_are_read_by_the_mean_distance_of_unrelated_networks():
    one = made([3.0, 3.0, 3.0], [2.0, 2.0, 2.0], [1.0, 1.0, 1.0], [0.5, 0.5, 0.5])
    assert one.scale == 0.5
    assert (one.on_scale(one.free).value, one.on_scale(one.free).low) == (4.0, 4.0)


def test_a_seed_is_left_out_of_the_scale_with_its_pairs():
    one = made([1.0] * 3, [1.0, 1.0, 4.0], [0.0] * 3, [1.0, 2.0, 4.0])
    # Without seed 0 only the pair (1, 2) is left, at distance 2; without 1 (2, 0), at 4; without 2 (0, 1), at 1.
    partial = np.array([2.5 / 2, 2.5 / 4, 1.0 / 1])
    error = np.sqrt(2 / 3 * ((partial - partial.mean()) ** 2).sum())
    found = one.on_scale(one.free)
    assert found.value == pytest.approx(2.0 / (7 / 3))
    assert (found.high - found.low) / 2 == pytest.approx(4.302652729911275 * error)


def test_masters_are_brought_together_by_as_much_as_they_are_closer():
    one = made([0.9, 1.0, 1.1], [0.0] * 3, [0.0] * 3, [0.2, 0.4, 0.6])
    one = dataclasses.replace(one, unrelated={TWO_MASTERS: one.unrelated["two untrained"]})
    # Without seed 0 the pair (1, 2) at .4 is left beside 1.05; without 1, (2, 0) at .6 beside 1; without 2, .2 and .95.
    partial = np.array([1.05 - 0.4, 1.0 - 0.6, 0.95 - 0.2])
    error = np.sqrt(2 / 3 * ((partial - partial.mean()) ** 2).sum())
    found = one.brought_together()
    assert found is not None
    assert found.value == pytest.approx(1.0 - 0.4)
    assert (found.high - found.low) / 2 == pytest.approx(4.302652729911275 * error)


def test_masters_are_apart_by_what_they_have_beyond_untrained_networks():
    one = made([0.9, 1.0, 1.1], [0.0] * 3, [0.0] * 3, [0.2, 0.4, 0.6])
    _, ring = one.unrelated["two untrained"]
    one = dataclasses.replace(one, unrelated={**one.unrelated, TWO_MASTERS: (np.array([0.5, 0.5, 0.8]), ring)})
    # Without seed 0 the pair (1, 2) is left: .5 - .4; without 1, (2, 0): .8 - .6; without 2, (0, 1): .5 - .2.
    partial = np.array([0.1, 0.2, 0.3])
    error = np.sqrt(2 / 3 * ((partial - partial.mean()) ** 2).sum())
    found = one.masters_apart()
    assert found is not None
    assert found.value == pytest.approx(0.6 - 0.4)
    assert (found.high - found.low) / 2 == pytest.approx(4.302652729911275 * error)


def test_a_seed_that_is_left_out_takes_its_pairs_along():
    one = made([0.9, 1.0, 1.1], [1.0, 2.0, 3.0], [0.1, 0.2, 0.3], [0.2, 0.4, 0.6]).without(1)
    values, pairs = one.unrelated["two untrained"]
    assert one.n_seeds == 2
    assert one.free.tolist() == [1.0, 3.0]
    assert one.to_master[UNTRAINED].tolist() == [0.9, 1.1]
    # (2, 0) stays; what was seed 2 is seed 1 now.
    assert (values.tolist(), pairs.tolist()) == ([0.6], [[1, 0]])
    assert one.brought_together() is None


def test_accuracies_and_shares_of_training_are_those_of_the_zoo(found):
    zoo = shipped_zoo()
    expected = [zoo.accuracy(zoo.final("master", seed)) / zoo.ceiling for seed in SEEDS]
    assert found.accuracies["master"] == pytest.approx(expected)
    assert min(found.accuracies["master"]) >= 0.95
    assert found.shares["master"].shape == found.courses["master"].shape
    assert (found.shares["master"][:, 0] == 0).all()
    updates = zoo.checkpoints("master", 0)
    place = round((len(updates) - 1) / 3)  # the second of four, evenly spread
    assert found.shares["master"][0, 1] == pytest.approx(updates[place] / updates[-1])


def test_trainings_are_followed_at_as_many_checkpoints_as_all_have():
    assert common_checkpoints([shipped_zoo()], 2) == N_CHECKPOINTS


def test_one_seed_has_no_interval():
    with pytest.raises(UnfitZooError, match="1 seed of networks; needed at least 2"):
        changes(
            MetricUnderTest("cka", CKA()),
            shipped_zoo(),
            [0],
            histories=[0],
            n_checkpoints=3,
            n_trials=2,
            rng=generator(61, "one"),
        )
