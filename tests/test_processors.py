"""Work is shared among processors, and no more of it is done at once than is asked."""

import os
import subprocess
import sys
import time

import pytest
from threadpoolctl import threadpool_info, threadpool_limits  # pyright: ignore[reportMissingTypeStubs]

from metric_harness import processors


def most_threads() -> int:
    return max(library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas")


def test_no_more_items_are_worked_on_at_once_than_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processors, "n_processors", lambda: 4)
    at_work: list[int] = []
    seen: list[int] = []

    def work(item: int) -> int:
        at_work.append(item)
        seen.append(len(at_work))
        time.sleep(0.01)
        at_work.remove(item)
        return -item

    for most in (1, 2):
        seen.clear()
        assert processors.in_threads(work, range(6), most) == [0, -1, -2, -3, -4, -5]
        assert max(seen) == most


@pytest.mark.parametrize(("n_here", "n_items", "n_threads"), [(1, 1, 1), (1, 3, 1), (4, 3, 1), (4, 1, 2)])
def test_linear_algebra_gets_one_thread_unless_one_item_has_several_processors(
    n_here: int, n_items: int, n_threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processors, "n_processors", lambda: n_here)
    with threadpool_limits(limits=2, user_api="blas"):
        assert processors.in_threads(lambda _: most_threads(), range(n_items)) == [n_threads] * n_items


def test_the_limit_of_threads_holds_until_the_last_is_out_and_not_longer() -> None:
    with threadpool_limits(limits=2, user_api="blas"):
        first, second = processors.one_thread_each(), processors.one_thread_each()
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        assert most_threads() == 1
        second.__exit__(None, None, None)
        assert most_threads() == 2
        with pytest.raises(ZeroDivisionError), processors.one_thread_each():
            _ = 1 / 0
        assert most_threads() == 2


def test_the_limit_holds_for_a_library_that_nothing_has_loaded_yet() -> None:
    code = (
        "from metric_harness.processors import one_thread_each\n"
        "from threadpoolctl import threadpool_info\n"
        "with one_thread_each():\n"
        "    import scipy.linalg\n"
        "    print({library['num_threads'] for library in threadpool_info() if library['user_api'] == 'blas'})"
    )
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "2")
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | threads, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["{1}"]


def test_no_items_need_no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processors, "n_processors", lambda: 1)
    assert processors.in_threads(abs, []) == []


def test_workers_of_one_machine_share_its_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processors.os, "sched_getaffinity", lambda _: range(6), raising=False)
    shares: list[int] = []
    for n_workers in ("1", "2", "4", "8"):
        monkeypatch.setenv("PYTEST_XDIST_WORKER_COUNT", n_workers)
        shares.append(processors.n_processors())
    assert shares == [6, 3, 1, 1]
