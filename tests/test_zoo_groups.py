"""What is compared with what in the zoo, and that the networks behave as the cases take for granted."""

import numpy as np
import pytest
import torch

from metric_harness import zoo_groups
from metric_harness.curriculum import GROUPS
from metric_harness.recording import run, stacked, time_first
from metric_harness.seeding import generator
from metric_harness.statistics import mean_interval, proportion_interval, spearman
from metric_harness.zoo import Specimen
from metric_harness.zoo_groups import LEVELS, groups_of, learns, reference
from metric_harness.zoo_recordings import shipped_zoo, spread_out

N_TRIALS = 20


def outputs(specimens: list[Specimen]) -> np.ndarray:
    """Return the probabilities that networks give their choices, shape (networks, time, trials, outputs)."""
    zoo = shipped_zoo()
    parameters = stacked([zoo.weights(specimen) for specimen in specimens])
    states = run(zoo.network, parameters, time_first(zoo.trials(N_TRIALS)))
    return torch.softmax(zoo.network.readout(parameters, states), dim=-1).numpy()


def output_differences(specimens: list[Specimen], goal: Specimen) -> np.ndarray:
    """Return the mean absolute difference of each network's probabilities from another's."""
    found = outputs([*specimens, goal])
    return np.abs(found[:-1] - found[-1]).mean(axis=(1, 2, 3))


def test_levels_are_the_frozen_groups_by_shared_subtasks_after_the_untrained():
    assert [len(groups_of(level)) for level in range(len(LEVELS))] == [1, 1, 3, 3, 1]
    assert groups_of(0) == ["untrained"]
    assert groups_of(1) == ["master_frozen"]
    assert groups_of(4) == ["pretrain_frozen"]
    assert {GROUPS[group].n_shared for group in groups_of(3)} == {2}
    assert [group for group in GROUPS if zoo_groups.level_of(group) is None] == ["master", "pretrain_unfrozen"]


def test_only_what_is_trained_can_learn():
    zoo = shipped_zoo()
    assert zoo_groups.training_groups() == [group for group in GROUPS if group != "untrained"]
    assert not any(learns(zoo, group, seed) for group in ("untrained", "master_frozen") for seed in zoo.seeds)
    others = [group for group in GROUPS if group not in ("untrained", "master_frozen")]
    unable = [(group, seed) for group in others for seed in zoo.seeds if not learns(zoo, group, seed)]
    assert unable == [("pretrain_plain_anti_frozen", 19)]


def test_groups_of_which_one_network_fails_are_no_learning_groups():
    unable = ("untrained", "master_frozen", "pretrain_plain_anti_frozen")
    assert zoo_groups.learning_groups(shipped_zoo()) == [group for group in GROUPS if group not in unable]


def test_unrelated_learners_are_of_one_seed_each_and_of_the_learning_groups_in_turn():
    zoo = shipped_zoo()
    networks = zoo_groups.unrelated_learners(zoo, 16)
    assert [network.seed for network in networks] == list(zoo.seeds[:16])
    assert [network.group for network in networks] == 2 * zoo_groups.learning_groups(zoo)
    assert all(network == zoo.final(network.group, network.seed) for network in networks)
    with pytest.raises(ValueError, match="21 networks of 20 seeds"):
        zoo_groups.unrelated_learners(zoo, 21)


def test_a_network_is_held_against_the_master_of_its_seed_and_a_master_against_the_next():
    zoo = shipped_zoo()
    assert reference(zoo, "untrained", 3) == zoo.final("master", 3)
    assert reference(zoo, "master", 3) == zoo.final("master", 4)
    assert reference(zoo, "master", zoo.seeds[-1]) == zoo.final("master", zoo.seeds[0])


def test_drawn_checkpoints_are_one_per_network_with_spread_accuracies():
    zoo = shipped_zoo()
    drawn = zoo_groups.drawn_checkpoints(zoo, range(6), generator(59, "drawn"))
    assert [(s.group, s.seed) for s in drawn] == [(group, seed) for seed in range(6) for group in GROUPS]
    assert all(specimen.update in zoo.checkpoints(specimen.group, specimen.seed) for specimen in drawn)
    shares = np.array([zoo.accuracy(specimen) for specimen in drawn]) / zoo.ceiling
    # Both sides of a choice half learnt hold a quarter of the networks at least.
    assert 0.25 < (shares > 0.75).mean() < 0.75
    again = zoo_groups.drawn_checkpoints(zoo, range(6), generator(59, "drawn"))
    assert drawn == again


def test_outputs_come_nearer_to_the_masters_up_to_one_shared_subtask_and_no_further():
    zoo, table = shipped_zoo(), []
    for seed in zoo.seeds:
        goal = reference(zoo, "untrained", seed)
        differences = [
            output_differences([zoo.final(group, seed) for group in groups_of(level)], goal).mean()
            for level in range(len(LEVELS))
        ]
        table.append(differences)
    means, columns = np.mean(table, axis=0), np.array(table)
    assert means == pytest.approx([0.42, 0.14, 0.03, 0.03, 0.03], abs=0.01)
    steps = [mean_interval(step) for step in (columns[:, :-1] - columns[:, 1:]).T]
    assert [step.low > 0 for step in steps] == [True, True, False, False]


def test_outputs_come_nearer_to_the_masters_while_networks_learn():
    zoo, approaching = shipped_zoo(), []
    for seed in zoo.seeds[:8]:
        for group in zoo_groups.training_groups():
            if learns(zoo, group, seed):
                checkpoints = spread_out(zoo.specimens(group, seed), 7)
                differences = output_differences(checkpoints, reference(zoo, group, seed))
                approaching.append(spearman(differences, range(7)) < 0)
    assert proportion_interval(sum(approaching), len(approaching)).low > 0.9
