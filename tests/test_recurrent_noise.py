"""Noise in the states of networks: as loud as it says, carried on, and no louder than the task bears."""

import numpy as np
import pytest
import torch

from metric_harness.recording import choices, run, stacked, states_of, time_first
from metric_harness.recurrent_noise import disturbed, noise, spread
from metric_harness.seeding import generator
from metric_harness.zoo import Specimen
from metric_harness.zoo_groups import unrelated_learners
from metric_harness.zoo_recordings import AT_ONCE, recorded, shipped_zoo

pytestmark = pytest.mark.usefixtures("one_thread")

N_TRIALS = 4


def rng(*path: str | int) -> np.random.Generator:
    return generator(61, "test_recurrent_noise", *path)


@pytest.fixture(scope="module")
def networks() -> list[Specimen]:
    return unrelated_learners(shipped_zoo(), 3)


def test_the_spread_of_states_is_the_root_of_the_units_mean_variance():
    x = np.zeros((2, 2, 2))
    x[..., 0] = [[1, 3], [1, 3]]
    x[..., 1] = [[5, 5], [9, 9]]
    assert spread(x) == pytest.approx(np.sqrt((1 + 4) / 2))
    assert spread(3 * x + 7) == pytest.approx(3 * spread(x))


def test_noise_has_the_deviation_of_each_network_and_is_fresh_at_every_step():
    after_step = noise([0.0, 0.1, 2.0], rng("deviation"))
    states = torch.ones(3, 50, 64)
    first, second = (after_step(states, t).numpy() - 1 for t in (0, 1))
    assert first.dtype == np.float32
    np.testing.assert_array_equal(first[0], 0)
    np.testing.assert_allclose(first.std(axis=(1, 2)), [0, 0.1, 2], rtol=0.05)
    assert abs(np.corrcoef(first[1].ravel(), second[1].ravel())[0, 1]) < 0.1
    assert abs(np.corrcoef(first[1].ravel(), first[2].ravel())[0, 1]) < 0.1


def test_without_noise_a_network_is_as_it_was(networks):
    zoo, trials = shipped_zoo(), shipped_zoo().trials(N_TRIALS)
    still = disturbed(zoo, networks, trials, np.zeros(3), rng("still"))
    for x, y in zip(still, recorded(zoo, networks, trials), strict=True):
        np.testing.assert_allclose(x, y, rtol=0, atol=1e-5)


def test_the_network_carries_noise_on(networks):
    zoo, trials = shipped_zoo(), shipped_zoo().trials(N_TRIALS)
    clean = recorded(zoo, networks, trials)
    deviations = 0.01 * np.array([spread(x) for x in clean])
    noisy = disturbed(zoo, networks, trials, deviations, rng("carried"))
    for x, y, deviation in zip(noisy, clean, deviations, strict=True):
        # One draw alone after the first step; a leak of d per step alone leaves 1 / √(1 - d²) of it in the end.
        assert (x - y)[:, 0].std() == pytest.approx(deviation, rel=0.2)
        assert (x - y)[:, 100:].std() > deviation / np.sqrt(1 - zoo.network.decay**2)


def test_equal_streams_give_equal_noise_and_a_network_that_is_named_twice_two_draws(networks):
    zoo, trials = shipped_zoo(), shipped_zoo().trials(2)
    first, again = (disturbed(zoo, [networks[0]] * 2, trials, np.full(2, 0.01), rng("equal")) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first[0] - first[1]).max() > 0.01


def test_more_networks_than_run_at_once_get_noise_in_their_order(networks):
    zoo, trials = shipped_zoo(), shipped_zoo().trials(1)
    many, deviations = [networks[0]] * (AT_ONCE + 2), np.zeros(AT_ONCE + 2)
    deviations[-1] = 0.1
    found = disturbed(zoo, many, trials, deviations, rng("many"))
    np.testing.assert_allclose(found[AT_ONCE], found[0], rtol=0, atol=1e-5)
    assert np.abs(found[-1] - found[0]).max() > 0.1


def test_bad_deviations_are_refused(networks):
    zoo, trials = shipped_zoo(), shipped_zoo().trials(1)
    with pytest.raises(ValueError, match=r"deviations of shape \(1,\) for 3 networks; needed one each"):
        disturbed(zoo, networks, trials, np.ones(1), rng("bad"))
    for bad in (-0.1, np.nan, np.inf):
        with pytest.raises(ValueError, match="needed finite numbers of at least 0"):
            noise([0.1, bad], rng("bad"))


def test_the_levels_that_decide_leave_accuracy_within_two_percent_and_the_next_one_does_not():
    zoo, trials = shipped_zoo(), shipped_zoo().trials(100)
    networks = unrelated_learners(zoo, 16)
    parameters, inputs = stacked([zoo.weights(network) for network in networks]), time_first(trials)
    clean = run(zoo.network, parameters, inputs)
    deviations = np.array([spread(x) for x in states_of(zoo.network, clean)])

    def accuracy(states: torch.Tensor) -> float:
        return float((choices(zoo.network, parameters, states, trials) == trials.choices).mean())

    changes = [
        accuracy(run(zoo.network, parameters, inputs, noise(level * deviations, rng("level", k)))) - accuracy(clean)
        for k, level in enumerate((0.03, 0.1))
    ]
    assert abs(changes[0]) < 0.02
    assert changes[1] < -0.02
