"""Products of entries give the coordinates that a decomposition gives, and are not used where they would not."""

from collections.abc import Iterable

import numpy as np
import pytest

from metric_harness import delay_coordinates
from metric_harness.arrays import Array
from metric_harness.delay_coordinates import coordinates
from metric_harness.delays import Windows
from metric_harness.errors import DegenerateInputError
from metric_harness.seeding import generator

RANK = 4


@pytest.fixture
def widths(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the triangular factors that were made."""
    made: list[int] = []
    factor = delay_coordinates.triangular_factor

    def watched(blocks: Iterable[Array]) -> Array:
        found = factor(blocks)
        made.append(len(found))
        return found

    monkeypatch.setattr(delay_coordinates, "triangular_factor", watched)
    return made


def white(n_units: int, n_trials: int = 30) -> Array:
    return generator(0, "coordinates", n_units).standard_normal((n_trials, 20, n_units))


def with_spectrum(values: list[float]) -> Array:
    """Return a recording whose windows of one delay have these singular values, shape (40, 20, len(values))."""
    left = np.linalg.qr(generator(0, "spectrum").standard_normal((800, len(values))))[0]
    mixed = np.linalg.qr(generator(0, "spectrum", "units").standard_normal((len(values), len(values))))[0]
    return (left * values @ mixed).reshape(40, 20, -1)


def same_up_to_sign(found: Array, expected: Array) -> float:
    """Return the largest difference between columns, each of which may be flipped."""
    cosines = np.einsum("twi,twi->i", found, expected)
    return float(np.abs(found - expected * np.sign(cosines)).max())


@pytest.mark.parametrize("n_units", [2, 30, 299, 301, 500])
@pytest.mark.parametrize("way", ["products", "decomposition"])
def test_are_left_singular_vectors_of_tall_and_of_wide_windows(
    n_units: int, way: str, widths: list[int], monkeypatch: pytest.MonkeyPatch
):
    if way == "decomposition":
        monkeypatch.setattr(delay_coordinates, "_TURN", 0.0)
    x = white(n_units)
    windows = Windows.of(x, 2, 2)
    whole = np.concatenate([x[:, :18], x[:, 2:]], axis=2)
    expected = np.linalg.svd(whole.reshape(540, -1), full_matrices=False)[0][:, :RANK].reshape(30, 18, RANK)
    assert same_up_to_sign(coordinates(windows, RANK, "x"), expected) < 1e-11
    # The factor of the other orientation would be the larger square.
    assert widths == ([] if way == "products" else [min(540, 2 * n_units)])


def test_few_rows_are_decomposed(widths: list[int]):
    x = white(3, n_trials=2)
    whole = np.concatenate([x[:, :18], x[:, 2:]], axis=2)
    expected = np.linalg.svd(whole.reshape(36, -1), full_matrices=False)[0][:, :RANK].reshape(2, 18, RANK)
    assert same_up_to_sign(coordinates(Windows.of(x, 2, 2), RANK, "x"), expected) < 1e-11
    assert widths == [6]


@pytest.mark.parametrize(
    ("values", "rank", "way"),
    [
        ([1.0, 0.5, 1e-2, 1e-3], 3, "products"),  # the kept are 1e-4 of the largest eigenvalue away from the rest
        ([1.0, 0.5, 1e-2, 1e-2 - 1e-6], 3, "decomposition"),  # nearly equal across the cut
        ([1.0, 0.5, 1e-2, 1e-2 - 1e-6], 4, "products"),  # which does not matter if there is no cut
        ([1.0, 0.5, 1e-2, 1e-5], 4, "decomposition"),  # its square is of the size of rounding
    ],
)
def test_products_are_used_where_rounding_cannot_turn_what_they_give(
    values: list[float], rank: int, way: str, widths: list[int]
):
    x = with_spectrum(values)
    found = coordinates(Windows.of(x, 1, 1), rank, "x").reshape(800, rank)
    assert bool(widths) == (way == "decomposition")
    expected = np.linalg.svd(x.reshape(800, -1), full_matrices=False)[0][:, :rank]
    # Compared as a space: nearly equal ones may be turned among each other.
    assert np.abs(found @ (found.T @ expected) - expected).max() < 1e-10
    assert np.abs(found.T @ found - np.eye(rank)).max() < 1e-9


def test_by_products_alone_would_not_be_as_exact(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(delay_coordinates, "_TURN", np.inf)
    found = coordinates(Windows.of(with_spectrum([1.0, 0.5, 1e-2, 1e-5]), 1, 1), 4, "x").reshape(800, 4)
    assert np.abs(found.T @ found - np.eye(4)).max() > 1e-8


@pytest.mark.parametrize("n_units", [4, 900])
def test_a_rank_that_the_windows_do_not_have_is_refused(n_units: int):
    low = white(3) @ generator(0, "mixing").standard_normal((3, n_units))
    with pytest.raises(DegenerateInputError, match="x: its windows of 1 delays have numerical rank 3; needed rank=4"):
        coordinates(Windows.of(low, 1, 1), RANK, "x")
