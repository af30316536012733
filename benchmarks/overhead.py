"""Where the time of a run goes, and what an idle plugin and an import cost.

    python benchmarks/overhead.py start          # about a minute: medians of 20 starts of an interpreter
    python benchmarks/overhead.py run cka        # as long as the run itself: a sample of its stack every 5 ms

The first is in milliseconds of the processor, which others disturb less than those of a clock. The second prints
the seconds of one process by what they were spent on. The metric is whatever goes on inside its door; data is what
simulations, networks and random draws take, and the reading of what the cache holds.
"""

import argparse
import collections
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

import numpy as np
import pytest
from tabulate import tabulate

ROOT = Path(__file__).parents[1]
INTERVAL_S = 0.005
DATA = {
    *("ablations", "cache", "components", "confounds", "corpora", "diffusion", "direction_lesions", "equal_averages"),
    *("lesions", "lesion_search", "populations", "readout_motion", "recording", "recurrence_lesions"),
    *("recurrent_noise", "rings", "seeding", "simulation", "spectra", "surrogates", "transforms", "translations"),
    *("trials", "weight_cuts", "yoked_motion", "zoo", "zoo_recordings", "systems", "networks", "tasks"),
}
"""Modules that make recordings, or read them."""
OTHERS = {
    "search for counterexamples": ("search", "refutation", "questions", "strategies", "changes", "laws"),
    "statistics": ("statistics", "checks", "contrasts", "replication", "slopes", "recognition", "chance", "nuisances"),
    "reports": (
        "report_formats",
        "drawing",
        "scorecard_tables",
        "curve_figures",
        "matrix_figures",
        "scoring",
        "baseline",
    ),
}


def start(n_starts: int) -> str:
    """Return the cost of starts, as differences of medians in milliseconds."""
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder) / "test_own.py"
        own.write_text("def test_own():\n    pass\n")
        pytest_words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", str(own)]
        starts = {
            "python": ["-c", "pass"],
            "import metric_harness": ["-c", "import metric_harness"],
            "import metric_harness.interfaces": ["-c", "import metric_harness.interfaces"],
            "metric_harness.validate": ["-c", "import metric_harness; metric_harness.validate"],
            "pytest without the plugin": [*pytest_words, "-p", "no:metric_harness.plugin"],
            "pytest with the idle plugin": [*pytest_words, "-p", "metric_harness.plugin"],
        }
        seconds: dict[str, list[float]] = {name: [] for name in starts}
        for _ in range(n_starts):  # in turns, so that whatever else the machine does falls on all alike
            for name, words in starts.items():
                begin = resource.getrusage(resource.RUSAGE_CHILDREN)
                subprocess.run([sys.executable, *words], check=True, capture_output=True, cwd=folder)
                end = resource.getrusage(resource.RUSAGE_CHILDREN)
                seconds[name].append(end.ru_utime + end.ru_stime - begin.ru_utime - begin.ru_stime)
    medians = {name: 1000 * statistics.median(found) for name, found in seconds.items()}
    least = {name: 1000 * min(found) for name, found in seconds.items()}
    base = {name: "pytest without the plugin" if name.startswith("pytest") else "python" for name in starts}
    rows = [
        [name, medians[name], medians[name] - medians[base[name]], least[name] - least[base[name]]] for name in starts
    ]
    return tabulate(rows, headers=["start", "median ms", "median more", "least more"], floatfmt=".1f")


class Sampler:
    """Looks at the stack of the main thread again and again, and counts what it is busy with."""

    def __init__(self) -> None:
        self.counts: collections.Counter[str] = collections.Counter()
        self.over = threading.Event()
        self.main = threading.main_thread().ident
        self.thread = threading.Thread(target=self.look, daemon=True)

    def look(self) -> None:
        before = time.perf_counter()
        while not self.over.wait(INTERVAL_S):
            frame = sys._current_frames().get(self.main or 0)
            now = time.perf_counter()
            self.counts[busy_with(frame)] += round(1e6 * (now - before))
            before = now

    def table(self) -> str:
        total = sum(self.counts.values())
        rows = [[what, n / 1e6, n / total] for what, n in self.counts.most_common()]
        return tabulate([*rows, ["all", total / 1e6, 1.0]], headers=["spent on", "s", "share"], floatfmt=".3f")


def busy_with(frame: FrameType | None) -> str:
    """Return what a stack belongs to: the metric if its door is in it, else the innermost module that is known."""
    found = ""
    while frame is not None:
        path, name = Path(frame.f_code.co_filename), frame.f_code.co_name
        if path.name == "adapter.py" and name in ("_timed", "in_fresh_process"):
            return "metric" if name == "_timed" else "metric in a fresh process"
        if not found and path.is_relative_to(ROOT / "metric_harness"):
            known = (
                path.parent.name
                if path.parent.name in ("report_formats", "systems", "networks", "tasks")
                else path.stem
            )
            if known in DATA or known in ("systems", "networks", "tasks"):
                found = "data"
            else:
                found = next((what for what, modules in OTHERS.items() if known in modules), "")
        if not found and path.is_relative_to(ROOT / "testcases"):
            found = "cases themselves"
        frame = frame.f_back
    return found or "imports, pytest and the rest"


def run(metric: str, options: Sequence[str]) -> str:
    """Return the seconds of a validation by what they were spent on."""
    sampler = Sampler()
    with tempfile.TemporaryDirectory() as folder:
        sampler.thread.start()
        cpu = time.process_time()
        words = [
            f"--metric={metric}",
            f"--metric-reports={folder}",
            "-q",
            "--no-summary",
            "-p",
            "metric_harness.plugin",
        ]
        pytest.main(["--rootdir", folder, "-p", "no:cacheprovider", *words, *options])
        cpu = time.process_time() - cpu
        sampler.over.set()
        sampler.thread.join()
    return f"{sampler.table()}\nCPU seconds of the process: {cpu:.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--starts", type=int, default=20, help="starts of each kind (default: 20)")
    parser.add_argument("what", choices=["start", "run"])
    parser.add_argument("metric", nargs="?", default="cka")
    parser.add_argument(
        "options", nargs=argparse.REMAINDER, help="further options of pytest, such as --metric-group=noise"
    )
    given = parser.parse_args()
    print(f"NumPy {np.__version__}, pytest {pytest.__version__}, Python {sys.version.split()[0]}")
    print(start(given.starts) if given.what == "start" else run(given.metric, given.options))


if __name__ == "__main__":
    main()
