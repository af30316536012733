"""The search for the highest summit of f(C) = ⟨A, C B Cᵀ⟩ over orthogonal C, for many pairs at once.

f has many summits of nearly one height. Each pair is climbed from its own frames and from random starts, all at once;
most climbs are dropped halfway. Of the highest ends, which are kept, new starts are made in rounds: an end is kicked by
a rotation of some neighboring axes (basin hopping), or two ends are crossed, so that some neighboring axes are turned
as in one and the others as in the other. Either keeps what is right about an end.

Source: Wales, Doye (1997), "Global Optimization by Basin-Hopping and the Lowest Energy Structures of Lennard-Jones
    Clusters", doi 10.1021/jp970984n, for the kicks; Deaven, Ho (1995), "Molecular Geometry Optimization with a Genetic
    Algorithm", doi 10.1103/PhysRevLett.75.288, for the crossing of ends that are then climbed.
"""

import functools
import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from metric_harness.arrays import Array
from metric_harness.ascent import LIMITS, Effort, Stack, climb, inner, transposed
from metric_harness.devices import namespace
from metric_harness.processors import portions
from metric_harness.seeding import generator


class Search(NamedTuple):
    """How widely a device searches, and in what portions.

    Attributes:
        n_starts: random starts per pair.
        n_kept: ends that are kept, of which the first are kicked and any two may be crossed.
        n_kicks: kicks per round.
        n_crossings: crossings per round.
        n_entries: what bounds memory: on a processor, entries of the operators of the pairs at work at once, each with
            a matrix for every start; elsewhere, entries per array in one batch of climbs.
    """

    n_starts: int
    n_kept: int
    n_kicks: int
    n_crossings: int
    n_entries: int


class Crossing(NamedTuple):
    """Which ends are crossed, and which axes of the first operator are turned as in the first of them."""

    first: int
    second: int
    axes: slice


ON_CPU = Search(20, 8, 3, 3, 120_000)
"""On 144 pairs of Lorenz systems at rank 20, these miss the lowest angle that any search found by more than 1e-4 in one
of twelve, by up to .0004; 96 starts without kicks and crossings in one of fifty, for three times the cost; 12 starts
with six kicks a round and no crossings in one of nine, for five sixths. The entries say how many pairs are at work."""
ON_GPU = Search(64, 16, 12, 12, 2**24)
"""A few hundred climbs leave a GPU idle, whose time goes into starting each step. The starts on the processor are the
first of these. Run on the processor, this search finds the lowest known angle in all of these pairs, in three times the
time. An array has at most 64 MiB in single precision and 128 MiB in double. No GPU was at hand when these were chosen:
neither time nor memory there has been measured."""
_PATIENCE, _GAIN, _ROUNDING = 2, 1e-4, 2e-6
"""Rounds in a row without gain after which a pair is left alone; the gain that counts, in radians; and what single
precision leaves of a height."""
_NARROWEST, _WIDEST = 0.15, 0.65
"""Shares of the axes that a kick turns."""
_FEWEST, _MOST = 0.25, 0.75
"""Shares of the axes that a crossing takes from its first end."""
_LEGS = (Effort(19, 1e-3, 12, gain=3e-3), 0.4), (Effort(14, 1e-3, 12, gain=1e-5), 0.0)
"""Efforts of exploration, each with the share of a round's climbs that go on after it. Before some eighteen
steps the height does not tell yet where a climb will end."""
_PRECISION = "float32"
"""Of exploration. Where summits are many, its rounding decides between some of them."""
_LAST_LEG = ((Effort(100, 1e-4, 30, gain=1e-5), 0.0),)
"""Effort for the ends that are left at last."""
_N_LAST = 3
"""Ends that are climbed on at last, before it shows which is the highest."""


def highest(a: Stack, b: Stack, n_rounds: int, search: Search) -> Stack:
    """Return the end of each pair's highest climb, to single precision, shape (n_pairs, n, n).

    Args:
        a: first operators, of norm one, in the eigenbases of their symmetric parts, shape (n_pairs, n, n).
        b: second operators, likewise.
        n_rounds: most rounds of kicks and crossings per pair.
        search: how widely to search.
    """
    xp, n = namespace(a), a.shape[-1]
    single = getattr(xp, _PRECISION)
    starts = xp.concatenate([xp.eye(n, dtype=single)[None], xp.asarray(_starts(search.n_starts, n), dtype=single)])
    every = xp.broadcast_to(starts, (len(a), search.n_starts + 1, n, n))
    ends, heights = _explored(a, b, every, search.n_kept, search.n_entries)
    idle = xp.zeros(len(a), dtype=int)
    kicks, crossings = _kicks(n_rounds, search.n_kicks, n), _crossings(n_rounds, search.n_crossings, search.n_kept, n)
    for turn, (kicked, crossed) in enumerate(zip(kicks, crossings, strict=True)):
        on = xp.flatnonzero(idle < _PATIENCE)
        if len(on) == 0:
            break
        new = xp.concatenate(
            [_kicked(ends[on], xp.asarray(kicked, dtype=single), turn), _crossed(ends[on], crossed)], axis=1
        )
        more, found = _explored(a[on], b[on], new, search.n_kept, search.n_entries)
        before = heights[on, 0]
        more, found = xp.concatenate([ends[on], more], axis=1), xp.concatenate([heights[on], found], axis=1)
        ends[on], heights[on] = _highest(more, found, search.n_kept)
        # The height is the cosine of the angle, whose slope is its sine.
        enough = _ROUNDING + _GAIN * xp.sqrt(xp.maximum(0, 1 - before**2))
        idle[on] = xp.where(heights[on, 0] - before > enough, 0, idle[on] + 1)
    best = _explored(a, b, ends[:, :_N_LAST], 1, search.n_entries, _LAST_LEG)[0][:, 0]
    return xp.asarray(best, dtype=a.dtype)


def climbed(a: Stack, b: Stack, starts: Stack, effort: Effort, n_entries: int) -> tuple[Stack, Stack, Stack]:
    """Climb from starts (n_pairs, n_starts, n, n); return ends, heights and slopes left.

    A processor climbs one after the other, other devices as many at once as have the entries.
    """
    xp, (n_pairs, n_starts, n) = namespace(starts), starts.shape[:3]
    flat, pair = starts.reshape(-1, n, n), xp.arange(n_pairs * n_starts) // int(n_starts)
    if xp is np:
        # Not at the top: numba takes longer to import than all the rest, and most metrics do not need it.
        from metric_harness.compiled_ascent import climb_each

        given = np.ascontiguousarray(a), np.ascontiguousarray(b), pair, np.array(flat, order="C")
        ends, heights, slopes = climb_each(*given, effort, LIMITS)
    else:
        ends, heights, slopes = xp.empty(flat.shape, dtype=flat.dtype), *xp.empty((2, len(flat)), dtype=flat.dtype)
        for part in portions(len(flat), n_entries // n**2):
            ends[part], heights[part], slopes[part] = climb(a[pair[part]], b[pair[part]], flat[part], effort)
    return ends.reshape(starts.shape), heights.reshape(n_pairs, n_starts), slopes.reshape(n_pairs, n_starts)


@functools.lru_cache(maxsize=4)
def _starts(n_starts: int, n: int) -> Array:
    """Draw the rotations, of both determinants, from which every pair of size n is climbed, shape (n_starts, n, n)."""
    return _for_all(_rotations(generator(0, "conjugacy", n), n_starts, n))


@functools.lru_cache(maxsize=4)
def _kicks(n_rounds: int, n_kicks: int, n: int) -> Array:
    """Draw rotations of some neighboring axes that leave the others alone, shape (n_rounds, n_kicks, n, n).

    Axes are in the order of the eigenvalues of an operator's symmetric part: neighbors are what is easily mistaken for
    each other.
    """
    rng = generator(0, "conjugacy", "kicks", n)
    kicks = np.tile(np.eye(n), (n_rounds, n_kicks, 1, 1))
    for kick in kicks.reshape(-1, n, n):
        axes = _some_neighbors(rng, n, _NARROWEST, _WIDEST, least=2)
        kick[axes, axes] = _rotations(rng, 1, axes.stop - axes.start)[0]
    return _for_all(kicks)


@functools.lru_cache(maxsize=4)
def _crossings(n_rounds: int, n_crossings: int, n_kept: int, n: int) -> list[list[Crossing]]:
    """Draw each round's crossings; the higher two ends are, the sooner they are crossed."""
    rng = generator(0, "conjugacy", "crossings", n)
    ends = itertools.cycle((first, second) for second in range(n_kept) for first in range(second))
    drawn = ((*next(ends), _some_neighbors(rng, n, _FEWEST, _MOST, least=1)) for _ in range(n_rounds * n_crossings))
    every = [Crossing(*each) for each in drawn]
    return [every[start : start + n_crossings] for start in range(0, len(every), n_crossings)]


def _some_neighbors(rng: np.random.Generator, n: int, fewest: float, most: float, *, least: int) -> slice:
    """Draw a run of axes, between two shares of all n in number, and at least so many."""
    narrowest = min(n, max(least, int(fewest * n)))
    width = int(rng.integers(narrowest, max(narrowest, int(most * n)) + 1))
    first = int(rng.integers(n - width + 1))
    return slice(first, first + width)


def _for_all(drawn: Array) -> Array:
    """Return what all calls share, which none may write to."""
    drawn.flags.writeable = False
    return drawn


def _rotations(rng: np.random.Generator, n_rotations: int, n: int) -> Array:
    """Draw orthogonal matrices evenly."""
    return _orthonormal(rng.standard_normal((n_rotations, n, n)))


def _orthonormal(x: Stack) -> Stack:
    """Return each matrix with its columns made orthonormal in turn; what depends on those before it points anywhere."""
    xp = namespace(x)
    q, r = xp.linalg.qr(x)
    return q * _signs(xp.einsum("bii->bi", r))[:, None, :]


def _signs(x: Stack) -> Stack:
    """Return -1 or 1, in the precision of x."""
    xp = namespace(x)
    return xp.asarray(xp.where(x < 0, -1.0, 1.0), dtype=x.dtype)


def _kicked(ends: Stack, kicks: Stack, turn: int) -> Stack:
    """Return the highest of the ends (n_pairs, n_ends, n, n), kicked in the first operator's axes and the second's."""
    xp = namespace(ends)
    chosen = ends[:, xp.arange(len(kicks)) % ends.shape[1]]
    in_first = ((xp.arange(len(kicks)) + turn) % 2 == 0)[:, None, None]
    return xp.where(in_first, kicks @ chosen, chosen @ kicks)


def _crossed(ends: Stack, crossings: Sequence[Crossing]) -> Stack:
    """Return ends (n_pairs, n_ends, n, n) crossed in the first operator's axes, shape (n_pairs, n_crossings, n, n).

    Axes of the first end stay as they are; those of the second are made orthogonal to them, one after the other.
    """
    xp = namespace(ends)
    children = xp.empty((len(ends), len(crossings), *ends.shape[2:]), dtype=ends.dtype)
    for child, (first, second, axes) in enumerate(crossings):
        one, other = ends[:, first], ends[:, second]
        alike = _signs(inner(one, other))[:, None, None]  # their common sign is free
        order = xp.arange(ends.shape[-1])
        inside = (order >= axes.start) & (order < axes.stop)
        order = xp.concatenate([order[inside], order[~inside]])
        rows = xp.where(inside[:, None], one, alike * other)[:, order]
        children[:, child, order] = transposed(_orthonormal(transposed(rows)))
    return children


def _explored(
    a: Stack, b: Stack, starts: Stack, n_kept: int, n_entries: int, legs: Sequence[tuple[Effort, float]] = _LEGS
) -> tuple[Stack, Stack]:
    """Climb from the starts (n_pairs, n_starts, n, n), in their precision; keep some of the highest.

    The operators are rounded to multiples of 2^-16 first: what they are in the last digits, such as
    after a change of coordinates, then hardly ever decides on which summit a climb ends.
    """
    xp, n = namespace(a), a.shape[-1]
    a, b = (xp.asarray(xp.round(x * 65536) / 65536, dtype=starts.dtype) for x in (a, b))
    a, b, ends = (_padded(x) for x in (a, b, starts))
    heights = xp.empty(ends.shape[:2], dtype=starts.dtype)
    for effort, kept in legs:
        ends, heights, _ = climbed(a, b, ends, effort, n_entries)
        ends, heights = _highest(ends, heights, max(n_kept, round(kept * starts.shape[1])))
    return ends[:, :, :n, :n], heights


def _padded(x: Stack) -> Stack:
    """Return matrices with a row and a column of zeros more, if that makes their size a multiple of 16.

    Products of such matrices take two thirds of the time. A climb stays in the space it starts in.
    """
    border = (0, int(x.shape[-1] % 16 == 15))
    return namespace(x).pad(x, (*[(0, 0)] * (x.ndim - 2), border, border))


def _highest(ends: Stack, heights: Stack, n_kept: int) -> tuple[Stack, Stack]:
    """Return the ends (n_pairs, n_kept, n, n) and heights of the highest climbs, highest first.

    Ends of one height are one summit: of these, only the first is kept while there are others.
    """
    xp = namespace(heights)
    every = xp.arange(len(heights))[:, None]
    order = xp.argsort(-heights, axis=1, kind="stable")
    ranked = heights[every, order]
    again = xp.zeros(ranked.shape, dtype=bool)
    again[:, 1:] = ranked[:, :-1] - ranked[:, 1:] <= _ROUNDING
    # Heights are cosines: what comes again is put below all others.
    chosen = order[every, xp.argsort(xp.where(again, 3.0, 0.0) - ranked, axis=1, kind="stable")[:, :n_kept]]
    return ends[every, chosen], heights[every, chosen]
