"""Metrics that no case may fail: what looks like a fault of theirs is one that they admit, or that the case allows.

They keep a case from asking more than it says, as the wrong metrics keep it from asking less.
"""

import dataclasses
import warnings
from collections.abc import Mapping

import numpy as np
from right_metrics import PAIRED, linear_cka

from metric_harness.arrays import activations, centered, paired_activations
from metric_harness.interfaces import Claims, metric


@metric(claims=Claims(deterministic=False))
def admits_noise(x, y):
    """Answers anew each time, and says so."""
    return linear_cka(x, y) * (1 + 1e-3 * np.random.default_rng().random())


@metric(claims=dataclasses.replace(PAIRED, numerical_floor=1e-12))
def exact(x, y):
    """Claims a floor far below what float32 can tell apart; its answers to float32 are as good as these can be."""
    return linear_cka(x, y)


@metric(claims=PAIRED)
def warns(x, y):
    """Says something with every answer; where warnings are errors, that is no fault of its answers."""
    warnings.warn("linear CKA sees no more than linear relations", RuntimeWarning, stacklevel=2)
    return linear_cka(x, y)


@metric(claims=dataclasses.replace(PAIRED, isotropic_scaling=True))
def spares_subnormal(x, y):
    """Does not see scale, and refuses the one scale that it may refuse."""
    x, y = paired_activations(x, y)
    if min(np.abs(x).max(), np.abs(y).max()) < np.finfo(np.float64).tiny * 1e6 and x.any() and y.any():
        raise ValueError("needed entries that are not subnormal")
    return linear_cka(x, y)


@metric(claims=dataclasses.replace(PAIRED, unequal_units=False))
def refuses_as_it_says(x, y):
    """Refuses recordings of different width, and says so."""
    if np.shape(x)[-1] != np.shape(y)[-1]:
        raise ValueError("needed as many units in y as in x")
    return linear_cka(x, y)


@metric(claims=PAIRED)
def cuts_without_a_claim(x, y):
    """Cuts the wider recording, and claims nothing of recordings of different width."""
    n = min(np.shape(x)[-1], np.shape(y)[-1])
    return linear_cka(x[..., :n], y[..., :n])


@metric(claims=Claims(symmetric=True, identity=True, unequal_units=True, unequal_trials=True))
def compares_spectra(x, y):
    """Compares how variance is spread over components, however many units and samples there are."""
    values = [np.linalg.svd(centered(activations(z, n), n), compute_uv=False) for z, n in ((x, "x"), (y, "y"))]
    shares = np.zeros((2, max(map(len, values))))
    for row, own in zip(shares, values, strict=True):
        row[: len(own)] = own / own.sum()
    return float(np.abs(shares[0] - shares[1]).sum())


GROUPS = ("contract",)
"""Groups that the metrics of this file are run before."""
FAILS: Mapping[str, Mapping[str, str]] = {
    "admits_noise": {},
    "exact": {},
    "warns": {},
    "spares_subnormal": {},
    "refuses_as_it_says": {},
    "cuts_without_a_claim": {},
    "compares_spectra": {},
}
