"""Work that is shared among the processors of a machine."""

import functools
import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from threadpoolctl import ThreadpoolController  # pyright: ignore[reportMissingTypeStubs]

Item = TypeVar("Item")
Result = TypeVar("Result")


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


def one_thread_each() -> AbstractContextManager[Any]:
    """Keep the linear algebra library to one thread, so that products of small matrices do not wait for each other."""
    return _libraries().limit(limits=1, user_api="blas")


def n_processors() -> int:
    """Return how many processors this process may use: its share, if it is one of pytest-xdist's workers."""
    affinity = getattr(os, "sched_getaffinity", None)  # only some systems tell
    n_here = len(affinity(0)) if affinity else os.cpu_count() or 1
    return max(1, n_here // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


@functools.cache
def _libraries() -> Any:
    """Return the control of the linear algebra libraries; finding them takes milliseconds."""
    return ThreadpoolController()
