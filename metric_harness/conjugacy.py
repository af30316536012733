"""The angle between two operators up to an orthogonal change of coordinates, for many pairs at once.

The angle between A and B is the smallest, over orthogonal C, of arccos(⟨A, C B Cᵀ⟩ / (|A| |B|)) in the
Frobenius inner product. The maximization has many local maxima, so each pair is climbed from many
starts, all at once; most are dropped halfway, and the best is climbed to rounding.

Derivation. Write M = C B Cᵀ and move C along exp(W) with W antisymmetric. With N = A Mᵀ - Mᵀ A, the
slope of f = ⟨A, M⟩ is ⟨G, W⟩ for G = (N - Nᵀ)/2. The second-order term is ½⟨W, H W⟩ with
H W = (Y - Yᵀ)/2, Y = A W Mᵀ + Mᵀ W A - P W, P the symmetric part of A Mᵀ + Mᵀ A. Its diagonal, for
the plane of axes i and j, is A_ii M_jj + A_jj M_ii - A_ij M_ji - A_ji M_ij - (P_ii + P_jj) / 2. It
preconditions the conjugate gradients that solve the Newton system, and is nearly exact where the
symmetric parts dominate, because both operators are first brought to the eigenbases of theirs.

The same frames make the result insensitive to how an operator was rotated before it arrived: the
starts are fixed relative to the operators, not to their coordinates.
"""

import dataclasses
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeAlias, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metric_harness.arrays import Array
from metric_harness.errors import DegenerateInputError, NonFiniteError, ShapeError
from metric_harness.seeding import generator

N_ROUNDS = 2
"""Most rounds of random starts per pair, unless the caller asks otherwise."""

CONVERGED_ANGLE = 1e-5
"""Largest error in the angle, in radians, with which a climb counts as converged; see `_converged`."""

Stack: TypeAlias = NDArray[Any]
"""Matrices of one size, in double or single precision, shape (k, n, n); or numbers, one per matrix."""

_STARTS_TIMES_SIZE = 450
"""Random starts per round, times n: a climb's cost grows faster than that."""
_ENTRIES = 60_000
"""Matrix entries per array in one batch of climbs: what bounds memory and suits the processor's cache."""
_FLATTEST, _FLAT = 1e-3, 1e-9
"""Smallest curvatures: that the preconditioner believes, relative to the largest; and that is told from
zero, relative to the preconditioner's."""
_LOOSEST, _REACH = 0.25, 0.25
"""Where conjugate gradients stop far from a summit: squared residual relative to the first, and squared
length over n times the squared longest turn, since the line search would shorten a longer step."""
_LONGEST_TURN, _SHORTENINGS = 1.25, 12
"""Largest angle, in radians, by which one step may turn a plane, and how often it may be shortened."""
_AFTER_FIRST_LEG, _KEPT, _SAME_HEIGHT = 10, 3, 1e-5
"""Climbs of a round that go on after the first leg, climbs kept, and the difference of two heights (of at
most 1) within which they count as one summit."""


class _Effort(NamedTuple):
    """How far a climb goes.

    Attributes:
        n_steps: most Newton steps.
        slope: the slope that ends it.
        n_solver_steps: most conjugate gradient steps per Newton step.
        gain: a step that promises less than this, in radians of the angle, is the last one that is needed.
    """

    n_steps: int
    slope: float
    n_solver_steps: int
    gain: float = 0.0


_FIRST_LEG, _SECOND_LEG = _Effort(19, 1e-3, 12), _Effort(14, 1e-3, 12)
"""Before some eighteen steps the height does not tell yet where a climb will end."""
_ASCENT, _POLISH = _Effort(100, 1e-4, 30), _Effort(200, 1e-12, 60, 1e-10)


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


def align(a: ArrayLike, b: ArrayLike, *, n_rounds: int = N_ROUNDS) -> Alignment:
    """Return the angles between paired operators, up to an orthogonal change of coordinates.

    Exactly symmetric in its arguments, deterministic, and independent pair by pair: neither the order
    nor the number of the other pairs changes a result. Global random states are neither read nor moved.

    Args:
        a: first operators, shape (n_pairs, n, n).
        b: second operators, likewise.
        n_rounds: most rounds of random starts per pair, at least 1; more find lower angles.

    Raises:
        ShapeError: if the shapes differ or are not (n_pairs, n, n).
        NonFiniteError: if an entry is NaN or infinite.
        DegenerateInputError: if an operator is zero, which has no direction.
    """
    first, second = _operators(a, "a"), _operators(b, "b")
    if first.shape != second.shape:
        raise ShapeError(f"a has shape {first.shape} and b {second.shape}; needed operators of equal size.")
    n_pairs, n = first.shape[:2]
    angles, converged = np.zeros(n_pairs), np.ones(n_pairs, dtype=bool)
    starts = _random_rotations(n_rounds, n)
    for part in _slices(n_pairs, max(1, _ENTRIES // n**2)):
        angles[part], converged[part] = _align_batch(first[part], second[part], starts)
    return Alignment(angles, converged)


def _operators(operators: ArrayLike, name: str) -> Stack:
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
    return scaled / np.sqrt(_inner(scaled, scaled))[:, None, None]


def _slices(n: int, size: int) -> Iterator[slice]:
    return (slice(start, start + size) for start in range(0, n, size))


def _t(x: Stack) -> Stack:
    return x.transpose(0, 2, 1)


def _inner(x: Stack, y: Stack) -> Stack:
    size = x.shape[1] * x.shape[2]
    return (x.reshape(-1, 1, size) @ y.reshape(-1, size, 1))[:, 0, 0]


def _align_batch(a: Stack, b: Stack, rotations: Stack) -> tuple[Stack, NDArray[np.bool_]]:
    """Align one batch of unit operators; see `align`."""
    frame_a, frame_b = _canonical(a), _canonical(b)
    # Ordered by the first entry that differs, swapped arguments are solved alike.
    difference = (frame_a - frame_b).reshape(len(a), -1)
    first = (difference != 0).argmax(axis=1)[:, None]
    swap = np.take_along_axis(difference, first, axis=1)[:, :, None] > 0
    a, b = np.where(swap, frame_b, frame_a), np.where(swap, frame_a, frame_b)
    best, converged = _best_rotation(_deviator(a), _deviator(b), rotations)
    moved = best @ b @ _t(best)
    # arccos loses half the digits near 0 and π; the half angle's tangent does not.
    near, far = a - moved, a + moved
    angles = 2 * np.arctan2(np.sqrt(_inner(near, near)), np.sqrt(_inner(far, far)))
    return angles, converged


def _deviator(a: Stack) -> Stack:
    """Return the traceless part at norm one: a rotation leaves the rest as it is.

    A multiple of the identity has none; what rounding leaves of it is set to zero.
    """
    n = a.shape[-1]
    rest = a - np.einsum("bii->b", a)[:, None, None] / n * np.eye(n)
    norm = np.sqrt(_inner(rest, rest))[:, None, None]
    return np.where(norm > 1e-14 * n, rest / np.maximum(norm, 1e-300), 0.0)


def _canonical(a: Stack) -> Stack:
    """Return each operator in the eigenbasis of its symmetric part, in descending order.

    The signs of the axes follow the antisymmetric part K: along a spanning tree of its largest entries
    they are made positive. A common sign is left, which conjugation ignores.
    """
    basis = np.linalg.eigh((a + _t(a)) / 2)[1][:, :, ::-1]
    turned = _t(basis) @ a @ basis
    k = turned - _t(turned)
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


def _random_rotations(n_rounds: int, n: int) -> Stack:
    """Draw the orthogonal matrices, of both determinants, from which every pair of size n is climbed.

    Shape (n_rounds, n_starts, n, n), with fewer starts per round the dearer they are.
    """
    rng = generator(0, "conjugacy", n)
    n_starts = min(48, max(4, _STARTS_TIMES_SIZE // n))
    q, r = np.linalg.qr(rng.standard_normal((n_rounds, n_starts, n, n)))
    diagonal: Stack = np.diagonal(r, axis1=2, axis2=3)
    return q * np.where(diagonal < 0, -1.0, 1.0)[:, :, None, :]


def _best_rotation(a: Stack, b: Stack, rotations: Stack) -> tuple[Stack, NDArray[np.bool_]]:
    """Return the best rotation of each pair, shape (n_pairs, n, n), and whether its climb converged.

    Random starts come in rounds, until the two highest climbs of a pair agree in height: a summit that
    was reached twice is seldom missed by all others.
    """
    own = np.broadcast_to(np.eye(a.shape[-1]), a.shape)[:, None]  # exact for conjugates: equal frames
    ends, heights = _explore(a, b, own, rotations[0])
    for drawn in rotations[1:]:
        again = np.flatnonzero(heights[:, 0] - heights[:, 1] > _SAME_HEIGHT)
        if again.size == 0:
            break
        more, found = _explore(a[again], b[again], ends[again, :0], drawn)
        more = np.concatenate([ends[again], more], axis=1)
        found = np.concatenate([heights[again], found], axis=1)
        ends[again], heights[again] = _highest(more, found, _KEPT)
    ends, heights, _ = _climb_all(a, b, ends, _ASCENT)
    ends, _, slopes = _climb_all(a, b, _highest(ends, heights, 1)[0], _POLISH)
    best = ends[:, 0]
    return best, _converged(slopes[:, 0], _gap(a, best @ b @ _t(best)), a.shape[-1])


def _gap(a: Stack, m: Stack) -> Stack:
    """Return |A - M|, which is 2 sin(θ/2) for unit operators θ apart, and keeps small θ's digits."""
    return np.sqrt(_inner(a - m, a - m))


def _converged(slope: Stack, gap: Stack, n: int) -> NDArray[np.bool_]:
    """Say for which climbs the angle is within `CONVERGED_ANGLE` of that of the summit they climb to.

    No two rotations are farther apart than π√n, as each of the n/2 planes turns by at most π and counts
    twice in |W|². Up a slope that only levels off, f = cos θ thus rises by at most slope · π√n, and θ
    falls by that over sin θ, which is at least gap/√2 as two traceless operators are never more than π/2
    apart at their best. A θ below `CONVERGED_ANGLE` cannot fall by more.

    The second-order distance to the summit would not do: operators with few large singular values leave
    valleys of curvature 1e-10 and less, along which the rotation is not determined but the angle is.

    Confession: where f bends upwards again on the way, nothing bounds it; that is another summit's slope.
    """
    allowed = CONVERGED_ANGLE * gap / np.sqrt(2)
    return (slope * np.pi * np.sqrt(n) <= allowed) | (gap <= CONVERGED_ANGLE)


def _explore(a: Stack, b: Stack, own: Stack, drawn: Stack) -> tuple[Stack, Stack]:
    """Climb in single precision from each pair's own starts and the drawn ones; keep the highest.

    The operators are rounded to multiples of 2^-16 first: what they are in the last digits, such as
    after a change of coordinates, then hardly ever decides on which summit a climb ends.
    """
    a, b = ((np.round(x * 65536) / 65536).astype(np.float32) for x in (a, b))
    starts = np.concatenate([own, np.broadcast_to(drawn, (len(own), *drawn.shape))], axis=1)
    ends, heights, _ = _climb_all(a, b, starts.astype(np.float32), _FIRST_LEG)
    ends, heights = _highest(ends, heights, _AFTER_FIRST_LEG)
    ends, heights, _ = _climb_all(a, b, ends, _SECOND_LEG)
    ends, heights = _highest(ends, heights, _KEPT)
    return ends.astype(np.float64), heights.astype(np.float64)


def _highest(ends: Stack, heights: Stack, n_kept: int) -> tuple[Stack, Stack]:
    """Return the ends (n_pairs, n_kept, n, n) and heights of the highest climbs, highest first."""
    order = np.argsort(-heights, axis=1, kind="stable")[:, :n_kept]
    chosen = np.arange(len(heights))[:, None], order
    return ends[chosen], heights[chosen]


def _climb_all(a: Stack, b: Stack, starts: Stack, effort: _Effort) -> tuple[Stack, Stack, Stack]:
    """Climb from starts (n_pairs, n_starts, n, n); return ends, heights and slopes left."""
    n_pairs, n_starts, n = starts.shape[:3]
    flat, ends = starts.reshape(-1, n, n), np.empty((n_pairs * n_starts, n, n), dtype=starts.dtype)
    heights, slopes = np.empty((2, n_pairs, n_starts), dtype=starts.dtype)
    for part in _slices(len(flat), max(1, _ENTRIES // n**2)):
        pair = np.arange(len(flat))[part] // int(n_starts)
        ends[part], heights.flat[part], slopes.flat[part] = _climb(a[pair], b[pair], flat[part], effort)
    return ends.reshape(starts.shape), heights, slopes


def _climb(a: Stack, b: Stack, c: Stack, effort: _Effort) -> tuple[Stack, Stack, Stack]:
    """Climb f = ⟨A, C B Cᵀ⟩ by Newton's method with truncated conjugate gradients and a line search.

    Returns the last C, its height f and the slope left, per climb; each ends by itself.
    """
    ends, heights, slopes = np.array(c), np.empty_like(a[:, 0, 0]), np.empty_like(a[:, 0, 0])
    c = _orthogonal(c)  # an earlier stage may have been less precise
    climbs, m = np.arange(len(a)), c @ b @ _t(c)
    stuck, settled = np.zeros((2, len(a)), dtype=bool)
    for step in range(effort.n_steps + 1):
        model = _Model.build(a, m)
        left = np.sqrt(_inner(model.gradient, model.gradient))
        done = stuck | (left <= effort.slope) | (step == effort.n_steps)
        if settled.any():
            done |= settled & _converged(left, _gap(a, m), a.shape[-1])
        if done.any():
            ended, on = climbs[done], ~done
            ends[ended], heights[ended], slopes[ended] = c[done], _inner(a[done], m[done]), left[done]
            if done.all():
                break
            climbs, a, b, c, m, left = climbs[on], a[on], b[on], c[on], m[on], left[on]
            model = model.select(on)
        direction = _newton_direction(model, left, effort.n_solver_steps)
        if effort.gain:
            settled = _inner(model.gradient, direction) / 2 <= effort.gain * _gap(a, m)
        else:
            settled = np.zeros(len(a), dtype=bool)
        c, m, stuck = _search_line(a, b, c, m, direction, model.gradient)
    return ends, heights, slopes


@final
@dataclasses.dataclass(frozen=True)
class _Model:
    """The second-order model of f at M; see the derivation at the top.

    Attributes:
        factors: -A/2, -Mᵀ/2 and P/2 stacked, shape (n_climbs, 3n, n), so that one product serves three.
        mt: Mᵀ.
        a: A.
        gradient: G.
        weights: the preconditioner, positive, per entry of W.
    """

    factors: Stack
    mt: Stack
    a: Stack
    gradient: Stack
    weights: Stack

    @classmethod
    def build(cls, a: Stack, m: Stack) -> "_Model":
        mt = np.ascontiguousarray(_t(m))
        outer, inner = a @ mt, mt @ a
        n, p = outer - inner, outer + inner
        reach = np.einsum("bii->bi", p)[:, :, None] / -2
        cross = np.einsum("bii->bi", a)[:, :, None] * np.einsum("bii->bi", m)[:, None, :] - a * mt
        diagonal = np.abs(reach + cross + _t(reach + cross))
        floor = _FLATTEST * diagonal.max(axis=(1, 2), keepdims=True)
        weights = 1 / np.maximum(np.maximum(diagonal, floor), 1e-6)
        factors = np.concatenate([-a, -mt, (p + _t(p)) / 2], axis=1)
        return cls(factors / 2, mt, a, (n - _t(n)) / 2, weights)

    def select(self, which: NDArray[Any]) -> "_Model":
        return _Model(*(getattr(self, field.name)[which] for field in dataclasses.fields(self)))

    def descend(self, w: Stack) -> Stack:
        """Return -H W."""
        n = w.shape[-1]
        products = self.factors @ w
        y = products[:, :n] @ self.mt
        y += products[:, n : 2 * n] @ self.a
        y += products[:, 2 * n :]
        return y - _t(y)


def _newton_direction(model: _Model, left: Stack, n_steps: int) -> Stack:
    """Solve -H X = G roughly by preconditioned conjugate gradients.

    A climb is done when its residual is small enough for its distance from the summit, or at negative
    curvature: it keeps what it has, or, at the first step, takes the preconditioned slope.
    """
    answer, climbs = np.empty_like(model.gradient), np.arange(len(left))
    residual = model.gradient.copy()
    search = residual * model.weights
    x = np.zeros_like(search)
    energy = _inner(residual, search)
    target = np.minimum(_LOOSEST, left) * energy
    longest = _REACH * search.shape[-1] * _LONGEST_TURN**2
    live, tiny = np.ones(len(left), dtype=bool), np.finfo(x.dtype).tiny
    for step in range(n_steps):
        image = model.descend(search)
        curvature = _inner(search, image)
        bent = curvature <= _FLAT * energy
        length = np.where(bent, float(step == 0), energy / np.where(bent, 1, curvature)) * live
        x += length[:, None, None] * search
        residual -= length[:, None, None] * image
        scaled = residual * model.weights
        before, energy = energy, _inner(residual, scaled)
        live &= ~bent & (energy > target) & (_inner(x, x) < longest)
        if not live.any():
            break
        # Sorting out those that are done costs about as much as carrying one third of them along.
        if np.count_nonzero(live) < 0.67 * len(live):
            answer[climbs[~live]] = x[~live]
            climbs, x, residual = climbs[live], x[live], residual[live]
            scaled, search, energy, before = scaled[live], search[live], energy[live], before[live]
            target, model, live = target[live], model.select(live), live[live]
        search *= (energy / np.maximum(before, tiny))[:, None, None]
        search += scaled
    answer[climbs] = x
    return answer


def _search_line(
    a: Stack, b: Stack, c: Stack, m: Stack, direction: Stack, gradient: Stack
) -> tuple[Stack, Stack, NDArray[np.bool_]]:
    """Step along each direction, shortened until f rises enough; say which climbs could not rise."""
    rise = _inner(gradient, direction)
    direction = np.where((rise > 0)[:, None, None], direction, gradient)
    square = direction @ direction
    # The square of W has each squared angle twice, so this bounds the largest angle from above.
    largest = np.sqrt(np.sqrt(_inner(square, square) / 2))
    rise, height = _inner(gradient, direction), _inner(a, m)
    length = np.minimum(1.0, _LONGEST_TURN / np.maximum(largest, 1e-30))
    c, m, waiting = c.copy(), m.copy(), np.arange(len(a))
    noise = 50 * np.finfo(a.dtype).eps  # of an inner product of two unit operators
    for _ in range(_SHORTENINGS):
        turned = _turn(c[waiting], length[waiting, None, None] * direction[waiting])
        moved = turned @ b[waiting] @ _t(turned)
        enough = height[waiting] + 1e-4 * length[waiting] * rise[waiting] - noise
        rose = _inner(a[waiting], moved) >= enough
        c[waiting[rose]], m[waiting[rose]], waiting = turned[rose], moved[rose], waiting[~rose]
        if waiting.size == 0:
            break
        length[waiting] *= 0.3
    return c, m, np.isin(np.arange(len(a)), waiting)


def _turn(c: Stack, w: Stack) -> Stack:
    """Return exp(W) C to fourth order, made orthogonal again."""
    square = w @ w
    identity = np.eye(w.shape[-1], dtype=w.dtype)
    return _orthogonal((identity + w + square @ (identity / 2 + w / 6 + square / 24)) @ c)


def _orthogonal(c: Stack) -> Stack:
    """Return the orthogonal matrix near C, by two Newton-Schulz steps."""
    for _ in range(2):
        c = 1.5 * c - 0.5 * c @ (_t(c) @ c)
    return c
