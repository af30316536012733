"""Work is shared among processors, and no more of it is done at once than is asked."""

import time

import pytest

from metric_harness import processors


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


def test_workers_of_one_machine_share_its_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processors.os, "sched_getaffinity", lambda _: range(6), raising=False)
    shares: list[int] = []
    for n_workers in ("1", "2", "4", "8"):
        monkeypatch.setenv("PYTEST_XDIST_WORKER_COUNT", n_workers)
        shares.append(processors.n_processors())
    assert shares == [6, 3, 1, 1]
