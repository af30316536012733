"""The worlds of the sensitivity profile: nothing but motion differs between motifs, and each change is what it says."""

import numpy as np
import pytest

from metric_harness.arrays import Array, Trajectories, flattened
from metric_harness.nuisances import (
    AGAIN,
    ALL_NUISANCES,
    ALL_SIGNALS,
    BASES,
    N_UNITS,
    OTHER_REGIME,
    OUTLIER,
    ChangedWorld,
    changed_world,
)
from metric_harness.seeding import generator


@pytest.fixture(scope="module")
def world() -> ChangedWorld:
    return changed_world(generator(1, "nuisances"), 6)


def pairs_of(world: ChangedWorld, name: str) -> list[tuple[Trajectories, Trajectories]]:
    return [(world.recordings[i], world.recordings[j]) for i, j in world.pairs[name]]


def covariance(x: Trajectories) -> Array:
    return np.cov(flattened(x).T, bias=True)


def gram(x: Trajectories) -> Array:
    states = flattened(x) - flattened(x).mean(axis=0)
    return states @ states.T


def test_every_change_has_a_pair_for_each_base_and_the_other_regimes_two(world):
    assert set(world.pairs) == {*ALL_NUISANCES, *ALL_SIGNALS}
    assert {name: len(pairs) for name, pairs in world.pairs.items() if len(pairs) != len(BASES)} == {OTHER_REGIME: 4}
    assert {x.shape for x in world.recordings} == {(6, 200, N_UNITS)}
    for i, j in world.unchanged:
        assert np.array_equal(world.recordings[i], world.recordings[j])


@pytest.mark.parametrize("name", [AGAIN, OTHER_REGIME, "another motif", "twice the speed", "other trials"])
def test_mean_and_covariance_of_another_motion_are_the_same(world, name):
    for x, y in pairs_of(world, name):
        assert np.allclose(flattened(x).mean(axis=0), 0, atol=1e-10)
        assert np.allclose(flattened(y).mean(axis=0), 0, atol=1e-10)
        assert np.allclose(covariance(x), covariance(y), atol=1e-9)
        assert np.linalg.norm(x - y) > (0.05 if name == AGAIN else 0.5) * np.linalg.norm(x)


@pytest.mark.parametrize("name", ["rotation", "order of the units", "translation by 1 SD"])
def test_a_rigid_change_leaves_the_geometry(world, name):
    for x, y in pairs_of(world, name):
        assert np.allclose(gram(x), gram(y), atol=1e-8)
        assert not np.allclose(x, y, atol=1e-3)


@pytest.mark.parametrize("name", ["one common scale", "a scale for each unit", "linear map"])
def test_an_invertible_map_leaves_the_span(world, name):
    for x, y in pairs_of(world, name):
        fit = flattened(x) @ np.linalg.lstsq(flattened(x), flattened(y), rcond=None)[0]
        assert np.allclose(fit, flattened(y), atol=1e-8)
        assert not np.allclose(x, y, atol=1e-3)


def test_time_is_turned_or_shuffled_alike_in_all_trials(world):
    for x, y in pairs_of(world, "time reversed"):
        assert np.array_equal(y, x[:, ::-1])
    for x, y in pairs_of(world, "time shuffled"):
        order = [int(np.flatnonzero((x[0] == state).all(axis=1))[0]) for state in y[0]]
        assert sorted(order) == list(range(x.shape[1]))
        assert order != sorted(order)
        assert np.array_equal(y, x[:, order])


def test_the_outlier_is_one_sample_with_as_much_variance_as_all_others(world):
    for x, y in pairs_of(world, OUTLIER):
        moved = np.linalg.norm(flattened(y - x), axis=1)
        assert (moved > 0).sum() == 1
        assert moved.max() ** 2 == pytest.approx(len(moved) * np.trace(covariance(x)))


@pytest.mark.parametrize(("name", "share"), [("noise of .3 SD", 0.3)])
def test_noise_is_as_strong_as_it_says_in_every_unit(world, name, share):
    for x, y in pairs_of(world, name):
        assert flattened(y - x).std(axis=0) / flattened(x).std(axis=0) == pytest.approx(
            np.full(N_UNITS, share), rel=0.1
        )


@pytest.mark.parametrize(("name", "place"), [("dominant component dropped", 0), ("weak component dropped", 2)])
def test_a_dropped_component_takes_its_variance_with_it_and_leaves_the_others(world, name, place):
    for x, y in pairs_of(world, name):
        before, after = (np.linalg.eigvalsh(covariance(z))[::-1] for z in (x, y))
        assert after[:-1] == pytest.approx(np.delete(before, place))
        assert after[-1] == pytest.approx(0, abs=1e-9)
        assert before[2] > 5 * before[3]


def test_other_units_see_the_same_components_through_other_weights(world):
    for x, y in pairs_of(world, "other units"):
        fit = flattened(x) @ np.linalg.lstsq(flattened(x), flattened(y), rcond=None)[0]
        assert 0.9 < 1 - (fit - flattened(y)).var() / flattened(y).var() < 0.999
        assert not np.allclose(covariance(x), covariance(y), atol=1e-2)


def test_another_draw_of_the_noise_differs_by_twice_its_variance(world):
    for x, y in pairs_of(world, AGAIN):
        assert (x - y).var() / x.var() == pytest.approx(2 * 0.01, rel=0.2)


def test_trial_k_starts_from_the_same_state_in_every_motif_but_not_in_other_trials():
    # The whitened components of a motif hang on its trials alone, so that equal draws give equal recordings.
    one, same, other = (changed_world(generator(seed, "nuisances"), 4) for seed in (1, 1, 2))
    for x, y in zip(one.recordings, same.recordings, strict=True):
        assert np.array_equal(x, y)
    assert not np.allclose(one.recordings[0], other.recordings[0])
