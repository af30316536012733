"""A sweep tells what it costs before it starts, ends the same however often it is killed, and names what fails."""

import argparse
import dataclasses
import json
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from metric_harness import cli
from metric_harness.curriculum import GROUPS, MASTER
from metric_harness.errors import UsageError
from metric_harness.sweep_command import run, share_in
from metric_harness.sweep_costs import Costs, Point, departures, fitted
from metric_harness.sweep_pieces import Home, asked_in, networks, trainings, work
from metric_harness.sweep_plans import STUDY, Configuration, Sweep, n_trainings
from metric_harness.sweep_results import markdown, results
from metric_harness.training import Schedule

pytestmark = pytest.mark.usefixtures("one_thread")

SMALL = Configuration("leaky_rnn", "relu", 8, 0.01, 2)
OTHER = Configuration("leaky_gru", "tanh", 6, 0.001, 3)
TINY = Sweep(
    configurations=(SMALL, OTHER),
    schedule=Schedule(checkpoints=(0, 4), evaluated_every=2, earliest_stop=2, n_validation=4),
    n_recorded=6,
    n_components=2,
)
CKA = asked_in(["cka"])
THREE = ("untrained", MASTER, "pretrain_plain_frozen")
KILLED = """
import os, signal, sys
from pathlib import Path
from metric_harness.sweep_pieces import Home, work
from tests.test_sweep import CKA, SMALL, THREE, TINY

def tell(configuration, piece, share):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

left = int(sys.argv[2])
work(Home(TINY, SMALL, Path(sys.argv[1])), THREE, CKA, tell)
"""
METRICS = """
def raises(x, y):
    raise RuntimeError("no luck today")
"""


def silent(configuration: str, piece: str, share: float) -> None:
    del configuration, piece, share


def options(folder: Path, *metrics: str, **changes: object) -> argparse.Namespace:
    usual: dict[str, object] = {
        "estimate": False,
        "folder": folder / "sweep",
        "metric_set": None,
        "metrics": list(metrics) or ["cka"],
        "price": None,
        "processes": 1,
        "reports": folder / "reports",
        "scheduler": None,
        "slice": "1",
        "updates": None,
    }
    return argparse.Namespace(**(usual | changes))


def report(folder: Path) -> dict:
    return json.loads((folder / "reports" / "sweep.json").read_text(encoding="utf-8"))


def done(folder: Path) -> dict:
    """Return what three groups of one configuration came to."""
    work(Home(TINY, SMALL, folder), THREE, CKA, silent)
    return results(TINY, {SMALL: THREE}, CKA, folder)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a sweep of all groups."""
    folder = tmp_path_factory.mktemp("finished")
    assert run(options(folder), ["sweep", "cka"], TINY)[1] == 0
    return folder


def test_the_study_has_64_configurations_and_its_eleven_groups():
    assert len(set(STUDY)) == 64
    # Seven sets of subtasks, and ten groups that learn the composite task.
    assert n_trainings(Sweep().whole) == 64 * 17


def test_a_slice_is_the_same_every_time_and_another_seed_draws_another():
    share = Fraction(1, 50)
    assert Sweep().part(share) == Sweep().part(share)
    assert Sweep().part(share) != Sweep(seed=1).part(share)


@pytest.mark.parametrize("n", [25, 50, 100])
def test_a_slice_has_its_share_of_the_trainings_and_cheap_and_dear_ones_alike(n):
    part = Sweep().part(Fraction(1, n))
    # A unit has at most three trainings, so that whole units come within one and a half.
    assert abs(n_trainings(part) - 1088 / n) <= 1.5
    assert all(MASTER in groups and len(groups) > 1 for groups in part.values())
    assert len({configuration.cell for configuration in part}) >= min(8, len(part)) - 1
    assert {configuration.n_units for configuration in part} == {128, 256}
    assert {configuration.network for configuration in part} == {"leaky_rnn", "leaky_gru"}


def test_the_whole_is_a_slice_of_one():
    assert TINY.part(Fraction(1)) == {SMALL: tuple(GROUPS), OTHER: tuple(GROUPS)}


@pytest.mark.parametrize("text", ["0", "2", "-1/50", "1/0", "half"])
def test_a_share_that_is_none_is_told(text):
    with pytest.raises(UsageError, match=r"--slice is .*; needed a share above 0 and at most 1, such as 1/50"):
        TINY.part(share_in(text))


@pytest.mark.parametrize("n", [0, 5])
def test_a_number_of_updates_that_cannot_be_is_told(n):
    with pytest.raises(UsageError, match=f"--updates is {n}; needed 1 to 4"):
        TINY.shortened(n)


def test_no_two_configurations_share_weights_or_trials():
    assert len({Sweep().job(configuration).seeds for configuration in STUDY}) == 64


def test_an_estimate_trains_nothing_and_gives_time_and_price(tmp_path):
    text, status = run(options(tmp_path, estimate=True, price=2.0), ["sweep"], TINY)
    assert status == 0
    assert "2 configurations: 34 trainings (0 done), 22 recordings, 110 pairs by cka" in text
    assert "a calibration (4 updates of" in text
    assert "core-hours" in text
    assert "at 2 per core-hour" in text
    assert not (tmp_path / "sweep" / "pieces").exists()
    assert not (tmp_path / "reports").exists()


def test_the_estimate_is_told_before_the_first_training(tmp_path, monkeypatch, capsys):
    heard: list[str] = []

    def first(*args: object) -> None:
        del args
        heard.append(capsys.readouterr().err)

    monkeypatch.setattr("metric_harness.sweep_command.work", first)
    run(options(tmp_path), ["sweep"], TINY)
    assert "left at most, 4 updates for every network" in heard[0]
    assert "on 1 core" in heard[0]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX signals")
def test_a_sweep_that_was_killed_twice_goes_on_to_the_same_digest(tmp_path):
    # Three looks at each of three trainings, then the metric: the kills fall into the second and the third training.
    for left in (5, 5):
        killed = subprocess.run(
            [sys.executable, "-c", KILLED, str(tmp_path / "killed"), str(left)],
            cwd=Path(__file__).parents[1],
            check=False,
        )
        assert killed.returncode == -signal.SIGKILL
    heard: list[str] = []
    work(Home(TINY, SMALL, tmp_path / "killed"), THREE, CKA, lambda _, piece, share: heard.append(f"{piece} {share}"))
    assert "composite-pretrain_plain_frozen 0.0" not in heard
    again, once = results(TINY, {SMALL: THREE}, CKA, tmp_path / "killed"), done(tmp_path / "whole")
    assert again == once
    weights = once["configurations"][SMALL.name]["networks"][MASTER]["trainings"]["composite-master"]["weights"]
    assert len(weights) == 16


def test_what_is_done_is_not_done_again(finished, monkeypatch):
    def never(*args: object, **kwargs: object) -> None:
        raise AssertionError(args, kwargs)

    before = report(finished)["digest"]
    monkeypatch.setattr("metric_harness.sweep_pieces.train", never)
    monkeypatch.setattr("metric_harness.sweep_pieces.recorded", never)
    assert run(options(finished), ["sweep", "cka"], TINY)[1] == 0
    assert report(finished)["digest"] == before


def test_two_processes_find_what_one_finds(tmp_path):
    # Two units of a twentieth of the trainings each: as many configurations.
    for folder, n_processes in ((tmp_path / "two", 2), (tmp_path / "one", 1)):
        text, status = run(options(folder, processes=n_processes, slice="1/8"), ["sweep", "cka"], TINY)
        assert status == 0
        assert "the whole, at most, 4 updates for every network" in text
    assert report(tmp_path / "two")["digest"] == report(tmp_path / "one")["digest"]
    assert len(report(tmp_path / "two")["configurations"]) == 2


def test_a_table_stands_beside_the_published_numbers_and_names_those_short_of_the_target(finished):
    found = report(finished)
    rows = {row["group"]: row for row in found["tables"]["cka"]}
    assert set(rows) == {*GROUPS, "partial pretraining"} - {MASTER}
    assert rows["untrained"]["published"] == 0.426
    assert rows["pretrain_anti_delayed_frozen"]["published"] is None
    distances = [
        value
        for its in found["configurations"].values()
        for a, b, value in its["distances"]["cka"]["pairs"]
        if {a, b} == {MASTER, "untrained"}
    ]
    assert rows["untrained"]["n"] == len(distances) == 2
    assert rows["untrained"]["mean"] == pytest.approx(np.mean(distances))
    assert rows["untrained"]["interval"][0] < rows["untrained"]["mean"] < rows["untrained"]["interval"][1]
    # Four updates teach nothing; whoever did not reach the target is in the mean, and is named.
    short = {(s["configuration"], s["training"]) for s in found["short of the target"]}
    assert len(short) == 34
    assert (SMALL.name, "composite-master") in short
    page = markdown(found, "metric-harness sweep cka")
    assert f"| {OTHER.name} | pretraining-plain_anti" in page
    assert "| untrained " in page


def test_a_configuration_that_fails_is_named_and_leaves_the_others(tmp_path):
    broken = dataclasses.replace(SMALL, activation="no such")
    sweep = dataclasses.replace(TINY, configurations=(SMALL, broken, dataclasses.replace(SMALL, n_units=9)))
    text, status = run(options(tmp_path), ["sweep", "cka"], sweep)
    assert status == 1
    assert f"error: {broken.name}: " in text
    assert "activation is 'no such'" in text
    found = report(tmp_path)
    assert [row["n"] for row in found["tables"]["cka"]] == [2] * 11


def test_a_network_that_cannot_be_trained_is_named_and_leaves_the_others(tmp_path):
    wild = dataclasses.replace(SMALL, learning_rate=1e30)
    home = Home(TINY, wild, tmp_path)
    for _ in range(2):  # found the same way the second time
        assert set(networks(home, THREE, silent)) == {"untrained"}
    work(home, THREE, CKA, silent)
    found = results(TINY, {wild: THREE}, CKA, tmp_path)
    errors = "\n".join(found["errors"])
    assert f"{wild.name}, {MASTER}: the loss is" in errors
    assert f"{wild.name}, pretrain_plain_frozen: its pretraining failed" in errors


def test_a_metric_that_raises_is_named_and_leaves_the_others(tmp_path):
    (tmp_path / "mine.py").write_text(METRICS)
    asked = asked_in([f"{tmp_path / 'mine.py'}:raises", "cka"])
    work(Home(TINY, SMALL, tmp_path), THREE, asked, silent)
    found = results(TINY, {SMALL: THREE}, asked, tmp_path)
    assert len(found["errors"]) == 1
    assert "no luck today" in found["errors"][0]
    assert len(found["configurations"][SMALL.name]["distances"]["cka"]["pairs"]) == 3


def test_a_law_finds_the_exponents_that_were_put_in():
    sizes = [(128.0, 64.0), (128.0, 128.0), (256.0, 64.0), (256.0, 128.0), (1024.0, 1024.0), (16.0, 16.0)]
    points = [Point(kind, (n, b), c * n**1.6 * b**0.7) for kind, c in (("one", 1e-5), ("two", 3e-5)) for n, b in sizes]
    law = fitted(points)
    assert law.exponents == pytest.approx((1.6, 0.7), abs=0.05)
    assert law.seconds("two", (128.0, 64.0)) / law.seconds("one", (128.0, 64.0)) == pytest.approx(3)
    assert departures(points) == pytest.approx([1.0] * 12, rel=0.1)


def test_a_law_of_one_measurement_is_that_of_theory():
    law = fitted([Point("one", (128.0, 64.0), 0.5)])
    assert law.exponents == (1.0, 1.0)
    assert law.seconds("one", (256.0, 64.0)) == pytest.approx(1.0)
    assert departures([Point("one", (128.0, 64.0), 0.5)]) == []


def test_an_estimate_goes_by_what_is_done_once_anything_is(finished, monkeypatch):
    # What other tests have loaded meanwhile counts as code that the metric may run, and would change its fingerprint.
    monkeypatch.setattr("metric_harness.sweep_pieces.fingerprint", lambda bare: "one for all")
    assert run(options(finished), ["sweep", "cka"], TINY)[1] == 0
    cka = asked_in(["cka"])
    calibration = json.loads((finished / "sweep" / "calibration.json").read_text())
    slow = {**calibration, "updates": [{**u, "seconds": 1e6} for u in calibration["updates"]]}
    costs = Costs(TINY, finished / "sweep", cka, slow)
    assert len(costs.updates) == 2
    assert costs.whole(dict.fromkeys(("subtasks", "frozen", "all"), 4.0))["training"] < 1e4
    assert sum(costs.left(TINY.whole, usual=False).values()) == 0
    shorter = TINY.shortened(2)
    assert Costs(shorter, finished / "sweep", cka, slow).left(shorter.whole, usual=False)["training"] > 1e6


def test_every_group_is_trained_as_the_zoo_trains_it():
    assert trainings(["untrained"]) == {}
    assert trainings([MASTER]) == {"composite-master": "all"}
    assert trainings(["pretrain_unfrozen", "pretrain_frozen"]) == {
        "pretraining-plain_anti_delayed": "subtasks",
        "composite-pretrain_unfrozen": "all",
        "composite-pretrain_frozen": "frozen",
    }


def test_the_command_tells_a_wrong_metric_and_a_wrong_number_of_processes(capsys):
    assert cli.main(["sweep", "no_such", "--estimate"]) == 4
    assert "unknown metric 'no_such'" in capsys.readouterr().err
    assert cli.main(["sweep", "cka", "--processes", "0"]) == 4
    assert "--processes is 0; needed at least 1" in capsys.readouterr().err
