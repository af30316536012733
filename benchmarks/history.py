"""How fast the package is, kept from version to version by pytest-benchmark; needs `pip install pytest-benchmark`.

    python benchmarks/history.py                 # three minutes: a table beside the last entry that was kept
    python benchmarks/history.py --keep NAME     # the same, and one more entry in benchmarks/history/, to be committed

Seconds are those of the process and its children on one processor, one thread, the least of some rounds: other
processes disturb these less than those of a clock, and still by a tenth. An entry tells the machine, its load and the
versions. A ratio above 1 is slower than then; nobody is failed by one.
"""

import argparse
import dataclasses
import importlib.metadata
import itertools
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy and torch are imported, which read them once

import numpy as np  # noqa: E402
import pytest  # noqa: E402
from tabulate import tabulate  # noqa: E402

ROOT, HISTORY = Path(__file__).parents[1], Path(__file__).parent / "history"
sys.path.insert(0, str(ROOT))

from metric_harness import conjugacy, simulation  # noqa: E402 - the checkout's own, wherever this is started
from metric_harness.adapter import MetricUnderTest  # noqa: E402
from metric_harness.comparison import compare, read_scorecard  # noqa: E402
from metric_harness.curriculum import GROUPS  # noqa: E402
from metric_harness.metrics.dsa import DSA  # noqa: E402
from metric_harness.records import to_json  # noqa: E402
from metric_harness.resolution import load  # noqa: E402
from metric_harness.seeding import DEFAULT_SEED, generator  # noqa: E402
from metric_harness.session import report_format  # noqa: E402
from metric_harness.transforms import perturb, whiten  # noqa: E402
from metric_harness.zoo_recordings import AT_ONCE, recorded, shipped_zoo  # noqa: E402

VERSIONED = ("numpy", "scipy", "torch", "matplotlib", "pytest", "pytest-benchmark")
N_CARDS, N_MOTIFS, SIGMA = 1000, 4, 0.002


def cpu_s() -> float:
    """Return the processor's seconds of this process and of its children that ended."""
    used = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


pytestmark = pytest.mark.benchmark(timer=cpu_s)


def motifs() -> list[np.ndarray]:
    """Return whitened recordings of Lorenz motifs, 200 trials each; their noise gives the windows full rank."""
    rng = generator(DEFAULT_SEED, "history")
    return [whiten(perturb(x, SIGMA, rng)) for x in simulation.motifs(rng, 200)[:N_MOTIFS]]


def speed_of_dsa_operator(benchmark: Any) -> None:
    (x, *_), dsa = motifs(), DSA()
    benchmark.pedantic(lambda: dsa.operator(x), rounds=10, warmup_rounds=1)


@pytest.mark.parametrize("rank", [15, 20, 50])
def speed_of_dsa_alignment(benchmark: Any, rank: int) -> None:
    dsa = dataclasses.replace(DSA(n_delays=33, delay_interval=6), rank=rank)
    operators = np.stack([dsa.operator(x) for x in motifs()])
    first, second = np.array(list(itertools.combinations(range(len(operators)), 2))).T
    benchmark.pedantic(lambda: conjugacy.align(operators[first], operators[second]), rounds=3)


def speed_of_a_pair_by_cka(benchmark: Any) -> None:
    x, y = generator(DEFAULT_SEED, "history", "cka").standard_normal((2, 60, 100, 64))
    metric = MetricUnderTest("cka", load("cka"))
    benchmark.pedantic(lambda: metric.distance(x, y), rounds=20, warmup_rounds=2)


def speed_of_recording_a_stack(benchmark: Any) -> None:
    zoo = shipped_zoo()
    trials = zoo.trials(60)
    specimens = [specimen for group in GROUPS for specimen in zoo.specimens(group, zoo.seeds[0])][:AT_ONCE]
    benchmark.pedantic(lambda: recorded(zoo, specimens, trials), rounds=5, warmup_rounds=1)


@pytest.mark.parametrize("form", ["json", "markdown", "html"])
def speed_of_rendering(benchmark: Any, form: str) -> None:
    card = read_scorecard(ROOT / "reports" / "cka" / "scorecard.json")
    benchmark.pedantic(lambda: report_format(form).render(card), rounds=3, warmup_rounds=1)


def speed_of_comparing_cards(benchmark: Any) -> None:
    one = read_scorecard(ROOT / "reports" / "cka" / "scorecard.json")
    lean = [dataclasses.replace(case, measurements={}, message="") for case in one.cases]
    cards = [
        dataclasses.replace(one, cases=lean, metric=dataclasses.replace(one.metric, name=f"metric{k}"))
        for k in range(N_CARDS)
    ]
    benchmark.pedantic(lambda: to_json(compare(cards)), rounds=3)


STARTS = {
    "python": ["-c", "pass"],
    "package": ["-c", "import metric_harness"],
    "interfaces": ["-c", "import metric_harness.interfaces"],
    "validate": ["-c", "import metric_harness; metric_harness.validate"],
    "pytest": ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:metric_harness.plugin"],
    "idle-plugin": ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "metric_harness.plugin"],
}


@pytest.mark.parametrize("what", list(STARTS))
def speed_of_starting(benchmark: Any, what: str, tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text("def test_own():\n    pass\n")
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"PYTHONPATH": path, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}

    def start() -> None:
        subprocess.run([sys.executable, *STARTS[what]], check=True, capture_output=True, cwd=tmp_path, env=environment)

    benchmark.pedantic(start, rounds=10, warmup_rounds=1)


def pytest_benchmark_update_machine_info(machine_info: dict[str, Any]) -> None:
    machine_info.pop("node", None)  # the name of a machine is nobody's business
    machine_info["cpu"] = {key: machine_info["cpu"].get(key) for key in ("brand_raw", "arch", "count")}
    machine_info["load average at the end"] = [round(load, 2) for load in os.getloadavg()]
    machine_info["versions"] = {name: importlib.metadata.version(name) for name in VERSIONED}


def pytest_benchmark_update_commit_info(commit_info: dict[str, Any]) -> None:
    for key in ("project", "branch"):  # names of folders and branches here, which mean nothing elsewhere
        commit_info.pop(key, None)


def measured(folder: Path, name: str) -> Path:
    """Run all that is in this file; return the entry that it left in a folder."""
    if hasattr(os, "sched_setaffinity"):  # not every system can
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    before = set(folder.rglob("*.json"))
    words = ["-q", "-p", "no:cacheprovider", "--no-header", "--benchmark-quiet", f"--rootdir={ROOT}"]
    names = ["-o", "python_functions=speed_*", "-o", "filterwarnings=default"]
    kept = [f"--benchmark-storage=file://{folder}", f"--benchmark-save={name}", "--benchmark-columns=min,median,rounds"]
    status = pytest.main([str(Path(__file__)), *words, *names, *kept], plugins=[sys.modules[__name__]])
    if status != 0:
        sys.exit(int(status))
    (found,) = set(folder.rglob("*.json")) - before
    return found


def least(entry: Path) -> dict[str, float]:
    """Return the least seconds of an entry by what was measured."""
    found = json.loads(entry.read_text(encoding="utf-8"))["benchmarks"]
    return {one["name"].removeprefix("speed_of_"): one["stats"]["min"] for one in found}


def table(now: Path, then: Path | None) -> str:
    """Return the milliseconds of an entry beside those of an earlier one."""
    new, old = least(now), {} if then is None else least(then)
    rows = [
        [name, 1e3 * s, 1e3 * old[name], s / old[name]] if name in old else [name, 1e3 * s] for name, s in new.items()
    ]
    return tabulate(rows, headers=["", "ms", "ms then", "ratio"], floatfmt=("", ".1f", ".1f", ".2f"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", metavar="NAME", help="keep the entry in benchmarks/history under this name")
    given = parser.parse_args()
    then = max(HISTORY.rglob("*.json"), key=lambda path: path.name, default=None)  # names begin with a counter
    with tempfile.TemporaryDirectory() as folder:
        now = measured(HISTORY if given.keep else Path(folder), given.keep or "now")
        print(f"\nbeside {'nothing yet' if then is None else then.name}\n\n{table(now, then)}")


if __name__ == "__main__":
    main()
