"""Closed forms of what moved samples do, against the measures' own formulas and by hand."""

import numpy as np
import pytest

from metric_harness import families, translations
from metric_harness.seeding import generator


def world(n_moved, n=40, d=6):
    rng = generator(5, "translations", n_moved)
    x = rng.standard_normal((n, d)) * np.arange(1, d + 1) + 3
    subset = np.isin(np.arange(n), rng.permutation(n)[:n_moved])
    direction = rng.standard_normal(d)
    return x, subset, direction / np.linalg.norm(direction)


@pytest.mark.parametrize("n_moved", [1, 7, 20])
@pytest.mark.parametrize("shift", [0.0, 0.5, 3.0, 40.0, -7.0])
def test_closed_forms_are_the_formulas_of_the_measures(n_moved, shift):
    x, subset, direction = world(n_moved)
    y = translations.translated(x, subset, direction, shift)
    assert translations.cka(x, subset, direction, shift) == pytest.approx(families.linear_cka(x[None], y[None]))
    assert translations.mean_cca(x, subset, direction, shift) == pytest.approx(families.mean_cca(x[None], y[None]))


@pytest.mark.parametrize("n_moved", [1, 20])
def test_limits_are_reached(n_moved):
    x, subset, direction = world(n_moved)
    far = translations.translated(x, subset, direction, 1e5)
    assert translations.cka_limit(x, subset) == pytest.approx(translations.cka(x, subset, direction, 1e7), rel=1e-4)
    angle = families.procrustes_angle(x[None], far[None])
    assert translations.procrustes_limit(x, subset) == pytest.approx(angle, rel=1e-3)


def test_limits_by_hand():
    x, subset = np.array([[1.0, 0], [-1, 0], [0, 1], [0, -1]]), np.array([True, False, True, False])
    # a = (1, -1, 1, -1)/2, |a|² = 1, Xᵀ a = (1, 1), |K| = |diag(2, 2)| = √8, |X| = 2: CKA = 2/√8, cos θ = √2/2.
    assert translations.cka_limit(x, subset) == pytest.approx(1 / np.sqrt(2))
    assert translations.procrustes_limit(x, subset) == pytest.approx(np.pi / 4)


def test_the_limit_is_the_published_one():
    # Davari et al.: n ρ (1 - ρ) |mean inside - mean outside|² / |K|.
    x, subset, _ = world(7)
    gap, share = x[subset].mean(axis=0) - x[~subset].mean(axis=0), subset.mean()
    centered = x - x.mean(axis=0)
    published = len(x) * share * (1 - share) * (gap @ gap) / np.linalg.norm(centered.T @ centered)
    assert translations.cka_limit(x, subset) == pytest.approx(published)


def test_only_the_subset_moves():
    x, subset, direction = world(7)
    y = translations.translated(x, subset, direction, 2.0)
    np.testing.assert_array_equal(y[~subset], x[~subset])
    np.testing.assert_allclose(y[subset] - x[subset], np.tile(2 * direction, (7, 1)))
