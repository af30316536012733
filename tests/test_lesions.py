"""Lesions do to a running network what they say, and to no other."""

import numpy as np
import pytest

from metric_harness.arrays import flattened
from metric_harness.lesions import AT_ONCE, accuracies_under, clamping, nothing, observed, stacks
from metric_harness.recording import accuracies, run, stacked, time_first, watched
from metric_harness.seeding import generator
from metric_harness.zoo import Specimen
from metric_harness.zoo_recordings import recorded, shipped_zoo

pytestmark = pytest.mark.usefixtures("one_thread")


def rng(*path: str | int) -> np.random.Generator:
    return generator(61, "test_lesions", *path)


@pytest.fixture(scope="module")
def specimens() -> list[Specimen]:
    zoo = shipped_zoo()
    return [zoo.final("master", seed) for seed in zoo.seeds[: AT_ONCE + 2]]


def units(n_networks: int, *path: str | int) -> np.ndarray:
    drawn = rng(*path).standard_normal((n_networks, 64))
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def test_a_clamped_direction_stands_still_at_its_center_and_the_others_move(specimens):
    zoo, axes = shipped_zoo(), units(len(specimens), "axes")
    centers = rng("centers").uniform(size=axes.shape)
    found, _ = observed(zoo, specimens, zoo.trials(4), 4, lambda k, x: x, clamping(axes, centers))
    for x, u, c in zip(found, axes, centers, strict=True):
        np.testing.assert_allclose(flattened(x) @ u, c @ u, atol=1e-4)
        assert flattened(x).var(axis=0).sum() > 0.01


def test_a_lesion_of_dose_zero_changes_nothing_and_a_graded_one_goes_its_share(specimens):
    zoo, some, trials = shipped_zoo(), specimens[:2], shipped_zoo().trials(3)
    axes, centers = units(2, "graded"), np.zeros((2, 64))
    plain = recorded(zoo, some, trials)
    still = observed(zoo, some, trials, 3, lambda k, x: x, clamping(axes, centers, 0.0))[0]
    half = observed(zoo, some, trials, 3, lambda k, x: x, clamping(axes, centers, 0.5))[0]
    for x, y, z, u in zip(plain, still, half, axes, strict=True):
        np.testing.assert_allclose(y, x, atol=1e-5)
        np.testing.assert_allclose(z[:, 0] @ u, x[:, 0] @ u / 2, atol=1e-5)


def test_networks_keep_their_places_across_stacks(specimens):
    zoo, trials = shipped_zoo(), shipped_zoo().trials(3)
    assert [places for places, _ in stacks(zoo, specimens)] == [slice(0, AT_ONCE), slice(AT_ONCE, AT_ONCE + 2)]
    places, shares = observed(zoo, specimens, trials, 1, lambda k, x: k, nothing)
    assert places == list(range(len(specimens)))
    np.testing.assert_array_equal(shares, accuracies_under(zoo, specimens, trials))
    axes, centers = units(len(specimens), "places"), np.zeros((len(specimens), 64))
    last = observed(zoo, specimens, trials, 1, lambda k, x: x, clamping(axes, centers))[0][-1]
    alone = observed(zoo, specimens[-1:], trials, 1, lambda k, x: x, clamping(axes[-1:], centers[-1:]))[0][0]
    np.testing.assert_allclose(last, alone, atol=1e-5)


def test_one_pass_gives_the_states_and_the_accuracies_of_two(specimens):
    zoo, trials = shipped_zoo(), shipped_zoo().trials(40)
    parameters = stacked([zoo.weights(s) for s in specimens[:3]])
    states, shares = watched(zoo.network, parameters, trials, 5)
    np.testing.assert_array_equal(shares, accuracies(zoo.network, parameters, trials))
    whole = run(zoo.network, parameters, time_first(trials))
    np.testing.assert_allclose(states[1], whole[1, :, :5].numpy().swapaxes(0, 1), atol=1e-5)


@pytest.mark.parametrize("dose", [-0.1, 1.1])
def test_a_dose_beyond_the_whole_is_refused(dose):
    with pytest.raises(ValueError, match=r"needed a share in \[0, 1\]"):
        clamping(units(1), np.zeros((1, 64)), dose)


def test_a_direction_of_another_length_is_refused():
    with pytest.raises(ValueError, match="has length 2; needed unit vectors"):
        clamping(2 * units(1), np.zeros((1, 64)))
