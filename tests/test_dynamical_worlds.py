"""The recordings of the cases about dynamics have the ground truth that their docstrings state."""

import numpy as np
import pytest

from metric_harness import rings, spectra
from metric_harness.equal_averages import KINDS, equal_averages
from metric_harness.seeding import generator
from metric_harness.systems.linear import Linear


def rng(*path: str | int) -> np.random.Generator:
    return generator(37, "test_dynamical_worlds", *path)


def turns(path: np.ndarray) -> np.ndarray:
    """Return how often each trial passes the gate at π."""
    unwrapped = np.unwrap(path, axis=1)
    return np.abs(np.diff(np.floor((unwrapped - np.pi) / (2 * np.pi)), axis=1)).sum(axis=1)


def test_recordings_of_all_kinds_have_the_same_averages_means_and_covariance():
    world = equal_averages(rng("averages"), 40)
    assert world.labels == tuple(np.repeat(range(len(KINDS)), 4))
    first, *others = world.averages()
    for averages in others:
        np.testing.assert_allclose(averages, first, atol=1e-12)
    for x in world.trajectories:
        states = x.reshape(-1, 2)
        np.testing.assert_allclose(states.mean(axis=0), 0, atol=1e-12)
        np.testing.assert_allclose(states.T @ states / len(states), np.eye(2), atol=1e-12)


def test_averages_are_those_of_a_switch_that_two_inputs_throw_to_either_side():
    up, down = equal_averages(rng("switch"), 20).averages()[0]
    np.testing.assert_allclose(up, -down, atol=1e-12)
    assert np.ptp(up[:, 0]) > 0
    assert np.abs(up[-20:]).min() > 0


def test_residuals_decay_in_a_point_attractor_and_stay_in_a_line_attractor():
    world = equal_averages(rng("residuals"), 100)
    slowest = []
    for x in world.trajectories:
        residuals = x - np.stack(world.averages()[0])[world.conditions]
        before, after = residuals[:, :-1].reshape(-1, 2), residuals[:, 1:].reshape(-1, 2)
        values = np.linalg.eigvals(np.linalg.lstsq(before, after, rcond=None)[0])
        slowest.append(np.log(np.abs(values).max()) / 0.01)
    # Of 100 trials of 2 units of time a rate r is known to about √(2 r / 200): .2 at 4.5.
    line, point = slowest[4:8], slowest[8:]
    assert min(line) > -0.6
    assert -5.8 < min(point) <= max(point) < -3.2


@pytest.mark.parametrize(("gate", "passed"), [(0.0, True), (0.9, True), (1.1, False), (1.9, False)])
def test_a_gate_is_passed_exactly_if_it_is_open(gate, passed):
    (path,) = rings.wandering((gate,), 20, rng("gate"))
    assert path.shape == (20, 200)
    assert (turns(path) > 0).any() == passed


def test_an_open_gate_is_passed_several_times_in_a_trial():
    (path,) = rings.wandering((0.1,), 50, rng("often"))
    assert turns(path).mean() > 3


def test_gates_share_first_states_and_noise():
    narrow, wide = rings.wandering((0.0, 1.5), 10, rng("shared"))
    np.testing.assert_array_equal(narrow[:, 0], wide[:, 0])
    # Away from the gate the angular speed is the same: here within the first samples of a trial that starts opposite.
    far = np.abs(narrow[:, 0]) < 1
    assert far.any()
    np.testing.assert_allclose(narrow[far, 1], wide[far, 1], atol=1e-3)


def test_a_unit_responds_most_at_its_place_and_more_sharply_at_higher_gain():
    population = rings.Population(np.array([0.5, 2.0]), np.array([1.0, 2.0]))
    # exp(2 · 1 · (cos(π) - 1)) = exp(-4), exp(2 · 2 · (cos(0) - 1)) = 1.
    found = population.responses(np.array([[0.5 + np.pi, 2.0]]), gain=2.0)
    np.testing.assert_allclose([found[0, 0, 0], found[0, 1, 1]], [np.exp(-4), 1.0], rtol=1e-12)


def test_places_of_drawn_units_go_once_around():
    population = rings.drawn_population(8, rng("units"))
    assert (np.diff(population.places) > 0).all()
    assert np.ptp(population.places) < 2 * np.pi
    assert population.sharpness.min() >= 0.5
    assert population.sharpness.max() <= 1.5


def test_the_stationary_covariance_solves_lyapunovs_equation():
    system = Linear((-1 + 2j, -0.5), coupling=0.7)
    covariance = spectra.stationary_covariance(system)
    a = system.matrix
    np.testing.assert_allclose(a @ covariance + covariance @ a.T, -np.eye(3), atol=1e-12)
    # Of a normal system each plane has its own: 1 / (2 · rate).
    np.testing.assert_allclose(
        spectra.stationary_covariance(Linear((-1 + 2j, -0.5))), np.diag([0.5, 0.5, 1.0]), atol=1e-12
    )


def test_recordings_are_stationary_and_move_by_the_systems_propagator():
    system = Linear((-1 + 2j, -0.5), coupling=0.7)
    x = spectra.recorded(system, 400, 100, rng("recorded"))
    covariance = spectra.stationary_covariance(system)
    for k in (0, 50, 99):
        np.testing.assert_allclose(np.cov(x[:, k].T, bias=True), covariance, atol=0.35)
    before, after = x[:, :-1].reshape(-1, 3), x[:, 1:].reshape(-1, 3)
    found = np.linalg.lstsq(before, after, rcond=None)[0].T
    expected = system.solution(np.eye(3), np.array([spectra.SAMPLING]))[:, 0].T
    np.testing.assert_allclose(found, expected, atol=0.01)


def test_trials_that_start_far_out_come_in():
    x = spectra.recorded(Linear((-2.0, -2.0)), 400, 200, rng("far"), distance=3.0)
    # Variance 1/4 in the long run, nine times that at first.
    assert x[:, 0].var() == pytest.approx(9 / 4, rel=0.2)
    assert x[:, 150:].var() == pytest.approx(1 / 4, rel=0.1)


def test_drawn_systems_are_normal_and_stable_and_turn_no_faster_than_25_samples():
    for k in range(20):
        system = spectra.drawn_linear(rng("drawn", k))
        a = system.matrix
        np.testing.assert_allclose(a @ a.T, a.T @ a, atol=1e-12)
        values = np.linalg.eigvals(a)
        assert values.real.max() < 0
        assert 2 * np.pi / np.abs(values.imag).max() / spectra.SAMPLING >= 25
