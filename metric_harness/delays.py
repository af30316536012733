"""Delay windows of recordings, (x_t, x_{t+τ}, …, x_{t+(n-1)τ}), that stay within their trial."""

import dataclasses
from collections.abc import Iterable, Iterator
from typing import TypeAlias, final

import numpy as np

from metric_harness.arrays import Array, Trajectories
from metric_harness.processors import portions

_WIDEST = 4096
"""Most columns of which all products are made at once for several blocks: 128 MiB of them."""
_FEWEST = 64
"""Windows from which on a product takes less time than its call; more are copied together where a block has fewer."""
_Part: TypeAlias = tuple[slice, slice, slice]


def span(n_delays: int, interval: int) -> int:
    """Return how many time steps the last copy of a window is behind the first."""
    return (n_delays - 1) * interval


@final
@dataclasses.dataclass(frozen=True)
class Windows:
    """All windows of a recording, as one matrix of windows by n_delays · units that is never made whole.

    Time is cut into blocks of τ steps. Next to each other, the states at one phase of successive blocks are a row of
    which every window that starts at that phase is a part: it needs no copy, and its products with others of its row
    are those of blocks, which neighboring windows share.

    Attributes:
        rows: a row for each trial and phase, shape (trials, τ, blocks · units).
        grid: the window that starts at each phase of each block, shape (trials, τ, starts, n_entries), a view of the
            rows; the last start may have windows at some phases only.
        n_windows: windows in a trial.
        n_delays: copies of the state in a window.
        n_units: entries of a state.
    """

    rows: Array
    grid: Array
    n_windows: int
    n_delays: int
    n_units: int

    @classmethod
    def of(cls, x: Trajectories, n_delays: int, interval: int, unit: float = 1.0) -> "Windows":
        """Cut a recording of shape (trials, time, units), longer than `span`, and divide it by a unit."""
        n_trials, n_times, n_units = x.shape
        interval = min(interval, n_times)  # of one delay it may be any number
        blocks = np.zeros((n_trials, interval, -(-n_times // interval), n_units))
        for phase in range(interval):
            part = x[:, phase::interval]
            blocks[:, phase, : part.shape[1]] = part
        blocks /= unit  # at once: a division of one state after the other takes several times as long
        rows = blocks.reshape(n_trials, interval, -1)
        grid = np.lib.stride_tricks.sliding_window_view(rows, n_delays * n_units, axis=2)[:, :, ::n_units]
        return cls(rows, grid, n_times - span(n_delays, interval), n_delays, n_units)

    @property
    def n_entries(self) -> int:
        """Entries of a window."""
        return self.n_delays * self.n_units

    def __len__(self) -> int:
        return len(self.rows) * self.n_windows

    def blocks(self, n_rows: int) -> Iterator[Array]:
        """Yield the windows, in an order of their own, as matrices of about as many rows, or fewer.

        Yields:
            Shape (windows of this block, n_entries), columns contiguous; the caller's to write over.
        """
        return (np.array(self._part(part), order="F") for part in self._parts(n_rows))

    def gram(self) -> Array:
        """Return the products of the windows' entries, summed over all windows, shape (n_entries, n_entries).

        Of the multiplications for 20 delays, a fifth is left where as many blocks are taken at once.
        """
        n, u = self.n_entries, self.n_units
        rows, (n_full, _) = self.rows.reshape(-1, self.rows.shape[2]), self._blocks_and_rest
        n_together = max(1, min(self.n_delays, _WIDEST // u - self.n_delays + 1))
        total = np.zeros((n, n))
        for first in range(0, n_full, n_together):
            n_here = min(n_together, n_full - first)
            columns = rows[:, first * u : (first + n_here + self.n_delays - 1) * u]
            products = columns.T @ columns
            for start in range(0, n_here * u, u):
                total += products[start : start + n, start : start + n]
        for part in self._rest(len(rows)):
            last = self._part(part)
            total += last.T @ last
        return total

    def times(self, matrix: Array) -> Array:
        """Return the product of each window, as a row, with a matrix of (n_entries, k), shape (trials, windows, k)."""
        n_rows = max(_FEWEST, self.rows.shape[0] * self.rows.shape[1])
        return self.in_order((self._part(part) @ matrix for part in self._parts(n_rows)), matrix.shape[1], n_rows)

    def in_order(self, blocks: Iterable[Array], k: int, n_rows: int) -> Array:
        """Return rows that belong to the windows of `blocks(n_rows)` in the order of trials and times.

        Args:
            blocks: shapes (windows of this block, k).
            k: entries of a row.
            n_rows: as for `blocks`.

        Returns:
            Shape (trials, windows, k).
        """
        n_trials, interval, _ = self.rows.shape
        ordered = np.zeros((n_trials, self._blocks_and_rest[0] + 1, interval, k))
        by_part = ordered.swapaxes(1, 2)
        for part, block in zip(self._parts(n_rows), blocks, strict=True):
            target = by_part[part]
            target[...] = block.reshape(target.shape)
        return ordered.reshape(n_trials, -1, k)[:, : self.n_windows]

    @property
    def _blocks_and_rest(self) -> tuple[int, int]:
        """How many blocks have a window at each phase, and how many phases have one that starts in the block after."""
        return divmod(self.n_windows, self.rows.shape[1])

    def _parts(self, n_rows: int) -> Iterator[_Part]:
        """Yield trials, phases and blocks where windows start, of about so many windows together, or fewer."""
        n_trials, interval, _ = self.rows.shape
        n_full, _ = self._blocks_and_rest
        for trials in portions(n_trials, n_rows // interval):
            n_rows_here = (trials.stop - trials.start) * interval
            for blocks in portions(n_full, n_rows // n_rows_here):
                yield trials, slice(interval), blocks
        yield from self._rest(n_rows)

    def _rest(self, n_rows: int) -> Iterator[_Part]:
        """Yield those of the windows that start in a block where some phases have none."""
        n_full, n_phases = self._blocks_and_rest
        if n_phases:
            for trials in portions(len(self.rows), n_rows // n_phases):
                yield trials, slice(n_phases), slice(n_full, n_full + 1)

    def _part(self, part: _Part) -> Array:
        """Return the windows that start at these places, shape (windows, n_entries); a view where it can be one."""
        return self.grid[part].reshape(-1, self.n_entries)
