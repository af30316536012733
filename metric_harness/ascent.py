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
from numpy.typing import NDArray

Stack: TypeAlias = NDArray[Any]
"""Matrices of one size, in double or single precision, shape (k, n, n); or numbers, one per matrix."""

_FLAT = 1e-9
"""Smallest curvature that is told from zero, relative to the preconditioner's."""
_LOOSEST, _REACH = 0.25, 0.25
"""Where conjugate gradients stop far from a summit: squared residual relative to the first, and squared
length over n times the squared longest turn, since the line search would shorten a longer step."""
_LONGEST_TURN, _SHORTENINGS = 1.25, 12
"""Largest angle, in radians, by which one step may turn a plane, and how often it may be shortened."""


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
    return x.transpose(0, 2, 1)


def inner(x: Stack, y: Stack) -> Stack:
    """Return the Frobenius inner product of each pair of matrices, shape (k,)."""
    size = x.shape[1] * x.shape[2]
    return (x.reshape(-1, 1, size) @ y.reshape(-1, size, 1))[:, 0, 0]


def gap(a: Stack, m: Stack) -> Stack:
    """Return |A - M|, which is 2 sin(θ/2) for unit operators θ apart, and keeps small θ's digits."""
    return np.sqrt(inner(a - m, a - m))


def climb(a: Stack, b: Stack, c: Stack, effort: Effort) -> tuple[Stack, Stack, Stack]:
    """Climb f = ⟨A, C B Cᵀ⟩ by Newton's method with truncated conjugate gradients and a line search.

    Returns the last C, its height f and the slope left, per climb; each ends by itself.
    """
    ends, heights, slopes = np.array(c), np.empty_like(a[:, 0, 0]), np.empty_like(a[:, 0, 0])
    c = _orthogonal(c)  # an earlier stage may have been less precise
    climbs, m = np.arange(len(a)), _conjugated(c, b)
    stuck, settled = np.zeros((2, len(a)), dtype=bool)
    for step in range(effort.n_steps + 1):
        model = _Model.build(a, m, effort)
        left = np.sqrt(inner(model.gradient, model.gradient))
        done = stuck | settled | (left <= effort.slope) | (step == effort.n_steps)
        if done.any():
            ended, on = climbs[done], ~done
            ends[ended], heights[ended], slopes[ended] = c[done], inner(a[done], m[done]), left[done]
            if done.all():
                break
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
        a: A.
        half_mt: Mᵀ/2.
        half_p: P/2.
        gradient: G.
        weights: the preconditioner, positive, per entry of W.
        damping: what is added to -H so that no Newton step is longer than the effort's radius, shape
            (n_climbs, 1, 1); zero where there is no limit.
        damped: whether there is one.
    """

    a: Stack
    half_mt: Stack
    half_p: Stack
    gradient: Stack
    weights: Stack
    damping: Stack
    damped: bool

    @classmethod
    def build(cls, a: Stack, m: Stack, effort: Effort) -> "_Model":
        mt = np.ascontiguousarray(transposed(m))
        left, right = a @ mt, mt @ a
        p = left + right
        left -= right
        gradient = left - transposed(left)
        gradient *= 0.5
        half_p = p + transposed(p)
        half_p *= 0.25
        damping = np.sqrt(inner(gradient, gradient))[:, None, None] / effort.radius
        # The diagonal of H, by planes; left and right are not needed any more.
        np.multiply(_diagonals(a)[:, :, None], _diagonals(m)[:, None, :], out=left)
        left -= np.multiply(a, mt, out=right)
        left -= _diagonals(half_p)[:, :, None]
        weights = left + transposed(left)
        np.abs(weights, out=weights)
        floor = np.maximum(effort.flattest * weights.max(axis=(1, 2), keepdims=True), 1e-12)
        np.maximum(weights, floor, out=weights)
        weights += damping
        np.reciprocal(weights, out=weights)
        mt *= 0.5
        return cls(a, mt, half_p, gradient, weights, damping, effort.radius < np.inf)

    def select(self, which: NDArray[Any]) -> "_Model":
        a, half_mt, half_p = self.a[which], self.half_mt[which], self.half_p[which]
        gradient, weights, damping = self.gradient[which], self.weights[which], self.damping[which]
        return _Model(a, half_mt, half_p, gradient, weights, damping, self.damped)

    def descend(self, w: Stack) -> Stack:
        """Return -H W, damped."""
        y = self.half_p @ w
        part = self.a @ w
        y -= part @ self.half_mt
        np.matmul(self.half_mt, w, out=part)
        y -= part @ self.a
        image = y - transposed(y)
        if self.damped:
            image += self.damping * w
        return image


def _newton_direction(model: _Model, left: Stack, n_steps: int) -> Stack:
    """Solve -H X = G roughly by preconditioned conjugate gradients.

    A climb is done when its residual is small enough for its distance from the summit, or at negative
    curvature: it keeps what it has, or, at the first step, takes the preconditioned slope.
    """
    answer, climbs = np.empty_like(model.gradient), np.arange(len(left))
    residual = model.gradient.copy()
    search = residual * model.weights
    x = np.zeros_like(search)
    energy = inner(residual, search)
    target = np.minimum(_LOOSEST, left) * energy
    longest = _REACH * search.shape[-1] * _LONGEST_TURN**2
    live, tiny = np.ones(len(left), dtype=bool), np.finfo(x.dtype).tiny
    for step in range(n_steps):
        image = model.descend(search)
        curvature = inner(search, image)
        bent = curvature <= _FLAT * energy
        length = np.where(bent, float(step == 0), energy / np.where(bent, 1, curvature)) * live
        x += length[:, None, None] * search
        image *= length[:, None, None]
        residual -= image
        scaled = residual * model.weights
        before, energy = energy, inner(residual, scaled)
        live &= ~bent & (energy > target) & (inner(x, x) < longest)
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
    rise = inner(gradient, direction)
    if not (rise > 0).all():
        direction = np.where((rise > 0)[:, None, None], direction, gradient)
        rise = inner(gradient, direction)
    square = direction @ direction
    # The square of W has each squared angle twice, so this bounds the largest angle from above.
    largest = np.sqrt(np.sqrt(inner(square, square) / 2))
    length = np.minimum(1.0, _LONGEST_TURN / np.maximum(largest, 1e-30))
    noise = 50 * np.finfo(a.dtype).eps  # of an inner product of two unit operators
    height = inner(a, m)
    turned, moved, waiting = _stepped(a, b, c, direction, square, length, height + 1e-4 * length * rise - noise)
    for _ in range(_SHORTENINGS - 1):
        if waiting.size == 0:
            return turned, moved, np.zeros(len(a), dtype=bool)
        length[waiting] *= 0.3
        enough = (height + 1e-4 * length * rise - noise)[waiting]
        rest = (x[waiting] for x in (a, b, c, direction, square, length))
        turned[waiting], moved[waiting], still = _stepped(*rest, enough)
        waiting = waiting[still]
    turned[waiting], moved[waiting] = c[waiting], m[waiting]
    return turned, moved, np.isin(np.arange(len(a)), waiting)


def _stepped(
    a: Stack, b: Stack, c: Stack, direction: Stack, square: Stack, length: Stack, enough: Stack
) -> tuple[Stack, Stack, NDArray[np.intp]]:
    """Return exp(length · W) C and the operators there, and the places of those that are not high enough."""
    step = length[:, None, None]
    turned = _turn(c, step * direction, step**2 * square)
    moved = _conjugated(turned, b)
    return turned, moved, np.flatnonzero(~(inner(a, moved) >= enough))


def _turn(c: Stack, w: Stack, square: Stack) -> Stack:
    """Return exp(W) C to fourth order, made orthogonal again, given W and W²."""
    series = square / 24
    series += w / 6
    _diagonals(series)[...] += 0.5
    series = square @ series
    series += w
    _diagonals(series)[...] += 1.0
    return _orthogonal(series @ c)


def _orthogonal(c: Stack) -> Stack:
    """Return the orthogonal matrix near C, by two Newton-Schulz steps."""
    for _ in range(2):
        correction = transposed(c) @ c
        correction *= -0.5
        _diagonals(correction)[...] += 1.5
        c = c @ correction
    return c


def _conjugated(c: Stack, b: Stack) -> Stack:
    """Return C B Cᵀ; the product with a transposed factor in place takes twice the time."""
    return (c @ b) @ np.ascontiguousarray(transposed(c))


def _diagonals(x: Stack) -> Stack:
    """Return a view of the diagonals, shape (k, n)."""
    return np.einsum("bii->bi", x)
