"""Recordings that together are too large to be copied at once, and the blocks of pairs whose recordings are not.

A metric may write into what it is handed, so that it gets copies. Beyond `MOST_BYTES` of them they are made for a few
recordings at a time, and let go before the next are made. Recordings may then lie on disk, as `numpy.load(file,
mmap_mode="r")` opens them.
"""

import contextlib
import mmap
from collections.abc import Iterator, Sequence
from typing import Any, cast, final, overload

import numpy as np

from metric_harness import arrays
from metric_harness.arrays import Array, Trajectories

MOST_BYTES = 2**28
"""Bytes of copies that a metric is handed at once, or two copies if these are more: a choice, an eighth of 2 GiB. A
metric makes its own of them, often another copy of each and four more for a moment."""


@final
class Recordings(Sequence[Array]):
    """Recordings of which each is copied when it is looked at, and kept by nobody but the one who looks.

    Args:
        xs: trajectories.
        flat: whether they are handed over as activations.

    Raises:
        InvalidInputError: if one is not valid trajectories; all are looked through once.
    """

    def __init__(self, xs: Sequence[Trajectories], *, flat: bool) -> None:
        for x in xs:
            arrays.trajectories(x)
            _let_go(x)
        self._xs, self._flat = xs, flat

    def __len__(self) -> int:
        return len(self._xs)

    @overload
    def __getitem__(self, index: int) -> Array: ...
    @overload
    def __getitem__(self, index: slice) -> list[Array]: ...
    def __getitem__(self, index: int | slice) -> Array | list[Array]:
        if isinstance(index, slice):
            return [self[k] for k in range(*index.indices(len(self)))]
        x = self._xs[index]
        values = np.asarray(x).astype(np.float64, copy=False)
        fresh = np.array(arrays.flattened(values) if self._flat else values)
        _let_go(x)
        return fresh

    def of(self, pairs: Sequence[tuple[int, int]]) -> list[Array]:
        """Return copies of what pairs name, each at its index; the first of them stands in the place of others."""
        used = sorted({index for pair in pairs for index in pair})
        copies = [self[index] for index in used]
        found = copies[:1] * len(self)
        for index, copy in zip(used, copies, strict=True):
            found[index] = copy
        return found

    def blocks(self, pairs: Sequence[tuple[int, int]]) -> Iterator[list[int]]:
        """Yield the places of pairs in blocks whose recordings take at most `MOST_BYTES` together.

        Recordings are divided into groups of half as much, in their order; a block is what has one member in one group
        and one in another. With g groups, a recording of all pairs is thus copied about g times.
        """
        group, n_bytes = 0, 0
        groups: dict[int, int] = {}
        for index in sorted({index for pair in pairs for index in pair}):
            size = n_bytes_of(self._xs[index])
            if n_bytes and n_bytes + size > MOST_BYTES // 2:
                group, n_bytes = group + 1, 0
            n_bytes += size
            groups[index] = group
        found: dict[tuple[int, int], list[int]] = {}
        for place, pair in enumerate(pairs):
            first, second = sorted(groups[index] for index in pair)
            if first == second:  # both groups of an even and the next are there at once anyway
                first, second = first - first % 2, first - first % 2 + 1
            found.setdefault((first, second), []).append(place)
        for block in sorted(found):
            yield found[block]


def n_bytes_of(x: Trajectories) -> int:
    """Return how large the copy of a recording is."""
    return np.size(x) * np.dtype(np.float64).itemsize


def too_large(xs: Sequence[Trajectories]) -> bool:
    """Return whether copies of all recordings would be more than `MOST_BYTES`."""
    return sum(map(n_bytes_of, xs)) > MOST_BYTES


def _let_go(x: object) -> None:
    """Take what was read of a file out of this process' memory, where it counts until others need the room."""
    if isinstance(x, np.memmap) and cast(Any, x).mode == "r" and hasattr(mmap, "MADV_DONTNEED"):
        # A view of something else than a whole file has no map of its own, or one that is closed.
        with contextlib.suppress(AttributeError, ValueError, OSError):
            cast(Any, x)._mmap.madvise(mmap.MADV_DONTNEED)
