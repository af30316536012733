"""Representational similarity analysis as the package rsatoolbox computes it."""

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar, cast, final

import numpy as np

from metric_harness import arrays, optional
from metric_harness.arrays import Array, Trajectories
from metric_harness.errors import DegenerateInputError, SettingError, ShapeError
from metric_harness.interfaces import AbstractMetric, Claims, Needs

DISTRIBUTION = "rsatoolbox"
METHODS = ("cosine", "corr", "spearman", "rho-a", "tau-a", "cosine_cov", "corr_cov")
RANKED = ("spearman", "rho-a", "tau-a")
DISSIMILARITIES = ("euclidean", "correlation")
FEWEST = 3
"""Conditions with fewer than three pairs have no order of dissimilarities to compare."""


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class RsatoolboxRSA(AbstractMetric):
    """rsatoolbox's RSA: one minus the similarity of two recordings' dissimilarity matrices, 0 for equal ones.

    The conditions are time points, at most `n_conditions` of them, evenly spaced; the package averages each over
    trials, computes the dissimilarities of all pairs (`calc_rdm`) and compares the two sets (`compare`).

    Input: x, y of shape (trials, time, units); equally many times, at least 3, corresponding one to one; trials and
        units may differ. For correlation every pattern must vary across units.
    Output: float in [0, 2], 1 where the similarity is 0; at most 1 where squared distances meet under `cosine`.
    Claims: invariant to permuting units and to one common scale, and to the order of trials, which are averaged; hence
        trials need not correspond or be equally many; symmetric. With `euclidean` also to rotating, reflecting and
        shifting, which leave distances as they are; with `correlation` not, since it subtracts the mean over units.
        Triangle inequality: violated, since 1 - cos θ grows like θ²; `tau-a` is one minus a share of pairs and obeys
        it where nothing is tied, which is not claimed.
    Does not claim: invariance to scaling units separately or to linear maps. Sight of dynamics: shuffling time in both
        recordings alike changes nothing, but for which times are chosen.
    Numerical floor: 1e-6; two pairs of conditions out of order, where ranks are compared. The package takes squared
        distances as differences of squares: a shift of s standard deviations moves them by about 1e-16 s².
    Cost: trials x time x units, then conditions² x units; conditions² for each pair.
    Raises: ShapeError or NonFiniteError for invalid arrays or unequal times; DegenerateInputError if there are fewer
        than 3 times, a pattern is constant across units, or all pairs are equally dissimilar; MetricUnavailableError
        when it is made without rsatoolbox.
    Source: the package rsatoolbox 0.3.2 (PyPI); Kriegeskorte, Mur, Bandettini (2008), "Representational similarity
        analysis - connecting the branches of systems neuroscience", doi 10.3389/neuro.06.004.2008; for `cosine_cov`
        and `corr_cov` Diedrichsen et al. (2021), "Comparing representational geometries using whitened unbiased
        distance-dissimilarity matrices", arXiv 2007.02789. Adapted in: the package's `euclidean` is the squared
        distance over the number of units, unlike that of `metric_harness.metrics.rsa`; it answers 0 where a matrix
        has no variance, and leaves undefined pairs out in silence: both are refused. Comparators that return
        distances among similarities (`bures_metric`) or negative ones (`neg_riem_dist`) are not offered.

    Attributes:
        method: the comparator: `cosine`, `corr`, `spearman`, `rho-a`, `tau-a`, `cosine_cov` or `corr_cov`.
        dissimilarity: `euclidean` (squared) or `correlation`.
        n_conditions: most time points that are compared.

    Example:
        >>> x, y = np.array([[[0.0], [1], [2]]]), np.array([[[0.0], [1], [1]]])
        >>> # Squared distances of times 12, 13, 23 are 1, 4, 1 and 1, 1, 0: the cosine is 5 / (√18 √2) = 5/6.
        >>> round(RsatoolboxRSA().distance(x, y), 9)
        0.166666667
    """

    method: str = "cosine"
    dissimilarity: str = "euclidean"
    n_conditions: int = 200

    needs: ClassVar[Needs] = "trajectories"
    claims: ClassVar[Claims] = Claims(
        symmetric=True,
        identity=True,
        triangle=False,
        deterministic=True,
        unit_permutation=True,
        orthogonal=True,
        isotropic_scaling=True,
        unit_scaling=False,
        translation=True,
        linear=False,
        trial_permutation=True,
        unpaired_trials=True,
        unequal_units=True,
        unequal_trials=True,
        time_order=False,
        value_range=(0.0, 2.0),
        numerical_floor=1e-6,
    )

    def __post_init__(self) -> None:
        for field, known in (("method", METHODS), ("dissimilarity", DISSIMILARITIES)):
            if getattr(self, field) not in known:
                raise SettingError(f"{field} is {getattr(self, field)!r}; needed one of {', '.join(known)}.")
        if self.n_conditions < FEWEST:
            raise SettingError(f"n_conditions is {self.n_conditions}; needed {FEWEST} or more.")
        _package("data")
        _package("rdm")
        changes: dict[str, Any] = {"triangle": None} if self.method == "tau-a" else {}
        if self.dissimilarity == "correlation":
            changes |= {"orthogonal": False, "translation": False}
        if changes:
            # These settings' claims differ from the class's.
            vars(self).update(claims=dataclasses.replace(type(self).claims, **changes))
        if (self.method, self.dissimilarity) == ("spearman", "correlation"):
            vars(self).update(family="Spearman RSA")

    def distance(self, x: Trajectories, y: Trajectories) -> float:
        """Return one minus the package's similarity of the dissimilarity matrices; see the class."""
        first, second = arrays.trajectories(x, "x"), arrays.trajectories(y, "y")
        if first.shape[1] != second.shape[1]:
            raise ShapeError(
                f"x has {first.shape[1]} times and y has {second.shape[1]}; needed the same times one by one. "
                "Select the times that both recordings share."
            )
        rdms = [self._rdm(z, name) for z, name in ((first, "x"), (second, "y"))]
        similarity = float(_package("rdm").compare(*rdms, method=self.method)[0, 0])
        # Rounding may leave the similarity beyond 1.
        return min(2.0, max(0.0, 1.0 - similarity))

    def named_value(self, distance: float) -> float:
        """Return the similarity of the dissimilarity matrices."""
        return 1 - distance

    def _rdm(self, x: Trajectories, name: str) -> Any:
        """Return the package's dissimilarities of the conditions of one recording."""
        arrays.centered(arrays.flattened(x), name)  # refuses what is constant
        n_times = x.shape[1]
        if n_times < FEWEST:
            raise DegenerateInputError(f"{name} has {n_times} times; needed at least {FEWEST} conditions.")
        n_used = min(n_times, self.n_conditions)
        times = [round(i * (n_times - 1) / (n_used - 1)) for i in range(n_used)]
        chosen = x[:, times] / np.abs(x[:, times]).max()
        if self.dissimilarity == "correlation":
            _check_patterns(chosen, name)
        # Labels that are integers make the package cast NaN to an integer, which NumPy warns of.
        labels = np.tile(np.arange(len(times), dtype=np.float64), len(x))
        data = _package("data").Dataset(arrays.flattened(chosen), obs_descriptors={"time": labels})
        rdm = _package("rdm").calc_rdm(data, method=self.dissimilarity, descriptor="time")
        values = np.asarray(rdm.get_vectors(), dtype=np.float64)
        spread = np.ptp(values) if self.method != "cosine" else np.abs(values).max()
        if not spread > 1e-10 * np.abs(values).max():
            raise DegenerateInputError(
                f"{name}: all {values.size} pairs of conditions are equally dissimilar; needed two that differ."
            )
        return rdm

    def neighbors(self) -> "Sequence[RsatoolboxRSA]":
        """Return the same with every other comparator, and with the other dissimilarity."""
        others = [dataclasses.replace(self, method=name) for name in METHODS if name != self.method]
        return others + [dataclasses.replace(self, dissimilarity=d) for d in DISSIMILARITIES if d != self.dissimilarity]


def _check_patterns(x: Array, name: str) -> None:
    patterns = x.mean(axis=0)
    constant = np.flatnonzero(np.ptp(patterns, axis=1) <= (8 + len(x)) * np.finfo(np.float64).eps * np.abs(x).max())
    if constant.size:
        raise DegenerateInputError(
            f"{name}: {constant.size} of {len(patterns)} patterns are constant across the {patterns.shape[1]} units, "
            f"first that of condition {constant[0]}, so they have no correlation. Leave such times out, record more "
            "units, or choose dissimilarity=euclidean."
        )


def _package(part: str) -> Any:
    return cast(Any, optional.imported(f"rsatoolbox.{part}", DISTRIBUTION))
