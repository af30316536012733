"""What is wrong with published packages, or easily mistaken: each fault by a few lines that run, and what they give.

The numbers in docs/published_faults.md come from this script. A package that is not installed is left out. With
`dsa-metric`, whose gradient descent is slow, it takes about five minutes on one core; without, seconds.

Run: pip install "metric-harness[field]", then python benchmarks/published_faults.py [PACKAGE ...]
"""

import copy
import dataclasses
import importlib.metadata
import sys
import time
import warnings
from collections.abc import Callable

import numpy as np
import torch
from tabulate import tabulate

from metric_harness.metrics.dsa import DSA
from metric_harness.seeding import generator, seeded_torch


@dataclasses.dataclass(frozen=True)
class Fault:
    """A package, what it does in one sentence, and the function that measures it."""

    package: str
    claim: str
    measure: Callable[[], str]


FAULTS: list[Fault] = []


def fault(package: str, claim: str) -> Callable[[Callable[[], str]], Callable[[], str]]:
    def register(measure: Callable[[], str]) -> Callable[[], str]:
        FAULTS.append(Fault(package, claim, measure))
        return measure

    return register


def noise(name: str, *shape: int) -> np.ndarray:
    return generator(0, "published faults", name).standard_normal(shape)


def rotation(n: int, name: str = "rotation") -> np.ndarray:
    return np.linalg.qr(noise(name, n, n))[0]


def walks(name: str) -> np.ndarray:
    """Return noise-driven decaying rotations, 10 trials x 150 times x 4 units."""
    states, operator = [noise(name + " start", 10, 4)], 0.97 * rotation(4, name)
    for step in noise(name + " steps", 149, 10, 4):
        states.append(states[-1] @ operator.T + 0.3 * step)
    return np.stack(states, axis=1)


def dsa(x: np.ndarray, y: np.ndarray, seed: int = 0, **settings: object) -> float:
    from DSA import dsa as official

    with seeded_torch(seed):
        return float(official.DSA(x, y, **{"n_delays": 5, "delay_interval": 1, "rank": 10} | settings).fit_score())


def conjugate_pair(n: int) -> tuple[np.ndarray, np.ndarray]:
    a, q = noise(f"operator {n}", n, n) / np.sqrt(n), rotation(n, f"conjugator {n}")
    return a, q @ a @ q.T


def planted(n: int, seed: int) -> float:
    """Return the official angle between a matrix and its orthogonal conjugate, at the study's steps and rate."""
    from DSA.simdist import SimilarityTransformDist

    with seeded_torch(seed):
        aligner = SimilarityTransformDist(iters=1000, lr=1e-2, score_method="angular")
        return float(aligner.fit_score(*(torch.tensor(a).float() for a in conjugate_pair(n))))


@fault("dsa-metric", "angle between an operator and its orthogonal conjugate, 4 seeds each; should be 0")
def conjugates() -> str:
    found = [f"n={n}: " + " ".join(f"{planted(n, seed):.3f}" for seed in range(4)) for n in (3, 5, 10)]
    ours = max(float(DSA().operator_distances(conjugate_pair(n), [(0, 1)])[0]) for n in (3, 5, 10))
    return "; ".join([*found, f"`dsa` of this package: at most {ours:.0e}"])


@fault(
    "dsa-metric",
    "angle of one pair of recordings for five seeds of torch's global generator, which the package leaves unseeded",
)
def unseeded() -> str:
    x, y = walks("x"), walks("y")
    values = [dsa(x, y, seed, score_method="angular", iters=300) for seed in range(5)]
    return f"{min(values):.4f} to {max(values):.4f}"


@fault("dsa-metric", "angle of a recording from its own rotation, 3 seeds, and from another recording; should be 0 0 0")
def rotated() -> str:
    x = walks("x")
    own = [dsa(x, x @ rotation(4), seed, score_method="angular", iters=1000, lr=1e-2) for seed in range(3)]
    other = dsa(x, walks("y"), score_method="angular", iters=1000, lr=1e-2)
    return " ".join(f"{value:.3f}" for value in own) + f"; other {other:.3f}"


@fault("dsa-metric", "score without score_method, and with angular: the default is the other quantity since 2.0.1")
def default_score() -> str:
    x, y = walks("x"), walks("y")
    wasserstein, angular = (dsa(x, y, score_method=name, iters=300) for name in ("wasserstein", "angular"))
    return f"default {dsa(x, y):.4f}; wasserstein {wasserstein:.4f}; angular {angular:.4f}"


@fault("dsa-metric", "score at rank 20, 50 and 500 of 20 window entries: cut down without a word")
def truncated() -> str:
    x, y = walks("x"), walks("y")
    return " ".join(f"{dsa(x, y, rank=rank, score_method='wasserstein'):.6f}" for rank in (20, 50, 500))


@fault("dsa-metric", "10 trials x 40 times x 20 units at 33 delays: more window entries than windows are refused")
def wide() -> str:
    x, y = noise("wide x", 10, 40, 20), noise("wide y", 10, 40, 20)
    return attempt(lambda: dsa(x, y, n_delays=33, rank=10, score_method="wasserstein"))[:60]


@fault("dsa-metric", "wasserstein of spectra 0, 1/2, 1: d(a, c) against d(a, b) + d(b, c); squared, so no metric")
def squared() -> str:
    from DSA.simdist import SimilarityTransformDist

    aligner = SimilarityTransformDist(score_method="wasserstein")
    a, b, c = (torch.full((1, 1), value) for value in (0.0, 0.5, 1.0))
    ab, bc, ac = (aligner.fit_score(*pair) for pair in ((a, b), (b, c), (a, c)))
    return f"{ac:.2f} > {ab:.2f} + {bc:.2f}"


@fault("dsa-metric", "norm of a fitted operator before and after it was scored (angular): changed in place")
def mutated() -> str:
    from DSA import dsa as official

    analysis = official.DSA(walks("x"), walks("y"), n_delays=5, rank=10, score_method="angular", iters=1)
    analysis.fit_dmds()
    operator = analysis.dmds[0][0].A_v
    before = float(torch.linalg.norm(operator))
    analysis.score()
    return f"{before:.3f}, then {float(torch.linalg.norm(operator)):.3f}"


@fault("dsa-metric", "score of a recording against a constant one: a number")
def constant() -> str:
    return f"{dsa(walks('x'), np.ones((10, 150, 4)), score_method='wasserstein'):.4f}"


@fault(
    "repsim", "CKA with estimator song of x and 2x, at 12 and at 1000 units: unbiased over biased norms; should be 1"
)
def song() -> str:
    import repsim

    pairs = ([x := noise(f"units {n}", 100, n), 2 * x] for n in (12, 1000))
    return " ".join(f"{repsim.cka(pair, 'linear', 'song')[0, 1]:.3f}" for pair in pairs)


@fault("repsim", "the same with lange")
def lange() -> str:
    import repsim

    pairs = ([x := noise(f"units {n}", 100, n), 2 * x] for n in (12, 1000))
    return " ".join(f"{repsim.cka(pair, 'linear', 'lange')[0, 1]:.3f}" for pair in pairs)


@fault("repsim", "CKA by default, and linear: the default kernel is RBF")
def kernel() -> str:
    import repsim

    pair = [noise("x", 100, 12), noise("x", 100, 12)[:, :9] + noise("y", 100, 9)]
    return f"default {repsim.cka(pair)[0, 1]:.4f}; linear {repsim.cka(pair, 'linear')[0, 1]:.4f}"


@fault("repsim", "seconds of CPU for linear CKA of 4 units at 300, 600, 1500 samples: cubic")
def cubic() -> str:
    import repsim

    found = []
    for n in (300, 600, 1500):
        start = time.process_time()
        repsim.cka([noise("x", n, 4), noise("y", n, 4)], "linear")
        found.append(f"{time.process_time() - start:.2f}")
    return " ".join(found)


@fault("repsim", "CCA of a constant recording with itself: perfectly similar")
def constant_cca() -> str:
    import repsim

    return f"{repsim.cca([np.ones((100, 4)), np.ones((100, 4))])[0, 1]:.3f}"


@fault("repsim", "summary pillai, against the mean ρ, and Pillai's trace Σ ρ²; yanai, against Σ ρ² / √(p q)")
def summaries() -> str:
    import repsim

    x, y = noise("x", 100, 12), noise("x", 100, 12)[:, :9] + noise("y", 100, 9)
    bases = [np.linalg.qr(z - z.mean(axis=0))[0] for z in (x, y)]
    rho = np.linalg.svd(bases[0].T @ bases[1], compute_uv=False)
    pillai, yanai = (repsim.cca([x, y], name)[0, 1] for name in ("pillai", "yanai"))
    return (
        f"pillai {pillai:.4f}, mean {rho.mean():.4f}, trace {np.sum(rho**2):.4f}; "
        f"yanai {yanai:.4f}, measure {np.sum(rho**2) / np.sqrt(108):.4f}, mean square {np.mean(rho**2):.4f}"
    )


def compared(x: torch.nn.Module, y: torch.nn.Module, *, shuffle: bool = False, **layers: list[str]) -> dict:
    from torch.utils.data import DataLoader, TensorDataset
    from torch_cka import CKA

    data = TensorDataset(torch.tensor(noise("images", 100, 12)).float())
    with seeded_torch(0):
        comparison = CKA(x, y, "x", "y", **layers)
        comparison.compare(DataLoader(data, batch_size=100, shuffle=shuffle))
    return comparison.export()


class Network(torch.nn.Module):
    """Two layers, of which the second is defined first."""

    def __init__(self) -> None:
        super().__init__()
        self.late, self.early = torch.nn.Linear(16, 5), torch.nn.Linear(12, 16)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.late(torch.relu(self.early(x)))


def networks() -> tuple[Network, Network]:
    with seeded_torch(1):
        return Network(), Network()


@fault("torch-cka", "CKA of a network and its copy on one loader that shuffles; should be 1")
def shuffled() -> str:
    network, _ = networks()
    return f"{float(compared(network, copy.deepcopy(network), shuffle=True)['CKA'][1, 1]):.3f}"


@fault("torch-cka", "row labeled late of a network that runs early first: its CKA, and the true ones of late and early")
def labels() -> str:
    both = {"model1_layers": ["late", "early"], "model2_layers": ["late", "early"]}
    result = compared(*networks(), **both)
    late, early = (
        float(compared(*networks(), model1_layers=[name], model2_layers=[name])["CKA"]) for name in ("late", "early")
    )
    return f"labeled {result['model1_layers'][0]}: {float(result['CKA'][0, 0]):.4f}; late {late:.4f}, early {early:.4f}"


def one_batch(x: np.ndarray, y: np.ndarray, dtype: torch.dtype = torch.float32) -> float:
    from torch.utils.data import DataLoader, TensorDataset
    from torch_cka import CKA

    comparison = CKA(torch.nn.Identity(), torch.nn.Identity(), "x", "y")
    comparison.compare(*(DataLoader(TensorDataset(torch.tensor(z, dtype=dtype)), batch_size=len(z)) for z in (x, y)))
    return float(comparison.export()["CKA"])


@fault("torch-cka", "CKA of a pair, and with 10, 100, 1000 standard deviations added to one; should not move")
def uncentered() -> str:
    x, y = noise("x", 100, 12), noise("x", 100, 12)[:, :9] + noise("y", 100, 9)
    return " ".join(attempt(lambda shift=shift: one_batch(x + shift, y)) for shift in (0, 10, 100, 1000))


@fault("torch-cka", "double precision")
def double() -> str:
    return attempt(lambda: one_batch(noise("x", 20, 3), noise("y", 20, 3), torch.float64))


@fault("torch-cka", "a network in training mode without hooks, after it was compared: mode, hooks left behind")
def left_behind() -> str:
    x, y = networks()
    x.train()
    compared(x, y)
    return f"training={x.training}, {len(x.early._forward_hooks)} hook on each layer"


def attempt(call: Callable[[], float]) -> str:
    try:
        return f"{call():.4f}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"


@fault("hyperalignment", "scale that carries x into 3x, and x + 5 into 3 (x + 5); should be 3")
def scale() -> str:
    from hyperalignment.procrustes import procrustes

    x = noise("x", 50, 4)
    x -= x.mean(axis=0)
    return " ".join(f"{np.linalg.norm(procrustes(z, 3 * z, scaling=True), 2):.2f}" for z in (x, x + 5))


@fault("himalaya", "held-out R² of RidgeCV() for y linear in x, and for y + 10: no intercept by default")
def intercept() -> str:
    from himalaya.ridge import RidgeCV

    x = noise("x", 200, 5)
    y = x @ noise("weights", 5, 1)
    fits = [RidgeCV().fit(x[:150], y[:150] + shift).score(x[150:], y[150:] + shift) for shift in (0, 10)]
    return " ".join(f"{float(fit[0]):.3f}" for fit in fits)


@fault("himalaya", "R² of a constant target that is predicted perfectly")
def constant_target() -> str:
    from himalaya.ridge import RidgeCV

    x, y = noise("x", 200, 5), np.full((200, 1), 2.0)
    model = RidgeCV(fit_intercept=True).fit(x, y)
    return f"{float(model.score(x, y)[0]):.1f}, largest error {np.abs(model.predict(x) - y).max():.0e}"


def rdm(patterns: np.ndarray, method: str = "euclidean") -> object:
    from rsatoolbox.data import Dataset
    from rsatoolbox.rdm import calc_rdm

    return calc_rdm(Dataset(patterns), method=method)


def similarity(x: np.ndarray, y: np.ndarray, comparator: str, method: str = "euclidean") -> float:
    from rsatoolbox.rdm import compare

    return float(compare(rdm(x, method), rdm(y, method), comparator)[0, 0])


@fault("rsatoolbox", "bures_metric of patterns 0-1, 0-2, 0-3: d(a, c) against d(a, b) + d(b, c); squared, so no metric")
def bures() -> str:
    a, b, c = (np.array([[0.0], [value]]) for value in (1.0, 2.0, 3.0))
    ab, bc, ac = (similarity(*pair, "bures_metric") for pair in ((a, b), (b, c), (a, c)))
    return f"{ac:.2f} > {ab:.2f} + {bc:.2f}"


@fault("rsatoolbox", "Spearman of a Euclidean RDM with itself after a shift by 1e4, 1e6, 1e8; should be 1")
def canceled() -> str:
    x = noise("x", 20, 6)
    return " ".join(f"{similarity(x, x + shift, 'spearman'):.6f}" for shift in (1e4, 1e6, 1e8))


@fault("rsatoolbox", "smallest squared distance after a shift by 1e8; should be positive")
def negative() -> str:
    return f"{rdm(noise('x', 20, 6) + 1e8).dissimilarities.min():.2f}"


@fault("rsatoolbox", "similarity of an equidistant RDM to itself (corr), of an RDM of zeros to itself (cosine)")
def undefined() -> str:
    zeros = np.ones((4, 3))
    return f"{similarity(np.eye(4), np.eye(4), 'corr'):.1f} {similarity(zeros, zeros, 'cosine'):.1f}"


@fault("rsatoolbox", "undefined entries of a correlation RDM with one constant pattern, and its similarity to another")
def dropped() -> str:
    x, y = noise("x", 20, 6), noise("y", 20, 6)
    x[0], y[0] = 1.0, 2.0
    n_undefined = int(np.isnan(rdm(x, "correlation").dissimilarities).sum())
    return f"{n_undefined} of 190, {similarity(x, y, 'corr', 'correlation'):.4f}"


@fault("rsatoolbox", "its euclidean dissimilarity of patterns (0, 0) and (3, 4), whose distance is 5")
def euclidean() -> str:
    return f"{rdm(np.array([[0.0, 0], [3, 4]])).dissimilarities[0, 0]:.1f}"


@fault("rsatoolbox", "integer condition labels under NumPy 2")
def cast_warning() -> str:
    from rsatoolbox.data import Dataset
    from rsatoolbox.rdm import calc_rdm

    data = Dataset(noise("x", 8, 3), obs_descriptors={"condition": np.tile(np.arange(4), 2)})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        calc_rdm(data, descriptor="condition")
    return f"{len(caught)} {caught[0].category.__name__}: {caught[0].message}" if caught else "silent"


def main(packages: list[str]) -> None:
    warnings.simplefilter("ignore")
    rows = []
    for found in FAULTS:
        if packages and found.package not in packages:
            continue
        try:
            version = importlib.metadata.version(found.package)
        except importlib.metadata.PackageNotFoundError:
            print(f"{found.package} is not installed", file=sys.stderr)
            continue
        rows.append([f"{found.package} {version}", found.claim, found.measure()])
        print(rows[-1], file=sys.stderr, flush=True)
    print(tabulate(rows, headers=["package", "what is measured", "found"], tablefmt="github", disable_numparse=True))


if __name__ == "__main__":
    main(sys.argv[1:])
