"""Newton's ascent of f(C) = ⟨A, C B Cᵀ⟩ over orthogonal C, for many climbs at once.

Derivation. Write M = C B Cᵀ and move C along exp(W) with W antisymmetric. With N = A Mᵀ - Mᵀ A, the
slope of f = ⟨A, M⟩ is ⟨G, W⟩ for G = (N - Nᵀ)/2. The second-order term is ½⟨W, H W⟩ with
H W = (Y - Yᵀ)/2, Y = A W Mᵀ + Mᵀ W A - P W, P the symmetric part of A Mᵀ + Mᵀ A. Its diagonal, for
the plane of axes i and j, is A_ii M_jj + A_jj M_ii - A_ij M_ji - A_ji M_ij - (P_ii + P_jj) / 2. It
preconditions the conjugate gradients that solve the Newton system, and is nearly exact where the
symmetric parts dominate, if both operators are given in the eigenbases of theirs.
"""

import dataclasses
from typing import Any, NamedTuple, TypeAlias, final

import numpy as np

from metric_harness.devices import namespace

Stack: TypeAlias = Any
"""Matrices of one size, in double or single precision, shape (k, n, n); or numbers, one per matrix.

NumPy's arrays or torch's tensors (`metric_harness.devices`); all arguments of a call are of one kind, and so is what
it returns."""
Which: TypeAlias = Any
"""Truth values, one per matrix, or places of matrices; of the kind of the matrices."""


class Limits(NamedTuple):
    """What holds for every climb, however far it goes.

    Attributes:
        flat: smallest curvature that is told from zero, relative to the preconditioner's.
        loosest: squared residual, relative to the first, with which conjugate gradients stop far from a summit.
        reach: squared length, over n times the squared longest turn, at which they stop, since the line search would
            shorten a longer step.
        longest_turn: largest angle, in radians, by which one step may turn a plane.
        n_shortenings: how often a step may be shortened.
    """

    flat: float
    loosest: float
    reach: float
    longest_turn: float
    n_shortenings: int


LIMITS = Limits(1e-9, 0.25, 0.25, 1.25, 12)


class Effort(NamedTuple):
    """How far a climb goes.

    Attributes:
        n_steps: most Newton steps.
        slope: the slope that ends it.
        n_solver_steps: most conjugate gradient steps per Newton step.
        flattest: smallest curvature that the preconditioner believes, relative to the largest.
        gain: a step that promises less than this, in radians of the angle, is the last one that is needed.
        radius: longest Newton step.
    """

    n_steps: int
    slope: float
    n_solver_steps: int
    flattest: float = 1e-3
    gain: float = 0.0
    radius: float = np.inf


def transposed(x: Stack) -> Stack:
    """Return the transpose of each matrix."""
    return x.swapaxes(1, 2)


def inner(x: Stack, y: Stack) -> Stack:
    """Return the Frobenius inner product of each pair of matrices, shape (k,)."""
    size = x.shape[1] * x.shape[2]
    return (x.reshape(-1, 1, size) @ y.reshape(-1, size, 1))[:, 0, 0]


def gap(a: Stack, m: Stack) -> Stack:
    """Return |A - M|, which is 2 sin(θ/2) for unit operators θ apart, and keeps small θ's digits."""
    return namespace(a).sqrt(inner(a - m, a - m))


def climb(a: Stack, b: Stack, c: Stack, effort: Effort) -> tuple[Stack, Stack, Stack]:
    """Climb f = ⟨A, C B Cᵀ⟩ by Newton's method with truncated conjugate gradients and a line search.

    Returns the last C, its height f and the slope left, per climb; each ends by itself.
    """
    xp = namespace(a)
    ends, heights, slopes = xp.copy(c), xp.empty_like(a[:, 0, 0]), xp.empty_like(a[:, 0, 0])
    c = _orthogonal(_orthogonal(c))  # an earlier stage may have been less precise
    climbs, m = xp.arange(len(a)), c @ b @ transposed(c)
    stuck, settled = xp.zeros((2, len(a)), dtype=bool)
    for step in range(effort.n_steps + 1):
        model = _Model.build(a, m, effort)
        left = xp.sqrt(inner(model.gradient, model.gradient))
        done = stuck | settled | (left <= effort.slope) | (step == effort.n_steps)
        off = xp.flatnonzero(done)  # all that the processor must learn of a step on another device
        if len(off):
            ended = climbs[off]
            ends[ended], heights[ended], slopes[ended] = c[off], inner(a[off], m[off]), left[off]
            if len(off) == len(done):
                break
            on = xp.flatnonzero(~done)
            climbs, a, b, c, m, left = climbs[on], a[on], b[on], c[on], m[on], left[on]
            model = model.select(on)
        direction = _newton_direction(model, left, effort.n_solver_steps)
        settled = inner(model.gradient, direction) / 2 <= effort.gain * gap(a, m)
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
        damping: what is added to -H so that no Newton step is longer than the effort's radius, shape
            (n_climbs, 1, 1); zero where there is no limit.
        damped: whether there is one.
    """

    factors: Stack
    mt: Stack
    a: Stack
    gradient: Stack
    weights: Stack
    damping: Stack
    damped: bool

    @classmethod
    def build(cls, a: Stack, m: Stack, effort: Effort) -> "_Model":
        xp = namespace(a)
        n = a.shape[-1]
        mt = xp.ascontiguousarray(transposed(m))
        left, right = a @ mt, mt @ a
        gradient = left - right
        gradient = (gradient - transposed(gradient)) / 2
        p = left
        p += right
        factors = xp.empty((len(a), 3 * n, n), dtype=a.dtype)
        xp.multiply(a, -0.5, out=factors[:, :n])
        xp.multiply(mt, -0.5, out=factors[:, n : 2 * n])
        xp.add(p, transposed(p), out=factors[:, 2 * n :])
        factors[:, 2 * n :] /= 4
        # The diagonal of H, as derived at the top, is what this and its transpose sum to.
        cross = xp.einsum("bii->bi", a)[:, :, None] * xp.einsum("bii->bi", m)[:, None, :]
        cross -= a * mt
        cross -= xp.einsum("bii->bi", p)[:, :, None] / 2
        curvature = xp.abs(cross + transposed(cross))
        floor = xp.maximum(effort.flattest * xp.amax(curvature, axis=(1, 2), keepdims=True), 1e-12)
        damping = xp.sqrt(inner(gradient, gradient))[:, None, None] / effort.radius
        weights = 1 / (xp.maximum(curvature, floor) + damping)
        return cls(factors, mt, a, gradient, weights, damping, effort.radius < np.inf)

    def select(self, which: Which) -> "_Model":
        a, gradient, weights = self.a[which], self.gradient[which], self.weights[which]
        return _Model(self.factors[which], self.mt[which], a, gradient, weights, self.damping[which], self.damped)

    def descend(self, w: Stack) -> Stack:
        """Return -H W, damped."""
        n = w.shape[-1]
        products = self.factors @ w
        y = products[:, :n] @ self.mt
        y += products[:, n : 2 * n] @ self.a
        y += products[:, 2 * n :]
        y = y - transposed(y)
        return y + self.damping * w if self.damped else y


def _newton_direction(model: _Model, left: Stack, n_steps: int) -> Stack:
    """Solve -H X = G roughly by preconditioned conjugate gradients.

    A climb is done when its residual is small enough for its distance from the summit, or at negative
    curvature: it keeps what it has, or, at the first step, takes the preconditioned slope.
    """
    xp = namespace(left)
    answer, climbs = xp.empty_like(model.gradient), xp.arange(len(left))
    residual = xp.copy(model.gradient)
    search = residual * model.weights
    x = xp.zeros_like(search)
    energy = inner(residual, search)
    target = xp.minimum(LIMITS.loosest, left) * energy
    longest = LIMITS.reach * search.shape[-1] * LIMITS.longest_turn**2
    live, tiny = xp.ones(len(left), dtype=bool), xp.finfo(x.dtype).tiny
    scratch = xp.empty_like(x)  # a product of its own would be written to memory that the cache does not hold
    for step in range(n_steps):
        image = model.descend(search)
        curvature = inner(search, image)
        bent = curvature <= LIMITS.flat * energy
        length = (xp.where(bent, float(step == 0), energy / xp.where(bent, 1, curvature)) * live)[:, None, None]
        x += xp.multiply(search, length, out=scratch)
        image *= length
        residual -= image
        scaled = xp.multiply(residual, model.weights, out=scratch)
        before, energy = energy, inner(residual, scaled)
        live &= ~bent & (energy > target) & (inner(x, x) < longest)
        n_live = int(xp.count_nonzero(live))
        if n_live == 0:
            break
        # Sorting out those that are done costs about as much as carrying one third of them along.
        if n_live < 0.67 * len(live):
            off, on = xp.flatnonzero(~live), xp.flatnonzero(live)
            answer[climbs[off]] = x[off]
            climbs, x, residual = climbs[on], x[on], residual[on]
            scaled, search, energy, before = scaled[on], search[on], energy[on], before[on]
            target, model, live = target[on], model.select(on), live[on]
            scratch = scaled
        search *= (energy / xp.maximum(before, tiny))[:, None, None]
        search += scaled
    answer[climbs] = x
    return answer


def _search_line(
    a: Stack, b: Stack, c: Stack, m: Stack, direction: Stack, gradient: Stack
) -> tuple[Stack, Stack, Which]:
    """Step along each direction, shortened until f rises enough; say which climbs could not rise."""
    xp = namespace(a)
    rise = inner(gradient, direction)
    falling = xp.flatnonzero(rise <= 0)
    if len(falling):
        direction[falling] = gradient[falling]
        rise = inner(gradient, direction)
    square = direction @ direction
    # The square of W has each squared angle twice, so this bounds the largest angle from above.
    largest = xp.sqrt(xp.sqrt(inner(square, square) / 2))
    height = inner(a, m)
    length = xp.minimum(1.0, LIMITS.longest_turn / xp.maximum(largest, 1e-30))
    noise = 50 * xp.finfo(a.dtype).eps  # of an inner product of two unit operators

    def step(which: Which) -> tuple[Stack, Stack, Which]:
        turned = _turn(c[which], direction[which], square[which], length[which, None, None])
        moved = turned @ b[which] @ transposed(turned)
        enough = height[which] + 1e-4 * length[which] * rise[which] - noise
        return turned, moved, inner(a[which], moved) >= enough

    ends, tops, rose = step(slice(None))
    waiting = xp.flatnonzero(~rose)
    for _ in range(LIMITS.n_shortenings - 1):
        if len(waiting) == 0:
            break
        length[waiting] *= 0.3
        ends[waiting], tops[waiting], rose = step(waiting)
        waiting = waiting[xp.flatnonzero(~rose)]
    ends[waiting], tops[waiting] = c[waiting], m[waiting]
    stuck = xp.zeros(len(a), dtype=bool)
    stuck[waiting] = True
    return ends, tops, stuck


def _turn(c: Stack, w: Stack, square: Stack, length: Stack) -> Stack:
    """Return exp(length · W) C to sixth order, made orthogonal again, given W and W².

    exp(V) = I + V + V² (I/2 + V/6 + V² (I/24 + V/120 + V²/720)): for the longest turn, the next term is 1e-3, and
    what is left of it after `_orthogonal` below 1e-5.
    """
    identity = namespace(w).eye(w.shape[-1], dtype=w.dtype)
    w, square = w * length, square * length**2
    outer = square @ (square / 720 + w / 120 + identity / 24)
    outer += w / 6
    outer += identity / 2
    step = square @ outer
    step += w
    return _orthogonal(c + step @ c)


def _orthogonal(c: Stack) -> Stack:
    """Return the orthogonal matrix near C, by a Newton-Schulz step: an error e of CᵀC leaves 3/4 e²."""
    return 1.5 * c - 0.5 * c @ (transposed(c) @ c)
