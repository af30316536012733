"""Measure how DSA's time and memory grow with its input, and fit the exponents beside the theoretical ones.

One quantity is varied at a time, from the middle of the others; recordings are Gaussian noise, whose windows have
full rank. Time is processor time, the shortest of three calls; memory is the largest that NumPy and Python held
during a call beyond what they held before it. The exponent is the slope of the least-squares line through the
logarithms, with its standard error.

Theory, for time. A fit costs a QR decomposition of all windows, rows x columns² for trials · windows rows and
delays · units columns: 1 for trials and windows, 2 for units and delays. An alignment costs a number of products of
rank x rank matrices: 3. Lower exponents are those of sizes at which what grows slower still counts.

Theory, for memory. Windows are kept, rows x columns: 1 for all four. An alignment works on parts of bounded size: 1 for
pairs until the parts are full, and 0 from there.

Run: python benchmarks/dsa_growth.py [--plot benchmarks/dsa_growth.png]
"""

import argparse
import dataclasses
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator
from numpy.typing import NDArray
from tabulate import tabulate

from metric_harness import conjugacy
from metric_harness.metrics.dsa import DSA
from metric_harness.seeding import DEFAULT_SEED, generator

Array = NDArray[np.float64]
N_REPEATS = 3


@dataclasses.dataclass(frozen=True, kw_only=True)
class Size:
    """The size of a recording and of its windows."""

    trials: int = 100
    windows: int = 40
    units: int = 4
    delays: int = 16


@dataclasses.dataclass(frozen=True)
class Growth:
    """What is varied, over which values, what is called for one, and the theoretical exponents."""

    name: str
    values: tuple[int, ...]
    prepare: Callable[[int], Callable[[], object]]
    time: str
    memory: str


def fit(**changed: int) -> Callable[[], object]:
    """Return the call that fits the operator of a recording of some size."""
    size = Size(**changed)
    dsa = DSA(n_delays=size.delays, delay_interval=1, rank=15)
    shape = size.trials, size.windows + size.delays - 1, size.units
    x = generator(DEFAULT_SEED, "dsa_growth", *shape).standard_normal(shape)
    return lambda: dsa.operator(x)


def alignment(n_pairs: int, rank: int) -> Callable[[], object]:
    """Return the call that aligns pairs of Gaussian operators."""
    rng = generator(DEFAULT_SEED, "dsa_growth", "operators", rank)
    a, b = rng.standard_normal((2, n_pairs, rank, rank))
    return lambda: conjugacy.align(a, b)


GROWTHS = (
    Growth("trials", (50, 100, 200, 400, 800), lambda n: fit(trials=n), "1", "1"),
    Growth("windows per trial", (20, 40, 80, 160, 320), lambda n: fit(windows=n), "1", "1"),
    Growth("units", (2, 4, 8, 16), lambda n: fit(units=n), "2", "1"),
    Growth("delays", (8, 16, 32, 64), lambda n: fit(delays=n), "2", "1"),
    Growth("pairs", (4, 8, 16, 32, 64), lambda n: alignment(n, rank=10), "1", "0 to 1"),
    Growth("rank", (10, 15, 20, 30, 40), lambda n: alignment(4, rank=n), "3", "1 to 2"),
)


def measured(call: Callable[[], object]) -> tuple[float, float]:
    """Return the processor seconds and the peak memory, in MiB, of a call."""
    seconds: list[float] = []
    for _ in range(N_REPEATS):
        start = time.process_time()
        call()
        seconds.append(time.process_time() - start)
    tracemalloc.start()
    call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return min(seconds), peak / 2**20


def exponent(values: Array, costs: Array) -> tuple[float, float]:
    """Return the slope of log cost against log value, and its standard error."""
    (slope, offset), x, y = np.polyfit(np.log(values), np.log(costs), 1), np.log(values), np.log(costs)
    residual = y - slope * x - offset
    error = np.sqrt((residual**2).sum() / (len(x) - 2) / ((x - x.mean()) ** 2).sum())
    return float(slope), float(error)


def drawn(curves: dict[str, tuple[Array, Array, Array]]) -> Figure:
    figure = Figure(figsize=(9, 6), layout="constrained")
    axes = figure.subplots(2, len(curves), sharey="row", squeeze=False)
    for column, (name, (values, seconds, memory)) in enumerate(curves.items()):
        for axis, costs, label in zip(
            axes[:, column], (seconds, memory), ("CPU time (s)", "memory (MiB)"), strict=True
        ):
            slope, error = exponent(values, costs)
            axis.loglog(values, costs, "o-", color="black", markersize=4)
            axis.set_title(f"{slope:.2f} ± {error:.2f}", fontsize=9)
            axis.set_ylabel(label if column == 0 else "")
            axis.set_xticks(values[[0, -1]], [f"{value:g}" for value in values[[0, -1]]])
            axis.xaxis.set_minor_locator(NullLocator())
        axes[1, column].set_xlabel(name)
    return figure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plot", type=Path, help="where to save the figure")
    options = parser.parse_args()
    curves: dict[str, tuple[Array, Array, Array]] = {}
    rows: list[dict[str, object]] = []
    for growth in GROWTHS:
        costs = np.array([measured(growth.prepare(value)) for value in growth.values])
        values = np.array(growth.values, dtype=float)
        curves[growth.name] = values, costs[:, 0], costs[:, 1]
        (slope, error), (memory_slope, memory_error) = (exponent(values, cost) for cost in costs.T)
        rows.append(
            {
                "against": f"{growth.name} {growth.values[0]} to {growth.values[-1]}",
                "CPU seconds": f"{costs[0, 0]:.3f} to {costs[-1, 0]:.3f}",
                "exponent": f"{slope:.2f} ± {error:.2f}",
                "theory": growth.time,
                "MiB": f"{costs[0, 1]:.1f} to {costs[-1, 1]:.1f}",
                "exponent of memory": f"{memory_slope:.2f} ± {memory_error:.2f}",
                "its theory": growth.memory,
            }
        )
    print(tabulate(rows, headers="keys", tablefmt="github", disable_numparse=True))
    if options.plot:
        drawn(curves).savefig(options.plot)


if __name__ == "__main__":
    main()
