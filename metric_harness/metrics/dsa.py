"""Dynamical similarity analysis: the angle between two recordings' delay-coordinate dynamics."""

import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import ClassVar, cast, final

import numpy as np
from scipy import linalg

from metric_harness import arrays, conjugacy
from metric_harness.arrays import Array, Trajectories
from metric_harness.delay_coordinates import coordinates, numerical_rank
from metric_harness.delays import Windows, span
from metric_harness.devices import CPU, on_device
from metric_harness.errors import DegenerateInputError, NotConvergedError, SettingError, ShapeError
from metric_harness.interfaces import AbstractMetric, Claims, Needs
from metric_harness.processors import in_threads
from metric_harness.triangular import N_ROWS, triangular_factor

PUBLISHED = {"regimes": (33, 6, 20), "mixing": (33, 6, 50), "noise": (33, 6, 50), "composition": (33, 6, 50)}
"""n_delays, delay_interval and rank of the reference study, by experiment."""
_ENTRIES = 2**27
"""Entries, a GiB of them, that recordings and what is made of them have at once while several are decomposed."""
_FLATTEST = 1e-6
"""Smallest eigenvalue of products of coordinates, relative to the largest, with which they are trusted."""


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class DSA(AbstractMetric):
    """DSA: how far two recordings' dynamics are from being one system, as an angle in [0, π].

    Each recording is delay-embedded, h_t = (x_t, x_{t+τ}, …, x_{t+(n_delays-1)τ}), windows staying
    within their trial. With the singular value decomposition H = V S Uᵀ of all windows (rows), the first
    `rank` columns of V are the coordinates v_t, and the operator A minimizes Σ |v_{t+1} - A v_t|²
    (HAVOK-DMD). Then d(x, y) = min over orthogonal C of arccos(⟨A_x, C A_y Cᵀ⟩ / (|A_x| |A_y|)).

    Input: x, y of shape (trials, time, units); trials, times and units may differ between x and y, and
        trials need not correspond.
    Output: radians in [0, π]; 0 for identical dynamics; larger means more different.
    Claims: invariant to rotating, reflecting and permuting units, to one common scale and to the order
        of trials, since H changes by an orthogonal factor, a number, or the order of its rows; to an
        orthogonal change of coordinates of the dynamics, by the minimization over C; symmetric, since
        C may be transposed; sees the order of time.
        Triangle inequality: holds for the exact minimum, an angle between orbits of a group of
        isometries; not claimed, because the minimum found is only an upper bound.
    Does not claim: invariance to shifting or separately scaling units, or to invertible linear maps:
        they change the singular vectors. It is blind to a common factor of the operator (angles
        ignore norms) and to time reversal and sense of rotation where an orthogonal C undoes them.
    Numerical floor: 1e-5; rounding moves the weakest kept coordinate by about eps·s_1/s_rank, or, where the
        decomposition goes by products (`metric_harness.delay_coordinates`), by less than 1e-10. Measured
        under rotation: below 1e-12 by products, below 1e-9 where s_rank > 1e-8 s_1, and 3e-6 at
        s_rank = 4e-12 s_1.
    Cost: one decomposition per recording (10 ms at 60 trials x 223 windows x 120 columns), then about
        3 ms per pair at rank 15 and 75 ms at rank 50 on one core, in batches. The first alignment after an
        installation compiles what the following ones find on disk, for some 20 s.
    Raises: ShapeError or NonFiniteError for invalid arrays; DegenerateInputError if the trials are too
        short, the windows too few or of too low a rank, or the operator is zero; NotConvergedError if
        the best alignment did not reach a stationary point.
    Source: Ostrow, Eisen, Kozachkov, Fiete (2023), "Beyond Geometry: Comparing the Temporal Structure
        of Computation in Neural Circuits with Dynamical Similarity Analysis", arXiv 2306.10168, section
        2 (delay embedding, DMD, and the Procrustes analysis over vector fields in its angular form).
    Departs from it in:
        1. The minimum over C is sought by Newton's method from deterministic starts, which it makes anew of
           the best ends, instead of by gradient descent from a random start; see `metric_harness.summits`.
        2. A rank that the windows do not determine is refused, instead of fitted to rounding errors.
        3. Near 0 and π the angle is computed from its half's tangent, which keeps all digits.
        4. The defaults follow a rule on held-out forecasts (`benchmarks/dsa_settings.py`).
        Like the reference, it neither centers nor scales the data.

    Attributes:
        n_delays: copies of the state in one window.
        delay_interval: time steps between two copies.
        rank: dimension of the operators.
        n_rounds: most rounds of new starts of the alignment; it ends earlier where two in a row bring nothing.
        device: where operators are aligned: "cpu", or "cuda" (or "cuda:1", …) for a GPU, which torch must see. A GPU
            climbs from three times as many starts, so that its angles may be lower.

    Example:
        >>> t = np.arange(60)
        >>> def turn(speed):  # two trials, a quarter turn apart
        ...     c, s = np.cos(speed * t), np.sin(speed * t)
        ...     return np.array([[c, s], [-s, c]]).swapaxes(1, 2)
        >>> # Rotations by p and q: ⟨R_p, R_q⟩ = 2 cos(p - q) and |R|² = 2, so they are |p - q| apart.
        >>> round(DSA(n_delays=1, delay_interval=1, rank=2).distance(turn(0.1), turn(0.4)), 6)
        0.3
    """

    n_delays: int = 20
    delay_interval: int = 3
    rank: int = 15
    n_rounds: int = conjugacy.N_ROUNDS
    device: str = CPU

    needs: ClassVar[Needs] = "trajectories"
    claims: ClassVar[Claims] = Claims(
        symmetric=True,
        identity=True,
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
        value_range=(0.0, float(np.pi)),
        numerical_floor=1e-5,
    )
    budget: ClassVar[str] = "n_rounds"
    separable: ClassVar[bool] = True

    def __post_init__(self) -> None:
        for name in ("n_delays", "delay_interval", "rank", "n_rounds"):
            if getattr(self, name) < 1:
                raise SettingError(f"{name} is {getattr(self, name)}; needed 1 or more.")
        on_device(self.device)  # refuses one that is not there

    def distance(self, x: Trajectories, y: Trajectories) -> float:
        """Return the angle between two recordings' dynamics; see the class."""
        return float(self.pair_distances([x, y], [(0, 1)])[0])

    def pair_distances(self, xs: Sequence[Trajectories], pairs: Sequence[tuple[int, int]]) -> Array:
        """Return the angles of the chosen pairs, with one decomposition per recording.

        Only operators are kept. Of recordings as large as the first, fewer may be decomposed at once than there are
        processors: meanwhile each takes twice its own memory and that of its coordinates, and the products of the
        entries of a window a few times, which are little beside long recordings.
        """
        used = sorted({index for pair in pairs for index in pair})
        shapes = [np.shape(xs[i]) for i in used[:1]]
        most = max([1, *(_ENTRIES // max(1, math.prod(s[:-1]) * (2 * s[-1] + self.rank)) for s in shapes if s)])
        operators = in_threads(lambda i: self.operator(xs[i], f"recording {i}"), used, most)
        place = {index: position for position, index in enumerate(used)}
        return self.operator_distances(operators, [(place[i], place[j]) for i, j in pairs])

    def operator_distances(self, operators: Sequence[Array], pairs: Sequence[tuple[int, int]]) -> Array:
        """Return the angles between square operators of equal size, shape (len(pairs),), in [0, π].

        Raises:
            ShapeError: if the operators are not square or differ in size.
            DegenerateInputError: if one is zero.
            NotConvergedError: if the best alignment of a pair did not reach a stationary point.
        """
        if not pairs:
            return np.zeros(0)
        first, second = np.array(pairs, dtype=int).T
        stack = _stacked(operators)
        result = conjugacy.align(stack[first], stack[second], n_rounds=self.n_rounds, device=self.device)
        if not result.converged.all():
            failed = [pair for pair, good in zip(pairs, result.converged, strict=True) if not good]
            raise NotConvergedError(
                f"{len(failed)} of {len(pairs)} alignments did not converge, first {failed[0]}; needed a "
                "stationary point. Lower the rank, or check whether an operator is dominated by noise."
            )
        return result.angles

    def operator(self, x: Trajectories, name: str = "x") -> Array:
        """Return the linear map of a recording's delay coordinates over one step, shape (rank, rank).

        Args:
            x: recording of shape (trials, time, units).
            name: what messages call it.

        Raises:
            ShapeError: if x is not (trials, time, units).
            NonFiniteError: if an entry is NaN or infinite.
            DegenerateInputError: if x does not determine an operator of this rank.
        """
        valid = arrays.trajectories(x, name)
        arrays.require_variation(arrays.flattened(valid), name)
        self._fits(valid.shape, name)
        windows = Windows.of(valid, self.n_delays, self.delay_interval, unit=np.abs(valid).max())
        solution = self._fitted(coordinates(windows, self.rank, name), name)
        if not solution.any():
            raise DegenerateInputError(
                f"{name}: its operator is zero, nothing of a window carries over to the next; needed "
                "dynamics that last longer than one step. Sample more finely, or drop the leading transient."
            )
        return solution.T

    def _fits(self, shape: tuple[int, ...], name: str) -> None:
        """Refuse recordings with too few windows, or too small ones."""
        n_trials, n_times, n_units = shape
        reach = span(self.n_delays, self.delay_interval)
        n_windows = n_times - reach
        if n_windows < 2:
            raise DegenerateInputError(
                f"{name} has {n_times} time steps; needed at least {reach + 2} for n_delays={self.n_delays} "
                f"at delay_interval={self.delay_interval}. Lower one of them, or record longer trials."
            )
        if n_trials * (n_windows - 1) < self.rank or self.n_delays * n_units < self.rank:
            raise DegenerateInputError(
                f"{name} has {n_trials} trials with {n_windows - 1} steps from window to window, of "
                f"{self.n_delays} x {n_units} entries each; needed at least rank={self.rank} of both. Lower "
                "the rank, raise n_delays, or record more."
            )

    def _fitted(self, here: Array, name: str) -> Array:
        """Return the least-squares map of coordinates, as rows, to those of the next window, shape (rank, rank).

        Over all windows the coordinates are orthonormal, and nearly so over those that have a successor, unless much
        of a coordinate is in the last windows alone: only then the products of coordinates would lose digits.
        """
        n, (now, then) = self.rank, (here[:, :-1], here[:, 1:])
        products = (now.swapaxes(1, 2) @ now).sum(axis=0)
        values = np.linalg.eigvalsh(products)
        if values[0] > _FLATTEST * values[-1]:
            return cast(Array, linalg.solve(products, (now.swapaxes(1, 2) @ then).sum(axis=0), assume_a="pos"))
        # With [V_t V_{t+1}] = Q R, R's left upper block times the map is nearest to its right upper one.
        factor = triangular_factor(_steps(here))
        found = numerical_rank(
            cast(Array, np.linalg.svd(factor[:n, :n], compute_uv=False)), len(here) * (here.shape[1] - 1)
        )
        if found < n:
            raise DegenerateInputError(
                f"{name}: the windows that have a successor span {found} dimensions; needed rank={n}. "
                "Lower the rank, or record more or longer trials."
            )
        return cast(Array, linalg.solve_triangular(factor[:n, :n], factor[:n, n:]))

    def as_published(self, experiment: str) -> "DSA":
        """Return DSA with the settings of the reference study, or itself for other experiments."""
        if experiment not in PUBLISHED:
            return self
        n_delays, delay_interval, rank = PUBLISHED[experiment]
        return DSA(n_delays=n_delays, delay_interval=delay_interval, rank=rank, device=self.device)

    def neighbors(self) -> "Sequence[DSA]":
        """Return DSA at two thirds and four thirds of the rank, longer windows, and another interval."""
        interval = self.delay_interval - 1 or 2
        changes = (
            {"rank": max(1, self.rank * 2 // 3)},
            {"rank": self.rank * 4 // 3 + (self.rank < 3)},
            {"n_delays": self.n_delays * 3 // 2 + (self.n_delays == 1)},
            {"delay_interval": interval},
        )
        return [near for change in changes if (near := dataclasses.replace(self, **change)) != self]


def _steps(coordinates: Array) -> Iterator[Array]:
    """Yield each window's coordinates beside those of the next, as matrices of (rows, 2 · rank), columns contiguous."""
    n_trials, n_windows, n = coordinates.shape
    for start in range(0, n_trials * (n_windows - 1), N_ROWS):
        rows = np.arange(start, min(start + N_ROWS, n_trials * (n_windows - 1)))
        trials, times = np.divmod(rows, n_windows - 1)
        block = np.empty((len(rows), 2 * n), order="F")
        block[:, :n], block[:, n:] = coordinates[trials, times], coordinates[trials, times + 1]
        yield block


def _stacked(operators: Sequence[Array]) -> Array:
    """Return operators of one size as one array, shape (n_operators, n, n)."""
    shapes = sorted({np.shape(operator) for operator in operators})
    if len(shapes) != 1 or len(shapes[0]) != 2 or shapes[0][0] != shapes[0][1]:
        raise ShapeError(f"operators have shapes {shapes}; needed square matrices of one size.")
    return np.stack([np.asarray(operator, dtype=np.float64) for operator in operators])
