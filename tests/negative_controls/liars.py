"""Controls with an honest core and one false claim."""

import zlib
from collections.abc import Mapping

import numpy as np
from right_metrics import PAIRED, linear_cka

from metric_harness.arrays import paired_activations
from metric_harness.interfaces import Claims, metric


@metric(claims=PAIRED)
def asymmetric(x, y):
    """Claims symmetry, yet weighs its first argument."""
    return linear_cka(x, y) * (1 + 0.01 * abs(float(np.mean(x))))


@metric(claims=Claims(symmetric=False, identity=True, deterministic=True))
def denies_symmetry(x, y):
    """Symmetric, yet claims not to be."""
    return (linear_cka(x, y) + linear_cka(y, x)) / 2


@metric(claims=PAIRED)
def offset(x, y):
    """Claims d(x, x) = 0, yet never goes below .01."""
    return linear_cka(x, y) + 0.01


@metric(claims=PAIRED)
def same_object(x, y):
    """Knows itself by object identity alone: zero for the very same array, .01 for a copy of it."""
    return 0.0 if x is y else linear_cka(x, y) + 0.01


@metric(claims=PAIRED)
def own_object(x, y):
    """Takes an array that is given twice for a mistake, and answers .01; a copy of it is at zero."""
    return 0.01 if x is y else linear_cka(x, y)


@metric(claims=PAIRED)
def residue(x, y):
    """Stops early: leaves a residue that looks random, though equal inputs repeat it."""
    x, y = paired_activations(x, y)
    seed = zlib.crc32(x.tobytes()) + zlib.crc32(y.tobytes())
    return linear_cka(x, y) + 1e-4 * np.random.default_rng(seed).random()


@metric(claims=Claims(symmetric=True, identity=False, deterministic=True))
def denies_identity(x, y):
    """Zero on itself, yet claims not to be."""
    return linear_cka(x, y)


@metric(claims=Claims(identity=True, deterministic=True))
def own_noise(x, y):
    """Multiplies its answer by noise from an unseeded generator of its own."""
    return linear_cka(x, y) * (1 + 1e-3 * np.random.default_rng().random())


@metric(claims=Claims(identity=True))
def global_generator(x, y):
    """Claims nothing about randomness, yet weighs units by numbers from NumPy's global generator."""
    x, y = paired_activations(x, y)
    weights = 1 + 1e-1 * np.random.random(x.shape[1])  # noqa: NPY002 - the fault under test
    return linear_cka(x * weights, y * weights)


@metric(claims=PAIRED)
def hash_order(x, y):
    """Weighs units by the hash of a text, which differs from process to process."""
    x, y = paired_activations(x, y)
    weights = np.array([1 + 1e-2 * (hash(f"unit {i}") % 1000) / 1000 for i in range(x.shape[1])])
    return linear_cka(x * weights, y * weights)


@metric(claims=Claims(symmetric=True, identity=True, deterministic=False))
def denies_determinism(x, y):
    """Deterministic, yet claims not to be."""
    return linear_cka(x, y)


CORE = "linear_cka"
"""What the controls of this file are but for the lie: a case that fails it says nothing about the lie."""
FAILS: Mapping[str, Mapping[str, str]] = {
    "asymmetric": {"contract.symmetry": "change of the distance"},
    "denies_symmetry": {"contract.symmetry": "not always"},
    "offset": {"contract.identity": "self-distance = 0.01"},
    "same_object": {"contract.identity": "self-distance = 0.01"},
    "own_object": {"contract.identity": "self-distance = 0.01"},
    "residue": {"contract.identity": "self-distance = "},
    "denies_identity": {"contract.identity": "not always"},
    "own_noise": {
        "contract.determinism": "worst difference in this process",
        "contract.layout": "differs by",
        "contract.transport": "unpickled: answers differ",
    },
    "global_generator": {
        "contract.determinism": "worst difference in this process",
        "contract.layout": "differs by",
        "contract.purity": "shared state: changes NumPy's global generator",
        "contract.transport": "unpickled: answers differ",
    },
    "hash_order": {"contract.determinism": "difference in a fresh process"},
    "denies_determinism": {"contract.determinism": "a metric declared random varies"},
}
