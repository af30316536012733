"""Coordinates of a recording's delay windows: the leading left singular vectors of all of them."""

from collections.abc import Iterator

import numpy as np
from scipy import linalg

from metric_harness.arrays import Array
from metric_harness.delays import Windows
from metric_harness.errors import DegenerateInputError
from metric_harness.triangular import N_ROWS, row_blocks, triangular_factor

_TURN = 1e-10
"""Angle, in radians, by which rounding may turn the space of the leading vectors where products of entries are used."""
_FEWEST = 32
"""Rows of windows from which on their products take less time than their triangular factor."""
_FEW = 120
"""Entries of a window below which all eigenvectors take less time than the leading ones."""


def coordinates(windows: Windows, rank: int, name: str) -> Array:
    """Return the first `rank` left singular vectors of the windows H, shape (trials, windows, rank).

    Those of nearly equal singular values may be turned among each other, which turns the coordinates alone.

    Args:
        windows: of the recording.
        rank: vectors that are wanted, at most as many as there are windows, and entries of a window.
        name: what messages call the recording.

    Raises:
        DegenerateInputError: if H has a lower numerical rank.
    """
    if len(windows) >= windows.n_entries:
        few = windows.rows.shape[0] * windows.rows.shape[1] < _FEWEST
        found = None if few else _by_products(windows.gram(), rank)
        values, right = found or _by_triangle(windows.blocks(N_ROWS), windows, rank, name)
        return windows.times(right / values)
    blocks = [*windows.blocks(N_ROWS)]
    ends = np.cumsum([len(block) for block in blocks])[:-1]
    whole = np.concatenate(blocks)  # the left singular vectors of H are the right ones of Hᵀ
    del blocks  # as large as the whole
    found = _by_products(whole @ whole.T, rank)
    _, left = found or _by_triangle(row_blocks(whole.T), windows, rank, name)
    return windows.in_order(np.split(left, ends), rank, N_ROWS)


def numerical_rank(values: Array, size: int) -> int:
    """Return how many singular values, the largest first, of a matrix of this larger side are not rounding errors."""
    return int(np.count_nonzero(values > values[0] * size * np.finfo(np.float64).eps))


def _by_products(products: Array, rank: int) -> tuple[Array, Array] | None:
    """Return the leading singular values and right singular vectors of H, or Hᵀ, given the products of its columns.

    Rounding turns the space of the leading eigenvectors of these by its size over their distance from the other
    eigenvalues. Where that may be more than `_TURN`, nothing is returned.
    """
    n = len(products)
    some = None if n < _FEW else [max(0, n - rank - 1), n - 1]
    values, vectors = linalg.eigh(products, subset_by_index=some, driver="evd" if n < _FEW else "evr")
    gap = values[-rank] - (values[-rank - 1] if n > rank else 0.0)
    if np.finfo(np.float64).eps * values[-1] > _TURN * gap:
        return None
    return np.sqrt(values[: -rank - 1 : -1]), vectors[:, : -rank - 1 : -1]


def _by_triangle(blocks: Iterator[Array], windows: Windows, rank: int, name: str) -> tuple[Array, Array]:
    """Return the leading singular values and right singular vectors of H, or Hᵀ, given in blocks of rows.

    They are those of R, which is small, if H = Q R; nothing is lost on the way.
    """
    _, values, right = np.linalg.svd(triangular_factor(blocks), full_matrices=False)
    found = numerical_rank(values, max(len(windows), windows.n_entries))
    if found < rank:
        raise DegenerateInputError(
            f"{name}: its windows of {windows.n_delays} delays have numerical rank {found}; needed rank={rank}. "
            f"Lower the rank to {found} or less, or record more varied trials."
        )
    return values[:rank], right[:rank].T
