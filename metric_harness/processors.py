"""Work that is shared among the processors of a machine."""

import contextlib
import functools
import importlib
import os
import sys
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from threadpoolctl import ThreadpoolController  # pyright: ignore[reportMissingTypeStubs]

Item = TypeVar("Item")
Result = TypeVar("Result")

_LOCK = threading.Lock()
_INSIDE: list[Any] = []
"""The limit, and a place for every further thread inside `one_thread_each`."""


def in_threads(call: Callable[[Item], Result], items: Sequence[Item], most: int = sys.maxsize) -> list[Result]:
    """Return the call's result for each item, in their order, computed by as many threads as there are processors.

    Args:
        call: what a thread does with an item.
        items: what it is done with.
        most: most items that are worked on at once, where each takes much memory; no result depends on it.

    NumPy lets go of the interpreter inside matrix products and decompositions, so that these run at once. Each then
    gets one thread of the linear algebra library, whose own threads would wait for the same processors; where there is
    one item, it may use them all.
    """
    n_here = n_processors()
    n_threads = min(n_here, len(items))
    if n_threads < 2 <= n_here or not items:
        return [call(item) for item in items]
    with one_thread_each(), ThreadPoolExecutor(min(n_threads, most)) as pool:
        return list(pool.map(call, items))


def portions(n: int, size: int) -> Iterator[slice]:
    """Yield slices of at most this size, or of one, that cover n places."""
    size = max(1, size)
    return (slice(start, min(start + size, n)) for start in range(0, n, size))


@contextlib.contextmanager
def one_thread_each() -> Generator[None, None, None]:
    """Keep the linear algebra libraries to one thread, so that products of small matrices do not wait for each other.

    Of several threads of this process that are inside at once, the last to leave lifts the limit.
    """
    with _LOCK:
        _INSIDE.append(_libraries().limit(limits=1, user_api="blas") if not _INSIDE else None)
    try:
        yield
    finally:
        with _LOCK:
            limit = _INSIDE[0]
            _INSIDE.pop()
            if not _INSIDE:
                limit.restore_original_limits()


def n_processors() -> int:
    """Return how many processors this process may use: its share, if it is one of pytest-xdist's workers."""
    affinity = getattr(os, "sched_getaffinity", None)  # only some systems tell
    n_here = len(affinity(0)) if affinity else os.cpu_count() or 1
    return max(1, n_here // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


@functools.cache
def _libraries() -> Any:
    """Return the control of the linear algebra libraries; finding them takes milliseconds.

    SciPy's is that of compiled functions. It is not found before it is loaded.
    """
    importlib.import_module("scipy.linalg")
    return ThreadpoolController()
