"""Linear motion with a prescribed spectrum, as far from normal as wanted."""

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any, cast, final

import numpy as np
from scipy.linalg import block_diag, expm

from metric_harness.arrays import Array, Trajectories
from metric_harness.interfaces import AbstractSystem


@final
@dataclasses.dataclass(frozen=True)
class Linear(AbstractSystem):
    """Linear: x' = A x, with the eigenvalues of A prescribed and its departure from normality too.

    A is block upper triangular, a real Schur form: a real eigenvalue s is a block of one unit, a pair a ± i w (named by
    the one with w > 0) the block [[a, -w], [w, a]], and every entry above the blocks is `coupling`.

    Ground truth: the spectrum of A is what is prescribed, at every coupling. Its departure from normality in Henrici's
        sense, √(|A|² - Σ |λ|²), is |coupling| √m, m the number of entries above the blocks. x(t) = exp(A t) x(0)
        (closed form). With one eigenvalue zero and the others negative it is a line attractor; with all negative a
        point attractor.
    Time: 1 / |Re s| and 2π / w of its eigenvalues; with the defaults a state turns twice in 2 units of time, shrinking
        to .14 of its radius, while the third unit shrinks to .37.
    Source: Henrici (1962), "Bounds for iterates, inverses, spectral variation and fields of values of non-normal
        matrices", doi 10.1007/BF01386294; the Schur form: Golub, Van Loan (2013), "Matrix Computations", section 7.4.

    Attributes:
        eigenvalues: real numbers, and of each complex pair the one with positive imaginary part.
        coupling: the entry above the blocks.
    """

    eigenvalues: Sequence[complex] = (-1 + 2j * np.pi, -0.5)
    coupling: float = 0.0

    def __post_init__(self) -> None:
        if not self.eigenvalues or any(np.imag(value) < 0 for value in self.eigenvalues):
            raise ValueError(
                f"eigenvalues are {self.eigenvalues}; needed at least one, and of each complex pair only the one with "
                "positive imaginary part."
            )
        # The class variable of the interface differs from system to system here.
        vars(self).update(n_units=sum(1 + (np.imag(value) > 0) for value in self.eigenvalues))

    @functools.cached_property
    def matrix(self) -> Array:
        """A, shape (n_units, n_units)."""
        blocks = [_block(complex(value)) for value in self.eigenvalues]
        outside = 1 - np.asarray(block_diag(*(np.ones_like(block) for block in blocks)))
        return np.asarray(block_diag(*blocks), dtype=np.float64) + self.coupling * np.triu(outside)

    def vector_field(self, state: Array) -> Array:
        """Return dx/dt at each state; shape (..., n_units) in and out."""
        # Unlike a matrix product this sums in one order, however many states there are.
        return np.sum(self.matrix * state[..., None, :], axis=-1)

    def fixed_points(self) -> Array:
        """Return the origin, shape (1, n_units)."""
        return np.zeros((1, self.n_units))

    def solution(self, initial_states: Array, times: Array) -> Trajectories:
        """Return the exact trajectories, shape (trials, time, n_units).

        Args:
            initial_states: shape (trials, n_units).
            times: shape (time,), in the system's unit of time.
        """
        propagators = cast(Any, expm)(np.multiply.outer(times, self.matrix))
        return np.einsum("tij,kj->kti", propagators, initial_states)


def _block(value: complex) -> Array:
    a, w = value.real, value.imag
    return np.array([[a, -w], [w, a]]) if w else np.array([[a]])
