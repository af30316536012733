"""Overlap of nearest neighbors, as a distance."""

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar, TypeAlias, cast, final

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

from metric_harness import arrays, batches
from metric_harness.arrays import Activations, Array, Trajectories
from metric_harness.errors import DegenerateInputError, SettingError
from metric_harness.interfaces import AbstractMetric, Claims, Needs
from metric_harness.thinning import thinned

TIED = 1e-10
"""Neighbors farther than the last one by less than this share of the largest possible distance are tied with it."""
DISSIMILARITIES = ("cosine", "euclidean")

Neighborhoods: TypeAlias = Any
"""A sparse matrix of ones where the column's sample is the row's own or its neighbor; SciPy has no type for it."""


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class Jaccard(AbstractMetric):
    """Jaccard: the share of nearest neighbors that two recordings do not have in common, 0 for all the same, at most 1.

    Let N_i and M_i be the `k` samples nearest to sample i in x and in y, by the angle between them as seen from the
    origin, or by Euclidean distance. Then d(x, y) is the mean over samples of 1 - |N_i ∩ M_i| / |N_i ∪ M_i|.

    Input: x, y of shape (trials, time, units), samples paired one by one, more than k + 1 of them; units may differ.
        Where trials x time exceeds `n_samples`, as many times are compared as fit, evenly spaced and the same of
        every trial. Samples that are equally far as the k-th neighbor are neighbors as well.
    Output: float in [0, 1]; 0 where all neighborhoods agree, 1 where none has a member in common; about
        1 - k / (2 n) for independent recordings of n samples.
    Claims: invariant to rotating, reflecting and permuting units and to one common scale, which leave angles as they
        are; to reordering the trials of both, so it is blind to the order of time where all times are compared;
        symmetric, and obeys the triangle inequality, as the Jaccard distance of two sets does.
        With `dissimilarity="euclidean"` also to shifts.
    Does not claim: with the cosine, invariance to shifts, which move the origin; with either, to scaling units
        separately or to linear maps. Sight of anything beyond the neighborhood: it is local on purpose, and neighbors
        along one trial are most of it where time is sampled finely.
    Numerical floor: 1e-12; a mean of fractions. Neighborhoods jump: where rounding decides which of two samples is the
        nearer, d moves by up to 2 / (n k). So what is within 1e-10 of the k-th neighbor is tied with it; what remains
        is the chance that a gap is 1e-10 to within rounding. Measured: exactly 0 under rotation, permutation and
        scales 1e-6 to 1e6, and for Euclidean distance under shifts of up to 1e6 standard deviations.
    Cost: about 10 ms for each recording and 0.5 ms for each pair at 2000 samples x 3 units; more where most are tied.
    Raises: ShapeError or NonFiniteError for invalid arrays or unequal trials or times; DegenerateInputError if a
        recording is constant or has k + 1 samples or fewer, or if for the cosine a sample is zero or all lie in one
        direction.
    Source: Klabunde, Wald, Schumacher, Maier-Hein, Strohmaier, Lemmerich (2024), "ReSi: A Comprehensive Benchmark for
        Representational Similarity Measures", arXiv 2408.00531, and their survey, arXiv 2305.06329 (k-NN Jaccard
        similarity, by cosine with k = 10); Kosub (2019), "A note on the triangle inequality for the Jaccard
        distance", arXiv 1612.02696. Departs from them in: ties are neighbors together instead of by their place in
        the array, and of long recordings a part of the times is compared.

    Attributes:
        k: nearest neighbors of each sample.
        n_samples: most samples that are compared, unless there are more trials.
        dissimilarity: `cosine` or `euclidean`.

    Example:
        >>> x = np.array([[[0.0], [1], [3], [7]]])
        >>> y = np.array([[[0.0], [1], [7], [3]]])
        >>> # Nearest neighbors are 1 0 1 2 in x and 1 0 3 1 in y, counted from 0: two of four agree.
        >>> Jaccard(k=1, dissimilarity="euclidean").distance(x, y)
        0.5
    """

    k: int = 10
    n_samples: int = 2000
    dissimilarity: str = "cosine"

    needs: ClassVar[Needs] = "trajectories"
    claims: ClassVar[Claims] = Claims(
        symmetric=True,
        identity=True,
        triangle=True,
        deterministic=True,
        unit_permutation=True,
        orthogonal=True,
        isotropic_scaling=True,
        unit_scaling=False,
        translation=False,
        linear=False,
        trial_permutation=True,
        unpaired_trials=False,
        unequal_units=True,
        unequal_trials=False,
        value_range=(0.0, 1.0),
        numerical_floor=1e-12,
    )
    separable: ClassVar[bool] = True

    def __post_init__(self) -> None:
        for name, value, fewest in (("k", self.k, 1), ("n_samples", self.n_samples, self.k + 2)):
            if value < fewest:
                raise SettingError(f"{name} is {value}; needed {fewest} or more at k={self.k}.")
        if self.dissimilarity not in DISSIMILARITIES:
            raise SettingError(f"dissimilarity is {self.dissimilarity!r}; needed one of {', '.join(DISSIMILARITIES)}.")
        if self.dissimilarity == "euclidean":
            # This setting's claims differ from the class's.
            vars(self).update(claims=dataclasses.replace(type(self).claims, translation=True))

    def distance(self, x: Trajectories, y: Trajectories) -> float:
        """Return the mean Jaccard distance of neighborhoods; see the class."""
        first, second = arrays.paired_trajectories(x, y)
        return _mean_difference(self._neighborhoods(first, "x"), self._neighborhoods(second, "y"))

    def pair_distances(self, xs: Sequence[Trajectories], pairs: Sequence[tuple[int, int]]) -> Array:
        """Return the distances of the chosen pairs, with the neighbors in each recording found once."""
        found = batches.prepared_trajectories(xs, pairs, self._neighborhoods)
        return np.array([_mean_difference(found[i], found[j]) for i, j in pairs], dtype=np.float64)

    def _neighborhoods(self, x: Trajectories, name: str) -> Neighborhoods:
        states = thinned(x, self.n_samples)
        if len(states) <= self.k + 1:
            raise DegenerateInputError(
                f"{name} has {len(states)} samples; needed more than {self.k + 1}, so that not all are the {self.k} "
                "nearest neighbors of each. Lower k, or record more."
            )
        residual = arrays.centered(states, name)
        points = residual / np.abs(residual).max() if self.dissimilarity == "euclidean" else _directions(states, name)
        return _nearest(points, self.k)

    def neighbors(self) -> "Sequence[Jaccard]":
        """Return Jaccard with half and twice the neighbors, with half the samples, and by the other dissimilarity."""
        other = next(name for name in DISSIMILARITIES if name != self.dissimilarity)
        changes = (
            {"k": max(1, self.k // 2)},
            {"k": min(2 * self.k, self.n_samples - 2)},
            {"n_samples": max(self.k + 2, self.n_samples // 2)},
            {"dissimilarity": other},
        )
        return [near for change in changes if (near := dataclasses.replace(self, **change)) != self]


def _directions(x: Activations, name: str) -> Array:
    """Return every sample at norm 1; the distances between these rise with the angle."""
    peaks = np.abs(x).max(axis=1, keepdims=True)
    zeros = np.flatnonzero(peaks == 0)
    if zeros.size:
        raise DegenerateInputError(
            f"{name}: {zeros.size} of {len(x)} samples are zero, first sample {zeros[0]} of those compared, so they "
            "have no direction. Leave such times out, or choose dissimilarity=euclidean."
        )
    scaled = x / peaks
    directions = scaled / np.linalg.norm(scaled, axis=1, keepdims=True)
    if np.abs(directions - directions[0]).max() <= TIED:
        raise DegenerateInputError(
            f"{name}: all {len(x)} samples lie in one direction from the origin; needed some that differ. Record more "
            "units, or choose dissimilarity=euclidean."
        )
    return directions


def _nearest(points: Array, k: int) -> Neighborhoods:
    """Return the neighborhoods of every point: itself, its k nearest, and what is tied with the last of them."""
    n = len(points)
    tree = cKDTree(points)
    # The nearest of all is the point itself, or one in its place.
    distances, indices = cast(tuple[Array, Any], tree.query(points, k + 2))
    # Twice the largest norm is the largest possible distance.
    reach = distances[:, k] + TIED * 2 * float(np.linalg.norm(points, axis=1).max())
    is_tied = distances[:, k + 1] <= reach
    tied, free = np.flatnonzero(is_tied), np.flatnonzero(~is_tied)
    inside: list[list[int]] = tree.query_ball_point(points[tied], reach[tied]).tolist()
    rows = np.concatenate([np.repeat(free, k + 1), np.repeat(tied, [len(members) for members in inside])])
    columns = np.concatenate([indices[free, : k + 1].ravel(), *inside]).astype(np.int32)
    return sparse.csr_matrix((np.ones(len(columns), dtype=np.int8), (rows, columns)), shape=(n, n))


def _mean_difference(x: Neighborhoods, y: Neighborhoods) -> float:
    """Return the mean over rows of the Jaccard distance of two neighborhoods, without the row's own sample."""
    in_x, in_y, shared = (cast(Array, np.diff(found.indptr)) - 1 for found in (x, y, x.multiply(y)))
    either = in_x + in_y - shared
    return float(np.mean(1 - shared / either))
