"""A zoo is built the same however it is built, refuses what it is not, and the shipped one is what cases need."""

import dataclasses
import json
import shutil
import signal
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from metric_harness.curriculum import GROUPS, MASTER
from metric_harness.files import write_whole
from metric_harness.seeding import DEFAULT_SEED, generator
from metric_harness.tasks.go_nogo import GoNogo
from metric_harness.trials import COMPOSITE, TESTING, TRAINING, Period, Trials
from metric_harness.zoo import (
    MANIFEST,
    N_TEST,
    Specimen,
    Zoo,
    ZooError,
    held_out_trials,
    measured_accuracies,
    read_manifest,
    shipped,
    zoo_folder,
)
from metric_harness.zoo_building import SMOKE, Job, News, Plan, build, run
from metric_harness.zoo_plans import SHIPPED

pytestmark = pytest.mark.usefixtures("one_thread")

TINY = dataclasses.replace(SMOKE, n_seeds={"go_nogo": 2}, settings={"activation": "leaky_relu", "n_units": 8})
NETWORKS = sorted(path.parent.name for path in shipped().parent.glob(f"*/{MANIFEST}"))
"""Architectures whose zoos come with the package."""
SHIPPED_ZOOS = [(network, task) for network in NETWORKS for task in SHIPPED[network].n_seeds]
DECIDING = "perceptual_decision"
"""The task on which cases decide."""
KILLED = """
import os, signal, sys
from pathlib import Path
from metric_harness.zoo_building import build
from tests.test_zoo import TINY

def tell(news):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

left = int(sys.argv[2])
build(TINY, Path(sys.argv[1]) / "zoo", Path(sys.argv[1]) / "cache", n_processes=1, tell=tell)
"""


def silent(news: News) -> None:
    del news


def built(folder: Path, plan: Plan = TINY, n_processes: int = 1, tell: Callable[[News], None] = silent) -> Path:
    return build(plan, folder / "zoo", folder / "cache", n_processes=n_processes, tell=tell).parent


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def folder(tiny: Path, tmp_path: Path) -> Path:
    """Return a copy that a test may damage."""
    return Path(shutil.copytree(tiny, tmp_path / "zoo"))


def edited(folder: Path, change: Callable[[dict[str, object]], object]) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    change(manifest)
    write_whole(folder / MANIFEST, json.dumps(manifest))


def test_two_builds_are_equal_to_the_bit(tiny, tmp_path):
    assert contents(built(tmp_path)) == contents(tiny)


def test_one_process_and_two_build_the_same_and_both_tell_how_it_goes(tiny, tmp_path):
    heard: list[News] = []
    assert contents(built(tmp_path, n_processes=2, tell=heard.append)) == contents(tiny)
    over = {(news.job, news.phase) for news in heard if news.done == 1.0}
    assert over == {(f"go_nogo-{k}", phase) for k in (0, 1) for phase in ("pretraining", "composite", "testing")}


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX signals")
def test_a_build_that_was_killed_twice_goes_on_to_the_same_zoo(tiny, tmp_path):
    # News of one job: 3 looks at each of two stacks, then 11 tests; the kills fall in training and in testing.
    for left in (5, 6):
        done = subprocess.run(
            [sys.executable, "-c", KILLED, str(tmp_path), str(left)], cwd=Path(__file__).parents[1], check=False
        )
        assert done.returncode == -signal.SIGKILL
        assert not (tmp_path / "zoo").exists()
    heard: list[News] = []
    assert contents(built(tmp_path, tell=heard.append)) == contents(tiny)
    assert len([news for news in heard if news.job == "go_nogo-0" and news.phase != "testing"]) < 6


def test_a_larger_zoo_goes_on_from_a_smaller_one_and_a_job_of_fewer_seeds_is_not_taken_for_it(tmp_path):
    odd = dataclasses.replace(TINY, n_seeds={"go_nogo": 1}, seeds_per_job=2)
    built(tmp_path, odd)
    larger = Zoo(built(tmp_path, dataclasses.replace(odd, n_seeds={"go_nogo": 2})), "go_nogo")
    assert larger.seeds == [0, 1]


def test_accuracies_that_a_kill_left_half_written_are_measured_again(tmp_path):
    job, cache = Job(TINY, "go_nogo", (0,)), tmp_path / "cache"
    run(job, cache, silent)
    found = json.loads((cache / "go_nogo-0-accuracies.json").read_text())
    assert set(found) == {f"{group}/0" for group in GROUPS}
    (cache / "go_nogo-0-accuracies.json").write_text("{")
    run(job, cache, silent)
    assert json.loads((cache / "go_nogo-0-accuracies.json").read_text()) == found


def test_plans_that_make_other_networks_have_other_digests():
    changes = [{"seed": 1}, {"seeds_per_job": 2}, {"settings": {"n_units": 9}}, {"schedule": Plan().schedule}]
    digests = {TINY.digest(), *(dataclasses.replace(TINY, **change).digest() for change in changes)}
    assert len(digests) == 1 + len(changes)
    assert dataclasses.replace(TINY, n_seeds={"go_nogo": 7}).digest() == TINY.digest()


def test_networks_of_a_seed_begin_alike_and_the_master_with_its_own_weights(tiny):
    zoo = Zoo(tiny, "go_nogo")
    untrained, master, frozen = (zoo.weights(Specimen(group, 0, 0)) for group in ("untrained", MASTER, "master_frozen"))
    other_seed = zoo.weights(Specimen("untrained", 1, 0))
    for name, values in untrained.items():
        np.testing.assert_array_equal(values, frozen[name])
        assert np.abs(values - master[name]).max() > 0.01
        assert np.abs(values - other_seed[name]).max() > 0.01


def test_frozen_groups_keep_what_they_were_pretrained_to(tiny):
    zoo = Zoo(tiny, "go_nogo")
    for group in ("pretrain_frozen", "master_frozen"):
        first, last = (zoo.weights(s) for s in (zoo.specimens(group, 1)[0], zoo.final(group, 1)))
        changed = {name for name, values in first.items() if not np.array_equal(values, last[name])}
        assert changed == set(zoo.network.trained_when_frozen)


def test_training_validation_and_test_trials_are_disjoint(tmp_path, monkeypatch):
    streams: dict[bool, set[str]] = {True: set(), False: set()}
    seen: dict[bool, set[bytes]] = {True: set(), False: set()}
    draw = GoNogo.trials

    def spied(task: GoNogo, n: int, rules: list[str], timing: object, rng: np.random.Generator) -> Trials:
        streams[timing == TRAINING].add(str(rng.bit_generator.state))
        trials = draw(task, n, rules, timing, rng)
        seen[timing == TRAINING] |= stimuli(trials)
        return trials

    monkeypatch.setattr(GoNogo, "trials", spied)
    monkeypatch.setattr("metric_harness.zoo_building.held_out_trials", lambda *given: tested)
    tested = held_out_trials(GoNogo(), N_TEST, TINY.seed)
    test_stream = str(generator(TINY.seed, "test", COMPOSITE).bit_generator.state)
    assert streams[False] == {test_stream}
    streams[False].clear()
    seen[False].clear()
    run(Job(TINY, "go_nogo", (0,)), tmp_path, silent)
    # Both phases draw afresh at each of two looks; validation has one draw for each of four rules.
    assert len(streams[True]) == 4
    assert len(streams[False]) == 4
    assert len({test_stream} | streams[True] | streams[False]) == 9
    assert len(stimuli(tested)) == N_TEST
    assert not stimuli(tested) & seen[True]
    assert not stimuli(tested) & seen[False]
    assert not seen[True] & seen[False]


def stimuli(trials: Trials) -> set[bytes]:
    """Return the first 400 ms of the stimulus of each trial, which every timing shows."""
    starts = (trials.periods == Period.STIMULUS).argmax(axis=1)
    return {trials.inputs[k, start : start + 20, 1:3].tobytes() for k, start in enumerate(starts)}


def test_fewer_held_out_trials_are_the_first_of_more():
    few, all_of_them = (held_out_trials(GoNogo(), n, DEFAULT_SEED) for n in (10, N_TEST))
    np.testing.assert_array_equal(few.inputs, all_of_them.inputs[:10])
    for n in (0, N_TEST + 1):
        with pytest.raises(ValueError, match="needed 1 to 400"):
            held_out_trials(GoNogo(), n, DEFAULT_SEED)


@pytest.mark.parametrize("place", [8, 2000, -1])
def test_a_flipped_byte_is_refused(folder, place):
    path = folder / "go_nogo.safetensors"
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises(ZooError, match=r"is damaged or of another zoo\. Rebuild it: metric-harness zoo build"):
        Zoo(folder, "go_nogo")


@pytest.mark.parametrize(
    ("name", "message"),
    [("go_nogo.safetensors", "no weights in .*: No such file"), (MANIFEST, "no zoo in .*: No such")],
)
def test_a_missing_file_is_refused(folder, name, message):
    (folder / name).unlink()
    with pytest.raises(ZooError, match=f"{message}.*Rebuild it: metric-harness zoo build"):
        Zoo(folder, "go_nogo")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not JSON"),
        ("[]", "is not a manifest of schema 1.0"),
        ('{"schema": "2.0"}', "is not a manifest of schema 1.0"),
        ('{"schema": "1.0", "seed": 0}', "lacks network, parameters, tasks, versions"),
    ],
)
def test_another_manifest_is_refused(folder, content, message):
    (folder / MANIFEST).write_text(content)
    with pytest.raises(ZooError, match=f"{message}.*Rebuild it: metric-harness zoo build"):
        read_manifest(folder)


def test_a_missing_network_is_refused(folder):
    edited(folder, lambda manifest: manifest["tasks"]["go_nogo"]["networks"].pop(3))
    zoo = Zoo(folder, "go_nogo")
    with pytest.raises(ZooError, match=r"has no network pretrain_plain_frozen of seed 0\. Rebuild it"):
        zoo.final("pretrain_plain_frozen", 0)
    with pytest.raises(ZooError, match=r"lacks input_weights of .*update=11.*Rebuild it"):
        zoo.weights(Specimen(MASTER, 0, 11))


def test_a_missing_task_is_refused_with_those_that_there_are(tiny):
    with pytest.raises(ZooError, match="has no task 'chess'; it has go_nogo"):
        Zoo(tiny, "chess")


@pytest.fixture(scope="module")
def zoos() -> dict[tuple[str, str], Zoo]:
    return {(network, task): Zoo(shipped(network), task) for network, task in SHIPPED_ZOOS}


@pytest.mark.parametrize("key", SHIPPED_ZOOS, ids="-".join)
def test_a_shipped_zoo_has_the_accuracies_of_its_manifest(zoos, key):
    # Some seeds of many: `metric-harness zoo verify` measures all of them, in a minute.
    zoo = zoos[key]
    found = list(measured_accuracies(zoo, [zoo.seeds[-1]]))
    assert len(found) >= 8 * 10
    assert max(abs(said - seen) for _, said, seen in found) <= 0.01


def test_the_shipped_zoos_are_small():
    sizes = {n: sum(path.stat().st_size for path in shipped(n).iterdir()) for n in NETWORKS}
    assert sizes["leaky_rnn"] <= 20e6
    assert sum(sizes.values()) <= 40e6


@pytest.mark.parametrize("network", NETWORKS)
def test_a_shipped_zoo_is_the_one_of_its_plan(network):
    assert read_manifest(shipped(network))["plan"] == SHIPPED[network].described()
    assert zoo_folder(network) == shipped(network)


@pytest.mark.parametrize("network", NETWORKS)
def test_a_shipped_zoo_is_json_and_arrays_of_numbers_to_the_last_byte(network):
    tasks = [task for name, task in SHIPPED_ZOOS if name == network]
    assert {path.name for path in shipped(network).iterdir()} == {MANIFEST, *(f"{task}.safetensors" for task in tasks)}
    for task in tasks:
        content = (shipped(network) / f"{task}.safetensors").read_bytes()
        (length,) = struct.unpack("<Q", content[:8])
        header = json.loads(content[8 : 8 + length])
        assert {entry["dtype"] for entry in header.values()} == {"F32"}
        assert 8 + length + sum(4 * int(np.prod(e["shape"])) for e in header.values()) == len(content)


@pytest.mark.parametrize("network", NETWORKS)
def test_a_shipped_zoo_has_all_groups_and_enough_seeds(zoos, network):
    zoo = zoos[network, DECIDING]
    assert len(GROUPS) == 11
    assert len(zoo.seeds) >= 8
    for group, seed in [(group, seed) for group in GROUPS for seed in zoo.seeds]:
        assert {*zoo.weights(zoo.final(group, seed))} == {*zoo.manifest["parameters"]}


@pytest.mark.parametrize("network", NETWORKS)
def test_every_shipped_network_that_was_trained_was_kept_often_enough(zoos, network):
    zoo = zoos[network, DECIDING]
    trained = [(name, seed) for name, group in GROUPS.items() if group.free != "nothing" for seed in zoo.seeds]
    kept = {(name, seed): len(zoo.checkpoints(name, seed)) for name, seed in trained}
    assert {network: n for network, n in kept.items() if n < 8} == {}


@pytest.mark.parametrize("key", SHIPPED_ZOOS, ids="-".join)
@pytest.mark.parametrize("group", [MASTER, "pretrain_unfrozen"])
def test_shipped_networks_that_may_learn_everything_have_learnt(zoos, key, group):
    zoo = zoos[key]
    assert min(zoo.accuracy(zoo.final(group, seed)) for seed in zoo.seeds) >= 0.95 * zoo.ceiling


@pytest.mark.parametrize(
    ("network", "n_reached"), [("mamba", 12), ("leaky_gru", 8), ("leaky_rnn", 16), ("linear_ssm", 4)]
)
def test_so_many_networks_reached_their_target_on_all_subtasks(zoos, network, n_reached):
    zoo = zoos[network, DECIDING]
    assert sum(zoo.pretrained("pretrain_frozen", seed) for seed in zoo.seeds) == n_reached
    assert not zoo.pretrained("untrained", 0)


@pytest.mark.parametrize("key", SHIPPED_ZOOS, ids="-".join)
def test_shipped_networks_that_learnt_nothing_are_at_chance_or_below(zoos, key):
    zoo = zoos[key]
    # One of two answers is right: 5 standard errors of a share of 400 trials above one half.
    assert max(zoo.accuracy(zoo.final("untrained", s)) for s in zoo.seeds) < 0.5 + 5 * np.sqrt(0.25 / N_TEST)


def test_shipped_test_trials_have_one_timing_and_a_ceiling_above_95_percent(zoos):
    for zoo in zoos.values():
        trials = zoo.trials(20)
        assert trials.inputs.shape[1] == 280
        assert trials.steps(Period.DELAY) == slice(100, 190)
        assert zoo.ceiling == pytest.approx(zoo.entry["ceiling"], abs=1e-12)
        assert zoo.ceiling > 0.95
        assert TESTING.stimulus == (1800,)
