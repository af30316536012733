"""What the cases about dynamics compute from distances, worked by hand."""

import numpy as np
import pytest

from metric_harness.adapter import FunctionMetric, MetricUnderTest
from metric_harness.checks import Standing
from metric_harness.interfaces import Claims
from metric_harness.seeding import generator
from metric_harness.spectra import drawn_linear
from testcases.dynamics import test_blind_spots as blind_spots
from testcases.dynamics import test_deformation as deformation
from testcases.dynamics import test_planted_conjugacy as planted_conjugacy
from testcases.dynamics import test_time_shuffle as time_shuffle
from testcases.dynamics import test_topology as topology
from testcases.dynamics import test_trial_pooling as trial_pooling

STEPS = np.array([0.0, 1.0, 2.0, 4.0, 5.0, 11.0, 12.0, 11.0, 12.0, 13.0])
"""A course whose fifth step, the one at the transition, is 6, and whose others are 1 but for one of 2."""


def claiming(**claims: bool) -> MetricUnderTest:
    bare = FunctionMetric(lambda x, y: 0.0, needs="trajectories", kind="distance", claims=Claims(**claims))
    return MetricUnderTest("name", bare)


def test_steps_of_a_course_are_its_transition_its_median_and_its_largest_other_one():
    jump, median, other = topology.steps(STEPS)
    assert (jump, median, other) == (6, 1, 2)
    assert topology.in_median_steps(STEPS) == 6
    assert topology.in_median_steps(np.zeros(10)) == 0
    assert topology.in_median_steps(np.repeat([0.0, 1.0], 5)) == 9


def test_a_tables_rows_are_taken_one_by_one():
    jumps, medians, others = topology.steps(np.stack([STEPS, 2 * STEPS]))
    assert (jumps.tolist(), medians.tolist(), others.tolist()) == ([6, 12], [1, 2], [2, 4])


def test_the_transition_is_the_step_that_closes_the_gate():
    assert topology.GATES[topology.TRANSITION] < 1 < topology.GATES[topology.TRANSITION + 1]
    np.testing.assert_allclose(np.diff(topology.GATES), 0.2)


def test_the_share_of_a_deformation_is_that_of_the_line():
    assert deformation.share(np.array([0.1, 0.3, 0.2, 2.0]), 1e-6) == 0.15
    assert deformation.share(np.zeros(4), 1e-6) == 1.0


def test_the_ratio_of_shuffled_recordings_is_that_of_means():
    assert time_shuffle.ratio(np.array([[1.0, 3.0], [10.0, 50.0]])) == 15
    assert time_shuffle.ratio(np.zeros((2, 3))) == 0
    assert time_shuffle.ratio(np.array([[0.0], [1.0]])) > time_shuffle.TIMES


def test_halves_are_the_two_parts_of_each_trial():
    x = np.arange(24.0).reshape(2, 6, 2)
    found = trial_pooling.halves(x)
    np.testing.assert_array_equal(found, [x[0, :3], x[0, 3:], x[1, :3], x[1, 3:]])


def test_the_share_of_storage_is_that_of_recording_anew():
    assert trial_pooling.share(np.array([0.1, 0.3, 0.6])) == 0.5
    assert trial_pooling.share(np.zeros(3)) == 1.0


BEYOND = np.array([[0.0, 1.0, 1.0, 0.0100, 1.0, 1.0, 2.0, 1.0], [0.0, 1.0, 1.0, 0.0101, 1.0, 1.0, 2.1, 1.0]])
"""How far two worlds are beyond recording anew: reversed rotation is nearly unseen, shuffled time is far."""


@pytest.mark.parametrize(
    ("claims", "standings"),
    [
        ({}, []),
        ({"time_order": True}, [Standing.HOLDS]),
        ({"conjugacy": True}, [Standing.HOLDS]),
        ({"time_order": True, "conjugacy": False}, [Standing.HOLDS, Standing.HOLDS]),
    ],
)
def test_only_what_is_claimed_is_asked(claims, standings):
    found = blind_spots.against_claims(claiming(**claims), BEYOND)
    assert [finding.standing for finding in found] == standings


def test_what_is_claimed_and_not_so_fails():
    swapped = BEYOND[:, [0, 1, 2, 6, 4, 5, 0, 7]]  # reversed rotation is far, shuffled time unseen
    found = blind_spots.against_claims(claiming(time_order=True, conjugacy=True), swapped)
    assert [finding.standing for finding in found] == [Standing.FAILS, Standing.FAILS]


def test_every_change_has_a_recording_of_its_own_and_three_are_of_one():
    system = drawn_linear(generator(37, "test_dynamics_cases"))
    made = blind_spots.changes_of(system, 3, generator(37, "test_dynamics_cases", "draws"))
    assert list(made) == ["", *blind_spots.CHANGES]
    again = made[blind_spots.SAME]
    np.testing.assert_array_equal(made[blind_spots.MIRRORED][..., 1], -again[..., 1])
    np.testing.assert_array_equal(made[blind_spots.MIRRORED][..., 0], again[..., 0])
    np.testing.assert_array_equal(made["time reversed"], again[:, ::-1])
    np.testing.assert_array_equal(np.sort(made[blind_spots.SHUFFLED], axis=1), np.sort(again, axis=1))
    assert len({x.tobytes() for x in made.values()}) == len(made)


def test_reversed_rotation_is_what_the_transposed_system_does():
    # With S = diag(1, -1, 1, -1), S A S = Aᵀ for rotating planes, so a mirrored recording is one of x' = Aᵀ x.
    a = drawn_linear(generator(37, "test_dynamics_cases")).matrix
    mirror = np.diag([1.0, -1.0, 1.0, -1.0])
    np.testing.assert_allclose(mirror @ a @ mirror, a.T, atol=1e-15)


def test_a_system_is_right_if_another_one_is_farther_than_all_its_conjugates():
    worst = np.zeros(10)
    assert planted_conjugacy.sign_p(worst, np.ones(10)) == pytest.approx(0.25**10)
    assert planted_conjugacy.sign_p(worst, np.where(np.arange(10) < 9, 1.0, -1.0)) == pytest.approx(
        0.25**10 + 10 * 0.25**9 * 0.75
    )
    assert planted_conjugacy.sign_p(worst, worst) == 1, "ties are not farther"


def test_the_null_of_conjugates_holds_its_level():
    draws = generator(1).random((2000, 10, 4))
    found = [planted_conjugacy.sign_p(draw[:, :3].max(axis=1), draw[:, 3]) for draw in draws]
    assert np.mean(np.array(found) < 0.05) <= 0.05


def test_planted_distances_keep_systems_apart():
    conjugates, others = planted_conjugacy.planted(claiming(), "trajectories", 3, generator(1))
    assert conjugates.shape == (planted_conjugacy.N_SEEDS, 3)
    assert others.shape == (planted_conjugacy.N_SEEDS,)


def test_shares_of_the_range_are_ratios_of_means_with_the_last_change_whole():
    found = blind_spots.shares_of_range(np.array([[0.0, 1.0, 2.0], [0.0, 4.0, 8.0], [0.0, 2.5, 5.0]]), 1e-6)
    assert [share.value for share in found] == [0, 0.5, 1]
    assert [(share.low, share.high) for share in found] == [(0, 0), (0.5, 0.5), (1, 1)]
    varied = blind_spots.shares_of_range(np.array([[1.0, 2.0], [1.0, 8.0], [2.0, 5.0]]), 1e-6)
    assert varied[0].value == pytest.approx(4 / 15)
    assert varied[0].low < 4 / 15 < varied[0].high


@pytest.mark.parametrize("floor", [1e-6, 2.0])
def test_without_a_range_when_any_world_is_left_out_there_are_no_shares(floor):
    beyond = np.array([[1.0, 0.0], [3.0, 3.0]])
    assert [share.value for share in blind_spots.shares_of_range(beyond, floor)] == [0, 0]
