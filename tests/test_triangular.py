import numpy as np
import pytest
from scipy import linalg

from metric_harness.errors import ShapeError
from metric_harness.seeding import generator
from metric_harness.triangular import N_ROWS, row_blocks, triangular_factor


@pytest.mark.parametrize("n_rows", [1, 3, 7, N_ROWS, N_ROWS + 1, 3 * N_ROWS + 5])
@pytest.mark.parametrize("n_columns", [1, 7, 40])
def test_the_factor_has_the_gram_matrix_of_the_rows(n_rows, n_columns):
    rows = generator(0, "triangular", n_rows, n_columns).standard_normal((n_rows, n_columns))
    factor = triangular_factor(row_blocks(rows))
    assert factor.shape == (n_columns, n_columns)
    np.testing.assert_array_equal(factor, np.triu(factor))
    np.testing.assert_allclose(factor.T @ factor, rows.T @ rows, atol=1e-12 * n_rows)


def test_weak_directions_keep_the_digits_that_a_gram_matrix_loses():
    rng = generator(0, "graded")
    scales = np.logspace(0, -12, 13)
    rows = linalg.qr(rng.standard_normal((2000, 13)), mode="economic")[0] * scales
    found = np.linalg.svd(
        triangular_factor(row_blocks(rows @ linalg.qr(rng.standard_normal((13, 13)))[0])), compute_uv=False
    )
    np.testing.assert_allclose(found, scales, atol=1e-15 * 10)
    assert abs(found[-1] / scales[-1] - 1) < 0.01


def test_the_rows_are_not_written_to():
    rows = np.asfortranarray(generator(0, "kept").standard_normal((50, 4)))
    before = rows.copy()
    triangular_factor(row_blocks(rows))
    np.testing.assert_array_equal(rows, before)


def test_blocks_of_any_size_give_one_factor():
    rows = generator(0, "uneven").standard_normal((100, 6))
    blocks = [rows[:1].copy(), rows[1:70].copy(), rows[70:].copy()]
    found, whole = triangular_factor(iter(blocks)), triangular_factor(row_blocks(rows))
    np.testing.assert_allclose(np.abs(found), np.abs(whole), atol=1e-12)


def test_no_rows_are_refused():
    with pytest.raises(ShapeError, match="no rows; needed at least one block"):
        triangular_factor([])
