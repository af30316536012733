"""The triangular factor of a tall matrix, made row block by row block."""

from collections.abc import Iterable, Iterator
from typing import Any, cast

import numpy as np
from scipy.linalg import lapack

from metric_harness.arrays import Array
from metric_harness.errors import ShapeError

N_ROWS = 480
"""Rows that are worked in at once: a block stays in the processor's cache. For 13380 x 120, one thread of LAPACK takes
a fifth of the time that a decomposition of the whole takes."""
_NARROWEST, _WIDEST, _SHARE = 8, 32, 16
"""Fewest and most columns that are eliminated at once, a sixteenth of all in between."""


def row_blocks(rows: Array) -> Iterator[Array]:
    """Yield copies of successive rows of a matrix, columns contiguous."""
    return (np.array(rows[start : start + N_ROWS], order="F") for start in range(0, len(rows), N_ROWS))


def triangular_factor(blocks: Iterable[Array]) -> Array:
    """Return R of a QR decomposition of a matrix, whose singular values and right singular vectors it shares.

    Each block of rows is rotated into the factor of those before it by Householder reflections (LAPACK's `tpqrt`), so
    that it is as accurate as a decomposition of the whole; the Gram matrix would square the condition number.

    Args:
        blocks: the matrix in blocks of rows, each of shape (rows of the block, n_columns), at least one; those whose
            columns are contiguous are written over.

    Returns:
        Upper triangular, shape (n_columns, n_columns); fewer rows than columns leave zeros.

    Source: Demmel, Grigori, Hoemmen, Langou (2012), "Communication-optimal parallel and sequential QR and LU
        factorizations", doi 10.1137/080731992, the sequential tall-skinny QR.
    """
    factor: Array | None = None
    panel = 0
    for block in blocks:
        if factor is None:
            n = block.shape[1]
            panel = min(n, max(_NARROWEST, min(_WIDEST, n // _SHARE)))
            factor = np.zeros((n, n), order="F")
        # No part of the block is triangular already (the 0), and both it and the factor may be written over.
        factor, *_ = cast(Any, lapack).dtpqrt(0, panel, factor, block, overwrite_a=1, overwrite_b=1)
    if factor is None:
        raise ShapeError("there are no rows; needed at least one block of them.")
    return np.triu(factor)
