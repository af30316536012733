"""What theorems say of a named measure's value from other quantities of the same two recordings.

With centered recordings of norm 1, K = x xᵀ and L = y yᵀ of trace 1, r the smaller of their ranks, NBS = |xᵀ y|_* the
sum of singular values, the cosine of the Procrustes angle θ, and P = 2 sin(θ/2) the Procrustes distance:

1. NBS² / r ≤ ⟨K, L⟩ ≤ NBS², for ⟨K, L⟩ = |xᵀ y|² and |A| ≤ |A|_* ≤ √r |A|.
2. |K - L| ≤ 2 P, for K - L = (x Q)(x Q - y)ᵀ + (x Q - y) yᵀ at the best rotation Q and |x|, |y| = 1 (Harvey, Larsen,
   Williams, 2024, arXiv 2311.11436).
3. 1 - CKA ≤ 2 P² / (|K| |L|), from 2 and |K - L|² = |K|² + |L|² - 2 ⟨K, L⟩ ≥ 2 |K| |L| (1 - CKA): recordings that
   Procrustes calls alike CKA calls alike too, and not the reverse (found by Cloos et al., 2024, arXiv 2407.07059).
4. 1 - NBS ≤ |K - L|_* / 2 ≤ √(1 - NBS²) (Fuchs, van de Graaf, 1999, doi 10.1109/18.761271, of density matrices).
5. The mean of k canonical correlations lies between their mean square and its root, all being in [0, 1].
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import final

import numpy as np

from metric_harness.arrays import Array, Trajectories
from metric_harness.families import normalized


@final
@dataclasses.dataclass(frozen=True)
class Bracket:
    """Between which numbers a theorem puts a named measure's value."""

    theorem: str
    low: float
    high: float


def _cka(x: Array, y: Array) -> list[Bracket]:
    nbs, size = float(np.linalg.norm(x.T @ y, "nuc")), _size(x) * _size(y)
    return [
        Bracket("NBS² / r ≤ CKA |K| |L| ≤ NBS²", nbs**2 / (_rank(x, y) * size), nbs**2 / size),
        Bracket("1 - CKA ≤ 2 P² / (|K| |L|)", 1 - 2 * (2 - 2 * nbs) / size, 1.0),
    ]


def _procrustes(x: Array, y: Array) -> list[Bracket]:
    inner, difference = float(np.linalg.norm(x.T @ y)), x @ x.T - y @ y.T
    trace = float(np.abs(np.linalg.eigvalsh(difference)).sum()) / 2
    return [
        Bracket("⟨K, L⟩ ≤ cos² θ ≤ r ⟨K, L⟩", _arccos(np.sqrt(_rank(x, y)) * inner), _arccos(inner)),
        Bracket("|K - L| ≤ 4 sin(θ/2)", 2 * float(np.arcsin(np.linalg.norm(difference) / 4)), np.pi / 2),
        Bracket("1 - cos θ ≤ |K - L|_* / 2 ≤ sin θ", float(np.arcsin(min(1.0, trace))), _arccos(1 - trace)),
    ]


def _cca(x: Array, y: Array) -> list[Bracket]:
    bases = [np.linalg.svd(z, full_matrices=False)[0][:, : np.linalg.matrix_rank(z)] for z in (x, y)]
    square = float(np.linalg.norm(bases[0].T @ bases[1]) ** 2) / min(basis.shape[1] for basis in bases)
    return [Bracket("mean ρ² ≤ mean ρ ≤ √(mean ρ²)", square, float(np.sqrt(square)))]


RELATIONS: Mapping[str, Callable[[Array, Array], list[Bracket]]] = MappingProxyType(
    {"linear CKA": _cka, "Procrustes angle": _procrustes, "mean CCA": _cca}
)
"""By the name of the family."""


def brackets(family: str, x: Trajectories, y: Trajectories) -> Sequence[Bracket]:
    """Return what theorems say of a named measure of two recordings.

    Raises:
        KeyError: if no theorem on the family is known here; ask `RELATIONS`.
    """
    return RELATIONS[family](normalized(x), normalized(y))


def _size(x: Array) -> float:
    """Return the Frobenius norm of the Gram matrix, from the smaller product."""
    return float(np.linalg.norm(x.T @ x))


def _rank(x: Array, y: Array) -> int:
    return int(min(np.linalg.matrix_rank(x), np.linalg.matrix_rank(y)))


def _arccos(cosine: float) -> float:
    return float(np.arccos(np.clip(cosine, -1.0, 1.0)))
