"""A run under load, and metrics that misbehave; each prints one line.

    python benchmarks/load.py cases              # 1,000 generated cases through the whole plugin
    python benchmarks/load.py cards              # 10,000 scorecards read and compared
    python benchmarks/load.py leak               # a metric that keeps 8 MiB with every call, in 3 GiB of address space
    python benchmarks/load.py fork               # a metric whose forked child returns into the run
    python benchmarks/load.py stream             # 4 GiB of recordings on disk, compared in 2 GiB of memory

Seconds are those of the processes on their processors, which other processes disturb less than those of a clock; memory
is the largest resident set.
"""

import argparse
import dataclasses
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
GIB = 2**30
N_CASES, N_GROUPS = 1000, 10
N_RECORDINGS, SHAPE = 32, (3276, 1024, 5)
STREAMED = {"cka": (), "dsa": ("n_delays=5", "delay_interval=1", "rank=10")}
"""Metrics with their settings; windows of more delays would take minutes for each recording."""
N_CHECKED = 3
CASE = '''"""A generated case."""

import pytest


@pytest.mark.case(id="{group}.{name}", version=1, tier="validity", source="load")
def test_{name}(metric, measure, streams):
    """Two recordings are apart.

    Why it matters: it does not.
    Given: random recordings.
    Measured: their distance.
    Verdict: none.
    Negative controls: none.
    """
    x, y = streams("x").standard_normal((2, 5, 20, 4))
    measure("distance", metric.distance(x, y))
'''
METRICS = """
import os

import numpy as np

KEPT = []


def plain(x, y):
    return float(np.abs(x - y).mean()) if x.shape == y.shape else float(abs(x.mean() - y.mean()))


def leaks(x, y):
    KEPT.append(np.ones(2**20))
    return plain(x, y)


def forks(x, y):
    if os.fork():
        os.wait()
    return plain(x, y)
"""


def validated(folder: Path, metric: str, *options: str, package: Path = ROOT, limit: int | None = None) -> str:
    """Run a validation in a folder; return its status, its cost and its last line."""
    (folder / "load.py").write_text(METRICS)
    words = [
        "-m",
        "pytest",
        "-q",
        "-p",
        "metric_harness.plugin",
        "-p",
        "no:cacheprovider",
        f"--metric=load.py:{metric}",
    ]
    environment = os.environ | {"PYTHONPATH": str(package), "OMP_NUM_THREADS": "1", "METRIC_HARNESS_CACHE": ""}

    def limited() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [sys.executable, *words, *options],
        cwd=folder,
        env=environment,
        preexec_fn=limited,
        capture_output=True,
        text=True,
        check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    cards = [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob(f"reports/{metric}/*.json")]
    outcomes = {name: n for card in cards for name, n in card["summary"]["outcomes"].items() if n}
    told = sum("metric conformance" in line for line in done.stdout.splitlines())
    return (
        f"exit status {done.returncode}, {len(cards)} card, summary told {told} times, {outcomes}; {cpu:.0f} s of CPU, "
        f"{time.perf_counter() - begin:.0f} s of clock, {after.ru_maxrss / 2**10:.0f} MiB"
    )


def cases(folder: Path) -> str:
    """Validate a metric in a copy of the package that has other cases."""
    shutil.copytree(ROOT / "metric_harness", folder / "copy" / "metric_harness")
    suite = folder / "copy" / "testcases"
    suite.mkdir()
    shutil.copy(ROOT / "testcases" / "VERSION", suite)
    (suite / "__init__.py").write_text("")
    for k in range(N_CASES):
        group = suite / f"group{k % N_GROUPS}"
        group.mkdir(exist_ok=True)
        (group / "__init__.py").write_text("")
        name = f"case{k}"
        (group / f"test_{name}.py").write_text(CASE.format(group=group.name, name=name))
    said = validated(folder, "plain", package=folder / "copy")
    sizes = {
        path.suffix[1:]: path.stat().st_size / 2**20 for path in (folder / "reports" / "plain").glob("scorecard.*")
    }
    return said + "; " + ", ".join(f"{name} {size:.1f} MiB" for name, size in sorted(sizes.items()))


def cards(folder: Path, n_cards: int = 10_000) -> str:
    """Read and compare as many copies of a committed scorecard under other names, without its measurements."""
    from metric_harness.comparison import compare, read_scorecard
    from metric_harness.records import to_json

    one = read_scorecard(ROOT / "reports" / "cka" / "scorecard.json")
    lean = dataclasses.replace(
        one, cases=[dataclasses.replace(case, measurements={}, message="") for case in one.cases]
    )
    for k in range(n_cards):
        renamed = dataclasses.replace(lean, metric=dataclasses.replace(lean.metric, name=f"metric{k}"))
        (folder / f"{k}.json").write_text(to_json(renamed), encoding="utf-8")
    begin = time.process_time()
    found = [read_scorecard(folder / f"{k}.json") for k in range(n_cards)]
    read = time.process_time()
    text = to_json(compare(found))
    seconds = time.process_time() - read
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    return (
        f"{n_cards} cards: reading {read - begin:.0f} s, comparing and writing JSON {seconds:.0f} s of CPU, "
        f"{most:.0f} MiB, comparison.json {len(text) / 2**20:.0f} MiB"
    )


def leak(folder: Path) -> str:
    return validated(folder, "leaks", "--metric-profile=smoke", "--metric-group=noise", limit=3 * GIB)


def fork(folder: Path) -> str:
    return validated(folder, "forks", "--metric-profile=smoke", "metric-harness::learning::test_gradual")


def stream(folder: Path) -> str:
    """Compare neighbors among recordings that are mapped from disk, by CKA and by DSA, each in a process of its own."""
    from metric_harness.seeding import generator

    base = generator(1, "load").standard_normal(SHAPE)
    for k in range(N_RECORDINGS):
        np.save(folder / f"{k}.npy", np.roll(base, 37 * k, axis=1) * (1 + k / N_RECORDINGS))
    size = sum(path.stat().st_size for path in folder.glob("*.npy"))
    del base
    lines = [f"{size / GIB:.1f} GiB in {N_RECORDINGS} recordings"]
    for name in STREAMED:
        words = [sys.executable, str(Path(__file__)), "--streamed", name, str(folder)]
        path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        done = subprocess.run(words, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=False)
        lines.append(done.stdout.strip() or f"{name}: {done.stderr.strip().splitlines()[-1]}")
    return "; ".join(lines)


def streamed(name: str, folder: Path) -> str:
    """Ask a metric about each recording and the next; return its cost and the most memory that this process had.

    Some pairs are then asked for by themselves, which must give the same numbers to the last bit.
    """
    from metric_harness.adapter import MetricUnderTest
    from metric_harness.resolution import load

    xs = [np.load(folder / f"{k}.npy", mmap_mode="r") for k in range(N_RECORDINGS)]
    pairs = [(k, k + 1) for k in range(N_RECORDINGS - 1)]
    metric = MetricUnderTest(name, load(name, *STREAMED[name]))
    begin, clock = time.process_time(), time.perf_counter()
    found = metric.pair_distances(xs, pairs)
    seconds, clock = time.process_time() - begin, time.perf_counter() - clock
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    few = range(0, len(pairs), -(-len(pairs) // N_CHECKED))
    same = all(metric.pair_distances([xs[i] for i in pairs[k]], [(0, 1)])[0] == found[k] for k in few)
    return (
        f"{name}: {len(pairs)} pairs, {found.min():.3f} to {found.max():.3f}, {seconds:.0f} s of CPU, {clock:.0f} s of "
        f"clock, {most:.0f} MiB at most; {len(few)} of them alone {'the same' if same else 'NOT THE SAME'}"
    )


WAYS: dict[str, Callable[[Path], str]] = {"cases": cases, "cards": cards, "leak": leak, "fork": fork, "stream": stream}


def main() -> None:
    if sys.argv[1:2] == ["--streamed"]:  # started by `stream`
        name, folder = sys.argv[2:]
        print(streamed(name, Path(folder)))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ways", nargs="+", choices=list(WAYS))
    for way in parser.parse_args().ways:
        with tempfile.TemporaryDirectory() as folder:
            print(f"{way}: {WAYS[way](Path(folder))}", flush=True)


if __name__ == "__main__":
    main()
