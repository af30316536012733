"""Integration against SciPy and closed forms; the data sets hold what their docstrings promise."""

import inspect
import itertools

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from metric_harness import simulation
from metric_harness.arrays import Array, flattened
from metric_harness.errors import DegenerateInputError, NonFiniteError, ShapeError
from metric_harness.interfaces import AbstractMetric, AbstractSystem
from metric_harness.metrics.cka import CKA
from metric_harness.metrics.procrustes import Procrustes
from metric_harness.seeding import generator
from metric_harness.systems.line import Line
from metric_harness.systems.lorenz import Lorenz
from metric_harness.systems.spiral import Spiral
from metric_harness.systems.van_der_pol import VanDerPol
from metric_harness.transforms import normalize_range, perturb, whiten

CURVED = [Lorenz(0.5), Lorenz(10.0), Lorenz(40.0), Spiral(), VanDerPol(), VanDerPol(damping=2.0, rate=3.0)]
TIMES = np.arange(200) * 0.01


def rng(*path: str | int) -> np.random.Generator:
    return generator(23, "test_simulation", *path)


def initial(n_trials: int = 3) -> Array:
    return rng("initial").random((n_trials, 3))


def by_scipy(system: AbstractSystem, end: float) -> Array:
    """Return the states at one time from SciPy's eighth-order method."""
    solved = [
        solve_ivp(lambda _, state: system.vector_field(state), (0, end), start, method="DOP853", rtol=1e-12, atol=1e-14)
        for start in initial()
    ]
    return np.stack([one.y[:, -1] for one in solved])


@pytest.mark.parametrize(("method", "order", "n_steps"), [("rk4", 4, 128), ("euler", 1, 4096)])
@pytest.mark.parametrize("system", CURVED, ids=repr)
def test_halving_the_step_divides_the_error_by_two_to_the_order(system, method, order, n_steps):
    end = 0.32
    exact = by_scipy(system, end)

    def error(n: int) -> float:
        path = simulation.simulate(system, initial(), n_steps=n + 1, time_step=end / n, method=method)
        return float(np.linalg.norm(path[:, -1] - exact))

    coarse, fine = error(n_steps), error(2 * n_steps)
    assert np.log2(coarse / fine) == pytest.approx(order, abs=0.2)


@pytest.mark.parametrize("system", CURVED, ids=repr)
def test_rk4_at_a_fine_step_is_scipys_solution(system):
    path = simulation.simulate(system, initial(), n_steps=2001, time_step=0.00025)
    np.testing.assert_allclose(path[:, -1], by_scipy(system, 0.5), rtol=1e-7, atol=1e-8)


def test_one_step_of_rk4_is_the_fourth_taylor_polynomial_of_a_linear_flow():
    # For x' = A x one step is 1 + hA + (hA)²/2 + (hA)³/6 + (hA)⁴/24, whatever the form of the fourth-order method.
    a, w, k, h = 0.3, 2.0, 0.7, 0.1
    matrix = h * np.array([[-a, -w, 0.0], [w, -a, 0.0], [0.0, 0.0, -k]])
    powers = [np.linalg.matrix_power(matrix, n) for n in range(5)]
    step = powers[0] + powers[1] + powers[2] / 2 + powers[3] / 6 + powers[4] / 24
    found = simulation.simulate(Spiral(a, w, k), initial(), n_steps=2, time_step=h)
    np.testing.assert_allclose(found[:, 1], initial() @ step.T, rtol=1e-14)


def test_one_step_of_euler_is_the_tangent():
    # At (1, 2, 3) with r = 28: x' = 10, y' = 28 - 2 - 3 = 23, z' = 2 - 2.667 · 3 = -6.001.
    found = simulation.simulate(Lorenz(28.0), np.array([[1.0, 2.0, 3.0]]), n_steps=2, time_step=0.1, method="euler")
    np.testing.assert_allclose(found[0, 1], [2.0, 4.3, 2.3999], rtol=1e-14)


@pytest.mark.parametrize("method", ["rk4", "euler"])
def test_a_line_is_exact_by_every_method(method):
    found = simulation.simulate(Line((1.5, -1.0, 0.5)), initial(), method=method)
    np.testing.assert_allclose(found, Line().solution(initial(), TIMES), atol=1e-13)
    np.testing.assert_allclose(found[:, -1] - found[:, 0], np.broadcast_to([2.985, -1.99, 0.995], (3, 3)), atol=1e-13)


def test_a_spiral_is_its_closed_form():
    found = simulation.simulate(Spiral(), initial())
    np.testing.assert_allclose(found, Spiral().solution(initial(), TIMES), atol=1e-5)
    assert np.abs(simulation.simulate(Spiral(), initial(), method="euler") - found).max() > 0.01


def test_the_closed_form_of_a_spiral_turns_and_shrinks():
    # A quarter of a turn per unit of time, halved in radius; z decays by 1/4: (4, 0, 8) → (0, 2, 2) → (-1, 0, 1/2).
    spiral = Spiral(contraction=np.log(2), frequency=np.pi / 2, decay=np.log(4))
    found = spiral.solution(np.array([[4.0, 0.0, 8.0]]), np.array([0.0, 1.0, 2.0]))
    np.testing.assert_allclose(found[0], [[4, 0, 8], [0, 2, 2], [-1, 0, 0.5]], atol=1e-14)


@pytest.mark.parametrize("method", ["rk4", "euler"])
@pytest.mark.parametrize("system", [*CURVED, Line()], ids=repr)
def test_all_trials_at_once_are_each_trial_alone(system, method):
    together = simulation.simulate(system, initial(5), method=method)
    alone = [simulation.simulate(system, start[None], method=method)[0] for start in initial(5)]
    np.testing.assert_array_equal(together, alone)


def test_trajectories_begin_at_their_initial_states_and_have_the_studys_sizes():
    states = initial()
    found = simulation.simulate(Lorenz(10.0), states)
    assert found.shape == (3, 200, 3)
    np.testing.assert_array_equal(found[:, 0], states)
    found[:] = 0
    np.testing.assert_array_equal(states, initial())


def test_the_default_step_is_a_hundredth():
    given = simulation.simulate(Lorenz(10.0), initial(), n_steps=200, time_step=0.01, method="rk4")
    np.testing.assert_array_equal(simulation.simulate(Lorenz(10.0), initial()), given)


def test_a_single_sample_is_the_initial_state():
    assert simulation.simulate(Lorenz(1.0), initial(), n_steps=1).tolist() == initial()[:, None].tolist()


@pytest.mark.parametrize("settings", [{"n_steps": 0}, {"time_step": 0.0}, {"time_step": -0.1}, {"time_step": np.nan}])
def test_steps_that_are_none_are_refused(settings):
    with pytest.raises(ValueError, match="needed at least 1, and above 0"):
        simulation.simulate(Lorenz(1.0), initial(), **settings)


@pytest.mark.parametrize(
    ("states", "error", "message"),
    [
        (np.zeros((2, 4)), ShapeError, r"initial_states has 4 units; Lorenz\(.*\) has 3"),
        (np.zeros(3), ShapeError, r"initial_states has shape \(3,\)"),
        (np.full((2, 3), np.nan), NonFiniteError, "initial_states holds 6 NaN"),
    ],
)
def test_initial_states_that_do_not_fit_are_refused(states, error, message):
    with pytest.raises(error, match=message):
        simulation.simulate(Lorenz(1.0), states)


@pytest.mark.parametrize("method", ["rk4", "euler"])
def test_divergence_is_an_error_that_names_the_first_trial(method):
    states = np.array([[0.0, 0.0, 0.0], [1.0, 1.0, 1.0], [0.0, 0.0, 0.0], [9.0, 1.0, 1.0]])
    with pytest.raises(
        NonFiniteError, match=r"2 of 4 trajectories of Lorenz\(.*left the finite.*first trial [13] at step"
    ):
        simulation.simulate(Lorenz(28.0), states, time_step=1.0, method=method)


def test_motion_is_normalized_and_draws_from_the_unit_cube():
    states = rng("motion").random((4, 3))
    expected = normalize_range(simulation.simulate(Lorenz(15.0), states, method="euler"))
    np.testing.assert_array_equal(simulation.motion(Lorenz(15.0), 4, rng("motion"), method="euler"), expected)


WORLDS = {
    "regimes": lambda stream, n: simulation.regimes(stream, n, shared=True).trajectories,
    "motifs": simulation.motifs,
    "building_blocks": lambda stream, n: simulation.building_blocks(stream, n).trajectories,
}
SYSTEMS = {
    "regimes": [Lorenz(r) for r in (0.25, 0.5, 0.75, 5.0, 10.0, 15.0, 30.0, 40.0, 50.0)],
    "motifs": [Lorenz(r) for r in (0.5, 5.0, 10.0, 15.0, 30.0, 40.0, 50.0)],
    "building_blocks": [Line(), Spiral(), Lorenz(0.5), Lorenz(10.0), Lorenz(40.0), VanDerPol()],
}


@pytest.mark.parametrize("world", WORLDS)
def test_trial_k_starts_from_the_same_state_in_every_system(world):
    states = rng("shared").random((4, 3))
    expected = [normalize_range(simulation.simulate(system, states)) for system in SYSTEMS[world]]
    np.testing.assert_array_equal(WORLDS[world](rng("shared"), 4), expected)


def test_regimes_that_share_nothing_start_from_states_of_their_own():
    stream = rng("own")
    expected = [normalize_range(simulation.simulate(system, stream.random((4, 3)))) for system in SYSTEMS["regimes"]]
    np.testing.assert_array_equal(simulation.regimes(rng("own"), 4, shared=False).trajectories, expected)


def test_labels_name_the_regime_that_theory_gives():
    # One attractor below r = 1, two stable points up to r_H = 24.74, none above.
    onset = 10 * (10 + 2.667 + 3) / (10 - 2.667 - 1)
    for systems, labels in [
        (simulation.REGIMES, simulation.regimes(rng(), 2, shared=True).labels),
        (simulation.MOTIFS, simulation.MOTIF_REGIMES),
    ]:
        assert tuple((system.r > 1) + (system.r > onset) for system in systems) == labels


@pytest.mark.parametrize("name", ["regimes", "motifs", "building_blocks", "composite_world"])
def test_equal_generators_give_equal_worlds_and_unequal_ones_do_not(name):
    def draw(seed: int) -> tuple[Array, ...]:
        build = getattr(simulation, name)
        extra = {"shared": True} if "shared" in inspect.signature(build).parameters else {}
        world = build(rng("equal", seed), 3, **extra)
        return getattr(world, "trajectories", world)

    np.testing.assert_array_equal(draw(0), draw(0))
    assert min(np.abs(a - b).max() for a, b in zip(draw(0), draw(1), strict=True)) > 0.01


@pytest.mark.parametrize("metric", [CKA(), Procrustes()], ids=repr)
@pytest.mark.parametrize("seed", range(3))
def test_blocks_are_farther_apart_than_noisy_copies_of_any_after_moment_matching(metric: AbstractMetric, seed):
    # The noise is what makes the covariance of the lines invertible; see the test below.
    world = simulation.building_blocks(rng("blocks", seed), 20)
    first, second = (
        [flattened(whiten(perturb(x, 0.001, rng("noise", seed, copy)))) for x in world.trajectories] for copy in "ab"
    )
    copies = [metric.distance(x, y) for x, y in zip(first, second, strict=True)]
    across = [metric.distance(first[i], first[j]) for i, j in itertools.combinations(range(6), 2)]
    assert min(across) > max(copies)
    # Without the lines, whose third direction is all noise, the gap is more than tenfold.
    assert min(across) > 10 * max(copies[1:])


def test_lines_alone_span_a_plane_and_only_in_company_can_be_whitened():
    # After 2 units of time x is the largest number of all, y the smallest: x → 1, y → 0, and x + 1.5 y = 1 throughout.
    world = simulation.building_blocks(rng("plane"), 20)
    assert world.names[0] == "line"
    np.testing.assert_allclose(world.trajectories[0] @ [1.0, 1.5, 0.0], 1, atol=1e-12)
    with pytest.raises(DegenerateInputError, match="rank 2 over 4000 states"):
        whiten(world.trajectories[0])
    for composite in simulation.composites(world.trajectories, [(0, k, 1 + k % 5) for k in range(1, 6)]):
        whiten(composite)


@pytest.mark.parametrize("seed", range(5))
def test_composite_worlds_hold_two_orders_of_twelve_triples(seed):
    world = simulation.composite_world(rng("composites", seed), 2)
    assert len(set(world.orders)) == len(world.trajectories) == 24
    assert all(len({*order}) == 3 and {*order} <= set(range(6)) for order in world.orders)
    triples = [frozenset(order) for order in world.orders]
    assert [triples.count(triple) for triple in set(triples)] == [2] * 12
    assert {frozenset(range(6)) - triple for triple in triples} == set(triples)


@pytest.mark.parametrize("seed", range(5))
def test_every_number_of_shared_blocks_occurs_in_every_world(seed):
    world = simulation.composite_world(rng("composites", seed), 2)
    shared = world.n_shared()
    np.testing.assert_array_equal(shared, shared.T)
    assert set(shared[np.triu_indices(24, 1)].tolist()) == {0, 1, 2, 3}
    # Each of 12 triples has one complement in 2 orders: 12 · 4 / 2 = 24 pairs share none; 12 pairs share all.
    assert (shared[np.triu_indices(24, 1)] == 0).sum() == 24
    assert (shared[np.triu_indices(24, 1)] == 3).sum() == 12


def test_shared_blocks_are_counted_wherever_they_stand():
    world = simulation.CompositeWorld((), ((0, 1, 2), (2, 0, 5), (3, 4, 5)))
    assert world.n_shared().tolist() == [[3, 2, 0], [2, 3, 1], [0, 1, 3]]


def test_composites_are_the_blocks_in_their_order():
    stream = rng("made of")
    world = simulation.composite_world(stream, 3)
    blocks = simulation.building_blocks(rng("made of"), 3).trajectories
    expected = simulation.composites(blocks, world.orders)
    np.testing.assert_array_equal(world.trajectories, expected)
    # Every third time of the joined path: the first 67 of 200 samples are the first block's, up to scale.
    first = blocks[world.orders[0][0]][:, ::3]
    np.testing.assert_allclose(normalize_range(world.trajectories[0][:, :67]), normalize_range(first), atol=1e-12)


def test_composites_refuse_an_empty_order_and_an_unknown_block():
    blocks = simulation.motifs(rng("few"), 2)
    with pytest.raises(ShapeError):
        simulation.composites(blocks, [()])
    with pytest.raises(IndexError):
        simulation.composites(blocks, [(0, 7)])
