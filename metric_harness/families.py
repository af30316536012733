"""The named measures of the field, each by the formula of its source, slowly and without any care for rounding.

A metric that names itself one of them (`AbstractMetric.family`) is compared with these. They share no code with the
metrics, form every matrix that the formula names, and are right where recordings have fewer units than samples and
nothing is close to degenerate.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias, cast

import numpy as np
from scipy import stats

from metric_harness.arrays import Array, Trajectories, flattened

Definition: TypeAlias = Callable[[Trajectories, Trajectories], float]


def linear_cka(x: Trajectories, y: Trajectories) -> float:
    """Return tr(K H L H) / √(tr(K H K H) tr(L H L H)), with K = x xᵀ, L = y yᵀ, H = 1 - 11ᵀ/n; in [0, 1].

    Source: Kornblith et al. (2019), arXiv 1905.00414, equations 3 and 4.
    """
    first, second = _gram(x), _gram(y)
    h = np.eye(len(first)) - 1 / len(first)
    within = np.trace(first @ h @ first @ h) * np.trace(second @ h @ second @ h)
    return float(np.trace(first @ h @ second @ h) / np.sqrt(within))


def debiased_linear_cka(x: Trajectories, y: Trajectories) -> float:
    """Return HSIC(K, L) / √(HSIC(K, K) HSIC(L, L)) from the unbiased estimates of HSIC; in [-1, 1].

    Source: Song et al. (2012), JMLR 13, 1393-1434, equation 5; Murphy et al. (2024), arXiv 2405.01012 (in CKA).
    """
    first, second = _gram(x), _gram(y)
    return _unbiased(first, second) / float(np.sqrt(_unbiased(first, first) * _unbiased(second, second)))


def _unbiased(k: Array, m: Array) -> float:
    k, m = (matrix - np.diag(np.diag(matrix)) for matrix in (k, m))
    n, one = len(k), np.ones(len(k))
    shared = (one @ k @ one) * (one @ m @ one) / ((n - 1) * (n - 2)) - 2 / (n - 2) * (one @ k @ m @ one)
    return float((np.trace(k @ m) + shared) / (n * (n - 3)))


def procrustes_angle(x: Trajectories, y: Trajectories) -> float:
    """Return arccos |xᵀ y|_* of centered recordings of norm 1, |·|_* being the sum of singular values; in [0, π/2].

    Source: Williams et al. (2021), arXiv 2110.14739, equation 4 with rotations and reflections as its group.
    """
    first, second = normalized(x), normalized(y)
    return float(np.arccos(min(1.0, np.linalg.norm(first.T @ second, "nuc"))))


def mean_cca(x: Trajectories, y: Trajectories) -> float:
    """Return the mean of the canonical correlations, which are roots of eigenvalues of C_xx⁻¹ C_xy C_yy⁻¹ C_yx; [0, 1].

    Source: Hardoon et al. (2004), doi 10.1162/0899766042321814, section 2; Raghu et al. (2017), arXiv 1706.05806 (the
    mean).
    """
    first, second = normalized(x), normalized(y)
    cross = first.T @ second
    product = np.linalg.solve(first.T @ first, cross) @ np.linalg.solve(second.T @ second, cross.T)
    squares = np.sort(np.linalg.eigvals(product).real)[::-1][: min(cross.shape)]
    return float(np.sqrt(np.clip(squares, 0, 1)).mean())


def rsa(x: Trajectories, y: Trajectories) -> float:
    """Return Spearman's correlation of 1 - r over pairs of times, r across units of the average trial; in [-1, 1].

    Source: Kriegeskorte et al. (2008), doi 10.3389/neuro.06.004.2008, with times for conditions.
    """
    upper = np.triu_indices(x.shape[1], k=1)
    first, second = ((1 - np.corrcoef(z.mean(axis=0)))[upper] for z in (x, y))
    return float(cast(Any, stats.spearmanr(first, second)).statistic)


FAMILIES: Mapping[str, Definition] = MappingProxyType(
    {
        "linear CKA": linear_cka,
        "debiased linear CKA": debiased_linear_cka,
        "Procrustes angle": procrustes_angle,
        "mean CCA": mean_cca,
        "Spearman RSA": rsa,
    }
)
"""By name. Measures without a formula, which are the result of a search, are not among them."""


def normalized(x: Trajectories) -> Array:
    """Return a recording as centered activations of Frobenius norm 1, shape (samples, units)."""
    states = flattened(x)
    states = states - states.mean(axis=0)
    return states / np.linalg.norm(states)


def _gram(x: Trajectories) -> Array:
    states = flattened(x)
    return states @ states.T
