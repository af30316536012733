"""Theorems on named measures hold for the measures, are sharp where they say so, and catch what is not the measure."""

import numpy as np
import pytest

from metric_harness.families import FAMILIES
from metric_harness.relations import RELATIONS, brackets
from metric_harness.seeding import generator
from metric_harness.transforms import random_orthogonal


def pair(k):
    rng = generator(3, "relations", k)
    x = rng.standard_normal((2, 15, 5)) * np.logspace(0, -rng.random(), 5)
    return x, x @ random_orthogonal(5, rng) + rng.random() * rng.standard_normal((2, 15, 5))


@pytest.mark.parametrize("family", RELATIONS)
def test_a_measure_keeps_its_theorems(family):
    for k in range(50):
        x, y = pair(k)
        value = FAMILIES[family](x, y)
        for bracket in brackets(family, x, y):
            assert bracket.low - 1e-9 <= value <= bracket.high + 1e-9, bracket.theorem


@pytest.mark.parametrize("family", RELATIONS)
def test_what_the_theorems_allow_is_narrow(family):
    widths = [
        min(b.high for b in found) - max(b.low for b in found)
        for found in (brackets(family, *pair(k)) for k in range(50))
    ]
    assert np.mean(widths) < 0.6


def test_by_hand():
    u, v = np.array([1.0, -1, 0, 0]), np.array([0.0, 0, 1, -1])
    x, y = np.stack([u, v], axis=1)[None], u[None, :, None]
    # K = (uuᵀ + vvᵀ) / 4, L = uuᵀ / 2 with |u|² = 2: NBS = |xᵀ y|_* = 1/√2, ⟨K, L⟩ = 1/2, |K| = 1/√2, |L| = 1, r = 1.
    # K - L = (vvᵀ - uuᵀ) / 4 has eigenvalues ± 1/2: |K - L| = 1/√2, |K - L|_* = 1. P² = 2 - √2.
    cka, other = brackets("linear CKA", x, y)
    assert (cka.low, cka.high) == (pytest.approx(1 / np.sqrt(2)), pytest.approx(1 / np.sqrt(2)))
    assert other.low == pytest.approx(1 - 2 * (2 - np.sqrt(2)) * np.sqrt(2))
    inner, gram, trace = brackets("Procrustes angle", x, y)
    assert (inner.low, inner.high) == (pytest.approx(np.pi / 4), pytest.approx(np.pi / 4))
    assert gram.low == pytest.approx(2 * np.arcsin(1 / np.sqrt(2) / 4))
    assert (trace.low, trace.high) == (pytest.approx(np.pi / 6), pytest.approx(np.pi / 3))
    (cca,) = brackets("mean CCA", x, y)
    assert (cca.low, cca.high) == (pytest.approx(1), pytest.approx(1))


def test_squares_are_no_correlations():
    x, y = pair(0)
    (bracket,) = brackets("mean CCA", x, y)
    assert not bracket.low <= FAMILIES["mean CCA"](x, y) ** 2 <= bracket.high


def test_a_measure_without_theorem_is_refused():
    with pytest.raises(KeyError):
        brackets("Spearman RSA", *pair(0))
