"""Pairs of recordings per second with one and two processes: pytest-xdist's workers, and those of a Dask cluster.

    python benchmarks/scaling.py                 # about ten minutes on a quiet machine of two processors; needs Dask

Every worker is bound to one processor, and computes on one thread: a metric that uses all processors by itself, as
DSA does, would be as fast with one process as with two. The ratio of the rates is the gain. The most that the machine
allows is 2 only where its processors have nothing in common: the first row measures it, by small matrix products of
processes that share nothing. What asks a Dask cluster, its scheduler and the sending of recordings need a processor
too, which one worker leaves them and two do not: how much that takes shows in questions of few and of many pairs.
pytest's workers are given the whole profile `standard`: they take whole cases, and few would be shared unfairly.
The last table is the journey: what a question costs that the cluster answers at once, by its pairs.
"""

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from tabulate import tabulate

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from metric_harness import cluster as cluster_module  # noqa: E402 - the checkout's own tests lend their processes
from metric_harness.adapter import MetricUnderTest, adapt  # noqa: E402
from metric_harness.cluster import Cluster  # noqa: E402
from metric_harness.resolution import load  # noqa: E402
from metric_harness.seeding import generator  # noqa: E402
from tests.dask_cluster import LocalCluster  # noqa: E402

SHAPE = 60, 100, 30
QUESTIONS: Mapping[int, int] = {24: 3, 60: 1}
"""Recordings that are compared each with each in a question to a cluster, and how often it is asked."""


@contextmanager
def workers(n: int) -> Iterator[LocalCluster]:
    """Start a cluster of workers that are bound to a processor each."""
    with tempfile.TemporaryDirectory() as folder:
        running = LocalCluster(Path(folder), n)
        try:
            for place, pid in enumerate(running.wait(n)):
                os.sched_setaffinity(pid, {place % (os.cpu_count() or 1)})
            yield running
        finally:
            running.close()


def rate(metric: MetricUnderTest, n_recordings: int, seed: int) -> float:
    """Return the pairs per second of one question about recordings that the cluster has not seen."""
    xs = list(generator(seed, "scaling", n_recordings).standard_normal((n_recordings, *SHAPE)).cumsum(axis=2))
    pairs = [(i, j) for i in range(n_recordings) for j in range(i)]
    begin = time.perf_counter()
    metric.pair_distances(xs, pairs)
    return len(pairs) / (time.perf_counter() - begin)


def by_dask(name: str) -> Iterator[list[object]]:
    """Yield a row for each question: the best rates of one and two workers, in turns, and their ratio."""
    bare = load(name)
    with workers(1) as one, workers(2) as two:
        routes = {1: Cluster(one.address), 2: Cluster(two.address)}
        for n_recordings, n_rounds in QUESTIONS.items():
            best = dict.fromkeys(routes, 0.0)
            for k in range(n_rounds):
                for n, route in routes.items():
                    best[n] = max(best[n], rate(MetricUnderTest(name, bare, route=route), n_recordings, k))
            asked = f"Dask, {name}, {n_recordings * (n_recordings - 1) // 2} pairs"
            yield [asked, best[1], best[2], best[2] / best[1]]
        for route in routes.values():
            route.close()


def by_xdist(name: str) -> list[object]:
    """Return a row: the pairs per second of whole runs, with imports and reports, and their ratio."""
    with tempfile.TemporaryDirectory() as folder:
        validated("cka", f"{folder}/warm", "-n0")  # makes the data, which are kept for all
        seconds: list[float] = []
        n_pairs = 0
        for n_workers, before in ("-n1", ("taskset", "-c", "0")), ("-n2", ()):
            begin = time.perf_counter()
            n_pairs = validated(name, f"{folder}/{n_workers}", n_workers, before)
            seconds.append(time.perf_counter() - begin)
    return [f"pytest -n, {name}, {n_pairs} pairs", *(n_pairs / s for s in seconds), seconds[0] / seconds[1]]


def validated(name: str, reports: str, n_workers: str, before: Sequence[str] = ()) -> int:
    """Validate a metric in a process of its own; return how many distances it was asked for."""
    Path(reports).mkdir()
    words = [*before, sys.executable, "-m", "pytest", "-q", "-p", "metric_harness.plugin", "-p", "no:cacheprovider"]
    options = [f"--metric={name}", f"--metric-reports={reports}"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    subprocess.run(
        [*words, "--rootdir", reports, n_workers, *options], check=False, capture_output=True, env=environment
    )
    (card,) = Path(reports).glob("*/scorecard*.json")
    return sum(case["metric_calls"] or 0 for case in json.loads(card.read_text(encoding="utf-8"))["cases"])


def journeys() -> str:
    """Return what a question costs that needs no time to answer, by its number of pairs."""
    cluster_module.LOCAL_S = 0.0
    xs = list(generator(1, "journeys").standard_normal((6, 20, 30, 3)))
    rows = []
    with workers(2) as running:
        route = Cluster(running.address)
        metric = MetricUnderTest("none", adapt(lambda x, y: 0.0), route=route)
        for n_pairs in (1, 15, 150):
            seconds = []
            for _ in range(12):
                begin = time.perf_counter()
                metric.pair_distances(xs, [(k % 6, k % 5) for k in range(n_pairs)])
                seconds.append(time.perf_counter() - begin)
            rows.append([n_pairs, 1000 * min(seconds), 1000 * float(np.median(seconds))])
        route.close()
    return tabulate(rows, headers=["pairs", "least ms", "median ms"], floatfmt=".1f")


def alone(place: int, seconds: float = 3.0) -> float:
    """Return the products per second of matrices that stay in the cache, on one processor."""
    os.sched_setaffinity(0, {place})
    a, b = np.random.default_rng(place).standard_normal((2, 300, 16, 16))
    products, n_done, begin = np.empty_like(a), 0, time.perf_counter()
    while time.perf_counter() - begin < seconds:
        np.matmul(a, b, out=products)
        n_done += len(a)
    return n_done / (time.perf_counter() - begin)


def by_machine() -> list[object]:
    """Return the rates of one and of two processes that share nothing."""
    rates: list[float] = []
    for n in (1, 2):
        with multiprocessing.get_context("spawn").Pool(n) as pool:
            rates.append(sum(pool.map(alone, range(n), chunksize=1)))
    return ["processes that share nothing, products of 16 x 16", *rates, rates[1] / rates[0]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=["dask", "xdist", "journeys"])
    given = parser.parse_args()
    rows: list[list[object]] = [by_machine()] if given.only != "journeys" else []
    if given.only in (None, "dask"):
        rows += by_dask("procrustes")
    if given.only in (None, "xdist"):
        rows.append(by_xdist("dsa"))
    if rows:
        headers = ["way, metric", "one process /s", "two processes /s", "ratio"]
        print(tabulate(rows, headers=headers, floatfmt=".3g"), end="\n\n")
    if given.only in (None, "journeys"):
        print(journeys())


if __name__ == "__main__":
    main()
