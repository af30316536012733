"""Noise has the strength that is asked for, and driven averages are the wanted ones."""

import numpy as np
import pytest

from metric_harness.diffusion import diffuse, drawn_noise, drive_to
from metric_harness.errors import NonFiniteError, ShapeError
from metric_harness.seeding import generator
from metric_harness.simulation import simulate
from metric_harness.systems.bistable import Bistable
from metric_harness.systems.linear import Linear

CONDITIONS = np.array([0, 1, 1, 0, 1, 0])


def rng(*path: str | int) -> np.random.Generator:
    return generator(37, "test_diffusion", *path)


def test_without_noise_a_system_moves_by_eulers_method():
    initial = rng("euler").standard_normal((3, 2))
    quiet = np.zeros((20, 3, 2))
    found = diffuse(Bistable(), initial, quiet, time_step=0.01, strength=1.0)
    np.testing.assert_array_equal(found, simulate(Bistable(), initial, n_steps=21, method="euler"))


def test_one_step_is_worked_by_hand():
    # x' = -2 x: 3 + .25 (-6) + .4 √.25 · 5 = 2.5; the second unit has no noise: 1 + .25 (-2) = .5.
    system = Linear((-2.0, -2.0))
    found = diffuse(system, np.array([[3.0, 1.0]]), np.array([[[5.0, 5.0]]]), time_step=0.25, strength=(0.4, 0.0))
    np.testing.assert_allclose(found[0], [[3.0, 1.0], [2.5, 0.5]], atol=1e-15)


def test_noise_reaches_the_variance_of_an_ornstein_uhlenbeck_process():
    # x' = -a x + s ε has variance s² / (2 a) in the long run: .5² / (2 · 2) = .0625.
    noise = drawn_noise(1001, 400, 1, rng("ou"))
    found = diffuse(Linear((-2.0,)), np.zeros((400, 1)), noise, time_step=0.01, strength=0.5)
    # Euler's method makes it s² / (2 a - a² dt), one in a hundred more; 400 trials leave 3 % of standard error.
    assert found[:, 500:].var() == pytest.approx(0.0625 / 0.99, rel=0.05)


@pytest.mark.parametrize("system", [Bistable(), Linear((0.0, -2.5)), Linear((-4.5, -8.5))])
def test_driven_averages_are_the_wanted_ones_whatever_the_system(system):
    wanted = rng("wanted").standard_normal((2, 30, 2)).cumsum(axis=1) / 10
    found = drive_to(system, wanted, CONDITIONS, drawn_noise(30, 6, 2, rng("drive")), time_step=0.01, strength=0.3)
    assert found.shape == (6, 30, 2)
    for condition in (0, 1):
        np.testing.assert_allclose(found[condition == CONDITIONS].mean(axis=0), wanted[condition], atol=1e-14)


def test_deviations_from_a_driven_average_decay_at_the_systems_own_rate():
    # Two trials kicked apart once, by ±1, are then (1 - a dt)ᵏ from their average.
    noise = np.zeros((10, 2, 1))
    noise[0] = [[1.0], [-1.0]]
    found = drive_to(Linear((-3.0,)), np.ones((1, 11, 1)), np.zeros(2, int), noise, time_step=0.01, strength=10.0)
    np.testing.assert_allclose(found[0, 1:, 0] - 1, 0.97 ** np.arange(10), atol=1e-14)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ShapeError, match=r"initial states have shape \(3, 3\).*needed \(trials, 2\)"):
        diffuse(Bistable(), np.zeros((3, 3)), np.zeros((4, 3, 3)), time_step=0.01, strength=1.0)
    with pytest.raises(ShapeError, match=r"noise \(4, 2, 2\)"):
        diffuse(Bistable(), np.zeros((3, 2)), np.zeros((4, 2, 2)), time_step=0.01, strength=1.0)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_what_leaves_the_finite_numbers_is_refused():
    with pytest.raises(NonFiniteError, match="Shorten time_step"):
        diffuse(Bistable(), np.full((1, 2), 1e3), np.zeros((9, 1, 2)), time_step=1.0, strength=0.0)
