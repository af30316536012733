"""Time this package's DSA and the official one of `dsa-metric` side by side, and compare what they find.

The reference study's protocol: nine Lorenz systems, 200 trials x 200 steps x 3 units, 33 delays 6 steps apart, ranks
20 and 50, all 36 pairs. Ours gets them as one batch. The official search takes one pair at a time and always its 1000
steps of size 0.01, so that its time hardly depends on the pair: it is run on some pairs, and the shortest counts
for all. Both run on one processor, in turns, and each is given its best time. Processor time is what counts:
other programs' load distorts it least.

Both align the same operators, those of the official fit: at rank 50 the windows of three systems determine no more
than 32 dimensions (`DSA.operator` refuses them), and the official fit's rounding errors fill the rest. What counts
as the time of our fit is all nine calls, refusals among them.

Three measures of what is found, as angles in radians: the difference from the official run; that from the best of
ten climbs by Newton's method, each from one random rotation and to its summit; and the largest angle between
conjugates Q A Qᵀ of the operators, whose true angle is 0.

fastDSA is not compared: it could not be installed from the package index.

Run: pip install dsa-metric, then python benchmarks/dsa_speed.py [--pairs 36] [--ranks 20 50]
"""

import argparse
import contextlib
import importlib
import importlib.metadata
import itertools
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from tabulate import tabulate

from metric_harness import conjugacy, replication
from metric_harness.ascent import Effort, climb
from metric_harness.devices import CPU, on_device, on_host
from metric_harness.errors import DegenerateInputError
from metric_harness.metrics.dsa import DSA
from metric_harness.seeding import DEFAULT_SEED, generator
from metric_harness.simulation import REGIMES

Array = NDArray[np.float64]
Result = TypeVar("Result")

N_TRIALS, N_REPEATS, N_RESTARTS = 200, 3, 10
N_STEPS, STEP_SIZE = 1000, 1e-2
TOLERANCE = 1e-4
"""How far above the best of the restarts an angle may be, in radians."""
TO_THE_SUMMIT = Effort(200, 1e-7, 60, flattest=1e-6)


class Seconds(NamedTuple):
    """Processor time and wall time of one call."""

    cpu: float
    wall: float


def timed(call: Callable[[], Result]) -> tuple[Result, Seconds]:
    wall, cpu = time.perf_counter(), time.process_time()
    result = call()
    return result, Seconds(time.process_time() - cpu, time.perf_counter() - wall)


def fastest(seconds: Sequence[Seconds]) -> Seconds:
    return Seconds(min(s.cpu for s in seconds), min(s.wall for s in seconds))


def official(module: str) -> Any:
    """Return a module of the official implementation."""
    try:
        return importlib.import_module(f"DSA.{module}")
    except ImportError as error:
        sys.exit(f"{error}: install the official implementation with `pip install dsa-metric`.")


def official_operator(dsa: DSA, x: Array) -> Array:
    """Return the official fit, in single precision as its default is."""
    model = official("dmd").DMD(x, n_delays=dsa.n_delays, delay_interval=dsa.delay_interval, rank=dsa.rank)
    model.fit()
    return model.A_v.detach().numpy().astype(np.float64)


def official_angle(a: Array, b: Array, device: str = CPU, n_steps: int = N_STEPS) -> float:
    torch.manual_seed(DEFAULT_SEED)
    search = official("simdist").SimilarityTransformDist
    aligner = search(iters=n_steps, lr=STEP_SIZE, score_method="angular", device=device)
    return float(aligner.fit_score(torch.tensor(a).float(), torch.tensor(b).float()))


def our_fit(dsa: DSA, x: Array) -> None:
    with contextlib.suppress(DegenerateInputError):  # the rank is more than its windows determine; see the top
        dsa.operator(x)


def restarted(a: Array, b: Array, device: str = CPU) -> Array:
    """Return the smallest angle that climbs from random rotations find on a device, by one climb from each."""
    xp = on_device(device)
    n = a.shape[-1]
    a, b = (_in_own_axes(x / np.linalg.norm(x, axis=(1, 2), keepdims=True)) for x in (a, b))
    draws = generator(DEFAULT_SEED, "dsa_speed", "restarts", n).standard_normal((N_RESTARTS, n, n))
    starts = np.linalg.qr(draws)[0]
    # A processor's cache has room for one start of each pair; another device is faster with all at once.
    heights = [_heights(a, b, some, xp) for some in np.array_split(starts, N_RESTARTS if xp is np else 1)]
    return np.arccos(np.concatenate(heights).max(axis=0))


def _heights(a: Array, b: Array, starts: Array, xp: Any) -> Array:
    """Return how high each pair climbs from each start, shape (n_starts, n_pairs)."""
    shape = (len(starts), *a.shape)
    every = (np.broadcast_to(x, shape).reshape(-1, *a.shape[1:]) for x in (a, b, starts[:, None]))
    heights: Array = on_host(climb(*(xp.asarray(x) for x in every), TO_THE_SUMMIT)[1])
    return heights.reshape(shape[:2])


def _in_own_axes(a: Array) -> Array:
    """Return operators in the eigenbases of their symmetric parts, where the ascent is well conditioned."""
    basis = np.linalg.eigh(a + a.swapaxes(1, 2))[1]
    return basis.swapaxes(1, 2) @ a @ basis


def conjugates(operators: Array) -> Array:
    n = operators.shape[-1]
    draws = generator(DEFAULT_SEED, "dsa_speed", "conjugates", n).standard_normal(operators.shape)
    q = np.linalg.qr(draws)[0]
    return q @ operators @ q.swapaxes(1, 2)


def compared(rank: int, xs: Sequence[Array], n_official: int) -> Iterator[tuple[str, str]]:
    """Yield what is measured at one rank, named."""
    dsa = DSA(n_delays=33, delay_interval=6, rank=rank)
    fits = [timed(lambda: [our_fit(dsa, x) for x in xs])[1] for _ in range(N_REPEATS)]
    official_fits = [timed(lambda: [official_operator(dsa, x) for x in xs]) for _ in range(N_REPEATS)]
    operators = np.stack(official_fits[-1][0])
    first, second = np.array(list(itertools.combinations(range(len(xs)), 2))).T
    a, b = operators[first], operators[second]

    chosen = np.linspace(0, len(a) - 1, n_official).astype(int)
    batches: list[Seconds] = []
    singles: list[Seconds] = []
    official = np.zeros(n_official)
    ours = np.zeros(len(a))
    for turn in np.array_split(np.arange(n_official), N_REPEATS):
        result, seconds = timed(lambda: conjugacy.align(a, b))
        ours = result.angles
        batches.append(seconds)
        for k in turn:
            official[k], seconds = timed(lambda k=k: official_angle(a[chosen[k]], b[chosen[k]]))
            singles.append(seconds)

    fit, batch = fastest(fits), fastest(batches)
    official_fit, single = fastest([seconds for _, seconds in official_fits]), fastest(singles)
    yield "pairs, aligned by the official run", f"{len(a)}, {n_official}"
    yield "ours: fit of nine, alignment of all, CPU s", f"{fit.cpu:.3f}, {batch.cpu:.3f}"
    yield "official: fit of nine, alignment of one, CPU s", f"{official_fit.cpu:.3f}, {single.cpu:.2f}"
    for name in Seconds._fields:
        mine = getattr(fit, name) + getattr(batch, name)
        theirs = getattr(official_fit, name) + getattr(single, name) * len(a)
        yield f"official / ours, {name} time", f"{theirs / mine:.0f}"
    alignments = single.cpu * len(a) / batch.cpu
    yield "official / ours, CPU time, alignment alone", f"{alignments:.0f}"
    yield "official - ours: least, median, most", _spread(official - ours[chosen])
    excess = ours - restarted(a, b)
    yield f"ours - best of {N_RESTARTS} restarts: least, median, most", _spread(excess)
    yield f"pairs at most {TOLERANCE:g} above it", f"{np.mean(excess <= TOLERANCE):.1%}"
    turned = conjugates(operators)
    yield "conjugates, largest angle: ours", f"{conjugacy.align(operators, turned).angles.max():.1e}"
    found = max(official_angle(operators[k], turned[k]) for k in (0, 4, 8))
    yield "conjugates, largest angle: official (three systems)", f"{found:.3f}"


def _spread(values: Array) -> str:
    return ", ".join(f"{value:+.5f}" for value in (values.min(), np.median(values), values.max()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=9, help="pairs that the official search is run on, at most 36")
    parser.add_argument("--ranks", type=int, nargs="+", default=[20, 50])
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    if hasattr(os, "sched_setaffinity"):  # elsewhere our search takes every processor
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    rng = generator(DEFAULT_SEED, "dsa_speed")
    xs = [replication.motion(system, N_TRIALS, rng, method="euler") for system in REGIMES]
    official_angle(np.eye(2), np.diag([1.0, 2.0]))  # the first call pays for what is set up once
    print(f"dsa-metric {importlib.metadata.version('dsa-metric')}, one processor; angles in radians\n")
    columns = {f"rank {rank}": dict(compared(rank, xs, options.pairs)) for rank in options.ranks}
    names = next(iter(columns.values()))
    rows = [{"": name} | {rank: column[name] for rank, column in columns.items()} for name in names]
    print(tabulate(rows, headers="keys", tablefmt="github", disable_numparse=True))


if __name__ == "__main__":
    main()
