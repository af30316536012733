"""Changes of a pair of recordings that claims are about, each in two forms: drawn by a search, fixed by a generator.

The drawn form shrinks to something that can be read; the fixed one gives numbers that do not depend on Hypothesis.
"""

import dataclasses
from collections.abc import Callable
from typing import Literal, TypeAlias, final

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from metric_harness import strategies
from metric_harness.arrays import Array, Trajectories
from metric_harness.seeding import generator
from metric_harness.transforms import random_orthogonal

Pair: TypeAlias = tuple[Trajectories, Trajectories]
Side: TypeAlias = Literal["y", "x"]
SIDES: tuple[Side, Side] = ("y", "x")


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Change:
    """One change of a pair of recordings, and how much it worsens the conditioning of their distance."""

    text: str
    apply: Callable[[Trajectories, Trajectories], Pair]
    condition: float = 1.0


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Changes:
    """A kind of change.

    Attributes:
        drawn: returns the strategy that draws changes of a recording like the given one, and of its partner.
        fixed: returns one change, drawn from a generator.
    """

    drawn: Callable[[Trajectories], SearchStrategy[Change]]
    fixed: Callable[[Trajectories, np.random.Generator], Change]


def one_sided(text: str, change: Callable[[Trajectories], Array], side: Side, condition: float = 1.0) -> Change:
    """Return the change of one of two recordings that leaves the other as it is."""

    def apply(x: Trajectories, y: Trajectories) -> Pair:
        return (x, change(y)) if side == "y" else (change(x), y)

    return Change(f"{side} {text}", apply, condition)


def mapping(
    text: str,
    drawn: Callable[[int], SearchStrategy[Array]],
    fixed: Callable[[int, np.random.Generator], Array],
) -> Changes:
    """Return changes that map the units of one recording by a matrix."""

    def change(matrix: Array, side: Side = "y") -> Change:
        return one_sided(text, lambda z: z @ matrix.T, side, float(np.linalg.cond(matrix)))

    return Changes(
        lambda x: st.builds(change, drawn(x.shape[-1]), st.sampled_from(SIDES)),
        lambda x, rng: change(fixed(x.shape[-1], rng)),
    )


def _scaled(factor: float, side: Side = "y") -> Change:
    return one_sided(f"times {factor:g}", lambda z: z * factor, side)


def _shifted(x: Trajectories, shift: Array, side: Side = "y") -> Change:
    # Subtracting a mean costs as many digits as it exceeds the spread by.
    spread = float(x.reshape(-1, x.shape[-1]).std(axis=0).min())
    cancellation = 1 + float(np.abs(shift).max()) / max(spread, 1e-3)
    return one_sided(f"shifted by {shift.tolist()}", lambda z: z + shift, side, cancellation)


def _shift(n: int, rng: np.random.Generator) -> Array:
    return 40 * rng.random(n) - 20


def _trials_of_both(order: list[int]) -> Change:
    return Change(f"trials of both in the order {order}", lambda x, y: (x[order], y[order]))


def _trials_of_one(order: list[int], side: Side = "y") -> Change:
    return one_sided(f"with trials in the order {order}", lambda z: z[order], side)


def _orders(n: int) -> SearchStrategy[list[int]]:
    return st.permutations(list(range(n)))


def _order(n: int, rng: np.random.Generator) -> list[int]:
    return [int(k) for k in rng.permutation(n)]


def _times_of_both(n_times: int, seed: int) -> Change:
    order = generator(seed, "changes", "time").permutation(n_times)
    return Change(f"times of both shuffled, seed {seed}", lambda x, y: (x[:, order], y[:, order]))


def _well_conditioned(n: int, rng: np.random.Generator) -> Array:
    """Draw singular values between 1/3 and 3, and the rotations on either side of them."""
    return random_orthogonal(n, rng) @ np.diag(3.0 ** rng.uniform(-1, 1, n)) @ random_orthogonal(n, rng)


_SWAPPED = Change("x and y swapped", lambda x, y: (y, x))
SWAP = Changes(lambda _: st.just(_SWAPPED), lambda _x, _rng: _SWAPPED)
ROTATION = mapping("rotated", strategies.orthogonal_matrices, random_orthogonal)
PERMUTATION = mapping(
    "with units reordered", strategies.permutation_matrices, lambda n, rng: np.eye(n)[rng.permutation(n)]
)
UNIT_SCALING = mapping(
    "with each unit times its own factor",
    strategies.diagonal_matrices,
    lambda n, rng: np.diag(2.0 ** rng.uniform(-3, 3, n)),
)
LINEAR_MAP = mapping("mapped linearly", strategies.linear_matrices, _well_conditioned)
SCALING = Changes(
    lambda _: st.builds(_scaled, strategies.scale_factors(), st.sampled_from(SIDES)),
    lambda _, rng: _scaled(float(10 ** rng.uniform(-6, 6))),
)
TRANSLATION = Changes(
    lambda x: st.builds(_shifted, st.just(x), strategies.translations(x.shape[-1]), st.sampled_from(SIDES)),
    lambda x, rng: _shifted(x, _shift(x.shape[-1], rng)),
)
TRIAL_ORDER = Changes(
    lambda x: st.builds(_trials_of_both, _orders(len(x))),
    lambda x, rng: _trials_of_both(_order(len(x), rng)),
)
UNPAIRED_TRIAL_ORDER = Changes(
    lambda x: st.builds(_trials_of_one, _orders(len(x)), st.sampled_from(SIDES)),
    lambda x, rng: _trials_of_one(_order(len(x), rng)),
)
TIME_ORDER = Changes(
    lambda x: st.integers(0, 999).map(lambda seed: _times_of_both(x.shape[1], seed)),
    lambda x, rng: _times_of_both(x.shape[1], int(rng.integers(1000))),
)
