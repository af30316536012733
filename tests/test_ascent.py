"""The steps of a climb, each against what it stands for."""

import numpy as np
import pytest
from scipy import linalg

from metric_harness import ascent
from metric_harness.seeding import generator


def turns(n: int, longest: float, *path: str | int) -> np.ndarray:
    """Draw antisymmetric matrices of which the fastest plane turns by an angle."""
    w = generator(7, "ascent", *path, n).standard_normal((5, n, n))
    w -= w.swapaxes(1, 2)
    return w * longest / np.linalg.norm(w, ord=2, axis=(1, 2))[:, None, None]


@pytest.mark.parametrize(("longest", "error"), [(1.25, 2e-3), (0.5, 4e-6), (0.1, 1e-10)])
@pytest.mark.parametrize("length", [1.0, 0.3])
def test_a_turn_is_the_exponential_to_sixth_order(longest: float, error: float, length: float) -> None:
    c = linalg.qr(generator(7, "ascent", "c").standard_normal((6, 6)))[0]
    w = turns(6, longest / length, "turn")
    turned = ascent._turn(np.broadcast_to(c, w.shape), w, w @ w, np.full((5, 1, 1), length))
    expected = np.array([linalg.expm(length * each) @ c for each in w])
    np.testing.assert_allclose(turned, expected, rtol=0, atol=error)
    np.testing.assert_allclose(turned @ turned.swapaxes(1, 2), np.broadcast_to(np.eye(6), w.shape), atol=1e-5)


def test_what_cannot_rise_stays_where_it_is_and_says_so() -> None:
    rng = generator(7, "ascent", "stuck")
    a, b = rng.standard_normal((2, 5, 6, 6)) / 6
    c = np.broadcast_to(linalg.qr(rng.standard_normal((6, 6)))[0], a.shape)
    m, w = c @ b @ c.swapaxes(1, 2), turns(6, 1.0, "stuck")
    promised = (
        np.array([1e6, 1e6, 0, 1e6, 0])[:, None, None] * w
    )  # no step keeps such a promise; none is asked of others
    ends, tops, stuck = ascent._search_line(a, b, c, m, w.copy(), promised)
    np.testing.assert_array_equal(stuck, [True, True, False, True, False])
    np.testing.assert_array_equal(ends[stuck], c[stuck])
    np.testing.assert_array_equal(tops[stuck], m[stuck])
