"""What a Dask cluster answers is what this process would have answered, whatever dies meanwhile.

The scheduler and the workers are processes of their own; two workers serve most of the tests.
"""

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("distributed", reason="needs Dask: pip install distributed")

from metric_harness import cluster as cluster_module
from metric_harness import connection
from metric_harness.adapter import MetricUnderTest, adapt
from metric_harness.asking import Question
from metric_harness.cluster import Cluster
from metric_harness.connection import KILLED, Connection
from metric_harness.errors import CaseTimeoutError, MetricError, SchedulerError, UsageError
from metric_harness.interfaces import AbstractMetric, Claims, metric
from metric_harness.plugin_cases import deadline
from metric_harness.resolution import load
from metric_harness.seeding import generator
from tests.dask_cluster import LocalCluster, kill_all_of, until

XS = list(generator(1, "cluster").standard_normal((6, 4, 9, 3)))
PAIRS = [(i, j) for i in range(6) for j in range(i, 6)]


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    running = LocalCluster(tmp_path_factory.mktemp("dask"), 2)
    running.wait(2)
    yield running
    running.close()


@pytest.fixture(scope="module")
def route(local: LocalCluster) -> Iterator[Cluster]:
    opened = Cluster(local.address)
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def everything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_module, "LOCAL_S", 0.0)


def routed(target: object, route: Cluster) -> MetricUnderTest:
    return MetricUnderTest("remote", adapt(target), route=route)


def here(target: object) -> MetricUnderTest:
    return MetricUnderTest("here", adapt(target))


def l1(x, y):
    return float(np.abs(x - y).sum())


def place_of(x, y):
    """Return the id of the process, so that one sees who answered."""
    time.sleep(0.02)
    return float(os.getpid())


def test_two_workers_answer_in_the_order_of_the_pairs(route, local):
    found = routed(place_of, route).pair_distances(XS, PAIRS)
    assert set(found) == set(local.wait(2))
    assert os.getpid() not in found
    subject = routed(l1, route)
    np.testing.assert_array_equal(subject.pair_distances(XS, PAIRS[::-1]), here(l1).pair_distances(XS, PAIRS[::-1]))
    assert subject.meter.n_calls == len(PAIRS)
    assert subject.meter.seconds > 0


@pytest.mark.parametrize("n_per_thread", [0, 1, 2, 10])
def test_answers_are_in_the_order_of_the_pairs_however_many_chunks_there_are(route, monkeypatch, n_per_thread):
    monkeypatch.setattr(cluster_module, "CHUNKS_PER_THREAD", n_per_thread)
    drawn = [PAIRS[k] for k in generator(2, "order").permutation(len(PAIRS))]
    np.testing.assert_array_equal(routed(l1, route).pair_distances(XS, drawn), here(l1).pair_distances(XS, drawn))


@pytest.mark.parametrize("name", ["cka", "procrustes", "rsa"])
def test_built_in_metrics_give_the_same_to_the_last_bit(route, name):
    bare = load(name)
    np.testing.assert_array_equal(routed(bare, route).pair_distances(XS, PAIRS), here(bare).pair_distances(XS, PAIRS))
    np.testing.assert_array_equal(routed(bare, route).distances(XS), here(bare).distances(XS))


def test_dsa_gives_the_same_operators_included(route):
    bare = load("dsa", "rank=3", "n_delays=2", "delay_interval=1")
    few = PAIRS[:5]
    np.testing.assert_array_equal(routed(bare, route).pair_distances(XS, few), here(bare).pair_distances(XS, few))
    operators = [bare.operator(x) for x in XS]
    np.testing.assert_array_equal(
        routed(bare, route).operator_distances(operators, few), here(bare).operator_distances(operators, few)
    )


class Whole(AbstractMetric):
    """Looks at all pairs of a batch together, and makes no promise about parts of it."""

    needs = "trajectories"
    claims = Claims()

    def distance(self, x, y):
        return 0.0

    def pair_distances(self, xs, pairs):
        return np.full(len(pairs), float(np.stack(xs).sum() + len(pairs)))

    def distances(self, xs):
        return np.full((len(xs), len(xs)), float(len(xs)))


def test_a_chunk_names_few_recordings(route, monkeypatch):
    xs = list(generator(5, "chunks").standard_normal((60, 2, 3, 2)))
    pairs = [(i, j) for i in range(60) for j in range(i)]
    question = Question(load("procrustes"), "pair_distances", xs, pairs, len(pairs))
    monkeypatch.setattr(route, "_cost", {route._kind(question): 19 * cluster_module.CHUNK_S / len(pairs)})
    chunks = route._chunks(question)
    assert len(chunks) == 19
    assert sorted(place for chunk in chunks for place in chunk) == list(range(len(pairs)))
    named = [len({index for place in chunk for index in pairs[place]}) for chunk in chunks]
    assert sum(named) <= 400  # in the order of the pairs it would be 801
    assert max(named) <= 30


def test_a_recording_is_prepared_for_the_journey_once_in_a_question(route, monkeypatch):
    monkeypatch.setattr(cluster_module, "CHUNKS_PER_THREAD", 5)
    holding, sent = Connection.holding, []
    monkeypatch.setattr(Connection, "holding", lambda self, shipment: sent.append(1) or holding(self, shipment))
    routed(l1, route).pair_distances(XS, PAIRS)
    assert len(sent) == len(XS)


def test_a_batch_that_may_not_be_divided_is_not(route):
    for ask in (lambda m: m.pair_distances(XS, PAIRS[1:]), lambda m: m.distances(XS)):
        np.testing.assert_array_equal(ask(routed(Whole(), route)), ask(here(Whole())))


def test_the_layout_in_memory_travels_too(route):
    @metric(needs="trajectories")
    def strides(x, y):
        return float(np.dot(x.strides, [1, 1000, 1000000]) + (0 if x.flags.writeable and y.flags.writeable else 0.5))

    for order in ((0, 1, 2), (2, 1, 0), (1, 2, 0), (0, 2, 1)):
        turned = [np.ascontiguousarray(x.transpose(order)).transpose(np.argsort(order)) for x in XS]
        np.testing.assert_array_equal(
            routed(strides, route).pair_distances(turned, PAIRS), here(strides).pair_distances(turned, PAIRS)
        )


def refuses_some(x, y):
    if x[0, 0] == XS[2][0, 0, 0]:
        raise ValueError(f"the battery of {len(x)} is empty")
    return l1(x, y)


@pytest.mark.parametrize("answer", [float("nan"), "text", np.zeros(2), None])
def test_a_poisoned_answer_is_the_error_that_it_is_here(route, answer):
    def poisoned(x, y):
        return answer if x[0, 0] == XS[2][0, 0, 0] else l1(x, y)

    texts = []
    for subject in (here(poisoned), routed(poisoned, route)):
        with pytest.raises(MetricError) as caught:
            subject.pair_distances(XS, PAIRS)
        texts.append(str(caught.value))
    assert texts[0] == texts[1]


def test_what_a_pair_raises_is_the_error_that_it_is_here(route):
    texts = []
    for subject in (here(refuses_some), routed(refuses_some, route)):
        with pytest.raises(MetricError, match="the battery of 36 is empty") as caught:
            subject.pair_distances(XS, PAIRS)
        texts.append(str(caught.value))
        assert isinstance(caught.value.__cause__, ValueError)
    assert texts[0] == texts[1]
    assert "test_cluster.py" in texts[0]


def test_what_a_metric_changes_of_a_worker_is_put_back(route):
    def drifts(x, y):
        value = float(np.random.random())  # noqa: NPY002 - the global generator is the point here
        np.random.seed(3)  # noqa: NPY002
        return value

    first, second = (routed(drifts, route).pair_distances(XS, PAIRS[:1]) for _ in range(2))
    seeded = np.random.RandomState(3).random()
    assert seeded not in (first[0], second[0])


def test_small_questions_stay_here(route, monkeypatch):
    subject = routed(place_of, route)
    subject.pair_distances(XS, PAIRS[:2])
    monkeypatch.setattr(cluster_module, "LOCAL_S", 1e6)
    assert set(subject.pair_distances(XS, PAIRS[:2])) == {os.getpid()}
    larger = [np.concatenate([x, x]) for x in XS]
    assert os.getpid() not in subject.pair_distances(larger, PAIRS[:2])  # what these cost is not known yet


def test_a_case_that_runs_out_of_time_leaves_no_busy_worker_behind(route):
    def hangs(x, y):
        time.sleep(600)
        return 0.0

    start = time.monotonic()
    with pytest.raises(CaseTimeoutError), deadline(2.0):
        routed(hangs, route).pair_distances(XS, PAIRS[:4])
    assert time.monotonic() - start < 10
    np.testing.assert_array_equal(routed(l1, route).pair_distances(XS, PAIRS), here(l1).pair_distances(XS, PAIRS))


def test_a_pair_that_kills_its_worker_is_named(route):
    def dies(x, y):
        if x[0, 0] == XS[1][0, 0, 0] and y[0, 0] == XS[3][0, 0, 0]:
            os._exit(9)
        return l1(x, y)

    with pytest.raises(SchedulerError, match=r"pair \(1, 3\) killed every worker"):
        routed(dies, route).pair_distances(XS, [(0, 1), (0, 2), (1, 2), (1, 3)])


def test_a_worker_killed_again_and_again_changes_no_answer(route, local):
    def slow(x, y):
        time.sleep(0.1)
        return l1(x, y)

    subject = routed(slow, route)
    pairs = PAIRS * 6
    n_killed = 0
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(subject.pair_distances, XS, pairs)
        while not asking.done() and n_killed < 5:
            time.sleep(0.5)
            alive = local.wait(1)
            os.kill(alive[n_killed % len(alive)], signal.SIGKILL)
            n_killed += 1
        found = asking.result()
    np.testing.assert_array_equal(found, here(l1).pair_distances(XS, pairs))
    assert subject.meter.n_calls == len(pairs)
    assert n_killed == 5


@pytest.mark.parametrize("target", [l1, load("cka"), Whole()], ids=["function", "batched", "undivided"])
def test_what_was_given_up_is_asked_again(route, target, monkeypatch):
    """Dask gives up whatever was on workers that died, though only one pair of it was fatal."""
    results, rounds = Connection.results, []

    def given_up_once(self, function, calls):
        calls = list(calls)
        rounds.append(len(calls))
        return [KILLED] * len(calls) if len(rounds) == 1 else results(self, function, calls)

    monkeypatch.setattr(Connection, "results", given_up_once)
    few = PAIRS[:6]
    subject = routed(target, route)
    np.testing.assert_array_equal(subject.pair_distances(XS, few), here(target).pair_distances(XS, few))
    assert subject.meter.n_calls == len(few)
    assert rounds[1:] == ([1] if isinstance(target, Whole) else [1] * len(few))


def test_other_code_on_a_worker_is_said(route, monkeypatch):
    monkeypatch.setattr(cluster_module, "edition", lambda: "0123")
    with pytest.raises(SchedulerError, match="needed 0123, that of the sender"):
        routed(l1, route).pair_distances(XS, PAIRS)


def test_a_metric_that_nobody_can_carry_is_said(route):
    lock = threading.Lock()

    def locked(x, y):
        with lock:
            return l1(x, y)

    with pytest.raises(SchedulerError, match="cannot be sent to a scheduler"):
        routed(locked, route).pair_distances(XS, PAIRS)


def test_no_scheduler_is_a_mistake_in_the_option(monkeypatch):
    monkeypatch.setattr(connection, "CONNECT_S", 0.5)
    with pytest.raises(UsageError, match=r"--metric-scheduler tcp://127.0.0.1:9 does not answer within 0.5 s"):
        Cluster("tcp://127.0.0.1:9")
    with pytest.raises(UsageError, match="--metric-scheduler nonsense://x does not answer"):
        Cluster("nonsense://x")


def test_the_loss_of_the_scheduler_is_said_at_once_and_ever_after(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(connection, "CONNECT_S", 5.0)

    def slow(x, y):
        time.sleep(1.0)
        return l1(x, y)

    running = LocalCluster(tmp_path, 1)
    try:
        running.wait(1)
        route = Cluster(running.address)
        killer = threading.Timer(1.5, lambda: kill_all_of(running.scheduler))
        killer.start()
        with pytest.raises(SchedulerError, match="was lost"):
            routed(slow, route).pair_distances(XS, PAIRS)
        with pytest.raises(SchedulerError, match="was lost"):
            routed(l1, route).pair_distances(XS, PAIRS)
        killer.join()
        route.close()
    finally:
        running.close()


def test_a_cluster_without_workers_is_given_up(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(connection, "PATIENCE_S", 1.0)
    running = LocalCluster(tmp_path, 0)
    try:
        until(lambda: (tmp_path / "scheduler.log").read_text().count("Scheduler at"), 60)
        route = Cluster(running.address)
        with pytest.raises(SchedulerError, match="has had no worker for 1 s"):
            routed(l1, route).pair_distances(XS, PAIRS)
        late = running.added()
        running.wait(1)
        np.testing.assert_array_equal(routed(l1, route).pair_distances(XS, PAIRS), here(l1).pair_distances(XS, PAIRS))
        route.close()
        kill_all_of(late)
    finally:
        running.close()
