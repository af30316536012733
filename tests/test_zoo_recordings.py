"""Recordings of the zoo are per network, on shared trials, and moment-matched."""

import itertools
from typing import ClassVar

import numpy as np
import pytest
import torch

from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import flattened
from metric_harness.checks import Recorder
from metric_harness.curriculum import GROUPS
from metric_harness.errors import DegenerateInputError
from metric_harness.interfaces import AbstractMetric, Claims
from metric_harness.seeding import generator
from metric_harness.statistics import mean_interval
from metric_harness.variance_kept import explained, measure_components
from metric_harness.zoo import Specimen
from metric_harness.zoo_recordings import (
    AT_ONCE,
    N_COMPONENTS,
    asked,
    matched,
    recorded,
    recorded_trainings,
    recordings,
    shipped_zoo,
    spread_out,
)

pytestmark = pytest.mark.usefixtures("one_thread")

N_TRIALS = 12


def rng(*path: str | int) -> np.random.Generator:
    return generator(53, "test_zoo_recordings", *path)


@pytest.fixture(scope="module")
def specimens() -> list[Specimen]:
    zoo = shipped_zoo()
    return [zoo.final(group, seed) for group in ("master", "pretrain_frozen", "untrained") for seed in (0, 1)]


def test_whitened_recordings_have_mean_zero_and_covariance_one(specimens):
    zoo = shipped_zoo()
    for x in recordings(zoo, specimens, zoo.trials(N_TRIALS)):
        assert x.shape == (N_TRIALS, 280, N_COMPONENTS)
        assert x.dtype == np.float64
        states = flattened(x)
        np.testing.assert_allclose(states.mean(axis=0), 0, atol=1e-8)
        np.testing.assert_allclose(states.T @ states / len(states), np.eye(N_COMPONENTS), atol=1e-6)


def test_scaled_recordings_keep_their_spectrum_and_have_total_variance_one(specimens):
    zoo = shipped_zoo()
    (x,) = recordings(zoo, specimens[:1], zoo.trials(N_TRIALS), form="scaled")
    (states,) = recorded(zoo, specimens[:1], zoo.trials(N_TRIALS))
    variances = np.linalg.eigvalsh(np.cov(flattened(states), rowvar=False))[::-1][:N_COMPONENTS]
    found = np.cov(flattened(x), rowvar=False, ddof=0)
    np.testing.assert_allclose(found, np.diag(variances / variances.sum()), atol=1e-8)


def test_a_recording_does_not_depend_on_the_networks_beside_it(specimens):
    zoo = shipped_zoo()
    trials = zoo.trials(4)
    together = recorded(zoo, specimens, trials)
    for one, x in zip(specimens, together, strict=True):
        (alone,) = recorded(zoo, [one], trials)
        np.testing.assert_allclose(alone, x, rtol=0, atol=1e-5)
    assert min(np.abs(x - y).max() for x, y in itertools.pairwise(together)) > 0.01


def test_more_networks_than_run_at_once_are_recorded_in_their_order():
    zoo = shipped_zoo()
    many = [zoo.final(group, seed) for seed in zoo.seeds for group in ("master", "untrained")][: AT_ONCE + 2]
    assert len(many) == AT_ONCE + 2
    found = recorded(zoo, many, zoo.trials(2))
    np.testing.assert_allclose(found[-1], recorded(zoo, many[-1:], zoo.trials(2))[0], rtol=0, atol=1e-5)


def test_steps_are_cut_before_states_are_matched(specimens):
    zoo = shipped_zoo()
    trials, steps = zoo.trials(N_TRIALS), slice(100, 190)
    (x,) = recordings(zoo, specimens[:1], trials, steps=steps)
    (states,) = recorded(zoo, specimens[:1], trials)
    np.testing.assert_array_equal(x, matched(states[:, steps]))


def test_what_happens_after_a_step_enters_the_next_one(specimens):
    zoo = shipped_zoo()
    trials = zoo.trials(3)

    def push(state: torch.Tensor, t: int) -> torch.Tensor:
        return state + 1 if t == 50 else state

    (plain,) = recorded(zoo, specimens[:1], trials)
    (still,) = recorded(zoo, specimens[:1], trials, after_step=lambda state, t: state)
    (pushed,) = recorded(zoo, specimens[:1], trials, after_step=push)
    np.testing.assert_allclose(still, plain, rtol=0, atol=1e-5)
    np.testing.assert_allclose(pushed[:, :50], plain[:, :50], rtol=0, atol=1e-5)
    np.testing.assert_allclose(pushed[:, 50], plain[:, 50] + 1, rtol=0, atol=1e-5)
    assert np.abs(pushed[:, 51] - plain[:, 51]).max() > 0.1


def test_matching_is_blind_to_rotation_shift_and_scale_but_for_signs():
    x = rng("states").standard_normal((5, 40, 8)) * np.arange(1, 9)
    turned = 3 * x @ np.linalg.qr(rng("turn").standard_normal((8, 8)))[0] + 7
    np.testing.assert_allclose(np.abs(matched(turned)), np.abs(matched(x)), atol=1e-8)


def test_states_of_too_few_directions_are_refused():
    flat = rng("flat").standard_normal((4, 30, 3)) @ rng("map").standard_normal((3, 20))
    with pytest.raises(DegenerateInputError, match="spread in 3 directions; needed 6"):
        matched(flat)
    with pytest.raises(DegenerateInputError, match="needed 6"):
        matched(flat[..., :2])
    assert matched(flat, n_components=3).shape == (4, 30, 3)


def test_the_components_that_are_kept_explain_what_they_should():
    scale = np.sqrt([4.0, 3.0, 2.0, 1.0])
    x = np.linalg.qr(rng("explained").standard_normal((200, 4)))[0]
    x = np.linalg.qr(x - x.mean(axis=0))[0] * scale
    assert explained(x.reshape(10, 20, 4), 2) == pytest.approx(0.7)


def test_six_components_hold_98_percent_of_the_variance_of_every_group():
    zoo = shipped_zoo()
    trials = zoo.trials(N_TRIALS)
    for group in ("untrained", "master", "master_frozen", "pretrain_frozen", "pretrain_unfrozen"):
        states = recorded(zoo, [zoo.final(group, seed) for seed in zoo.seeds[:4]], trials)
        assert np.mean([explained(x) for x in states]) > 0.98, group


def test_checkpoints_are_spread_out_from_the_first_to_the_last():
    kept = [Specimen("master", 0, update) for update in range(0, 100, 10)]
    assert spread_out(kept, 4) == [kept[0], kept[3], kept[6], kept[9]]
    assert spread_out(kept, 10) == kept
    with pytest.raises(ValueError, match=r"10 checkpoints of [a-z_]+; needed at least 11"):
        spread_out(kept, 11)


class CountsQuestions(AbstractMetric):
    """Answers with the number of the question; remembers which pairs came."""

    needs: ClassVar = "trajectories"
    claims: ClassVar = Claims(numerical_floor=0.0)

    def distance(self, x, y):
        raise AssertionError("asked for pairs only")

    def pair_distances(self, xs, pairs):
        return np.array([10 * i + j for i, j in pairs], dtype=float) + np.arange(len(pairs)) / 100


def test_pairs_are_asked_in_arbitrary_order_and_answered_in_theirs():
    xs = [rng("asked", k).random((2, 3, 4)) for k in range(5)]
    pairs = [(i, j) for i in range(5) for j in range(5)]
    found = asked(MetricUnderTest("counts", CountsQuestions()), xs, pairs, rng("order"))
    np.testing.assert_array_equal(np.floor(found), [10 * i + j for i, j in pairs])
    places = np.round(100 * (found - np.floor(found))).astype(int)
    assert sorted(places) == list(range(25))
    assert list(places) != list(range(25))


def test_trainings_are_recorded_as_their_networks_are():
    zoo = shipped_zoo()
    trainings = [spread_out(zoo.specimens(group, seed), 3) for group in ("master", "master_frozen") for seed in (1, 0)]
    trials = zoo.trials(2)
    expected = recordings(zoo, [s for some in trainings for s in some], trials)
    for x, y in zip(recorded_trainings(zoo, trainings, trials), expected, strict=True):
        np.testing.assert_allclose(x, y, atol=1e-4)


def test_what_the_components_hold_is_measured_of_all_groups():
    zoo, measure = shipped_zoo(), Recorder()
    measure_components(measure, zoo, (0, 1), 2, label=" here")
    networks = [zoo.final(group, seed) for seed in (0, 1) for group in GROUPS]
    shares = np.array([explained(states) for states in recorded(zoo, networks, zoo.trials(2))]).reshape(2, -1)
    found = measure.measurements
    assert found["principal components here"] == 6
    assert found["variance that they hold here"] == pytest.approx(shares.mean())
    assert found["least variance that they hold here"] == pytest.approx(shares.min())
    # A seed is one observation, whose groups are no others.
    expected = mean_interval(shares.mean(axis=1), limits=(0, 1))
    assert found["variance that they hold here interval"] == pytest.approx([expected.low, expected.high])
