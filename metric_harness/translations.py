"""What moving some samples does to named measures, in closed form.

Of n samples with centered activations X, those of a subset are moved by c along a unit vector v: Y = X + c a vᵀ after
centering, where a is the subset's indicator minus its share ρ, so that |a|² = n ρ (1 - ρ). A single outlier is the
subset of one sample. Davari et al. (2022), "Reliability of CKA as a Similarity Measure in Deep Learning", arXiv
2210.16156, give the limit c → ∞ of CKA; the expressions for every c are derived here.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from metric_harness.arrays import Activations, Array, activations

Subset: TypeAlias = NDArray[np.bool_]
"""Which samples are moved, shape (samples,)."""


def translated(x: Activations, subset: Subset, direction: Array, shift: float) -> Activations:
    """Return activations with the samples of a subset moved by `shift` along a unit vector."""
    return activations(x) + shift * np.outer(subset, direction)


def cka(x: Activations, subset: Subset, direction: Array, shift: float) -> float:
    """Return linear CKA of X and Y.

    With K = X Xᵀ, u = X v, s = aᵀ u, t = |Xᵀ a|²:
    ⟨K, L⟩ = |K|² + 2 c aᵀ K u + c² t and |L|² = |K|² + 4 c aᵀ K u + 2 c² (t + |a|² |u|² + s²) + 4 c³ |a|² s + c⁴ |a|⁴.
    """
    states, a = _centered(x, subset)
    u = states @ direction
    s, t, square = float(a @ u), float(np.sum((a @ states) ** 2)), float(a @ a)
    cross, size = float((a @ states) @ (u @ states)), float(np.sum((states.T @ states) ** 2))
    inner = size + 2 * shift * cross + shift**2 * t
    terms = 2 * shift**2 * (t + square * float(u @ u) + s**2) + 4 * shift**3 * square * s + shift**4 * square**2
    return inner / float(np.sqrt(size * (size + 4 * shift * cross + terms)))


def cka_limit(x: Activations, subset: Subset) -> float:
    """Return linear CKA as c → ∞: |Xᵀ a|² / (|a|² |K|) = n ρ (1 - ρ) |mean inside - mean outside|² / |K|."""
    states, a = _centered(x, subset)
    return float(np.sum((a @ states) ** 2) / (a @ a) / np.linalg.norm(states.T @ states))


def procrustes_limit(x: Activations, subset: Subset) -> float:
    """Return the Procrustes angle as c → ∞, in radians: its cosine is |Xᵀ a| / (|a| |X|), for Y is of rank one."""
    states, a = _centered(x, subset)
    return float(np.arccos(np.linalg.norm(a @ states) / (np.linalg.norm(a) * np.linalg.norm(states))))


def mean_cca(x: Activations, subset: Subset, direction: Array, shift: float) -> float:
    """Return the mean canonical correlation of X and Y, which have d units of full rank.

    Both spans hold X w for all w orthogonal to v, which gives d - 1 correlations of one; the last is the cosine between
    what X v and X v + c a have outside of these.
    """
    states, a = _centered(x, subset)
    d = states.shape[1]
    rest = np.linalg.svd(np.eye(d) - np.outer(direction, direction))[0][:, : d - 1]
    basis = np.linalg.qr(states @ rest)[0]
    before, moved = (z - basis @ (basis.T @ z) for z in (states @ direction, states @ direction + shift * a))
    last = abs(float(before @ moved)) / float(np.linalg.norm(before) * np.linalg.norm(moved))
    return (d - 1 + last) / d


def _centered(x: Activations, subset: Subset) -> tuple[Array, Array]:
    states = activations(x)
    return states - states.mean(axis=0), subset - subset.mean()
