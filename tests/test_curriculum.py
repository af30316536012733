"""The eleven groups are those of the study."""

import itertools

from metric_harness.curriculum import GROUPS, MASTER
from metric_harness.trials import SUBTASKS


def test_there_are_eleven_groups_by_their_names():
    assert len(GROUPS) == 11
    assert all(name == group.name for name, group in GROUPS.items())


def test_every_subset_of_the_subtasks_is_pretrained_once_and_learns_with_frozen_recurrence():
    subsets = [subset for n in (1, 2, 3) for subset in itertools.combinations(SUBTASKS, n)]
    frozen = [group.pretraining for group in GROUPS.values() if group.pretraining and group.free == "frozen"]
    assert frozen == subsets


def test_the_others_are_an_untrained_one_two_masters_and_a_free_one():
    rest = [group for group in GROUPS.values() if not (group.pretraining and group.free == "frozen")]
    assert [(group.name, group.pretraining, group.free) for group in rest] == [
        ("untrained", (), "nothing"),
        (MASTER, (), "all"),
        ("master_frozen", (), "frozen"),
        ("pretrain_unfrozen", SUBTASKS, "all"),
    ]


def test_a_group_knows_how_many_subtasks_it_shares_with_the_composite_one():
    assert sorted(group.n_shared for group in GROUPS.values()) == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3]
    assert GROUPS["pretrain_plain_delayed_frozen"].n_shared == 2
