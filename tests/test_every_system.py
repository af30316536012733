"""Every system has the ground truth that its docstring states."""

import dataclasses
import inspect
import itertools

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from metric_harness import catalogue
from metric_harness.arrays import Array
from metric_harness.interfaces import AbstractSystem
from metric_harness.seeding import generator
from metric_harness.systems.bistable import Bistable
from metric_harness.systems.line import Line
from metric_harness.systems.linear import Linear
from metric_harness.systems.lorenz import Lorenz
from metric_harness.systems.ring_attractor import RingAttractor
from metric_harness.systems.spiral import Spiral
from metric_harness.systems.van_der_pol import VanDerPol

NAMES = catalogue.implementations("systems")
ALL_R = (*Lorenz.ONE_ATTRACTOR, *Lorenz.TWO_STABLE, *Lorenz.TWO_UNSTABLE)


def rng(*path: str | int) -> np.random.Generator:
    return generator(29, "test_every_system", *path)


def made(name: str) -> AbstractSystem:
    """Return a system at its defaults, with 10.0 for a parameter that has none."""
    cls = catalogue.load("systems", name, AbstractSystem)
    required = {f.name: 10.0 for f in dataclasses.fields(cls) if f.default is dataclasses.MISSING}
    return cls(**required)


def jacobian(system: AbstractSystem, state: Array, h: float = 1e-5) -> Array:
    """Return the central differences of the field, exact to rounding for fields of second degree."""
    steps = h * np.eye(system.n_units)
    return ((system.vector_field(state + steps) - system.vector_field(state - steps)) / (2 * h)).T


def eigenvalues(system: AbstractSystem, state: Array) -> Array:
    return np.linalg.eigvals(jacobian(system, state))


def settled_path(system: AbstractSystem, start: Array, end: float, **options: object) -> object:
    return solve_ivp(
        lambda _, x: system.vector_field(x), (0, end), start, method="DOP853", rtol=1e-11, atol=1e-12, **options
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_system_is_a_final_frozen_dataclass_that_states_its_ground_truth(name):
    system = made(name)
    assert "@final\n" in inspect.getsource(type(system))
    with pytest.raises(dataclasses.FrozenInstanceError):
        system.n_units = 1
    for heading in ("Ground truth", "Time:", "Source:"):
        assert heading in (type(system).__doc__ or ""), heading


@pytest.mark.parametrize("name", NAMES)
def test_the_field_vanishes_at_the_fixed_points(name):
    system = made(name)
    points = system.fixed_points()
    assert points.shape == (len(points), system.n_units)
    assert np.abs(system.vector_field(points)).max(initial=0) < 1e-13


@pytest.mark.parametrize("name", NAMES)
def test_the_field_takes_any_number_of_states_and_leaves_them_alone(name):
    system = made(name)
    states = rng("states").standard_normal((4, 5, system.n_units))
    before = states.copy()
    field = system.vector_field(states)
    each = [[system.vector_field(state) for state in row] for row in states]
    np.testing.assert_array_equal(field, each)
    field[:] = 0
    np.testing.assert_array_equal(states, before)


@pytest.mark.parametrize("name", NAMES)
def test_initial_states_fill_the_unit_cube(name):
    system = made(name)
    states = system.initial_states(4000, rng("cube"))
    assert states.shape == (4000, system.n_units)
    assert states.min() >= 0
    assert states.max() <= 1
    # Uniform: mean 1/2 and variance 1/12, with standard errors √(1/12/4000) = .0046 and √(1/180/4000) = .0012.
    np.testing.assert_allclose(states.mean(axis=0), 1 / 2, atol=0.02)
    np.testing.assert_allclose(states.var(axis=0), 1 / 12, atol=0.005)
    np.testing.assert_array_equal(system.initial_states(3, rng("again")), system.initial_states(3, rng("again")))


@pytest.mark.parametrize("name", [name for name in NAMES if hasattr(made(name), "solution")])
def test_a_closed_form_begins_at_the_initial_state_and_follows_the_field(name):
    system = made(name)
    start, times, h = system.initial_states(3, rng("closed")), np.linspace(0, 2, 21), 1e-5
    path = system.solution(start, times)
    np.testing.assert_allclose(path[:, 0], start, atol=1e-15)
    slopes = (system.solution(start, times + h) - system.solution(start, times - h)) / (2 * h)
    np.testing.assert_allclose(slopes, system.vector_field(path), atol=1e-7)


def test_a_line_has_one_velocity_everywhere_and_no_fixed_point():
    states = rng("line").standard_normal((5, 3))
    assert Line((1.0, 2.0, 3.0)).vector_field(states).tolist() == [[1.0, 2.0, 3.0]] * 5
    assert len(Line().fixed_points()) == 0


def test_a_line_leaves_the_unit_cube_within_one_unit_of_time():
    corners = np.array(list(itertools.product([0.0, 1.0], repeat=3)))
    ends = Line().solution(corners, np.array([1.0]))[:, 0]
    assert (np.any(ends < 0, axis=1) | np.any(ends > 1, axis=1)).all()


@pytest.mark.parametrize(("a", "w", "k"), [(1.0, 2 * np.pi, 0.5), (0.3, 1.7, 2.0)])
def test_a_spiral_has_its_eigenvalues_everywhere(a, w, k):
    expected = np.sort_complex([-a + 1j * w, -a - 1j * w, -k])
    for state in (np.zeros(3), rng("spiral").standard_normal(3)):
        found = np.sort_complex(eigenvalues(Spiral(a, w, k), state).astype(complex))
        np.testing.assert_allclose(found, expected, atol=1e-8)


def test_a_spiral_turns_twice_in_two_units_of_time_and_shrinks_to_a_seventh():
    # exp(-2) = .135; two full turns point where they began.
    end = Spiral().solution(np.array([[0.6, 0.8, 1.0]]), np.array([2.0]))[0, 0]
    np.testing.assert_allclose(end[:2], np.exp(-2) * np.array([0.6, 0.8]), atol=1e-14)
    assert np.linalg.norm(end[:2]) == pytest.approx(0.14, abs=0.005)


def test_lorenz_is_its_equations():
    # At (1, 2, 3), r = 28: 10 (2 - 1) = 10; 28 - 2 - 3 = 23; 2 - 2.667 · 3 = -6.001.
    np.testing.assert_allclose(Lorenz(28.0).vector_field(np.array([1.0, 2.0, 3.0])), [10, 23, -6.001], rtol=1e-14)


def test_lorenz_loses_stability_at_24_74():
    # 10 (10 + 2.667 + 3) / (10 - 2.667 - 1) = 156.67 / 6.333; for b = 8/3 it is 470/19.
    assert Lorenz(1.0).onset_of_instability() == pytest.approx(156.67 / 6.333)
    assert round(Lorenz(1.0).onset_of_instability(), 2) == 24.74
    assert Lorenz(1.0, b=8 / 3).onset_of_instability() == pytest.approx(470 / 19)
    assert Lorenz(1.0, s=2.0, b=1.0).onset_of_instability() == np.inf


@pytest.mark.parametrize("r", [*Lorenz.ONE_ATTRACTOR, 1.0])
def test_below_one_the_origin_is_lorenz_only_fixed_point(r):
    assert Lorenz(r).fixed_points().tolist() == [[0.0, 0.0, 0.0]]


@pytest.mark.parametrize("r", [*Lorenz.ONE_ATTRACTOR, 0.99])
def test_below_one_the_origin_attracts_every_lorenz_trajectory(r):
    assert eigenvalues(Lorenz(r), np.zeros(3)).real.max() < 0
    if r < 0.9:
        start = np.array([[8.0, -9.0, 30.0], [-0.1, 0.2, 0.3]])
        assert max(np.abs(settled_path(Lorenz(r), s, 60.0).y[:, -1]).max() for s in start) < 1e-4


@pytest.mark.parametrize("r", [1.01, *Lorenz.TWO_STABLE, 24.7, 24.8, *Lorenz.TWO_UNSTABLE])
def test_above_one_the_origin_of_lorenz_is_a_saddle(r):
    values = eigenvalues(Lorenz(r), np.zeros(3))
    # x and y decouple from z: the roots of (λ + s)(λ + 1) = s r, one of them positive for r > 1, and -b.
    side = np.sqrt(11**2 + 40 * (r - 1))
    np.testing.assert_allclose(np.sort(values), np.sort([(-11 - side) / 2, -2.667, (-11 + side) / 2]), atol=1e-7)
    assert (values.real > 0).sum() == 1


@pytest.mark.parametrize("sign", [0, 1])
@pytest.mark.parametrize("r", [2.0, *Lorenz.TWO_STABLE, 24.73])
def test_between_one_and_the_onset_the_symmetric_pair_of_lorenz_is_stable(r, sign):
    assert eigenvalues(Lorenz(r), Lorenz(r).fixed_points()[1 + sign]).real.max() < 0


@pytest.mark.parametrize("sign", [0, 1])
@pytest.mark.parametrize("r", [24.75, *Lorenz.TWO_UNSTABLE])
def test_above_the_onset_all_fixed_points_of_lorenz_are_unstable(r, sign):
    values = eigenvalues(Lorenz(r), Lorenz(r).fixed_points()[1 + sign])
    # A Hopf bifurcation: a complex pair crosses, the third stays.
    assert (values.real > 0).sum() == 2
    assert np.abs(values[values.real > 0].imag).min() > 1


def test_the_onset_is_where_a_complex_pair_of_lorenz_stands_still():
    r = Lorenz(1.0).onset_of_instability()
    values = eigenvalues(Lorenz(r), Lorenz(r).fixed_points()[1])
    assert np.sort(np.abs(values.real))[:2].max() < 1e-6


@pytest.mark.parametrize("r", Lorenz.TWO_STABLE[:2])
def test_below_the_homoclinic_orbit_lorenz_trajectories_reach_a_fixed_point(r):
    points = Lorenz(r).fixed_points()[1:]
    for start in Lorenz(r).initial_states(4, rng("two stable", int(r))):
        end = settled_path(Lorenz(r), start, 40.0).y[:, -1]
        assert np.abs(points - end).max(axis=1).min() < 1e-5


@pytest.mark.parametrize(("r", "side"), [(13.90, 1), (13.96, -1)])
def test_the_homoclinic_orbit_of_lorenz_is_at_13_93(r, side):
    # What leaves the origin along its unstable direction changes sides there.
    values, vectors = np.linalg.eig(jacobian(Lorenz(r), np.zeros(3)))
    out = vectors[:, values.argmax()]
    end = settled_path(Lorenz(r), 1e-6 * out * np.sign(out[0]), 60.0).y[:, -1]
    np.testing.assert_allclose(end, Lorenz(r).fixed_points()[1 if side > 0 else 2], atol=1e-6)


@pytest.mark.parametrize("r", ALL_R)
def test_far_lorenz_states_move_inward(r):
    # d/dt of |state - (0, 0, r + s)|² / 2 is -s x² - y² - b z² + b (r + s) z: positive only in an ellipsoid, whose
    # farthest point from that center is at distance b (r + s) / (2 √(b - 1)) (Lagrange, for b > 2).
    s, b = 10.0, 2.667
    center = np.array([0.0, 0.0, r + s])
    outward = rng("inward").standard_normal((2000, 3))
    outward *= 1.001 * b * (r + s) / (2 * np.sqrt(b - 1)) / np.linalg.norm(outward, axis=1, keepdims=True)
    assert (outward * Lorenz(r).vector_field(center + outward)).sum(axis=1).max() < 0


@pytest.mark.parametrize("r", Lorenz.TWO_UNSTABLE)
def test_chaotic_lorenz_trajectories_stay_bounded_and_never_settle(r):
    path = settled_path(Lorenz(r), np.array([0.3, 0.5, 0.7]), 20.0, t_eval=np.linspace(10, 20, 1001)).y.T
    center, radius = np.array([0.0, 0.0, r + 10]), 2.667 * (r + 10) / (2 * np.sqrt(1.667))
    assert np.linalg.norm(path - center, axis=1).max() < radius
    late = path[500:]
    assert late[:, 0].max() > 5
    assert late[:, 0].min() < -5


@pytest.mark.parametrize(("damping", "rate"), [(1.0, 10.0), (0.5, 2.0), (3.0, 1.0)])
def test_the_origin_of_van_der_pol_repels_in_the_plane_and_attracts_along_z(damping, rate):
    values = eigenvalues(VanDerPol(damping, rate, 0.7), np.zeros(3)).astype(complex)
    # c times the roots of λ² - m λ + 1, and -k.
    expected = [*(rate * np.roots([1, -damping, 1])), -0.7]
    np.testing.assert_allclose(np.sort_complex(values), np.sort_complex(expected), atol=1e-7)
    assert (values.real > 0).sum() == 2


@pytest.mark.parametrize("rate", [1.0, 10.0])
@pytest.mark.parametrize("start", [(0.01, 0.0, 0.5), (5.0, 3.0, 1.0)])
def test_van_der_pol_has_the_period_and_amplitude_of_the_literature(rate, start):
    system = VanDerPol(rate=rate)

    def turning(_: float, state: Array) -> float:
        return state[1]

    turning.direction = -1.0
    found = settled_path(system, np.array(start), 80 / rate, events=turning)
    # The distance to the cycle shrinks by exp(-∮(x² - 1) dt) < 1e-3 each turn; the last two of about 12 are the cycle.
    assert np.diff(found.t_events[0])[-1] * rate == pytest.approx(6.6632869, abs=2e-7)
    assert found.y_events[0][-1][0] == pytest.approx(2.0086199, abs=1e-7)
    assert abs(found.y[2, -1] - start[2] * np.exp(-80 / rate)) < 1e-9


def test_van_der_pol_runs_through_its_cycle_three_times_in_two_units():
    assert round(2 / (6.6632869 / VanDerPol().rate)) == 3


@pytest.mark.parametrize(("g", "c", "k"), [(4.5, 4.5, 3.5), (2.0, 0.5, 1.0)])
def test_a_switch_has_a_saddle_between_two_stable_states(g, c, k):
    system = Bistable(g, c, k)
    np.testing.assert_allclose(system.fixed_points()[1:], [[np.sqrt(g / c), 0], [-np.sqrt(g / c), 0]])
    for point, along in zip(system.fixed_points(), (g, -2 * g, -2 * g), strict=True):
        np.testing.assert_allclose(np.sort(eigenvalues(system, point)), np.sort([along, -k]), atol=1e-6)


def test_a_switch_is_three_quarters_of_the_way_after_seven_tenths():
    # .05 e^{3.15} / √(1 + .05² (e^{6.3} - 1)) = 1.1668 / 1.5359.
    after = Bistable().solution(np.array([[0.05, 1.0]]), np.array([0.7]))[0, 0]
    np.testing.assert_allclose(after, [0.7597, np.exp(-2.45)], atol=1e-4)
    end = Bistable().solution(np.array([[0.05, 1.0], [-0.05, 1.0]]), np.array([5.0]))[:, 0]
    np.testing.assert_allclose(end, [[1, 0], [-1, 0]], atol=1e-6)


@pytest.mark.parametrize("coupling", [0.0, 3.0])
def test_a_linear_system_has_the_prescribed_spectrum_and_departure_from_normality(coupling):
    system = Linear((-1 + 2j, -0.5, 0.3 + 4j), coupling)
    assert system.n_units == 5
    np.testing.assert_allclose(
        np.sort_complex(np.linalg.eigvals(system.matrix)),
        np.sort_complex(np.array([-1 + 2j, -1 - 2j, -0.5, 0.3 + 4j, 0.3 - 4j])),
        atol=1e-9,
    )
    # Eight of ten entries above the diagonal lie outside the blocks; |A|² - Σ |λ|² is Henrici's departure squared.
    departure = np.sum(system.matrix**2) - np.sum(np.abs(np.linalg.eigvals(system.matrix)) ** 2)
    assert departure == pytest.approx(8 * coupling**2, abs=1e-9)


def test_a_linear_system_with_an_eigenvalue_of_zero_is_a_line_attractor():
    ends = Linear((0.0, -2.5)).solution(np.array([[0.3, 1.0], [-0.7, -2.0]]), np.array([20.0]))[:, 0]
    np.testing.assert_allclose(ends, [[0.3, 0.0], [-0.7, 0.0]], atol=1e-12)


@pytest.mark.parametrize("eigenvalues", [(), (-1 - 2j,)])
def test_a_spectrum_that_is_none_is_refused(eigenvalues):
    with pytest.raises(ValueError, match="needed at least one, and of each complex pair"):
        Linear(eigenvalues)


@pytest.mark.parametrize("gate", [0.0, 0.5, 1.5])
def test_every_state_of_the_ring_rests_and_attracts_from_either_side(gate):
    system = RingAttractor(gate)
    for angle in np.linspace(0.1, 6.0, 7):
        values = eigenvalues(system, np.array([np.cos(angle), np.sin(angle), 0.0])).real
        # Along the ring nothing, across it -2 k, and the velocity decays at 1 / τ.
        np.testing.assert_allclose(np.sort(values), [-20, -2, 0], atol=1e-4)


def angular_speed(system: RingAttractor, angle: float, velocity: float) -> float:
    x, y = np.cos(angle), np.sin(angle)
    field = system.vector_field(np.array([x, y, velocity]))
    return float(x * field[1] - y * field[0])


@pytest.mark.parametrize("gate", [0.4, 1.0, 1.5])
def test_a_gate_takes_its_share_of_the_speed_from_what_approaches_and_gives_it_to_what_leaves(gate):
    angles = np.linspace(0, 2 * np.pi, 20001)
    onward = [angular_speed(RingAttractor(gate), angle, 3.0) for angle in angles]
    assert min(onward) == pytest.approx(3 * (1 - gate), abs=1e-5)
    assert max(onward) == pytest.approx(3 * (1 + gate), abs=1e-5)
    # Slowest about one width before the gate, at which the speed is as without it; mirrored for the other direction.
    assert np.pi - angles[np.argmin(onward)] == pytest.approx(0.3, abs=0.02)
    assert angular_speed(RingAttractor(gate), np.pi, 3.0) == pytest.approx(3)
    for angle in (0.1, 2.7, 3.5):
        mirrored = angular_speed(RingAttractor(gate), 2 * np.pi - angle, -3.0)
        assert mirrored == pytest.approx(-angular_speed(RingAttractor(gate), angle, 3.0))


def test_a_state_leaves_a_closed_gate_as_soon_as_its_velocity_turns():
    stuck = settled_path(RingAttractor(1.5, persistence=1e9), np.array([1.0, 0.0, 6.0]), 5.0).y[:, -1]
    angle = float(np.arctan2(stuck[1], stuck[0]))
    assert angular_speed(RingAttractor(1.5), angle, 6.0) == pytest.approx(0, abs=1e-6)
    # h = 1 / b there: all the speed, and as much again.
    assert angular_speed(RingAttractor(1.5), angle, -6.0) == pytest.approx(-12, abs=1e-6)


@pytest.mark.parametrize(("gate", "around"), [(0.0, True), (0.9, True), (1.1, False)])
def test_a_state_gets_past_the_gate_exactly_if_it_is_open(gate, around):
    path = settled_path(RingAttractor(gate, persistence=1e9), np.array([1.0, 0.0, 6.0]), 5.0, max_step=0.01).y
    assert (np.unwrap(np.arctan2(path[1], path[0]))[-1] > 2 * np.pi) == around


def test_a_ring_without_gate_carries_a_state_half_a_turn_before_it_rests():
    # ∫ 2π exp(-t / τ) dt = 2π τ = π.
    end = settled_path(RingAttractor(), np.array([1.0, 0.0, 2 * np.pi]), 20.0).y[:, -1]
    np.testing.assert_allclose(end, [-1, 0, 0], atol=1e-6)
