"""The angle between two operators up to an orthogonal change of coordinates, for many pairs at once.

The angle between A and B is the smallest, over orthogonal C, of arccos(⟨A, C B Cᵀ⟩ / (|A| |B|)) in the
Frobenius inner product. The maximization has many local maxima, of which `metric_harness.summits` seeks the highest;
its end is then climbed to rounding.

Both operators are first brought to the eigenbases of their symmetric parts. This makes the ascent well
conditioned (`metric_harness.ascent`), and the result insensitive to how an operator was rotated before it
arrived: the starts are fixed relative to the operators, not to their coordinates.
"""

import dataclasses
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metric_harness.arrays import Array
from metric_harness.ascent import Effort, Stack, Which, gap, inner, transposed
from metric_harness.devices import CPU, namespace, on_device, on_host
from metric_harness.errors import DegenerateInputError, NonFiniteError, ShapeError
from metric_harness.processors import in_threads, n_processors, one_thread_each, portions
from metric_harness.summits import ON_CPU, ON_GPU, Search, climbed, highest

N_ROUNDS = 12
"""Most rounds of kicks and crossings per pair, unless the caller asks otherwise."""
CONVERGED_ANGLE = 1e-5
"""Largest error in the angle, in radians, with which a climb counts as converged; see `_converged`."""
_SAME = 1e-6
"""Distance of two unit operators in their own frames below which no search can bring them closer by more."""
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
        n_rounds: most rounds of kicks and crossings per pair, at least 1; more find lower angles.
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
    search = ON_GPU if device.startswith("cuda") else ON_CPU

    def solve(part: slice) -> None:
        angles[part], converged[part] = _align_batch(first[part], second[part], n_rounds, search, xp)

    if xp is np:  # however many parts there are, no result depends on them
        n_parts = min(n_processors(), max(1, n_pairs))
        with one_thread_each():
            in_threads(solve, list(portions(n_pairs, min(search.n_entries // n**2, -(-n_pairs // n_parts)))))
    else:  # one after the other, each with all its starts in one batch of climbs
        for part in portions(n_pairs, search.n_entries // (n**2 * (search.n_starts + 1))):
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


def _align_batch(a: Array, b: Array, n_rounds: int, search: Search, xp: Any) -> tuple[Array, NDArray[np.bool_]]:
    """Align one batch of unit operators; see `align`. The frames are NumPy's, so that all devices have the same."""
    frame_a, frame_b = _canonical(a), _canonical(b)
    # Ordered by the first entry that differs, swapped arguments are solved alike.
    difference = (frame_a - frame_b).reshape(len(a), -1)
    first = (difference != 0).argmax(axis=1)[:, None]
    swap = np.take_along_axis(difference, first, axis=1)[:, :, None] > 0
    a, b = np.where(swap, frame_b, frame_a), np.where(swap, frame_a, frame_b)
    there_a, there_b = (xp.asarray(_deviator(x)) for x in (a, b))
    best, converged = (on_host(x) for x in _best_rotation(there_a, there_b, n_rounds, search))
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


def _best_rotation(a: Stack, b: Stack, n_rounds: int, search: Search) -> tuple[Stack, Which]:
    """Return the best rotation of each pair, shape (n_pairs, n, n), and whether its climb converged."""
    xp = namespace(a)
    best = xp.copy(xp.broadcast_to(xp.eye(a.shape[-1], dtype=a.dtype), a.shape))  # exact for conjugates: equal frames
    apart = xp.flatnonzero(gap(a, b) > _SAME)
    if len(apart):
        best[apart] = highest(a[apart], b[apart], n_rounds, search)
    return _polish(a, b, best, search.n_entries)


def _polish(a: Stack, b: Stack, c: Stack, n_entries: int) -> tuple[Stack, Which]:
    """Climb to rounding, or as near as counts; return the ends and whether they converged."""
    xp = namespace(c)
    c, converged = xp.copy(c), xp.zeros(len(c), dtype=bool)
    for effort in (effort for polish in POLISH for effort in (polish, SETTLE)):
        rough = xp.flatnonzero(~converged)
        if len(rough) == 0:
            break
        left_a, left_b = a[rough], b[rough]
        ends, _, slope = climbed(left_a, left_b, c[rough][:, None], effort, n_entries)
        c[rough] = ends[:, 0]
        converged[rough] = _converged(slope[:, 0], gap(left_a, c[rough] @ left_b @ transposed(c[rough])), a.shape[-1])
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
