"""Liars whose lie no recording of the fixed corpus brings to light; a search does.

The corpus is long, of full rank, and holds no exact zero.
"""

import dataclasses
from collections.abc import Mapping

import numpy as np
from right_metrics import PAIRED, linear_cka

from metric_harness.interfaces import metric

FEW = 20
"""Fewer samples than any recording of the corpus has."""
LONG = 500
"""More samples than a recording that can be read, fewer than a search draws for metrics that need many."""
FLOOR = 1e-5
"""Floor of the one that needs more than the default: arccos loses half the digits near 1."""


def angle(x, y):
    """The angle of CKA, which has the triangle inequality."""
    return float(np.arccos(min(1.0, 1 - linear_cka(x, y))))


@metric(claims=PAIRED)
def asymmetric_at_zero(x, y):
    """Claims symmetry, yet counts its first argument double where that holds an exact zero."""
    return linear_cka(x, y) * (1 if x.all() else 2)


@metric(claims=PAIRED)
def offset_for_few(x, y):
    """Claims d(x, x) = 0, yet corrects few samples for a bias that equal recordings do not have."""
    return linear_cka(x, y) + (0.01 if len(x) < FEW else 0)


@metric(claims=dataclasses.replace(PAIRED, triangle=True, numerical_floor=FLOOR))
def squared_for_few(x, y):
    """Claims the triangle inequality, yet takes the shortcut 1 - CKA for few samples."""
    return linear_cka(x, y) if len(x) < FEW else angle(x, y)


@metric(claims=dataclasses.replace(PAIRED, value_range=(0.0, 1.0)))
def negative_at_rank_one(x, y):
    """Claims to start at zero, yet goes below it for two recordings of one direction."""
    one = all(np.linalg.matrix_rank(z - z.mean(axis=0)) == 1 for z in (x, y))
    return linear_cka(x, y) - (0.01 if one and x.shape[1] > 1 and not np.array_equal(x, y) else 0)


@metric(claims=dataclasses.replace(PAIRED, value_range=(0.0, float("inf"))))
def negative_for_few(x, y):
    """Claims to start at zero and no end, yet takes off a bias from few samples."""
    return linear_cka(x, y) - (0.01 if len(x) < FEW and not np.array_equal(x, y) else 0)


@metric(claims=PAIRED)
def offset_for_short(x, y):
    """Refuses recordings small enough to read, and claims d(x, x) = 0, yet corrects those below 1500 samples."""
    if len(x) < LONG:
        raise ValueError(f"{len(x)} samples; needed {LONG}")
    return linear_cka(x, y) + (0.01 if len(x) < 1500 else 0)


CORE = "linear_cka"
"""What the controls of this file are on the corpus, or of the same family."""
GROUPS = ("contract",)
"""Groups that the controls of this file are run before; on the data of all others they are what they claim."""
FAILS: Mapping[str, Mapping[str, str]] = {
    "asymmetric_at_zero": {"contract.symmetry": "change of the distance"},
    "offset_for_few": {"contract.identity": "self-distance = 0.01"},
    "offset_for_short": {"contract.identity": "self-distance = 0.01"},
    "squared_for_few": {"contract.triangle": "d(x, z) - d(x, y) - d(y, z) ="},
    "negative_at_rank_one": {"contract.range": "distance beyond the range = "},
    "negative_for_few": {"contract.range": "distance beyond the range = "},
}
