"""Measure how DSA's time and memory grow with its input, and fit the exponents beside the theoretical ones.

One quantity is varied at a time, from the middle of the others; recordings are Gaussian noise, whose windows have
full rank. Time is processor time, the shortest of three calls; memory is the largest that NumPy and Python held
during a call beyond what they held before it. The exponent is the slope of the least-squares line through the
logarithms, with its standard error.

Theory, for time. A fit costs products of blocks that neighboring windows share, trials · windows · delays · units², and
eigenvectors of delays · units columns, their cube: up to 1 for trials and windows, 2 to 3 for units, 1 to 3 for
delays. An alignment costs a number of products of rank x rank matrices: 3. Lower exponents are those of sizes at which
what grows slower still counts.

Theory, for memory. A recording is copied once, and kept are coordinates, trials · windows · rank, and products of
columns²: from 0 (where the products are most of it) to 1 for trials and windows, 1 to 2 for units, 0 to 2 for delays.
An alignment works on parts of bounded size: 1 for pairs until the parts are full, and 0 from there.

Where `dsa-metric` is installed, its fits and alignments of the same inputs are timed in the same run, once each, on
torch's one thread; its memory is torch's, which nothing here sees. It takes one pair at a time, and is given few.

Run: pip install dsa-metric, then python benchmarks/dsa_growth.py [--plot benchmarks/dsa_growth.png]
"""

import argparse
import dataclasses
import importlib.util
import time
import tracemalloc
import warnings
from collections.abc import Callable
from pathlib import Path

import dsa_speed
import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator
from numpy.typing import NDArray
from tabulate import tabulate

from metric_harness import conjugacy
from metric_harness.metrics.dsa import DSA
from metric_harness.seeding import DEFAULT_SEED, generator

Array = NDArray[np.float64]
Call = Callable[[], object]
N_REPEATS = 3
FEWER_PAIRS = 16
"""By how much fewer pairs the official alignment gets; it takes 3 s for one."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Size:
    """The size of a recording and of its windows."""

    trials: int = 100
    windows: int = 40
    units: int = 4
    delays: int = 16


@dataclasses.dataclass(frozen=True)
class Growth:
    """What is varied, over which values, our call and the official one for a value, and the theoretical exponents."""

    name: str
    values: tuple[int, ...]
    prepare: Callable[[int], tuple[Call, Call]]
    time: str
    memory: str


def fit(**changed: int) -> tuple[Call, Call]:
    """Return the calls that fit the operator of a recording of some size."""
    size = Size(**changed)
    dsa = DSA(n_delays=size.delays, delay_interval=1, rank=15)
    shape = size.trials, size.windows + size.delays - 1, size.units
    x = generator(DEFAULT_SEED, "dsa_growth", *shape).standard_normal(shape)
    return lambda: dsa.operator(x), lambda: dsa_speed.official_operator(dsa, x)


def alignment(n_pairs: int, rank: int) -> tuple[Call, Call]:
    """Return the calls that align pairs of Gaussian operators; the official one, a part of the pairs."""
    rng = generator(DEFAULT_SEED, "dsa_growth", "operators", rank)
    a, b = rng.standard_normal((2, n_pairs, rank, rank))
    some = range(max(1, n_pairs // FEWER_PAIRS))
    return lambda: conjugacy.align(a, b), lambda: [dsa_speed.official_angle(a[k], b[k]) for k in some]


GROWTHS = (
    Growth("trials", (50, 100, 200, 400, 800), lambda n: fit(trials=n), "0 to 1", "0 to 1"),
    Growth("windows per trial", (20, 40, 80, 160, 320), lambda n: fit(windows=n), "0 to 1", "0 to 1"),
    Growth("units", (2, 4, 8, 16), lambda n: fit(units=n), "2 to 3", "1 to 2"),
    Growth("delays", (8, 16, 32, 64), lambda n: fit(delays=n), "1 to 3", "0 to 2"),
    Growth("pairs", (16, 32, 64, 128), lambda n: alignment(n, rank=10), "1", "0 to 1"),
    Growth("rank", (10, 15, 20, 30, 40), lambda n: alignment(16, rank=n), "3", "1 to 2"),
)


def seconds(call: Call, n_repeats: int) -> float:
    """Return the processor seconds of a call, the shortest of some."""
    taken: list[float] = []
    for _ in range(n_repeats):
        start = time.process_time()
        call()
        taken.append(time.process_time() - start)
    return min(taken)


def peak_mib(call: Call) -> float:
    """Return the peak memory of a call."""
    tracemalloc.start()
    call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 2**20


def exponent(values: Array, costs: Array) -> tuple[float, float]:
    """Return the slope of log cost against log value, and its standard error."""
    (slope, offset), x, y = np.polyfit(np.log(values), np.log(costs), 1), np.log(values), np.log(costs)
    residual = y - slope * x - offset
    error = np.sqrt((residual**2).sum() / (len(x) - 2) / ((x - x.mean()) ** 2).sum())
    return float(slope), float(error)


def drawn(curves: dict[str, tuple[Array, dict[str, Array]]]) -> Figure:
    """Draw time and memory against each size; the official implementation's time in gray."""
    figure = Figure(figsize=(10, 6), layout="constrained")
    axes = figure.subplots(2, len(curves), sharey="row", squeeze=False)
    for column, (name, (values, costs)) in enumerate(curves.items()):
        for axis, what in zip(axes[:, column], ("CPU time (s)", "memory (MiB)"), strict=True):
            slope, error = exponent(values, costs[what])
            axis.loglog(values, costs[what], "o-", color="black", markersize=4, label="ours")
            if "time" in what and "official" in costs:
                axis.loglog(values, costs["official"], "s--", color="0.6", markersize=4, label="dsa-metric")
            axis.set_title(f"{slope:.2f} ± {error:.2f}", fontsize=9)
            axis.set_ylabel(what if column == 0 else "")
            axis.set_xticks(values[[0, -1]], [f"{value:g}" for value in values[[0, -1]]])
            axis.xaxis.set_minor_locator(NullLocator())
        axes[1, column].set_xlabel(name)
    if len(axes[0, 0].lines) > 1:
        axes[0, 0].legend(fontsize=8)
    return figure


def row(growth: Growth, values: Array, costs: dict[str, Array]) -> dict[str, object]:
    """Return the line of the table for one size."""

    def ends(what: str, digits: int) -> str:
        return f"{costs[what][0]:.{digits}f} to {costs[what][-1]:.{digits}f}"

    def fitted(what: str) -> str:
        return "{:.2f} ± {:.2f}".format(*exponent(values, costs[what]))

    cells: dict[str, object] = {
        "against": f"{growth.name} {growth.values[0]} to {growth.values[-1]}",
        "CPU seconds": ends("CPU time (s)", 3),
        "exponent": fitted("CPU time (s)"),
        "theory": growth.time,
        "MiB": ends("memory (MiB)", 1),
        "exponent of memory": fitted("memory (MiB)"),
        "its theory": growth.memory,
    }
    if "official" in costs:
        ratios = costs["official"] / costs["CPU time (s)"]
        cells |= {"official: CPU seconds": ends("official", 3), "its exponent": fitted("official")}
        cells |= {"official / ours": f"{ratios[0]:.0f} to {ratios[-1]:.0f}"}
    return cells


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plot", type=Path, help="where to save the figure")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    beside = importlib.util.find_spec("DSA") is not None
    if beside:  # the first calls pay for what is set up once
        for _, official in fit(), alignment(1, rank=2):
            official()
    curves: dict[str, tuple[Array, dict[str, Array]]] = {}
    for growth in GROWTHS:
        calls = [growth.prepare(value) for value in growth.values]
        costs = {"CPU time (s)": [seconds(ours, N_REPEATS) for ours, _ in calls]}
        costs["memory (MiB)"] = [peak_mib(ours) for ours, _ in calls]
        if beside:
            # Of an alignment it gets a part of the pairs, and takes its time for each of them.
            share = FEWER_PAIRS if growth.name in ("pairs", "rank") else 1
            costs["official"] = [share * seconds(theirs, 1) for _, theirs in calls]
        curves[growth.name] = np.array(growth.values, dtype=float), {k: np.array(v) for k, v in costs.items()}
    rows = [row(growth, *curves[growth.name]) for growth in GROWTHS]
    print(tabulate(rows, headers="keys", tablefmt="github", disable_numparse=True))
    if options.plot:
        drawn(curves).savefig(options.plot)


if __name__ == "__main__":
    main()
