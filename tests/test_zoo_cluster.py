"""What a Dask cluster trains is what this machine would have trained, whatever dies meanwhile.

Scheduler and workers are processes of their own.
"""

import dataclasses
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("distributed", reason="needs Dask: pip install distributed")

from metric_harness import cli, connection, sweep_cluster, sweep_command, zoo_cluster, zoo_commands
from metric_harness.connection import KILLED, Connection
from metric_harness.errors import SchedulerError, UsageError
from metric_harness.sweep_pieces import Home
from metric_harness.zoo_building import News, build
from metric_harness.zoo_cluster import OPTION, OnCluster
from tests.dask_cluster import LocalCluster, kill_all_of
from tests.test_sweep import CKA, OTHER, SMALL, options, report
from tests.test_sweep import TINY as SWEEP
from tests.test_sweep import silent as unheard
from tests.test_zoo import TINY, contents, silent

pytestmark = pytest.mark.usefixtures("one_thread")


ONLY_HERE = """
import sys

if "pytest" not in sys.modules:
    raise ImportError("no such machine")

def gap(x, y):
    return 1.0
"""


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    folder = tmp_path_factory.mktemp("dask")
    running = LocalCluster(folder, 2, environment=[("METRIC_HARNESS_CACHE", str(folder / "cache"))])
    running.wait(2)
    yield running
    running.close()


@pytest.fixture(scope="module")
def opened(local: LocalCluster) -> Iterator[Connection]:
    found = Connection(local.address, OPTION)
    yield found
    found.close()


@pytest.fixture(scope="module")
def serial(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("serial")
    return contents(build(TINY, folder / "zoo", folder / "cache", n_processes=1, tell=silent).parent)


class Idle:
    """A connection to nobody, which answers every call alike and counts them."""

    address = "tcp://nobody"

    def __init__(self, answer: object = None) -> None:
        self.answer, self.n_calls = answer, 0

    def each_result(self, function, calls):
        for place in range(len(calls)):
            self.n_calls += 1
            yield place, self.answer


def test_a_zoo_is_the_serial_one_though_a_worker_is_killed_and_is_then_found_here(opened, local, serial, tmp_path):
    killed: list[int] = []

    def kill_one() -> None:
        # A job leaves its first snapshot when it begins, and takes seconds more.
        cache = local.folder / "cache" / "zoo" / TINY.digest()
        while not [*cache.glob("*.safetensors")]:
            time.sleep(0.02)
        killed.append(local.wait(1)[0])
        os.kill(killed[0], signal.SIGKILL)

    killer = threading.Thread(target=kill_one)
    killer.start()
    heard: list[News] = []
    manifest = build(
        TINY, tmp_path / "zoo", tmp_path / "cache", n_processes=1, tell=heard.append, elsewhere=OnCluster(opened)
    )
    killer.join()
    assert killed
    assert contents(manifest.parent) == serial
    over = {(news.job, news.phase) for news in heard if news.done == 1.0}
    assert over == {(f"go_nogo-{k}", phase) for k in (0, 1) for phase in ("pretraining", "composite", "testing")}
    idle = Idle()
    build(TINY, tmp_path / "again", tmp_path / "cache", n_processes=1, tell=silent, elsewhere=OnCluster(idle))
    assert contents(tmp_path / "again") == serial
    assert idle.n_calls == 0


def outcome(folder: Path) -> dict:
    """Return what a sweep reported, without seconds."""
    found = report(folder)
    return {name: found[name] for name in ("tables", "broken off", "errors")} | {
        "distances": sorted(
            [path.parent.name, *map(str, pair)]
            for path in folder.glob("sweep/pieces/*/cka-*.json")
            for pair in json.loads(path.read_text(encoding="utf-8"))["pairs"]
        )
    }


def test_a_sweep_is_the_serial_one_and_only_its_records_come_back(local, tmp_path, monkeypatch):
    assert sweep_command.run(options(tmp_path / "alone"), [], SWEEP)[1] == 0
    there = options(tmp_path / "there", scheduler=local.address)
    assert sweep_command.run(there, [], SWEEP)[1] == 0
    assert outcome(tmp_path / "there") == outcome(tmp_path / "alone")
    assert not [*(tmp_path / "there").rglob("*.safetensors")]
    # What is finished is not sent again.
    monkeypatch.setattr(sweep_cluster, "worked", None)
    assert sweep_command.run(there, [], SWEEP)[1] == 0
    assert outcome(tmp_path / "there") == outcome(tmp_path / "alone")


def test_a_configuration_that_breaks_off_on_a_worker_is_named_and_leaves_the_others(opened, tmp_path):
    (tmp_path / "mine.py").write_text(ONLY_HERE)
    lost = dataclasses.replace(CKA[0], value=f"{tmp_path}/mine.py:gap")
    homes = [Home(SWEEP, configuration, tmp_path) for configuration in (SMALL, OTHER)]
    tasks = [(home, ("untrained", "master")) for home in homes]
    found = {home.configuration: finish for home, finish in sweep_cluster.sent(opened, tasks, [lost], unheard)}
    assert {*found} == {SMALL, OTHER}
    for finish in found.values():
        with pytest.raises(SchedulerError, match=r"on a worker of tcp://.*no such machine"):
            finish()
    assert [home.training("composite-master")["over"] for home in homes] == [True, True]
    ends = [finish for _, finish in sweep_cluster.sent(Idle(KILLED), tasks, CKA, unheard)]
    with pytest.raises(SchedulerError, match="ended every worker of tcp://nobody"):
        ends[0]()
    assert len(ends) == 2


def test_what_ends_every_worker_is_named(tmp_path):
    with pytest.raises(SchedulerError, match="the training go_nogo-0 ended every worker of tcp://nobody"):
        build(TINY, tmp_path, tmp_path, n_processes=1, tell=silent, elsewhere=OnCluster(Idle(KILLED)))


def test_other_code_on_a_worker_is_said(opened, monkeypatch, tmp_path):
    monkeypatch.setattr(zoo_cluster, "edition", lambda: "0123")
    with pytest.raises(SchedulerError, match="needed 0123, that of the sender"):
        build(TINY, tmp_path, tmp_path, n_processes=1, tell=silent, elsewhere=OnCluster(opened))


def test_no_scheduler_is_a_mistake_in_the_option(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(connection, "CONNECT_S", 0.5)
    assert (
        cli.main(["zoo", "build", "--smoke", "--folder", str(tmp_path / "f"), "--scheduler", "tcp://127.0.0.1:9"]) == 4
    )
    assert "--scheduler tcp://127.0.0.1:9 does not answer within 0.5 s" in capsys.readouterr().err
    assert not (tmp_path / "f").exists()


def test_the_loss_of_the_scheduler_names_it_and_a_rebuild_goes_on(tmp_path: Path, monkeypatch, serial):
    monkeypatch.setattr(connection, "CONNECT_S", 5.0)
    monkeypatch.setenv("METRIC_HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(zoo_commands, "plan_for", lambda *_, **__: TINY)
    running = LocalCluster(tmp_path, 1, environment=[("METRIC_HARNESS_CACHE", str(tmp_path / "far"))])
    came_back = tmp_path / "cache" / "zoo" / TINY.digest()

    def kill() -> None:
        while not [*came_back.glob("*-accuracies.json")]:
            time.sleep(0.02)
        kill_all_of(running.scheduler)

    killer = threading.Thread(target=kill)
    try:
        running.wait(1)
        killer.start()
        with pytest.raises(UsageError, match=f"{running.address} was lost.*the same command goes on from there"):
            zoo_commands.build_zoo(tmp_path / "zoo", smoke=False, n_processes=1, scheduler=running.address)
    finally:
        running.close()
        killer.join()
    assert len([*came_back.glob("*-accuracies.json")]) == 1
    heard: list[News] = []
    manifest = build(TINY, tmp_path / "zoo", tmp_path / "cache", n_processes=1, tell=heard.append)
    assert contents(manifest.parent) == serial
    assert len([news for news in heard if news.job == "go_nogo-0" and news.phase != "testing"]) == 2
