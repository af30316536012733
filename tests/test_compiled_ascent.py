"""Compiled climbs go where those of arrays go, which are written without them."""

from typing import Any

import numpy as np
import pytest

from metric_harness import ascent, compiled_ascent
from metric_harness.arrays import Array
from metric_harness.ascent import LIMITS, Effort
from metric_harness.seeding import generator


def unit(n_matrices: int, n: int, *path: str | int) -> Array:
    """Draw operators of norm one in the eigenbases of their symmetric parts."""
    a = generator(9, *path, n).standard_normal((n_matrices, n, n))
    basis = np.linalg.eigh(a + a.swapaxes(1, 2))[1]
    a = basis.swapaxes(1, 2) @ a @ basis
    return a / np.linalg.norm(a, axis=(1, 2), keepdims=True)


def rotations(n_matrices: int, n: int) -> Array:
    return np.linalg.qr(generator(9, "starts", n).standard_normal((n_matrices, n, n)))[0]


EFFORTS = {
    "a look": Effort(0, 1e-9, 30),
    "a step": Effort(1, 1e-9, 30),
    "a short step": Effort(1, 1e-9, 30, radius=0.1),
    "three steps": Effort(3, 1e-9, 4),
    "to a slope": Effort(40, 1e-2, 30),
    "to the last gain": Effort(40, 1e-12, 30, gain=1e-2),
}


@pytest.mark.parametrize("n", [1, 2, 5, 16, 20])
@pytest.mark.parametrize("effort", EFFORTS.values(), ids=EFFORTS.keys())
def test_climbs_lead_where_those_of_arrays_lead(n: int, effort: Effort) -> None:
    a, b, c = unit(4, n, "a"), unit(4, n, "b"), rotations(8, n)
    pair = np.arange(8) // 2
    found = compiled_ascent.climb_each(a, b, pair, c.copy(), effort, LIMITS)
    expected = ascent.climb(a[pair], b[pair], c, effort)
    for mine, theirs in zip(found, expected, strict=True):  # far from a summit, rounding grows from step to step
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-8)


@pytest.mark.parametrize("n", [2, 5, 16])
def test_summits_are_those_of_arrays(n: int) -> None:
    a, b, c = unit(4, n, "a"), unit(4, n, "b"), rotations(4, n)
    effort = Effort(200, 1e-10, 60)
    c, _, _ = ascent.climb(a, b, c, effort)
    w = generator(9, "aside", n).standard_normal((4, n, n))
    aside = (np.eye(n) + 1e-3 * (w - w.swapaxes(1, 2))) @ c  # not quite orthogonal besides
    ends, heights, slopes = compiled_ascent.climb_each(a, b, np.arange(4), aside, effort, LIMITS)
    np.testing.assert_allclose(heights, (a * (c @ b @ c.swapaxes(1, 2))).sum(axis=(1, 2)), rtol=0, atol=1e-12)
    np.testing.assert_allclose(ends @ ends.swapaxes(1, 2), np.broadcast_to(np.eye(n), c.shape), atol=1e-12)
    assert slopes.max() < 1e-9


def test_single_precision_stays_single() -> None:
    a, b, c = (x.astype(np.float32) for x in (unit(3, 6, "a"), unit(3, 6, "b"), rotations(3, 6)))
    found = compiled_ascent.climb_each(a, b, np.arange(3), c.copy(), EFFORTS["a step"], LIMITS)
    expected = ascent.climb(a, b, c, EFFORTS["a step"])
    assert {x.dtype for x in found} == {np.dtype(np.float32)}
    for mine, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=2e-5)


def test_what_cannot_rise_stays_where_it_is() -> None:
    a, b, c = unit(3, 6, "a"), unit(3, 6, "b"), rotations(3, 6)
    summit, height, _ = ascent.climb(a, b, c, Effort(200, 1e-10, 60))
    ends, heights, _ = compiled_ascent.climb_each(a, b, np.arange(3), summit.copy(), Effort(5, 0.0, 60), LIMITS)
    np.testing.assert_allclose(ends, summit, rtol=0, atol=1e-8)
    np.testing.assert_allclose(heights, height, rtol=0, atol=1e-14)


def test_without_a_place_on_disk_functions_are_compiled_for_the_process_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []

    def njit(*, cache: bool = False, **_: Any) -> Any:
        asked.append(cache)
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return lambda function: function

    monkeypatch.setattr(compiled_ascent.numba, "njit", njit)
    assert compiled_ascent._compiled(len) is len
    assert asked == [True, False]


def test_nothing_is_compiled_that_hangs_on_numbers_of_other_files() -> None:
    # They would stay what they were: what is kept on disk is made anew if its own file changes, not if another does.
    functions = [found for found in vars(compiled_ascent).values() if hasattr(found, "py_func")]
    assert len(functions) > 10
    for function in functions:
        used = {name: function.py_func.__globals__.get(name) for name in function.py_func.__code__.co_names}
        assert not [name for name, value in used.items() if isinstance(value, (int, float, tuple))]
