"""Hypothesis strategies for recordings and for the changes that claims are about; for tests of your own, too.

Small arrays hold quarters of small integers, drawn entry by entry, so that a counterexample shrinks to numbers that fit
on a line. Long trajectories, for metrics that embed delays, are made by a noise-driven system that is drawn instead.
Everything is well-conditioned unless its name says otherwise: a tolerance that follows from a numerical floor is only
fair to examples whose conditioning is known.

Example:
    >>> from hypothesis import given
    >>> from metric_harness import strategies
    >>> @given(strategies.activation_pairs())
    ... def test_distance_is_symmetric(pair):
    ...     x, y = pair
    ...     assert abs(f(x, y) - f(y, x)) < 1e-9
"""

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of
from hypothesis.strategies import DrawFn, SearchStrategy

from metric_harness.arrays import Activations, Array, Trajectories
from metric_harness.corpora import driven, operator_of_radius
from metric_harness.seeding import generator

Pair: TypeAlias = tuple[Array, Array]

LARGEST_CONDITION = 100.0
"""Largest ratio of singular values, of centered recordings and of linear maps."""


def condition_of(x: Array) -> float:
    """Return the ratio of the largest to the smallest singular value of the centered states; infinite if singular."""
    states = x.reshape(-1, x.shape[-1])
    centered = states - states.mean(axis=0)
    values = np.linalg.svd(centered, compute_uv=False)
    if len(centered) <= x.shape[-1] or values[-1] <= 1e-9 * values[0]:
        return math.inf
    return float(values[0] / values[-1])


def _is_well_conditioned(x: Array) -> bool:
    return condition_of(x) <= LARGEST_CONDITION


def _entries(shape: tuple[int, ...]) -> SearchStrategy[Array]:
    """Draw quarters of integers between -2 and 2; zero is simplest."""

    def array(drawn: bytes) -> Array:
        # One draw of bytes for the whole array: a draw for each entry costs a hundred times as much.
        return ((np.frombuffer(drawn, dtype=np.uint8).astype(np.int64) + 8) % 17 - 8).reshape(shape) / 4.0

    size = math.prod(shape)
    return st.binary(min_size=size, max_size=size).map(array)


Sizes: TypeAlias = SearchStrategy[tuple[int, ...]]
SMALL: Sizes = st.tuples(st.integers(2, 4), st.integers(3, 4), st.integers(2, 3))
"""Trials, times and units of a recording that can be read."""
TINY: Sizes = st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 3))
"""The same of one that may have fewer samples than a metric needs."""
LONG: Sizes = st.tuples(st.integers(8, 10), st.just(120), st.integers(3, 4))
"""Trials, times and units of one that is long enough for delay windows of half its length."""


@st.composite
def trajectories(draw: DrawFn, sizes: Sizes = SMALL) -> Trajectories:
    """Draw one small recording of shape (trials, time, units), entry by entry."""
    return draw(_entries(draw(sizes)).filter(_is_well_conditioned))


@st.composite
def long_trajectories(draw: DrawFn, sizes: Sizes = LONG) -> Trajectories:
    """Draw a noise-driven linear system and return its recording, shape (trials, time, units)."""
    n_trials, n_times, n_units = draw(sizes)
    radius = draw(st.sampled_from((0.9, 0.95, 0.99)))
    rng = generator(draw(st.integers(0, 999)), "strategies")
    initial = rng.standard_normal((n_trials, n_units))
    return driven(operator_of_radius(rng, radius, n_units), initial, n_times, rng)


@st.composite
def trajectory_pairs(draw: DrawFn, *, long: bool = False) -> Pair:
    """Draw two recordings of one shape, so that trials and times correspond.

    Args:
        draw: given by Hypothesis.
        long: whether they are long enough for delay embeddings.
    """
    sizes = st.just(draw(LONG if long else SMALL))
    one = long_trajectories if long else trajectories
    return draw(one(sizes)), draw(one(sizes))


@st.composite
def trajectory_triples(draw: DrawFn, *, long: bool = False) -> tuple[Trajectories, Trajectories, Trajectories]:
    """Draw three recordings of one shape, the second free or a mixture of the others, where a detour costs least.

    Args:
        draw: given by Hypothesis.
        long: whether they are long enough for delay embeddings.
    """
    x, z = draw(trajectory_pairs(long=long))
    weight = draw(st.sampled_from((0.5, 0.25, 0.75, None)))
    if weight is None:
        return x, draw((long_trajectories if long else trajectories)(st.just(x.shape))), z
    y = (1 - weight) * x + weight * z
    assume(_is_well_conditioned(y))
    return x, y, z


def activation_pairs() -> SearchStrategy[Pair]:
    """Draw two recordings of shape (samples, units) whose rows correspond."""
    return trajectory_pairs().map(lambda pair: (_flat(pair[0]), _flat(pair[1])))


def activations() -> SearchStrategy[Activations]:
    """Draw one recording of shape (samples, units)."""
    return trajectories().map(_flat)


def _flat(x: Trajectories) -> Activations:
    return x.reshape(-1, x.shape[-1])


DEGENERATE: Sequence[Callable[[Activations], Activations]] = (
    np.zeros_like,
    np.ones_like,
    lambda x: np.broadcast_to(x[:1], x.shape).copy(),
    lambda x: np.repeat(x[:, :1], x.shape[1], axis=1),
    lambda x: np.outer(x[:, 0], np.arange(1.0, x.shape[1] + 1)),
)
"""Ways to leave a recording no direction, or fewer than it has units: constant, duplicated, rank one."""


def degenerate_activations() -> SearchStrategy[Activations]:
    """Draw activations that determine no direction, or fewer than they have units: constant, duplicated, rank one."""
    return st.tuples(activations(), st.sampled_from(DEGENERATE)).map(lambda drawn: drawn[1](drawn[0]))


@st.composite
def edge_trajectories(draw: DrawFn, *, long: bool = False, sizes: Sizes | None = None) -> Trajectories:
    """Draw one recording of any conditioning: of few samples, or constant, with equal units, of rank one.

    Args:
        draw: given by Hypothesis.
        long: whether it is long enough for delay embeddings.
        sizes: its shape; default: `LONG` or `TINY`.
    """
    if sizes is None:
        sizes = LONG if long else TINY
    x = draw(long_trajectories(sizes) if long else sizes.flatmap(_entries))
    kind = draw(st.sampled_from((*[None] * len(DEGENERATE), *DEGENERATE)))
    return x if kind is None else kind(_flat(x)).reshape(x.shape)


RELATIVES: Sequence[Callable[[Trajectories, Trajectories], Trajectories]] = (
    lambda _, y: y,
    lambda x, _: x.copy(),
    lambda x, _: 0.0 - x,  # -x would turn zeros into -0.0
    lambda x, _: np.concatenate([0.0 - x[..., :1], x[..., 1:]], axis=-1),
    lambda x, y: x + y / 1024,
)
"""What the second recording of a pair may be, given the first and a free one: free, equal, flipped, nearly equal."""


@st.composite
def edge_pairs(draw: DrawFn, *, long: bool = False) -> Pair:
    """Draw two recordings of one shape at the edges of what a distance can be: equal, nearly so, flipped, degenerate.

    Args:
        draw: given by Hypothesis.
        long: whether they are long enough for delay embeddings.
    """
    x = draw(edge_trajectories(long=long))
    free = draw(edge_trajectories(long=long, sizes=st.just(x.shape)))
    return x, draw(st.sampled_from(RELATIVES))(x, free)


def extreme_activations() -> SearchStrategy[Activations]:
    """Draw activations at scales from 1e-150 to 1e150, or far from the origin."""
    scaled = st.tuples(activations(), st.sampled_from((1e-150, 1e-12, 1e12, 1e150))).map(lambda d: d[0] * d[1])
    shifted = st.tuples(activations(), st.sampled_from((1e6, -1e9))).map(lambda d: d[0] + d[1])
    return st.one_of(scaled, shifted)


@st.composite
def orthogonal_matrices(draw: DrawFn, n: int) -> Array:
    """Draw an orthogonal matrix as a few turns of planes by multiples of 15°, and perhaps one reflection."""
    q = np.eye(n)
    turns = st.tuples(st.integers(0, n - 1), st.integers(0, n - 1), st.integers(1, 23))
    for i, j, steps in draw(st.lists(turns, min_size=1, max_size=3)):
        if i != j:
            turn, angle = np.eye(n), steps * math.pi / 12
            turn[[i, j], [i, j]] = math.cos(angle)
            turn[i, j], turn[j, i] = -math.sin(angle), math.sin(angle)
            q = turn @ q
    if draw(st.booleans()):
        q[0] = -q[0]
    return q


def permutation_matrices(n: int) -> SearchStrategy[Array]:
    """Draw a permutation of n units as a matrix."""
    return st.permutations(range(n)).map(lambda order: np.eye(n)[list(order)])


def diagonal_matrices(n: int) -> SearchStrategy[Array]:
    """Draw positive factors between 1/8 and 8, one per unit, as a diagonal matrix."""
    return st.lists(st.integers(-3, 3), min_size=n, max_size=n).map(lambda powers: np.diag(2.0 ** np.array(powers)))


def linear_matrices(n: int) -> SearchStrategy[Array]:
    """Draw an invertible matrix of small integers, of condition at most `LARGEST_CONDITION`."""
    drawn = arrays_of.arrays(np.int64, (n, n), elements=st.integers(-3, 3), fill=st.nothing())
    return drawn.map(lambda m: m + np.eye(n)).filter(lambda m: bool(np.linalg.cond(m) <= LARGEST_CONDITION))


def scale_factors() -> SearchStrategy[float]:
    """Draw a positive number from 1e-6 to 1e6."""
    return st.integers(-6, 6).filter(bool).map(lambda power: 10.0**power)


def translations(n: int) -> SearchStrategy[Array]:
    """Draw a shift of up to 20 for each of n units, at least one of them not zero."""
    return (
        st.lists(st.integers(-20, 20), min_size=n, max_size=n).filter(any).map(lambda v: np.array(v, dtype=np.float64))
    )
