"""The angle between two operators up to an orthogonal change of coordinates, for many pairs at once.

The angle between A and B is the smallest, over orthogonal C, of arccos(⟨A, C B Cᵀ⟩ / (|A| |B|)) in the
Frobenius inner product. The maximization has many local maxima, so each pair is climbed from several starts, all at
once; most are dropped halfway. The best ends are then kicked, again and again, by a rotation of some neighboring axes
alone, and climbed anew (basin hopping): what is right about them is kept. The best end of all is climbed to rounding.

Both operators are first brought to the eigenbases of their symmetric parts. This makes the ascent well
conditioned (`metric_harness.ascent`), and the result insensitive to how an operator was rotated before it
arrived: the starts are fixed relative to the operators, not to their coordinates.
"""

import dataclasses
import functools
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metric_harness.arrays import Array
from metric_harness.ascent import Effort, Stack, Which, climb, gap, inner, transposed
from metric_harness.devices import CPU, namespace, on_device, on_host
from metric_harness.errors import DegenerateInputError, NonFiniteError, ShapeError
from metric_harness.processors import in_threads, n_processors
from metric_harness.seeding import generator

N_ROUNDS = 12
"""Most rounds of kicks per pair, unless the caller asks otherwise."""

CONVERGED_ANGLE = 1e-5
"""Largest error in the angle, in radians, with which a climb counts as converged; see `_converged`."""


class _Search(NamedTuple):
    """How widely a device searches, and in what portions.

    Attributes:
        n_starts: random starts per pair.
        n_kicked: ends that are kept and kicked.
        n_kicks: kicks per round.
        n_entries: matrix entries per array in one batch of climbs: what bounds memory.
    """

    n_starts: int
    n_kicked: int
    n_kicks: int
    n_entries: int


_ON_CPU = _Search(12, 3, 6, 120_000)
"""Random starts alone seldom find the highest summits: on the study's nine Lorenz systems at rank 20, 96 starts miss
them by more than 1e-4 in one pair of three, and by up to .01; 12 starts and the kicks, at a third of the cost, in one
of nine and by up to .0003. The entries suit the processor's cache."""
_ON_GPU = _Search(48, 6, 24, 2**24)
"""Four times the climbs: a few hundred leave a GPU idle, whose time goes into starting each step. The starts on the
processor are the first of these. On the nine Lorenz systems this search, run on the processor, is at most 1e-4 above
the best of ten restarts in all 36 pairs at rank 20 and in 35 at rank 50; that of the processor, in a third of the time,
in 34 and 26. An array has at most 64 MiB in single precision and 128 MiB in double. No GPU was at hand when these were
chosen: neither time nor memory there has been measured."""
_PATIENCE, _GAIN, _ROUNDING = 2, 1e-4, 2e-6
"""Rounds in a row without gain after which a pair is left alone; the gain that counts, in radians; and what single
precision leaves of a height."""
_NARROWEST, _WIDEST = 0.15, 0.65
"""Shares of the axes that a kick turns."""
_LEAST = 18
"""Fewest pairs that a processor is given where there are more of both: of rank 15, a pair takes 50 ms alone and 13 ms
among 36."""
_SAME = 1e-6
"""Distance of two unit operators in their own frames below which no search can bring them closer by more."""
_LEGS = (Effort(19, 1e-3, 12, gain=3e-3), 0.4), (Effort(14, 1e-3, 12, gain=1e-5), 0.0)
"""Efforts of exploration, each with the share of a round's climbs that go on after it. Before some eighteen
steps the height does not tell yet where a climb will end."""
_PRECISION = "float32"
"""Of exploration. Where summits are many, its rounding decides between some of them."""
_LAST_LEG = ((Effort(100, 1e-4, 30, gain=1e-5), 0.0),)
"""Effort for the ends that are left, before the best one is polished."""
POLISH = (
    Effort(40, 1e-12, 60, flattest=1e-8, gain=1e-11),
    Effort(120, 1e-12, 150, flattest=1e-8, gain=1e-11),
)
"""The second for the few that the first leaves in a long valley."""
SETTLE = Effort(10, 1e-12, 60, flattest=1e-8, radius=3e-4)
"""Along a curved valley a step stirs up a slope across it of the order of its square. Steps this short leave
a slope that `_converged` lets pass."""


@final
@dataclasses.dataclass(frozen=True)
class Alignment:
    """The smallest angle found for each pair.

    Attributes:
        angles: radians in [0, π], shape (n_pairs,).
        converged: whether the best climb of each pair came within `CONVERGED_ANGLE` of a summit, shape
            (n_pairs,); see `_converged` for the bound and what it takes for granted.
    """

    angles: Array
    converged: NDArray[np.bool_]


def align(a: ArrayLike, b: ArrayLike, *, n_rounds: int = N_ROUNDS, device: str = CPU) -> Alignment:
    """Return the angles between paired operators, up to an orthogonal change of coordinates.

    Exactly symmetric in its arguments, deterministic, and independent pair by pair: neither the order
    nor the number of the other pairs changes a result. Global random states are neither read nor moved.
    Another device runs the same climbs with other rounding, by which a few pairs may end on another summit; a GPU
    searches more widely besides.

    Args:
        a: first operators, shape (n_pairs, n, n).
        b: second operators, likewise.
        n_rounds: most rounds of kicks per pair, at least 1; more find lower angles.
        device: where the climbs run; see `metric_harness.devices.on_device`.

    Raises:
        SettingError: if there is no such device.
        ShapeError: if the shapes differ or are not (n_pairs, n, n).
        NonFiniteError: if an entry is NaN or infinite.
        DegenerateInputError: if an operator is zero, which has no direction.
    """
    first, second = _operators(a, "a"), _operators(b, "b")
    if first.shape != second.shape:
        raise ShapeError(f"a has shape {first.shape} and b {second.shape}; needed operators of equal size.")
    n_pairs, n = first.shape[:2]
    angles, converged = np.zeros(n_pairs), np.ones(n_pairs, dtype=bool)
    xp = on_device(device)
    search = _ON_GPU if device.startswith("cuda") else _ON_CPU
    starts, kicks = _starts(search.n_starts, n), _kicks(n_rounds, search.n_kicks, n)

    def solve(part: slice) -> None:
        angles[part], converged[part] = _align_batch(first[part], second[part], starts, kicks, search, xp)

    if xp is np:  # however many parts there are, no result depends on them
        n_parts = max(1, min(n_processors(), n_pairs // _LEAST))
        in_threads(solve, list(_slices(n_pairs, max(1, min(search.n_entries // n**2, -(-n_pairs // n_parts))))))
    else:  # one after the other, each with all its starts in one batch of climbs
        for part in _slices(n_pairs, max(1, search.n_entries // (n**2 * (search.n_starts + 1)))):
            solve(part)
    return Alignment(angles, converged)


def _operators(operators: ArrayLike, name: str) -> Array:
    """Return checked operators of Frobenius norm one."""
    array = np.asarray(operators, dtype=np.float64)
    if array.ndim != 3 or array.shape[1] != array.shape[2] or array.shape[1] == 0:
        raise ShapeError(f"{name} has shape {array.shape}; needed (n_pairs, n, n).")
    if not np.isfinite(array).all():
        raise NonFiniteError(f"{name} holds NaN or infinite entries; needed finite operators.")
    largest = np.abs(array).max(axis=(1, 2), keepdims=True)
    if not largest.all():
        which = int(np.flatnonzero(largest.ravel() == 0)[0])
        raise DegenerateInputError(f"{name}[{which}] is zero; needed an operator with a direction.")
    scaled = array / largest  # squares of very small or large entries would leave the number range
    return scaled / np.sqrt(inner(scaled, scaled))[:, None, None]


def _slices(n: int, size: int) -> Iterator[slice]:
    return (slice(start, start + size) for start in range(0, n, size))


def _align_batch(
    a: Array, b: Array, starts: Array, kicks: Array, search: _Search, xp: Any
) -> tuple[Array, NDArray[np.bool_]]:
    """Align one batch of unit operators; see `align`. The frames are NumPy's, so that all devices have the same."""
    frame_a, frame_b = _canonical(a), _canonical(b)
    # Ordered by the first entry that differs, swapped arguments are solved alike.
    difference = (frame_a - frame_b).reshape(len(a), -1)
    first = (difference != 0).argmax(axis=1)[:, None]
    swap = np.take_along_axis(difference, first, axis=1)[:, :, None] > 0
    a, b = np.where(swap, frame_b, frame_a), np.where(swap, frame_a, frame_b)
    there_a, there_b, starts, kicks = (xp.asarray(x) for x in (_deviator(a), _deviator(b), starts, kicks))
    best, converged = (on_host(x) for x in _best_rotation(there_a, there_b, starts, kicks, search))
    moved: Array = best @ b @ transposed(best)
    # arccos loses half the digits near 0 and π; the half angle's tangent does not.
    near, far = a - moved, a + moved
    angles = 2 * np.arctan2(np.sqrt(inner(near, near)), np.sqrt(inner(far, far)))
    return angles, converged


def _deviator(a: Array) -> Array:
    """Return the traceless part at norm one: a rotation leaves the rest as it is.

    A multiple of the identity has none; what rounding leaves of it is set to zero.
    """
    n = a.shape[-1]
    rest = a - np.einsum("bii->b", a)[:, None, None] / n * np.eye(n)
    norm = np.sqrt(inner(rest, rest))[:, None, None]
    return np.where(norm > 1e-14 * n, rest / np.maximum(norm, 1e-300), 0.0)


def _canonical(a: Array) -> Array:
    """Return each operator in the eigenbasis of its symmetric part, in descending order.

    The signs of the axes follow the antisymmetric part K: along a spanning tree of its largest entries
    they are made positive. A common sign is left, which conjugation ignores.
    """
    basis = np.linalg.eigh((a + transposed(a)) / 2)[1][:, :, ::-1]
    turned: Array = transposed(basis) @ a @ basis
    k: Array = turned - transposed(turned)
    rows, (n_operators, n) = np.arange(len(a)), a.shape[:2]
    signs = np.ones((n_operators, n))
    reach, parent = np.abs(k[:, 0]), np.zeros((n_operators, n), dtype=int)
    reach[:, 0] = -1.0  # in the tree
    for _ in range(n - 1):
        new = reach.argmax(axis=1)
        old = parent[rows, new]
        signs[rows, new] = signs[rows, old] * np.where(k[rows, old, new] < 0, -1, 1)
        reach[rows, new] = -1.0
        closer = (np.abs(k[rows, new]) > reach) & (reach >= 0)
        reach = np.where(closer, np.abs(k[rows, new]), reach)
        parent = np.where(closer, new[:, None], parent)
    return turned * signs[:, :, None] * signs[:, None, :]


@functools.lru_cache(maxsize=4)
def _starts(n_starts: int, n: int) -> Array:
    """Draw the rotations, of both determinants, from which every pair of size n is climbed, shape (n_starts, n, n)."""
    return _for_all(_rotations(generator(0, "conjugacy", n), n_starts, n))


@functools.lru_cache(maxsize=4)  # they take a tenth of the time of a single pair
def _kicks(n_rounds: int, n_kicks: int, n: int) -> Array:
    """Draw rotations of some neighboring axes that leave the others alone, shape (n_rounds, n_kicks, n, n).

    Axes are in the order of the eigenvalues of an operator's symmetric part: neighbors are what is easily mistaken for
    each other.
    """
    rng = generator(0, "conjugacy", "kicks", n)
    kicks = np.tile(np.eye(n), (n_rounds, n_kicks, 1, 1))
    narrowest = min(n, max(2, int(_NARROWEST * n)))
    for kick in kicks.reshape(-1, n, n):
        width = int(rng.integers(narrowest, max(narrowest, int(_WIDEST * n)) + 1))
        first = int(rng.integers(n - width + 1))
        turned = slice(first, first + width)
        kick[turned, turned] = _rotations(rng, 1, width)[0]
    return _for_all(kicks)


def _for_all(drawn: Array) -> Array:
    """Return what all calls share, which none may write to."""
    drawn.flags.writeable = False
    return drawn


def _rotations(rng: np.random.Generator, n_rotations: int, n: int) -> Array:
    """Draw orthogonal matrices evenly."""
    q, r = np.linalg.qr(rng.standard_normal((n_rotations, n, n)))
    diagonal: Array = np.diagonal(r, axis1=1, axis2=2)
    return q * np.where(diagonal < 0, -1.0, 1.0)[:, None, :]


def _best_rotation(a: Stack, b: Stack, starts: Stack, kicks: Stack, search: _Search) -> tuple[Stack, Which]:
    """Return the best rotation of each pair, shape (n_pairs, n, n), and whether its climb converged."""
    xp = namespace(a)
    own = xp.broadcast_to(xp.eye(a.shape[-1], dtype=a.dtype), a.shape)
    best = xp.copy(own)  # exact for conjugates: equal frames
    apart = xp.flatnonzero(gap(a, b) > _SAME)
    if len(apart):
        best[apart] = _searched(a[apart], b[apart], own[apart], starts, kicks, search)
    return _polish(a, b, best)


def _searched(a: Stack, b: Stack, own: Stack, starts: Stack, kicks: Stack, search: _Search) -> Stack:
    """Return the end of each pair's best climb, to single precision, from its own frames, the starts and the kicks."""
    xp = namespace(a)
    every = xp.concatenate([own[:, None], xp.broadcast_to(starts, (len(a), *starts.shape))], axis=1)
    ends, heights = _explore(a, b, every, search.n_kicked, search.n_entries)
    idle = xp.zeros(len(a), dtype=int)
    for drawn in kicks:
        on = xp.flatnonzero(idle < _PATIENCE)
        if len(on) == 0:
            break
        more, found = _explore(a[on], b[on], _kicked(ends[on], drawn), search.n_kicked, search.n_entries)
        before = heights[on, 0]
        more, found = xp.concatenate([ends[on], more], axis=1), xp.concatenate([heights[on], found], axis=1)
        ends[on], heights[on] = _highest(more, found, search.n_kicked)
        # The height is the cosine of the angle, whose slope is its sine.
        enough = _ROUNDING + _GAIN * xp.sqrt(xp.maximum(0, 1 - before**2))
        idle[on] = xp.where(heights[on, 0] - before > enough, 0, idle[on] + 1)
    return _explore(a, b, ends, 1, search.n_entries, _LAST_LEG)[0][:, 0]


def _kicked(ends: Stack, kicks: Stack) -> Stack:
    """Return the ends (n_pairs, n_ends, n, n) in turn, kicked in the first operator's axes or the second's."""
    xp = namespace(ends)
    chosen = ends[:, xp.arange(len(kicks)) % ends.shape[1]]
    in_first = (xp.arange(len(kicks)) // ends.shape[1] % 2 == 0)[:, None, None]
    return xp.where(in_first, kicks @ chosen, chosen @ kicks)


def _polish(a: Stack, b: Stack, c: Stack) -> tuple[Stack, Which]:
    """Climb to rounding, or as near as counts; return the ends and whether they converged."""
    xp = namespace(c)
    c, converged = xp.copy(c), xp.zeros(len(c), dtype=bool)
    for effort in (effort for polish in POLISH for effort in (polish, SETTLE)):
        rough = xp.flatnonzero(~converged)
        if len(rough) == 0:
            break
        left_a, left_b = a[rough], b[rough]
        c[rough], _, slope = climb(left_a, left_b, c[rough], effort)
        converged[rough] = _converged(slope, gap(left_a, c[rough] @ left_b @ transposed(c[rough])), a.shape[-1])
    return c, converged


def _converged(slope: Stack, distance: Stack, n: int) -> Which:
    """Say for which climbs the angle is within `CONVERGED_ANGLE` of that of the summit they climb to.

    No two rotations are farther apart than π√n, as each of the n/2 planes turns by at most π and counts
    twice in |W|². Up a slope that only levels off, f = cos θ thus rises by at most slope · π√n, and θ
    falls by that over sin θ, which is at least |A - M|/√2 as two traceless operators are never more than π/2
    apart at their best. A θ below `CONVERGED_ANGLE` cannot fall by more.

    The second-order distance to the summit would not do: operators with few large singular values leave
    valleys of curvature 1e-10 and less, along which the rotation is not determined but the angle is.

    Confession: where f bends upwards again on the way, nothing bounds it. Measured on 40 pairs of the
    reference study's composites, six times longer climbs lowered the angle by 3e-7 at most.
    """
    allowed = CONVERGED_ANGLE * distance / np.sqrt(2)
    return (slope * np.pi * np.sqrt(n) <= allowed) | (distance <= CONVERGED_ANGLE)


def _explore(
    a: Stack, b: Stack, starts: Stack, n_kept: int, n_entries: int, legs: Sequence[tuple[Effort, float]] = _LEGS
) -> tuple[Stack, Stack]:
    """Climb in single precision from the starts (n_pairs, n_starts, n, n); keep some of the highest.

    The operators are rounded to multiples of 2^-16 first: what they are in the last digits, such as
    after a change of coordinates, then hardly ever decides on which summit a climb ends.
    """
    xp = namespace(a)
    double, single = a.dtype, getattr(xp, _PRECISION)
    a, b = (xp.asarray(xp.round(x * 65536) / 65536, dtype=single) for x in (a, b))
    n = a.shape[-1]
    a, b, ends = (_padded(x) for x in (a, b, xp.asarray(starts, dtype=single)))
    heights = xp.empty(ends.shape[:2], dtype=single)
    for effort, kept in legs:
        ends, heights, _ = _climb_all(a, b, ends, effort, n_entries)
        ends, heights = _highest(ends, heights, max(n_kept, round(kept * starts.shape[1])))
    return xp.asarray(ends[:, :, :n, :n], dtype=double), xp.asarray(heights, dtype=double)


def _padded(x: Stack) -> Stack:
    """Return matrices with a row and a column of zeros more, if that makes their size a multiple of 16.

    Products of such matrices take two thirds of the time. A climb stays in the space it starts in.
    """
    border = (0, int(x.shape[-1] % 16 == 15))
    return namespace(x).pad(x, (*[(0, 0)] * (x.ndim - 2), border, border))


def _highest(ends: Stack, heights: Stack, n_kept: int) -> tuple[Stack, Stack]:
    """Return the ends (n_pairs, n_kept, n, n) and heights of the highest climbs, highest first."""
    xp = namespace(heights)
    order = xp.argsort(-heights, axis=1, kind="stable")[:, :n_kept]
    chosen = xp.arange(len(heights))[:, None], order
    return ends[chosen], heights[chosen]


def _climb_all(a: Stack, b: Stack, starts: Stack, effort: Effort, n_entries: int) -> tuple[Stack, Stack, Stack]:
    """Climb from starts (n_pairs, n_starts, n, n); return ends, heights and slopes left."""
    n_pairs, n_starts, n = starts.shape[:3]
    xp = namespace(starts)
    flat, ends = starts.reshape(-1, n, n), xp.empty((n_pairs * n_starts, n, n), dtype=starts.dtype)
    heights, slopes = xp.empty((2, n_pairs * n_starts), dtype=starts.dtype)
    for part in _slices(len(flat), max(1, n_entries // n**2)):
        pair = xp.arange(len(flat))[part] // int(n_starts)
        ends[part], heights[part], slopes[part] = climb(a[pair], b[pair], flat[part], effort)
    return ends.reshape(starts.shape), heights.reshape(n_pairs, n_starts), slopes.reshape(n_pairs, n_starts)
