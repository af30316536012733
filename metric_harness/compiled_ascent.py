"""The climbs of `metric_harness.ascent` compiled for a processor: one after the other, each in the processor's cache.

The steps are those derived there, with one product less for the Hessian. With A in the eigenbasis of its symmetric
part, A = D + K, D diagonal and K antisymmetric; let S and L be the symmetric and the antisymmetric part of M. Then

    -H W = Y - Yᵀ,  Y = P W / 2 - S W D + L W K.

Products are those of SciPy's BLAS. Everything between them is done in as few passes over memory as it needs, which is
most of what NumPy takes for matrices this small: at ranks 15 to 50 it climbed for twice as long, and six times as long
for one pair.
"""

import math
from typing import Any, NamedTuple

import numba  # pyright: ignore[reportMissingTypeStubs]
import numpy as np

from metric_harness.ascent import Effort, Limits

Matrix = Any
"""Of one precision throughout, shape (n, n), rows contiguous."""
Flat = Any
"""The entries of a matrix, shape (n²,), in the same memory."""


def _compiled(function: Any) -> Any:
    """Compile a function for the types of its arguments when it is first called; keep that on disk if there is a place.

    Sums may be taken in another order, a product and a sum rounded once, and what is divided by one number multiplied
    by its inverse: NaN and infinity stay what they are.
    Functions become part of what calls them: to hand over arrays takes as long as a product of small ones.
    """
    options: dict[str, Any] = {
        "fastmath": {"reassoc", "contract", "arcp", "nsz"},
        "error_model": "numpy",
        "nogil": True,
        "inline": "always",
    }
    try:
        return numba.njit(cache=True, **options)(function)
    except RuntimeError:  # neither beside this file nor in the user's own folders may anything be written
        return numba.njit(**options)(function)


class _Space(NamedTuple):
    """What one climb works in, shapes (n, n), or (3n, n) for the factors and their products.

    Attributes:
        m: C B Cᵀ.
        mt: Mᵀ.
        k: the antisymmetric part of A.
        d: the diagonal of A in every row.
        gradient: G.
        weights: the preconditioner.
        factors: S, L and P/2, one below the other.
        products: what they make of a W.
        x: the Newton direction.
        residual: of conjugate gradients.
        search: their direction.
        turned: C after a step.
        moved: M after a step.
        square: W².
        one: for what is soon forgotten, as are the next.
        two: see `one`.
    """

    m: Matrix
    mt: Matrix
    k: Matrix
    d: Matrix
    gradient: Matrix
    weights: Matrix
    factors: Matrix
    products: Matrix
    x: Matrix
    residual: Matrix
    search: Matrix
    turned: Matrix
    moved: Matrix
    square: Matrix
    one: Matrix
    two: Matrix


@_compiled
def climb_each(a: Any, b: Any, pair: Any, c: Any, effort: Effort, limits: Limits) -> tuple[Any, Any, Any]:
    """Climb from each start, by itself; see `metric_harness.ascent.climb`.

    Args:
        a: first operators, shape (n_pairs, n, n), their symmetric parts diagonal; what rounding leaves beside the
            diagonal makes steps a little worse.
        b: second operators, likewise, of one precision with a and c, all of them with contiguous rows.
        pair: which of them a start is for, shape (n_climbs,).
        c: starts, shape (n_climbs, n, n), written over.
        effort: how far to go.
        limits: what holds for every climb. An argument, as what is compiled keeps the globals that it finds, and is not
            compiled anew where another file changes them.

    Returns:
        The ends, which are c, their heights and the slopes left, shape (n_climbs,).
    """
    n, kind = c.shape[1], c.dtype
    heights, slopes = np.empty(len(c), kind), np.empty(len(c), kind)
    factors, products = np.empty((3 * n, n), kind), np.empty((3 * n, n), kind)
    some = np.empty((14, n, n), kind)
    space = _Space(
        some[0], some[1], some[2], some[3], some[4], some[5], factors, products, some[6], some[7], some[8], some[9],
        some[10], some[11], some[12], some[13],
    )  # fmt: skip
    flat = _Space(
        space.m.ravel(), space.mt.ravel(), space.k.ravel(), space.d.ravel(), space.gradient.ravel(),
        space.weights.ravel(), factors.ravel(), products.ravel(), space.x.ravel(), space.residual.ravel(),
        space.search.ravel(), space.turned.ravel(), space.moved.ravel(), space.square.ravel(), space.one.ravel(),
        space.two.ravel(),
    )  # fmt: skip
    for i in range(len(c)):
        heights[i], slopes[i] = _climb(a[pair[i]], b[pair[i]], c[i], effort, limits, space, flat)
    return c, heights, slopes


@_compiled
def _climb(
    a: Matrix, b: Matrix, c: Matrix, effort: Effort, limits: Limits, space: _Space, flat: _Space
) -> tuple[Any, Any]:
    """Climb from C, which becomes the end; return its height and the slope left."""
    flat_a, flat_c = a.ravel(), c.ravel()
    half, n = a.dtype.type(0.5), len(a)
    _orthogonalize(c, flat_c, space, flat)
    _orthogonalize(c, flat_c, space, flat)  # an earlier stage may have been less precise
    _conjugate(c, b, space.m, space)
    for i in range(n):
        for j in range(n):
            space.d[i, j] = a[j, j]
            space.k[i, j] = half * (a[i, j] - a[j, i])
    rising, left, height = True, half, half
    for step in range(effort.n_steps + 1):
        left = _slope(a, space, flat)
        height = _inner(flat_a, flat.m)
        if not rising or left <= effort.slope or step == effort.n_steps:
            break
        damping = _model(flat_a, left, effort, space, flat)
        _newton_direction(left, damping, effort.n_solver_steps, limits, space, flat)
        promised = half * _inner(flat.gradient, flat.x)
        last = promised <= effort.gain * _gap(flat_a, flat.m)
        rising = _search_line(flat_a, b, c, flat_c, height, limits, space, flat) and not last
    return height, left


@_compiled
def _inner(x: Flat, y: Flat) -> Any:
    """Return the Frobenius inner product."""
    total = x.dtype.type(0)
    for i in range(len(x)):
        total += x[i] * y[i]
    return total


@_compiled
def _gap(x: Flat, y: Flat) -> Any:
    """Return the norm of the difference."""
    total = x.dtype.type(0)
    for i in range(len(x)):
        total += (x[i] - y[i]) ** 2
    return math.sqrt(total)


@_compiled
def _transpose(x: Matrix, into: Matrix) -> None:
    """Write Xᵀ."""
    for i in range(len(x)):
        for j in range(len(x)):
            into[j, i] = x[i, j]


@_compiled
def _orthogonalize(c: Matrix, flat_c: Flat, space: _Space, flat: _Space) -> None:
    """Bring C nearer to the orthogonal matrices by a Newton-Schulz step."""
    np.dot(c.T, c, space.one)
    np.dot(c, space.one, space.two)
    two, more, less = flat.two, c.dtype.type(1.5), c.dtype.type(0.5)
    for i in range(len(flat_c)):
        flat_c[i] = more * flat_c[i] - less * two[i]


@_compiled
def _conjugate(c: Matrix, b: Matrix, m: Matrix, space: _Space) -> None:
    """Make M from C."""
    np.dot(c, b, space.one)
    np.dot(space.one, c.T, m)


@_compiled
def _slope(a: Matrix, space: _Space, flat: _Space) -> Any:
    """Make G, with A Mᵀ + Mᵀ A in `one`; return its norm."""
    _transpose(space.m, space.mt)
    np.dot(a, space.mt, space.one)
    np.dot(space.mt, a, space.two)
    left, right, gradient = flat.one, flat.two, flat.gradient
    half, total = a.dtype.type(0.5), a.dtype.type(0)
    for i in range(len(left)):
        difference = left[i] - right[i]
        left[i] += right[i]
        right[i] = half * difference
    _transpose(space.two, space.gradient)
    for i in range(len(left)):
        gradient[i] = right[i] - gradient[i]
        total += gradient[i] * gradient[i]
    return math.sqrt(total)


@_compiled
def _model(flat_a: Flat, left: Any, effort: Effort, space: _Space, flat: _Space) -> Any:
    """Make the factors of the Hessian and the preconditioner; return the damping."""
    n, kind = len(space.m), flat_a.dtype.type
    half, quarter, largest = kind(0.5), kind(0.25), kind(0)
    _transpose(space.one, space.two)
    m, mt, p, pt, weights, back = flat.m, flat.mt, flat.one, flat.two, flat.weights, flat.two
    symmetric, antisymmetric, third = flat.factors[: n * n], flat.factors[n * n :], flat.factors[2 * n * n :]
    for i in range(n * n):
        symmetric[i] = half * (m[i] + mt[i])
        antisymmetric[i] = half * (m[i] - mt[i])
        third[i] = quarter * (p[i] + pt[i])
        weights[i] = flat_a[i] * mt[i]
    for i in range(n):
        for j in range(n):
            space.weights[i, j] = space.d[i, i] * space.m[j, j] - half * space.one[j, j] - space.weights[i, j]
    _transpose(space.weights, space.two)
    for i in range(n * n):
        weights[i] = abs(weights[i] + back[i])
        largest = max(largest, weights[i])
    damping = kind(left / effort.radius)
    floor = max(kind(effort.flattest) * largest, kind(1e-12))
    for i in range(n * n):
        weights[i] = kind(1) / (max(weights[i], floor) + damping)
    return damping


@_compiled
def _newton_direction(left: Any, damping: Any, n_steps: int, limits: Limits, space: _Space, flat: _Space) -> None:
    """Solve -H X = G roughly by preconditioned conjugate gradients; see `metric_harness.ascent`."""
    x, residual, search, gradient, weights = flat.x, flat.residual, flat.search, flat.gradient, flat.weights
    kind, energy = x.dtype.type, x.dtype.type(0)
    for i in range(len(x)):
        x[i] = kind(0)
        residual[i] = gradient[i]
        search[i] = gradient[i] * weights[i]
        energy += residual[i] * search[i]
    target, longest = (
        min(kind(limits.loosest), left) * energy,
        kind(limits.reach * len(space.x) * limits.longest_turn**2),
    )
    for step in range(n_steps):
        curvature = _half_image(space, flat) + damping * _inner(search, search)
        bent = curvature <= kind(limits.flat) * energy
        if bent and step > 0:
            break
        length, square = kind(1) if bent else energy / curvature, kind(0)
        for i in range(len(x)):
            x[i] += length * search[i]
            square += x[i] * x[i]
        before, energy = energy, _lessen(length, damping, space, flat)
        if bent or energy <= target or square >= longest:
            break
        share = energy / before
        for i in range(len(x)):
            search[i] = share * search[i] + residual[i] * weights[i]


@_compiled
def _half_image(space: _Space, flat: _Space) -> Any:
    """Make Y of -H W = Y - Yᵀ for the search direction W in `one`; return ⟨W, -H W⟩."""
    n = len(space.one)
    np.dot(space.factors, space.search, space.products)
    np.dot(space.products[n : 2 * n], space.k, space.one)
    image, search, d, first, third = flat.one, flat.search, flat.d, flat.products, flat.products[2 * n * n :]
    total = image.dtype.type(0)
    for i in range(len(image)):
        image[i] += third[i] - first[i] * d[i]
        total += image[i] * search[i]
    return total + total


@_compiled
def _lessen(length: Any, damping: Any, space: _Space, flat: _Space) -> Any:
    """Take from the residual what a step removes, given Y; return what is left of its energy."""
    _transpose(space.one, space.two)
    image, back, search, residual, weights = flat.one, flat.two, flat.search, flat.residual, flat.weights
    energy = image.dtype.type(0)
    for i in range(len(image)):
        residual[i] -= length * (image[i] - back[i] + damping * search[i])
        energy += residual[i] * residual[i] * weights[i]
    return energy


@_compiled
def _search_line(
    flat_a: Flat, b: Matrix, c: Matrix, flat_c: Flat, height: Any, limits: Limits, space: _Space, flat: _Space
) -> bool:
    """Step along X, shortened until f rises enough; return whether it did."""
    kind, rise = flat_a.dtype.type, _inner(flat.gradient, flat.x)
    if rise <= 0:
        flat.x[:] = flat.gradient
        rise = _inner(flat.gradient, flat.gradient)
    np.dot(space.x, space.x, space.square)
    # The square of W has each squared angle twice, so this bounds the largest angle from above.
    largest = math.sqrt(math.sqrt(kind(0.5) * _inner(flat.square, flat.square)))
    length = min(kind(1), kind(limits.longest_turn) / max(largest, kind(1e-30)))
    noise = kind(50 * np.finfo(b.dtype).eps)  # of an inner product of two unit operators
    for _ in range(limits.n_shortenings):
        _turn(c, length, space, flat)
        _conjugate(space.turned, b, space.moved, space)
        if _inner(flat_a, flat.moved) >= height + kind(1e-4) * length * rise - noise:
            flat_c[:] = flat.turned
            flat.m[:] = flat.moved
            return True
        length *= kind(0.3)
    return False


@_compiled
def _turn(c: Matrix, length: Any, space: _Space, flat: _Space) -> None:
    """Make exp(length · X) C to sixth order, made orthogonal again; see `metric_harness.ascent`."""
    n, kind, long, w, square, one, two = len(c), c.dtype.type, length * length, flat.x, flat.square, flat.one, flat.two
    for i in range(len(w)):
        one[i] = kind(1 / 720) * long * square[i] + kind(1 / 120) * length * w[i]
    for i in range(n):
        space.one[i, i] += kind(1 / 24)
    np.dot(space.square, space.one, space.two)
    for i in range(len(w)):
        two[i] = long * two[i] + kind(1 / 6) * length * w[i]
    for i in range(n):
        space.two[i, i] += kind(0.5)
    np.dot(space.square, space.two, space.one)
    for i in range(len(w)):
        one[i] = long * one[i] + length * w[i]
    for i in range(n):
        space.one[i, i] += kind(1)
    np.dot(space.one, c, space.turned)
    _orthogonalize(space.turned, flat.turned, space, flat)
