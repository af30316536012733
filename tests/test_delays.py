import numpy as np
import pytest

from metric_harness.delays import span, window_blocks
from metric_harness.seeding import generator


@pytest.mark.parametrize("n_rows", [1, 4, 7, 8, 21, 1000])
@pytest.mark.parametrize(("n_delays", "interval"), [(1, 1), (2, 3), (3, 2)])
def test_blocks_hold_every_window_of_every_trial_in_order(n_rows: int, n_delays: int, interval: int):
    x = generator(0, "delays").standard_normal((5, 11, 2))
    n_windows = 11 - span(n_delays, interval)
    expected = [
        np.concatenate([trial[t + copy * interval] for copy in range(n_delays)])
        for trial in x
        for t in range(n_windows)
    ]
    blocks = list(window_blocks(x, n_delays, interval, n_rows))
    np.testing.assert_array_equal(np.concatenate(blocks), expected)
    assert max(map(len, blocks)) <= n_rows


def test_blocks_are_the_callers_to_write_over():
    x = generator(0, "delays").standard_normal((2, 5, 3))
    before = x.copy()
    for block in window_blocks(x, 1, 1, 100):
        assert block.flags.f_contiguous
        block[...] = 0
    np.testing.assert_array_equal(x, before)
