"""Contrasts between groups of distances: the statistics that several cases share.

Every function takes one distance matrix per world; a world is one independent draw of all the data,
and intervals are taken over worlds. Distances are rounded to the metric's numerical floor first, so
that rounding noise counts as a tie.
"""

import dataclasses
from collections.abc import Sequence
from typing import final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metric_harness.arrays import Array
from metric_harness.statistics import (
    Estimate,
    auc,
    mean_interval,
    off_diagonal,
    permutation_p,
    settled,
)


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class ClassContrast:
    """How far distances within classes lie below distances across classes.

    `matrix` holds the mean distance of every pair over worlds, shape (n, n); None for self pairs, which nobody asks
    about.
    """

    auc: Estimate
    p: float
    within: Estimate
    across: Estimate
    matrix: Sequence[Sequence[float | None]]


def same_class(labels: ArrayLike) -> NDArray[np.bool_]:
    """Return which unordered pairs of items share a label, in the order of `off_diagonal`."""
    codes = np.asarray(labels)
    rows, columns = np.triu_indices(len(codes), k=1)
    return codes[rows] == codes[columns]


def class_contrast(
    matrices: Sequence[Array],
    labels: ArrayLike,
    *,
    floor: float,
    n_permutations: int,
    rng: np.random.Generator,
) -> ClassContrast:
    """Contrast distances within and across classes, self pairs left out.

    Args:
        matrices: one (n, n) distance matrix per world.
        labels: class of each item, shape (n,).
        floor: numerical floor of the metric.
        n_permutations: draws of the null, which permutes labels over items, where it is not enumerated.
        rng: generator of the null.
    """
    codes = np.unique(np.asarray(labels), return_inverse=True)[1]
    same = same_class(codes)
    vectors = [settled(off_diagonal(matrix), floor) for matrix in matrices]
    mean_vector = np.mean(vectors, axis=0)

    def statistic(arranged: NDArray[np.intp]) -> float:
        permuted = same_class(arranged)
        return auc(mean_vector[permuted], mean_vector[~permuted])

    return ClassContrast(
        auc=mean_interval([auc(v[same], v[~same]) for v in vectors], limits=(0, 1)),
        p=permutation_p(statistic, codes, n_permutations=n_permutations, rng=rng),
        within=mean_interval([v[same].mean() for v in vectors]),
        across=mean_interval([v[~same].mean() for v in vectors]),
        matrix=_as_matrix(mean_vector, len(codes)),
    )


def neighbor_accuracy(matrix: Array, labels: ArrayLike) -> float:
    """Return how often an item's nearest other item is of its own class; neighbors equally near share the vote.

    Args:
        matrix: distances, shape (n, n), settled to the metric's floor; the diagonal is not read.
        labels: class of each item, shape (n,).
    """
    codes = np.asarray(labels)
    others = np.array(matrix, dtype=np.float64)
    np.fill_diagonal(others, np.inf)
    nearest = others == others.min(axis=1, keepdims=True)
    same = codes[:, None] == codes[None, :]
    shares: Array = (nearest & same).sum(axis=1) / nearest.sum(axis=1)
    return float(shares.mean())


def silhouette(matrix: Array, labels: ArrayLike) -> float:
    """Return the mean silhouette (b - a) / max(a, b) of the items, from -1 to 1; 0 for an item where both are zero.

    a is an item's mean distance from the others of its class, b the smallest of those from the items of another class.

    Args:
        matrix: symmetric distances, shape (n, n); the diagonal is not read.
        labels: class of each item, shape (n,); at least two classes, each of at least two items.

    Source: Rousseeuw (1987), "Silhouettes", doi 10.1016/0377-0427(87)90125-7.
    """
    codes = np.unique(np.asarray(labels), return_inverse=True)[1]
    found: list[float] = []
    for item, code in enumerate(codes):
        others = np.arange(len(codes)) != item
        means = [float(matrix[item, others & (codes == k)].mean()) for k in range(int(codes.max()) + 1)]
        own = means.pop(int(code))
        nearest = min(means)
        found.append((nearest - own) / max(nearest, own) if max(nearest, own) > 0 else 0.0)
    return float(np.mean(found))


def _as_matrix(vector: Array, n: int) -> list[list[float | None]]:
    """Return the symmetric matrix whose upper triangle is a vector, None on its diagonal."""
    full = np.zeros((n, n))
    full[np.triu_indices(n, k=1)] = vector
    rows = (full + full.T).tolist()
    return [[None if i == j else float(rows[i][j]) for j in range(n)] for i in range(n)]


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class TrendContrast:
    """How distances fall from one level of a pairwise property to the next.

    `table` holds the mean distance of each world at each level, shape (n_worlds, n_levels).
    """

    levels: Sequence[int]
    table: Array
    means: Sequence[Estimate]
    steps: Sequence[Estimate]
    p: float


def level_means(matrices: Sequence[Array], levels: Sequence[NDArray[np.intp]]) -> tuple[list[int], Array]:
    """Return the levels that occur, and the mean distance of each world at each, shape (n_worlds, n_levels).

    Args:
        matrices: one symmetric (n, n) distance matrix per world.
        levels: one symmetric (n, n) integer matrix per world; negative entries are left out, self pairs too.

    Raises:
        ValueError: if a level occurs in one world and not in another, so that it has no mean there.
    """
    upper = np.triu_indices(len(matrices[0]), k=1)
    present = sorted({int(level) for table in levels for level in table[upper] if level >= 0})
    for world, table in enumerate(levels):
        absent = set(present) - set(table[upper].tolist())
        if absent:
            raise ValueError(f"world {world} has no pair at level {sorted(absent)}; needed every level in every world.")
    means = [
        [m[upper][table[upper] == level].mean() for level in present] for m, table in zip(matrices, levels, strict=True)
    ]
    return present, np.array(means)


def trend_contrast(
    matrices: Sequence[Array],
    levels: Sequence[NDArray[np.intp]],
    *,
    floor: float,
    n_permutations: int,
    rng: np.random.Generator,
) -> TrendContrast:
    """Contrast distances between the levels of a property of pairs, such as the number of shared motifs.

    Args:
        matrices: one (n, n) distance matrix per world.
        levels: one symmetric (n, n) integer matrix per world; negative entries are left out.
        floor: numerical floor of the metric.
        n_permutations: draws of the null, which permutes items of the level matrix (Mantel, 1967).
        rng: generator of the null.

    Raises:
        ValueError: as in `level_means`.
    """
    settled_matrices = [settled((m + m.T) / 2, floor) for m in matrices]
    present, means = level_means(settled_matrices, levels)
    upper = np.triu_indices(len(matrices[0]), k=1)

    def statistic(order: NDArray[np.intp]) -> float:
        return sum(
            _falling(m[upper], table[np.ix_(order, order)][upper])
            for m, table in zip(settled_matrices, levels, strict=True)
        )

    return TrendContrast(
        levels=present,
        table=means,
        means=[mean_interval(column) for column in means.T],
        steps=[mean_interval(column) for column in (means[:, :-1] - means[:, 1:]).T],
        p=permutation_p(statistic, range(len(matrices[0])), n_permutations=n_permutations, rng=rng),
    )


def _falling(distances: Array, levels: NDArray[np.intp]) -> float:
    """Return the negative covariance of distance and level over the pairs that have a level."""
    used = levels >= 0
    d, level = distances[used], levels[used]
    return -float(((d - d.mean()) * (level - level.mean())).mean())
