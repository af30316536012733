"""One of two Dask workers is killed five times during a run, and the scorecard's digest is that of a run without Dask.

    python benchmarks/dask_faults.py             # two to five minutes; needs Dask

A killed worker is started again by its nanny. The metric is Procrustes' angle made slow, so that kills meet work.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.dask_cluster import LocalCluster  # noqa: E402 - the checkout's own tests lend their processes

N_KILLS, EVERY_S = 5, 4.0
SLOW = """
import time

from metric_harness.metrics.procrustes import Procrustes

ANGLE = Procrustes()


def slow(x, y):
    time.sleep(0.01)
    return ANGLE.distance(x, y)
"""
CASES = ("learning::test_gradual", "learning::test_within", "noise::test_floor", "attractor::test_mixing")


def started(folder: Path, *options: str) -> "subprocess.Popen[bytes]":
    words = ["-m", "pytest", "-q", "-p", "metric_harness.plugin", "-p", "no:cacheprovider", "--metric=slow.py:slow"]
    cases = [f"metric-harness::{case}" for case in CASES]
    more = ["--metric-profile=smoke", "--metric-format=json", *options, *cases]
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen([sys.executable, *words, *more], cwd=folder, stdout=subprocess.DEVNULL, env=environment)


def card(folder: Path) -> dict[str, object]:
    return json.loads((folder / "reports" / "slow" / "scorecard.partial.json").read_text(encoding="utf-8"))


def kill_now_and_then(running: LocalCluster, run: "subprocess.Popen[bytes]") -> int:
    """Kill the first worker that answers, again and again; return how often it happened during the run."""
    n_killed = 0
    while run.poll() is None and n_killed < N_KILLS:
        time.sleep(EVERY_S)
        alive: Sequence[int] = running.wait(2)
        if run.poll() is None:
            os.kill(alive[n_killed % 2], signal.SIGKILL)
            n_killed += 1
    run.wait()
    return n_killed


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "slow.py").write_text(SLOW)
        started(folder).wait()
        here = card(folder)
        running = LocalCluster(folder, 2)
        try:
            running.wait(2)
            n_killed = kill_now_and_then(running, started(folder, f"--metric-scheduler={running.address}"))
        finally:
            running.close()
        there = card(folder)
    print(f"{n_killed} kills; digest here {here['results_digest']}, by the cluster {there['results_digest']}")
    if n_killed < N_KILLS or here["results_digest"] != there["results_digest"]:
        sys.exit("not the same, or the run was over too soon")


if __name__ == "__main__":
    main()
