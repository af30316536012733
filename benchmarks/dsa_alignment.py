"""Compare this package's alignment of operators with the official one of `dsa-metric`, side by side in one run.

Three kinds of pairs, all from fixed seeds. Planted: B = Q A Qᵀ with A Gaussian and Q a random orthogonal
matrix, so that the true angle is 0 and whatever is found is the search's error. Unrelated: operators that
DSA fits to whitened recordings of different Lorenz motifs; the true angle is unknown, and of two upper
bounds the lower one is the better. Close: two noisy recordings of one motif.

The official search is `SimilarityTransformDist` with score_method='angular' and the reference study's
1000 steps of size 0.01; it draws from torch's global generator, which is seeded anew for each pair. It
gets one pair at a time, for it takes no more. Ours gets the same pairs in one call, since that is how
the metric calls it; the time per pair is that of the call over the number of pairs.

Run: python benchmarks/dsa_alignment.py
Needs: pip install dsa-metric, next to this package (two minutes; for other numbers of threads set
OMP_NUM_THREADS).
"""

import importlib.metadata
import itertools
import sys
import time
from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from metric_harness import conjugacy, simulation
from metric_harness.metrics.dsa import DSA
from metric_harness.seeding import DEFAULT_SEED, generator
from metric_harness.transforms import perturb, whiten

Array = NDArray[np.float64]
Search = Callable[[Array, Array], Array]

PLANTED, N_PLANTED = (3, 5, 10, 20), 5
SETTINGS = (DSA(), DSA().as_published("regimes"), DSA().as_published("noise"))
N_TRIALS, N_MOTIFS, SIGMA = 200, 4, 0.002
N_STEPS, STEP_SIZE = 1000, 1e-2


def planted(n: int) -> tuple[Array, Array]:
    """Return conjugate operators, each of shape (N_PLANTED, n, n)."""
    rng = generator(DEFAULT_SEED, "alignment", "planted", n)
    a, g = rng.standard_normal((2, N_PLANTED, n, n)) / np.sqrt(n)
    q = np.linalg.qr(g)[0]
    return a, q @ a @ q.swapaxes(1, 2)


def recorded(dsa: DSA) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Return the pairs of unrelated Lorenz operators, and those of two recordings of one motif."""
    rng = generator(DEFAULT_SEED, "alignment", "recorded")
    motifs = simulation.motifs(rng, N_TRIALS)[:N_MOTIFS]
    first, second = (np.stack([dsa.operator(whiten(perturb(x, SIGMA, rng))) for x in motifs]) for _ in range(2))
    i, j = np.array(list(itertools.combinations(range(N_MOTIFS), 2))).T
    return (first[i], first[j]), (first, second)


def ours(a: Array, b: Array) -> Array:
    return conjugacy.align(a, b).angles


def official() -> Search:
    """Return the search of `dsa-metric`; exit with what to install if it is missing."""
    try:
        from DSA import SimilarityTransformDist
    except ImportError as error:
        sys.exit(f"{error}; needed the official package: pip install dsa-metric")

    def search(a: Array, b: Array) -> Array:
        found: list[float] = []
        for x, y in zip(a, b, strict=True):
            torch.manual_seed(DEFAULT_SEED)
            distance = SimilarityTransformDist(iters=N_STEPS, score_method="angular", lr=STEP_SIZE)
            found.append(float(distance.fit_score(x.copy(), y.copy())))
        return np.array(found)

    return search


def timed(search: Search, a: Array, b: Array) -> tuple[Array, float]:
    """Return the angles and the seconds per pair."""
    start = time.perf_counter()
    angles = search(a, b)
    return angles, (time.perf_counter() - start) / len(a)


def workloads() -> Iterator[tuple[str, Array, Array]]:
    """Yield each kind of pairs with its name."""
    for n in PLANTED:
        yield f"planted, n = {n}", *planted(n)
    for dsa in SETTINGS:
        unrelated, close = recorded(dsa)
        yield f"unrelated Lorenz, n = {dsa.rank}", *unrelated
        yield f"one Lorenz motif twice, n = {dsa.rank}", *close


def main() -> None:
    theirs = official()
    for search in (ours, theirs):  # the first call pays for what is set up once
        search(*planted(2))
    print(
        f"dsa-metric {importlib.metadata.version('dsa-metric')}, {torch.get_num_threads()} torch threads; angles in rad"
    )
    print(
        "| pairs | number | ours, mean (largest) | official, mean (largest) | official - ours, mean [least, most] "
        "| ours, s per pair | official, s per pair | ratio |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for name, a, b in workloads():
        (found, seconds), (other, other_seconds) = timed(ours, a, b), timed(theirs, a, b)
        excess = other - found
        print(
            f"| {name} | {len(a)} | {found.mean():.2g} ({found.max():.2g}) | {other.mean():.4f} ({other.max():.4f}) "
            f"| {excess.mean():.4f} [{excess.min():.4f}, {excess.max():.4f}] "
            f"| {seconds:.4f} | {other_seconds:.2f} | {other_seconds / seconds:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
