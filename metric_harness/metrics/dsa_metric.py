"""Dynamical similarity analysis as its authors' own package computes it."""

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar, final

import numpy as np

from metric_harness import arrays, optional
from metric_harness.arrays import Trajectories
from metric_harness.errors import DegenerateInputError, SettingError
from metric_harness.interfaces import AbstractMetric, Claims, Needs
from metric_harness.seeding import seeded_torch

DISTRIBUTION = "dsa-metric"
SCORE_METHODS = ("wasserstein", "angular")
PUBLISHED = {"regimes": (33, 6, 20), "mixing": (33, 6, 50), "noise": (33, 6, 50), "composition": (33, 6, 50)}
"""n_delays, delay_interval and rank of the reference study, by experiment; it took 1000 steps at rate .01."""


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class DSAMetric(AbstractMetric):
    """The official DSA: how far two recordings' linear delay dynamics are apart, by spectra or by the best rotation.

    Each recording is delay-embedded and fitted by a linear operator of `rank` dimensions (HAVOK-DMD). With
    `wasserstein`, d is the squared 2-Wasserstein distance of the operators' eigenvalues; with `angular`, the smallest
    angle between them that gradient descent over rotations finds. The score method is always passed: the package's
    default changed from `angular` to `wasserstein` from release 2.0.0 to 2.0.1.

    Input: x, y of shape (trials, time, units); trials, times and units may differ between x and y, and trials need
        not correspond.
    Output: `wasserstein`: float of 0 or more; `angular`: radians in [0, π]. 0 for identical dynamics.
    Claims: invariant to rotating, reflecting and permuting units, to one common scale and to the order of trials, which
        change the windows by an orthogonal factor, a number, or the order of rows; to an orthogonal change of
        coordinates of the dynamics, which keeps eigenvalues; symmetric; sees the order of time. With `angular` none of
        this holds as computed, since the descent stops at another angle for each input, and so none is claimed but
        what the fit alone decides.
        Triangle inequality: violated with `wasserstein`, which is squared (eigenvalues 0, ½, 1: ¼ + ¼ < 1).
    Does not claim: invariance to shifting or separately scaling units, or to invertible linear maps. It is blind to
        time reversal and to the sense of rotation, and with `wasserstein` to everything that keeps eigenvalues.
    Numerical floor: 1e-4; single precision throughout. Measured with `wasserstein` under rotation, reordered trials and
        scales 1e-3 to 1e3: below 2e-6 at the defaults.
    Cost: with `wasserstein` 0.1 s per pair; with `angular` 5 to 40 s per pair, two descents of `iters` steps.
    Raises: ShapeError or NonFiniteError for invalid arrays; DegenerateInputError if a recording is constant, has too
        few windows for the rank or, as the package demands of several trials, fewer than a window has entries;
        MetricUnavailableError when it is made without dsa-metric.
    Source: the package dsa-metric 2.0.2 (PyPI) by the authors of Ostrow, Eisen, Kozachkov, Fiete (2023), "Beyond
        Geometry: Comparing the Temporal Structure of Computation in Neural Circuits with Dynamical Similarity
        Analysis", arXiv 2306.10168. Adapted in: a rank above the number of window entries, which the package cuts
        down in silence, is refused, and so are constant recordings, which it answers with a number. The descent
        starts from torch's global generator, which is seeded for the call and put back. `iters` and `lr` are the
        package's defaults; delays and rank those of `metric_harness.metrics.dsa`.

    Attributes:
        n_delays: copies of the state in one window.
        delay_interval: time steps between two copies.
        rank: dimension of the operators.
        score_method: `wasserstein` or `angular`.
        iters: steps of each descent.
        lr: its rate.
        seed: of the descent's starting points.

    Example:
        >>> t = np.arange(60)
        >>> def turn(speed):  # two trials, a quarter turn apart
        ...     c, s = np.cos(speed * t), np.sin(speed * t)
        ...     return np.array([[c, s], [-s, c]]).swapaxes(1, 2)
        >>> # Eigenvalues exp(±0.1 i) and exp(±0.4 i): each is |exp(0.3 i) - 1|² = 2 - 2 cos 0.3 = 0.0893 from its own.
        >>> round(DSAMetric(n_delays=1, delay_interval=1, rank=2).distance(turn(0.1), turn(0.4)), 4)
        0.0893
    """

    n_delays: int = 20
    delay_interval: int = 3
    rank: int = 15
    score_method: str = "wasserstein"
    iters: int = 1500
    lr: float = 5e-3
    seed: int = 0

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
        translation=False,
        linear=False,
        trial_permutation=True,
        conjugacy=True,
        unpaired_trials=True,
        unequal_units=True,
        unequal_trials=True,
        time_order=True,
        value_range=(0.0, float("inf")),
        numerical_floor=1e-4,
    )
    budget: ClassVar[str] = "iters"

    def __post_init__(self) -> None:
        if self.score_method not in SCORE_METHODS:
            raise SettingError(f"score_method is {self.score_method!r}; needed one of {', '.join(SCORE_METHODS)}.")
        for name in ("n_delays", "delay_interval", "rank", "iters"):
            if getattr(self, name) < 1:
                raise SettingError(f"{name} is {getattr(self, name)}; needed 1 or more.")
        if self.seed < 0 or not self.lr > 0:
            raise SettingError(f"seed is {self.seed} and lr is {self.lr}; needed 0 or more, and more than 0.")
        _package()
        if self.score_method == "wasserstein":
            vars(self).update(budget="")  # eigenvalues are matched at once
        if self.score_method == "angular":
            # What the descent finds keeps none of the exact minimum's invariances.
            unsure = ("symmetric", "triangle", "unit_permutation", "orthogonal", "trial_permutation", "unpaired_trials")
            doubts: dict[str, Any] = dict.fromkeys((*unsure, "isotropic_scaling", "conjugacy"))
            own = dataclasses.replace(
                type(self).claims, **doubts, value_range=(0.0, float(np.pi)), numerical_floor=1e-3
            )
            vars(self).update(claims=own)

    def distance(self, x: Trajectories, y: Trajectories) -> float:
        """Return the package's score of two recordings; see the class."""
        first, second = self._checked(x, "x"), self._checked(y, "y")
        # A double beyond single precision's range would come back as infinity.
        first, second = first / np.abs(first).max(), second / np.abs(second).max()
        with seeded_torch(self.seed):
            analysis = _package().DSA(
                first,
                second,
                n_delays=self.n_delays,
                delay_interval=self.delay_interval,
                rank=self.rank,
                score_method=self.score_method,
                iters=self.iters,
                lr=self.lr,
                device="cpu",
            )
            return max(0.0, float(analysis.fit_score()))

    def _checked(self, x: Trajectories, name: str) -> Trajectories:
        valid = arrays.trajectories(x, name)
        arrays.centered(arrays.flattened(valid), name)  # refuses what is constant
        n_trials, n_times, n_units = valid.shape
        n_windows = n_times - (self.n_delays - 1) * self.delay_interval
        n_steps, n_entries = n_trials * max(0, n_windows - 1), self.n_delays * n_units
        if min(n_steps, n_entries) < self.rank or (n_trials > 1 and n_trials * n_windows < n_entries):
            raise DegenerateInputError(
                f"{name} has {n_steps} steps from window to window, of {n_entries} entries each; needed at least "
                f"rank={self.rank} of both, and of several trials no fewer windows than entries. Lower n_delays or the "
                "rank, project the units onto fewer, or record more."
            )
        return valid

    def as_published(self, experiment: str) -> "DSAMetric":
        """Return DSA with the settings and the score method of the reference study, or itself for other experiments."""
        if experiment not in PUBLISHED:
            return self
        n_delays, delay_interval, rank = PUBLISHED[experiment]
        return DSAMetric(
            n_delays=n_delays, delay_interval=delay_interval, rank=rank, score_method="angular", iters=1000, lr=1e-2
        )

    def neighbors(self) -> "Sequence[DSAMetric]":
        """Return the same at two thirds and four thirds of the rank, and with longer windows."""
        changes = (
            {"rank": max(1, self.rank * 2 // 3)},
            {"rank": self.rank * 4 // 3 + (self.rank < 3)},
            {"n_delays": self.n_delays * 3 // 2 + (self.n_delays == 1)},
        )
        return [near for change in changes if (near := dataclasses.replace(self, **change)) != self]


def _package() -> Any:
    return optional.imported("DSA", DISTRIBUTION, holds=("DSA", "GeneralizedDSA"))
