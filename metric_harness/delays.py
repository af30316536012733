"""Delay windows of recordings, (x_t, x_{t+τ}, …, x_{t+(n-1)τ}), that stay within their trial."""

from collections.abc import Iterator

import numpy as np

from metric_harness.arrays import Array, Trajectories


def span(n_delays: int, interval: int) -> int:
    """Return how many time steps the last copy of a window is behind the first."""
    return (n_delays - 1) * interval


def window_blocks(x: Trajectories, n_delays: int, interval: int, n_rows: int) -> Iterator[Array]:
    """Yield the windows, trial after trial, as matrices of about as many rows, or fewer.

    All windows together are `n_delays` times the recording, and would not stay in the processor's cache.

    Args:
        x: shape (trials, time, units), longer than `span`.
        n_delays: copies of the state in one window, the earliest first.
        interval: time steps between two copies.
        n_rows: most rows of a block.

    Yields:
        Shape (windows of this block, n_delays · units), columns contiguous; the caller's to write over.
    """
    n_trials, n_times, n_units = x.shape
    n_windows = n_times - span(n_delays, interval)
    n_together, n_long = max(1, n_rows // n_windows), min(n_windows, n_rows)
    for trial in range(0, n_trials, n_together):
        for first in range(0, n_windows, n_long):
            part = x[trial : trial + n_together, first:].transpose(2, 0, 1)
            kept = min(n_long, n_windows - first)
            block = np.empty((n_delays, n_units, part.shape[1], kept), dtype=x.dtype)
            for copy, start in zip(block, _starts(n_delays, interval), strict=True):
                copy[...] = part[:, :, start : start + kept]
            yield block.reshape(n_delays * n_units, -1).T


def _starts(n_delays: int, interval: int) -> range:
    return range(0, n_delays * interval, interval)
