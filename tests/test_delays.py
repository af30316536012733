import numpy as np
import pytest

from metric_harness import delays
from metric_harness.arrays import Array
from metric_harness.delays import Windows, span
from metric_harness.seeding import generator

CUTS = [(1, 1), (2, 1), (2, 2), (2, 3), (3, 2), (2, 5), (2, 9), (1, 40)]
"""Delays and intervals: of 11 times, blocks that are filled and not, taken together once and in several goes, some with
windows at some phases only, and an interval that is longer than the recording."""


def recording() -> Array:
    return generator(0, "delays").standard_normal((5, 11, 2))


def every_window(x: Array, n_delays: int, interval: int) -> Array:
    """Windows one by one, shape (trials, windows, n_delays · units)."""
    n_windows = x.shape[1] - span(n_delays, interval)
    return np.array(
        [
            [np.concatenate([trial[t + copy * interval] for copy in range(n_delays)]) for t in range(n_windows)]
            for trial in x
        ]
    )


@pytest.mark.parametrize("n_rows", [1, 4, 7, 8, 21, 1000])
@pytest.mark.parametrize(("n_delays", "interval"), CUTS)
def test_blocks_hold_every_window_of_every_trial_and_can_be_put_in_order(n_delays: int, interval: int, n_rows: int):
    x = recording()
    windows, expected = Windows.of(x, n_delays, interval), every_window(x, n_delays, interval)
    assert (len(windows), windows.n_entries) == (expected.shape[0] * expected.shape[1], expected.shape[2])
    blocks = list(windows.blocks(n_rows))
    assert max(map(len, blocks)) <= max(n_rows, interval)  # the phases of a block stay together
    np.testing.assert_array_equal(windows.in_order(blocks, windows.n_entries, n_rows), expected)


@pytest.mark.parametrize("widest", [4096, 1])
@pytest.mark.parametrize(("n_delays", "interval"), CUTS)
def test_products_are_those_of_all_windows(n_delays: int, interval: int, widest: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(delays, "_WIDEST", widest)
    x = recording()
    windows = Windows.of(x, n_delays, interval)
    whole = every_window(x, n_delays, interval).reshape(-1, windows.n_entries)
    np.testing.assert_allclose(windows.gram(), whole.T @ whole, atol=1e-12)


@pytest.mark.parametrize("fewest", [1, 64])
@pytest.mark.parametrize(("n_delays", "interval"), CUTS)
def test_windows_are_multiplied_in_the_order_of_trials_and_times(
    n_delays: int, interval: int, fewest: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(delays, "_FEWEST", fewest)
    x = recording()
    matrix = generator(0, "delays", "matrix").standard_normal((2 * n_delays, 3))
    found = Windows.of(x, n_delays, interval).times(matrix)
    np.testing.assert_allclose(found, every_window(x, n_delays, interval) @ matrix, atol=1e-12)


def test_a_recording_is_divided_by_its_unit():
    x = recording()
    np.testing.assert_array_equal(Windows.of(x, 2, 3, unit=4.0).rows, Windows.of(x / 4, 2, 3).rows)


def test_blocks_are_the_callers_to_write_over():
    x = recording()
    windows = Windows.of(x, 1, 1)
    before = windows.rows.copy()
    for block in windows.blocks(100):
        assert block.flags.f_contiguous
        block[...] = 0
    np.testing.assert_array_equal(windows.rows, before)
