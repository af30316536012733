"""Time this package's DSA and the official one, each on one processor and on a GPU, and compare what they find.

The protocol and the measures of `dsa_speed.py`, on the operators of the official fit where it is there and else on
ours (then only of the systems that determine the rank). Wall time counts, since a GPU's work is no processor time: of
several calls the fastest, after one that pays for what is set up once. The host keeps to one processor throughout. The
official search takes one pair at a time; it is timed on some pairs, and the shortest counts for all. The fit is left
out: it runs on the processor on either side.

Growth is that of the alignment on the GPU, with the most memory that torch held there: pairs of the nine operators,
each with noise of a tenth of its norm, so that no two are the same problem.

The official search needs no package but torch for angles; `--official` names a wheel of dsa-metric, or a folder that
holds its DSA folder, whose other modules and their many requirements are then left out, and POT is stood in for by an
empty module: only Wasserstein distances use it. Without it an installed dsa-metric counts.

A part that fails, or for which no time is left, says so and stops no other.

Run: python benchmarks/dsa_gpu.py [--device cuda] [--official dsa_metric-2.0.2-py3-none-any.whl] [--seconds 150]
"""

import argparse
import itertools
import os
import platform
import sys
import time
import traceback
import types
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from tabulate import tabulate

sys.path.insert(0, str(Path(__file__).parents[1]))  # the checkout's own package, where none is installed

from dsa_speed import (
    N_RESTARTS,
    N_TRIALS,
    TOLERANCE,
    conjugates,
    official_angle,
    official_operator,
    restarted,
)

from metric_harness import conjugacy, replication
from metric_harness.devices import on_device
from metric_harness.errors import DegenerateInputError, SettingError
from metric_harness.metrics.dsa import DSA
from metric_harness.seeding import DEFAULT_SEED, generator
from metric_harness.simulation import REGIMES

Array = NDArray[np.float64]

N_CALLS, N_CALLS_ON_CPU = 3, 2
SIZES = (36, 360, 3600)
NOISE = 0.1
"""Norm of what is added to each operator where growth is measured, relative to its own."""


class Problem(NamedTuple):
    """What is aligned at one rank."""

    operators: Array
    first: Array
    second: Array

    @property
    def a(self) -> Array:
        return self.operators[self.first]

    @property
    def b(self) -> Array:
        return self.operators[self.second]


class Parts:
    """Runs one part after the other, tells what came out at once, and keeps it for the tables."""

    def __init__(self, seconds: float) -> None:
        self.start, self.seconds = time.perf_counter(), seconds
        self.found: dict[str, dict[str, str]] = {}

    def left(self) -> float:
        return self.seconds - (time.perf_counter() - self.start)

    def run(self, column: str, name: str, part: Callable[[], Any], least: float = 0.0) -> Any:
        """Return what a part returns, or None if it fails or fewer seconds are left than it needs at least."""
        before, answer = self.left(), None
        if before < least:
            words = "left out, no time"
        else:
            try:
                answer = part()
                words = answer if isinstance(answer, str) else "done"
            except (Exception, SystemExit) as error:  # the others are to run whatever happens here
                traceback.print_exc(limit=-2)
                words = f"failed: {type(error).__name__}"
        print(f"[{self.seconds - self.left():5.1f} s] {column}, {name}: {words}", flush=True)
        if isinstance(answer, str) or answer is None:
            self.found.setdefault(column, {})[name] = words
        return answer


def stand_in_for_official(path: Path) -> None:
    """Make the official fit and search importable from a wheel or folder, without what else the package imports."""
    package, transport = types.ModuleType("DSA"), types.ModuleType("ot")
    package.__path__ = [str(path / "DSA")]
    for name in ("dist", "emd", "emd2", "sinkhorn2"):
        setattr(transport, name, None)
    if path.is_file():
        sys.path.append(str(path))  # lets the importer look into the archive
    sys.modules |= {"DSA": package, "ot": transport}


def problem(rank: int, xs: list[Array]) -> Problem:
    """Return the operators of the official fit; without it ours, of the systems that determine the rank."""
    dsa = DSA(n_delays=33, delay_interval=6, rank=rank)
    operators: list[Array] = []
    try:
        operators = [official_operator(dsa, x) for x in xs]
    except SystemExit as lacking:
        print(f"our fit is taken: {lacking}", flush=True)
        for x in xs:
            try:
                operators.append(dsa.operator(x))
            except DegenerateInputError as error:
                print(error, flush=True)
    first, second = np.array(list(itertools.combinations(range(len(operators)), 2))).T
    return Problem(np.stack(operators), first, second)


def fastest(call: Callable[[], Any], n_calls: int) -> tuple[Any, float]:
    """Return what the last of some calls returns and the seconds that the fastest took."""
    answer, seconds = None, []
    for _ in range(n_calls):
        start = time.perf_counter()
        answer = call()
        seconds.append(time.perf_counter() - start)
    return answer, min(seconds)


def ours(parts: Parts, column: str, given: Problem, device: str, n_calls: int) -> tuple[Array, float] | None:
    """Align all pairs as one batch, some times; return angles and seconds."""

    def part() -> tuple[Array, float]:
        conjugacy.align(given.a[:1], given.b[:1], device=device)
        result, seconds = fastest(lambda: conjugacy.align(given.a, given.b, device=device), n_calls)
        print(f"  {seconds:.3f} s for {len(given.first)} pairs, converged: {result.converged.mean():.1%}", flush=True)
        return result.angles, seconds

    return parts.run(column, f"ours on {device}", part)


def official_seconds(parts: Parts, column: str, given: Problem, device: str, n_pairs: int) -> float | None:
    """Align some pairs, each alone; return the seconds that the fastest took."""

    def part() -> float:
        chosen = np.linspace(0, len(given.first) - 1, n_pairs).astype(int)
        official_angle(np.eye(2), np.diag([1.0, 2.0]), device, n_steps=3)
        return min(fastest(lambda k=k: official_angle(given.a[k], given.b[k], device), 1)[1] for k in chosen)

    return parts.run(column, f"official on {device}", part, least=15)


def quality(angles: Array, best: Array, operators: Array, device: str) -> str:
    """Say how far above the best of the restarts the angles are, and how far apart conjugates."""
    excess = angles - best
    spread = ", ".join(f"{value:+.5f}" for value in (excess.min(), np.median(excess), excess.max()))
    planted = conjugacy.align(operators, conjugates(operators), device=device).angles.max()
    return f"{spread}; {np.mean(excess <= TOLERANCE):.1%} of pairs at most {TOLERANCE:g}; conjugates {planted:.1e}"


def ours_at_rank(parts: Parts, rank: int, xs: list[Array], device: str) -> tuple[Problem, dict[str, float]] | None:
    """Align on both devices and judge the angles; return what was aligned and the seconds of each."""
    column = f"rank {rank}"
    given = parts.run(column, "fit", lambda: problem(rank, xs))
    if given is None:
        return None
    calls = {device: N_CALLS, "cpu": N_CALLS_ON_CPU}
    runs = {where: ours(parts, column, given, where, n_calls) for where, n_calls in calls.items()}
    found = {where: run for where, run in runs.items() if run is not None}
    row = parts.found.setdefault(column, {})
    row["pairs"] = str(len(given.first))
    row |= {f"ours on {where}, s for all": f"{seconds:.3f}" for where, (_, seconds) in found.items()}
    best = parts.run(column, "restarts", lambda: restarted(given.a, given.b, device))
    for where, (angles, _) in found.items() if best is not None else ():
        name = f"ours on {where} - best of {N_RESTARTS} restarts: least, median, most"
        parts.run(column, name, lambda angles=angles, where=where: quality(angles, best, given.operators, where))
    return given, {where: seconds for where, (_, seconds) in found.items()}


def official_at_rank(parts: Parts, rank: int, given: Problem, mine: dict[str, float], where: str, n_pairs: int) -> None:
    """Time the official search on a device, beside ours on both."""
    column, row = f"rank {rank}", parts.found.setdefault(f"rank {rank}", {})
    single = official_seconds(parts, column, given, where, n_pairs)
    if single is not None:
        row[f"official on {where}, s for one"] = f"{single:.2f}"
        for other, seconds in mine.items():
            row[f"official on {where} / ours on {other}"] = f"{single * len(given.first) / seconds:.0f}"


def grown(rank: int, operators: Array, size: int, device: str) -> str:
    """Align many pairs once; say how long it took and how much memory the GPU held."""
    rng = generator(DEFAULT_SEED, "dsa_gpu", "growth", rank, size)
    unit = operators / np.linalg.norm(operators, axis=(1, 2), keepdims=True)
    places = rng.integers(len(unit), size=(2, size))
    noise = NOISE / rank * rng.standard_normal((2, size, rank, rank))
    a, b = unit[places] + noise
    on_gpu = device.startswith("cuda")
    if on_gpu:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)
    result, seconds = fastest(lambda: conjugacy.align(a, b, device=device), 1)
    memory = f"{torch.cuda.max_memory_allocated(device) / 2**20:.0f} MiB" if on_gpu else "memory not measured"
    return f"{seconds:.2f} s, {memory}, converged {result.converged.mean():.1%}"


def torch_name(device: str) -> str:
    return "cpu" if device == "torch-cpu" else device


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda", help="cuda, cuda:1 or, to try the script, torch-cpu")
    parser.add_argument("--official", type=Path, help="a wheel of dsa-metric, or the folder that holds its DSA folder")
    parser.add_argument("--pairs", type=int, default=2, help="pairs that the official search is run on")
    parser.add_argument("--ranks", type=int, nargs="+", default=[20, 50])
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES, help="numbers of pairs whose growth is shown")
    parser.add_argument("--seconds", type=float, default=150, help="after which no part is started")
    options = parser.parse_args()
    try:
        on_device(options.device)
    except SettingError as error:
        parser.error(str(error))
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    if options.official is not None:
        stand_in_for_official(options.official.resolve())
    name = torch.cuda.get_device_name(options.device) if options.device.startswith("cuda") else platform.processor()
    print(f"{name}; torch {torch.__version__}, NumPy {np.__version__}, Python {platform.python_version()}", flush=True)

    parts = Parts(options.seconds)
    rng = generator(DEFAULT_SEED, "dsa_speed")
    xs = [replication.motion(system, N_TRIALS, rng, method="euler") for system in REGIMES]
    done = {rank: ours_at_rank(parts, rank, xs, options.device) for rank in options.ranks}
    aligned = {rank: run for rank, run in done.items() if run is not None}
    for where, (rank, (given, mine)) in itertools.product(("cpu", torch_name(options.device)), aligned.items()):
        official_at_rank(parts, rank, given, mine, where, options.pairs)
    for size, (rank, (given, _)) in itertools.product(options.sizes, aligned.items()):

        def part(rank: int = rank, operators: Array = given.operators, size: int = size) -> str:
            return grown(rank, operators, size, options.device)

        # Some milliseconds for each pair at rank 20, and six times that at rank 50, are the most that is expected.
        parts.run(f"rank {rank}", f"growth, {size} pairs", part, least=2 + size * (rank / 20) ** 2 / 200)
    names = list(dict.fromkeys(name for row in parts.found.values() for name in row))
    rows = [[name, *(row.get(name, "") for row in parts.found.values())] for name in names]
    print("\n" + tabulate(rows, headers=["", *parts.found], tablefmt="github", disable_numparse=True))


if __name__ == "__main__":
    main()
