"""Stimuli with a category and a confounding scalar, and recordings that hold the one, the other, or both.

After Dujmović, Bowers, Adolfi, Malhotra (2022), "Some pitfalls of measuring representational similarity using
representational similarity analysis", doi 10.1101/2022.04.05.487135: where a scalar goes along with the category, a
system that holds the scalar alone looks like one that holds the category. The design is fixed, so that a control
can know it; populations and noise are drawn. All parameters are this suite's.
"""

import dataclasses
from typing import final

import numpy as np
from numpy.typing import NDArray

from metric_harness.arrays import Array, Trajectories
from metric_harness.populations import observed
from metric_harness.seeding import generator
from metric_harness.transforms import whiten

N_CATEGORIES, N_STIMULI, N_TRIALS, N_UNITS = 4, 80, 4, 6
"""Stimuli are the times of a recording; trials repeat them."""
JITTER = 0.2
"""Standard deviation of the scalar within a category, whose means are 1 apart."""
NOISE = 0.3
"""Standard deviation of each unit's noise; the signal's is about 1."""


@final
@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Design:
    """What each stimulus is.

    Attributes:
        categories: of each stimulus.
        aligned: the scalar that goes along with the category.
        permuted: the same values in another order, which go along with nothing.
    """

    categories: NDArray[np.intp]
    aligned: Array
    permuted: Array


def design() -> Design:
    """Return the design, the same in every run."""
    rng = generator(0, "misleading.confound", "design")
    categories = rng.permutation(np.repeat(np.arange(N_CATEGORIES), N_STIMULI // N_CATEGORIES))
    aligned = categories + JITTER * rng.standard_normal(N_STIMULI)
    return Design(categories=categories, aligned=aligned, permuted=rng.permutation(aligned))


def category_code(categories: NDArray[np.intp]) -> Array:
    """Return a code in which all categories are equally far from each other, shape (stimuli, categories - 1)."""
    return orthonormal(np.eye(N_CATEGORIES)[categories][:, 1:])


def scalar_code(scalar: Array) -> Array:
    """Return a curved code of as many dimensions: the powers 1 to 3 of the scalar, made orthonormal."""
    return orthonormal(np.stack([scalar**k for k in range(1, N_CATEGORIES)], axis=1))


def orthonormal(code: Array) -> Array:
    """Return centered columns of variance one that are uncorrelated and span what the code spans."""
    return np.linalg.qr(code - code.mean(axis=0))[0] * np.sqrt(len(code))


def recording(code: Array, rng: np.random.Generator) -> Trajectories:
    """Return a population that sees a code, whitened; shape (trials, stimuli, units)."""
    return whiten(observed(np.repeat(code[None], N_TRIALS, axis=0), N_UNITS, NOISE, rng))


def without(x: Trajectories, code: Array) -> Trajectories:
    """Return what of a recording is not linear in a code, as somebody does who knows the confound; whitened again."""
    basis = np.linalg.qr(code - code.mean(axis=0))[0]
    residual = x - x.mean(axis=1, keepdims=True)
    return whiten(residual - np.einsum("sk,rk,tru->tsu", basis, basis, residual))
