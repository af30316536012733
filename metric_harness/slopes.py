"""How distances grow with a difference between the items, such as that of two networks' accuracies."""

import dataclasses
import itertools
from typing import final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from metric_harness.arrays import Array
from metric_harness.statistics import (
    CONFIDENCE,
    Estimate,
    jackknife_error,
    jackknife_interval,
    permutation_p,
    settled,
    spearman,
    unique_pairs,
)


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class Slope:
    """The line of distances on differences by ordinary least squares.

    `slope` is in distance per unit of the difference; it, R² and Spearman's correlation have jackknife intervals over
    items, each left out with all its pairs. `p` is Mantel's.
    """

    slope: Estimate
    p: float
    r_squared: Estimate
    spearman: Estimate


def slope_of(distances: Array, differences: Array) -> float:
    """Return the slope of distances on differences; 0 where the differences are all one."""
    residual = differences - differences.mean()
    spread = float((residual**2).sum())
    return float((residual * distances).sum()) / spread if spread > 0 else 0.0


def jackknifed_slope(distances: Array, values: ArrayLike) -> tuple[float, float]:
    """Return the slope of distances on differences and its standard error.

    The error is the jackknife's over items, each left out with all its pairs, for pairs that share an item are not
    independent.

    Args:
        distances: of the pairs in the order of `unique_pairs`, shape (n_items (n_items - 1) / 2,).
        values: one number per item, shape (n_items,).

    Raises:
        ValueError: if there are fewer than three items, or not as many distances as pairs.
    """
    numbers, pairs = _paired(distances, values)
    differences, n = _differences(numbers, pairs), len(numbers)
    kept = [~(pairs == item).any(axis=1) for item in range(n)]
    partial = [slope_of(distances[mask], differences[mask]) for mask in kept]
    return slope_of(distances, differences), jackknife_error(partial)


def slope_on_difference(
    distances: Array,
    values: ArrayLike,
    *,
    floor: float,
    n_permutations: int,
    rng: np.random.Generator,
) -> Slope:
    """Regress the distance of each pair of items on the absolute difference of their values.

    Args:
        distances: of the pairs in the order of `unique_pairs`, shape (n_items (n_items - 1) / 2,).
        values: one number per item, shape (n_items,).
        floor: numerical floor of the metric.
        n_permutations: draws of the null, which permutes values over items, as the pairs of an item are not
            independent (Mantel, 1967).
        rng: generator of the null.

    Raises:
        ValueError: as in `jackknifed_slope`.
    """
    numbers, pairs = _paired(distances, values)
    d, differences = settled(distances, floor), _differences(numbers, pairs)
    residual = d - d.mean()
    kept = [~(pairs == item).any(axis=1) for item in range(len(numbers))]
    slope, error = jackknifed_slope(d, numbers)
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, len(numbers) - 1)) * error
    return Slope(
        slope=Estimate(slope, slope - half, slope + half),
        p=permutation_p(
            lambda order: float(residual @ _differences(numbers[order], pairs)),
            range(len(numbers)),
            n_permutations=n_permutations,
            rng=rng,
        ),
        r_squared=jackknife_interval(
            _r_squared(d, differences), [_r_squared(d[some], differences[some]) for some in kept], limits=(0, 1)
        ),
        spearman=jackknife_interval(
            spearman(d, differences), [spearman(d[some], differences[some]) for some in kept], limits=(-1, 1)
        ),
    )


def _r_squared(distances: Array, differences: Array) -> float:
    constant = np.ptp(distances) == 0 or np.ptp(differences) == 0
    return 0.0 if constant else float(np.corrcoef(distances, differences)[0, 1]) ** 2


def binned(distances: Array, values: ArrayLike, edges: Array) -> list[tuple[float, Estimate]]:
    """Return the mean difference and the mean distance of the pairs between neighboring edges, with intervals.

    The interval is the jackknife's over items, as in `jackknifed_slope`. Bins of fewer than two
    pairs, and those that leaving out one item would empty, are left out.

    Args:
        distances: of the pairs in the order of `unique_pairs`, shape (n_items (n_items - 1) / 2,).
        values: one number per item, shape (n_items,).
        edges: ascending edges of the bins of differences.

    Raises:
        ValueError: as in `jackknifed_slope`.
    """
    numbers, pairs = _paired(distances, values)
    differences, n = _differences(numbers, pairs), len(numbers)
    kept = np.array([~(pairs == item).any(axis=1) for item in range(n)])
    found: list[tuple[float, Estimate]] = []
    for low, high in itertools.pairwise(edges):
        inside = (differences >= low) & ((differences < high) | (high == edges[-1]) & (differences == high))
        counts = (kept & inside).sum(axis=1)
        if inside.sum() < 2 or not counts.all():
            continue
        partial = (kept & inside) @ distances / counts
        mean = jackknife_interval(float(distances[inside].mean()), partial)
        found.append((float(differences[inside].mean()), mean))
    return found


def _paired(distances: Array, values: ArrayLike) -> tuple[Array, NDArray[np.intp]]:
    numbers = np.asarray(values, dtype=np.float64)
    pairs = np.array(unique_pairs(len(numbers)), dtype=np.intp).reshape(-1, 2)
    if len(numbers) < 3 or np.shape(distances) != (len(pairs),):
        raise ValueError(
            f"{len(numbers)} items and distances of shape {np.shape(distances)}; needed at least 3 items and one "
            f"distance for each of their {len(pairs)} pairs."
        )
    return numbers, pairs


def _differences(values: Array, pairs: NDArray[np.intp]) -> Array:
    return np.abs(values[pairs[:, 0]] - values[pairs[:, 1]])
