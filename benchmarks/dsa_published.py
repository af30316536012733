"""Why DSA's numbers differ from the reference study's: its fit in single precision, and its optimizer.

The same recordings, in the study's own protocol, go through the official implementation (`dsa-metric`, single
precision, gradient descent with the study's 1000 steps at rate .01) and through this package's, and the two stages are
crossed: whose operators, and whose alignment of them. A short run takes about three minutes.

Run: pip install dsa-metric, then python benchmarks/dsa_published.py
"""

import warnings
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from tabulate import tabulate

from metric_harness import replication
from metric_harness.metrics.dsa import DSA
from metric_harness.seeding import DEFAULT_SEED, generator

try:
    from DSA.dmd import DMD
    from DSA.simdist import SimilarityTransformDist
except ImportError as error:
    raise SystemExit(f"{error}: install the official implementation with `pip install dsa-metric`.") from error

Array = NDArray[np.float64]
Pairs = Sequence[tuple[int, int]]


def official_operator(dsa: DSA, x: Array) -> Array:
    """Return the official fit, computed in single precision as its default is."""
    model = DMD(x, n_delays=dsa.n_delays, delay_interval=dsa.delay_interval, rank=dsa.rank)
    model.fit()
    return model.A_v.detach().numpy().astype(np.float64)


def official_angles(operators: Sequence[Array], pairs: Pairs) -> Array:
    torch.manual_seed(0)
    aligner = SimilarityTransformDist(iters=1000, lr=1e-2, score_method="angular")
    singles = [torch.tensor(operator).float() for operator in operators]
    return np.array([float(aligner.fit_score(singles[i], singles[j])) for i, j in pairs])


def crossed(
    dsa: DSA, experiment: Callable[[replication.PairDistances], dict[str, replication.Replicated]]
) -> dict[str, dict[str, float]]:
    """Return each quantity of an experiment by whose operators and whose alignment it rests on."""
    fits = {"ours": dsa.operator, "official": lambda x: official_operator(dsa, x)}
    alignments = {"ours": dsa.operator_distances, "official": official_angles}
    table: dict[str, dict[str, float]] = {}
    for fit_name, fit in fits.items():
        for alignment_name, align in alignments.items():
            label = f"fit {fit_name}, alignment {alignment_name}"
            results = experiment(lambda xs, pairs, fit=fit, align=align: align([fit(x) for x in xs], pairs))
            for quantity, result in results.items():
                table.setdefault(quantity, {})[label] = result.value
    return table


def main() -> None:
    warnings.simplefilter("ignore")
    experiments = {
        "regimes": lambda pair_distances: replication.regimes(pair_distances, generator(DEFAULT_SEED, "published")),
        "noise": lambda pair_distances: replication.noise(
            pair_distances, generator(DEFAULT_SEED, "published"), n_pairs=7
        ),
    }
    for name, experiment in experiments.items():
        rows = [{"quantity": quantity} | row for quantity, row in crossed(DSA().as_published(name), experiment).items()]
        print(tabulate(rows, headers="keys", tablefmt="github", floatfmt=".4f"), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
