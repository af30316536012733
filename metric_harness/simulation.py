"""Integrates systems and draws the data sets that the cases share.

Trajectories come normalized to [0, 1] by the reference study's rule and not whitened: noise and
composition come first, moment matching last, and both belong to the case. Equal generators give equal data.
"""

import dataclasses
import itertools
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Literal, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from metric_harness.arrays import Array, Trajectories, activations
from metric_harness.cache import kept
from metric_harness.errors import NonFiniteError, ShapeError
from metric_harness.interfaces import AbstractSystem
from metric_harness.systems.line import Line
from metric_harness.systems.lorenz import Lorenz
from metric_harness.systems.spiral import Spiral
from metric_harness.systems.van_der_pol import VanDerPol
from metric_harness.transforms import attach_all, normalize_range

N_STEPS = 200
"""Samples of every trajectory, the study's number."""
TIME_STEP = 0.01
"""Time between two samples, the study's number."""
REGIMES = tuple(Lorenz(r) for r in (*Lorenz.ONE_ATTRACTOR, *Lorenz.TWO_STABLE, *Lorenz.TWO_UNSTABLE))
"""Nine Lorenz systems, three of each regime."""
REGIME_LABELS = (0, 0, 0, 1, 1, 1, 2, 2, 2)
"""Their regimes: one attractor, two stable ones, two unstable ones."""
REGIME_NAMES = tuple(
    f"{('one attractor', 'two stable', 'chaos')[label]}, r = {system.r:g}"
    for label, system in zip(REGIME_LABELS, REGIMES, strict=True)
)
"""What each is called: its regime and its parameter."""
MOTIFS = tuple(Lorenz(r) for r in (0.5, 5.0, 10.0, 15.0, 30.0, 40.0, 50.0))
"""The study's seven motifs."""
MOTIF_REGIMES = (0, 1, 1, 1, 2, 2, 2)
"""Their regimes."""
BLOCKS: Mapping[str, AbstractSystem] = MappingProxyType(
    {
        "line": Line(),
        "spiral": Spiral(),
        "one attractor": Lorenz(0.5),
        "two stable": Lorenz(10.0),
        "chaos": Lorenz(40.0),
        "limit cycle": VanDerPol(),
    }
)
"""Six systems whose motifs are mutually distinct, also after moment matching (`tests/test_simulation.py`). The line by
itself stays in a plane and cannot be whitened; every composite of it can."""

Method: TypeAlias = Literal["rk4", "euler"]
Step: TypeAlias = Callable[[AbstractSystem, Array, float], Array]


@final
@dataclasses.dataclass(frozen=True, eq=False)
class RegimeWorld:
    """Nine recordings of shape (trials, time, 3), the regime and the name of each."""

    trajectories: tuple[Trajectories, ...]
    labels: tuple[int, ...] = REGIME_LABELS
    names: tuple[str, ...] = REGIME_NAMES


@final
@dataclasses.dataclass(frozen=True, eq=False)
class BlockWorld:
    """Mutually distinct motifs of shape (trials, time, 3), and the name of each."""

    trajectories: tuple[Trajectories, ...]
    names: tuple[str, ...] = tuple(BLOCKS)


@final
@dataclasses.dataclass(frozen=True, eq=False)
class CompositeWorld:
    """Composites of shape (trials, time, 3), and which blocks each is made of, in order."""

    trajectories: tuple[Trajectories, ...]
    orders: tuple[tuple[int, ...], ...]

    def n_shared(self) -> NDArray[np.intp]:
        """Return how many blocks two composites have in common, wherever they stand; shape (n, n)."""
        return np.array([[len({*a} & {*b}) for b in self.orders] for a in self.orders], dtype=np.intp)


def simulate(
    system: AbstractSystem,
    initial_states: Array,
    *,
    n_steps: int = N_STEPS,
    time_step: float = TIME_STEP,
    method: Method = "rk4",
) -> Trajectories:
    """Integrate a system from every initial state at once.

    Args:
        system: the system.
        initial_states: shape (trials, units).
        n_steps: samples per trajectory, the initial state being the first.
        time_step: time between two samples, in the system's unit of time.
        method: `rk4`, the classical fourth-order method of Runge and Kutta, or `euler`, the explicit
            first-order one that the reference study used.

    Returns:
        Trajectories of shape (trials, n_steps, units).

    Raises:
        ShapeError: if the initial states are not (trials, system.n_units).
        NonFiniteError: if an initial state is not finite, or a trajectory leaves the finite numbers.
        ValueError: if `n_steps` is below 1 or `time_step` not above 0.
    """
    states = activations(initial_states, "initial_states")
    if states.shape[1] != system.n_units:
        raise ShapeError(f"initial_states has {states.shape[1]} units; {system} has {system.n_units}.")
    if n_steps < 1 or not time_step > 0:
        raise ValueError(f"n_steps is {n_steps}, time_step {time_step}; needed at least 1, and above 0.")
    step: Step = {"rk4": _rk4_step, "euler": _euler_step}[method]
    path = np.empty((n_steps, *states.shape))
    path[0] = states
    with np.errstate(over="ignore", invalid="ignore"):
        for k in range(1, n_steps):
            path[k] = step(system, path[k - 1], time_step)
    _require_finite(path, system, time_step)
    return np.ascontiguousarray(path.swapaxes(0, 1))


def _euler_step(system: AbstractSystem, state: Array, time_step: float) -> Array:
    return state + time_step * system.vector_field(state)


def _rk4_step(system: AbstractSystem, state: Array, time_step: float) -> Array:
    """Average four slopes (Hairer, Norsett, Wanner 1993, "Solving Ordinary Differential Equations I", II.1)."""
    half = time_step / 2
    first = system.vector_field(state)
    second = system.vector_field(state + half * first)
    third = system.vector_field(state + half * second)
    fourth = system.vector_field(state + time_step * third)
    return state + time_step / 6 * (first + 2 * second + 2 * third + fourth)


def _require_finite(path: Array, system: AbstractSystem, time_step: float) -> None:
    broken = np.argwhere(~np.isfinite(path).all(axis=2))
    if broken.size:
        k, trial = (int(index) for index in broken[0])
        n_trials = len(np.unique(broken[:, 1]))
        raise NonFiniteError(
            f"{n_trials} of {path.shape[1]} trajectories of {system} left the finite numbers, first trial {trial} "
            f"at step {k} (time {k * time_step:g}). Shorten time_step, or start closer to the attractor."
        )


def motion(system: AbstractSystem, n_trials: int, rng: np.random.Generator, *, method: Method = "rk4") -> Trajectories:
    """Draw initial states, simulate at the study's sizes and normalize; shape (n_trials, N_STEPS, units)."""
    return normalize_range(simulate(system, system.initial_states(n_trials, rng), method=method))


def _from_shared_states(
    systems: Sequence[AbstractSystem], n_trials: int, rng: np.random.Generator
) -> tuple[Trajectories, ...]:
    """Simulate and normalize; trial k starts from the same state in every system."""
    initial = systems[0].initial_states(n_trials, rng)
    return tuple(normalize_range(simulate(system, initial)) for system in systems)


@kept
def regimes(rng: np.random.Generator, n_trials: int, *, shared: bool) -> RegimeWorld:
    """Return nine Lorenz systems in three regimes, `REGIMES`, with their labels.

    Args:
        rng: draws the initial states, uniform in the unit cube.
        n_trials: trajectories per system.
        shared: whether trial k starts from the same state in every system; otherwise each system draws
            its own, and no trials correspond.
    """
    if shared:
        return RegimeWorld(_from_shared_states(REGIMES, n_trials, rng))
    return RegimeWorld(tuple(motion(system, n_trials, rng) for system in REGIMES))


@kept
def motifs(rng: np.random.Generator, n_trials: int) -> tuple[Trajectories, ...]:
    """Return the seven Lorenz motifs, `MOTIFS`; trial k starts from the same state in all.

    Args:
        rng: draws the initial states, uniform in the unit cube.
        n_trials: trajectories per motif.
    """
    return _from_shared_states(MOTIFS, n_trials, rng)


@kept
def building_blocks(rng: np.random.Generator, n_trials: int) -> BlockWorld:
    """Return six mutually distinct motifs, `BLOCKS`; trial k starts from the same state in all.

    Args:
        rng: draws the initial states, uniform in the unit cube.
        n_trials: trajectories per motif.
    """
    return BlockWorld(_from_shared_states(tuple(BLOCKS.values()), n_trials, rng))


def composites(blocks: Sequence[Trajectories], orders: Sequence[Sequence[int]]) -> list[Trajectories]:
    """Return one composite per tuple of indices into `blocks`, attached in that order.

    Args:
        blocks: motifs of one shape (trials, time, units).
        orders: which blocks follow each other, such as `[(0, 2, 5), (2, 0, 5)]`.

    Raises:
        ShapeError: if an order is empty.
        IndexError: if an index has no block.
    """
    return [attach_all([blocks[index] for index in order]) for order in orders]


@kept
def composite_world(rng: np.random.Generator, n_trials: int) -> CompositeWorld:
    """Return 24 composites of three blocks: 12 triples in two orders each.

    The triples are six random pairs of complements out of the ten that six blocks have. Complements
    share 0 blocks; of two triples from different pairs, one and the other's complement share 1 and 2;
    two orders of one triple share 3. So every number of shared blocks occurs in every draw.

    Args:
        rng: draws the initial states, the triples and their orders.
        n_trials: trajectories per composite.
    """
    world = building_blocks(rng, n_trials)
    indices = frozenset(range(len(BLOCKS)))
    halves: list[tuple[int, ...]] = [triple for triple in itertools.combinations(sorted(indices), 3) if 0 in triple]
    orders: list[tuple[int, ...]] = []
    for half in (halves[int(k)] for k in rng.choice(len(halves), size=6, replace=False)):
        for triple in (half, tuple(sorted(indices - {*half}))):
            arranged: list[tuple[int, ...]] = list(itertools.permutations(triple))
            orders += [arranged[k] for k in rng.choice(len(arranged), size=2, replace=False)]
    return CompositeWorld(tuple(composites(world.trajectories, orders)), tuple(orders))
