"""The design of the confound goes along with the category where it says so, and can be regressed out."""

import numpy as np
import pytest

from metric_harness.confounds import N_STIMULI, category_code, design, orthonormal, recording, scalar_code, without
from metric_harness.families import linear_cka
from metric_harness.seeding import generator


def test_the_design_is_fixed_and_balanced():
    first, second = design(), design()
    np.testing.assert_array_equal(first.aligned, second.aligned)
    np.testing.assert_array_equal(np.bincount(first.categories), [20, 20, 20, 20])
    np.testing.assert_array_equal(np.sort(first.permuted), np.sort(first.aligned))


def test_only_the_aligned_scalar_goes_along_with_the_category():
    known = design()
    assert np.corrcoef(known.categories, known.aligned)[0, 1] > 0.95
    assert abs(np.corrcoef(known.categories, known.permuted)[0, 1]) < 0.25


@pytest.mark.parametrize("code", [category_code(design().categories), scalar_code(design().aligned)])
def test_codes_are_centered_and_uncorrelated(code):
    assert code.shape == (N_STIMULI, 3)
    np.testing.assert_allclose(code.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(code.T @ code / N_STIMULI, np.eye(3), atol=1e-12)


def test_all_categories_are_equally_far_from_each_other():
    categories = design().categories
    means = np.array([category_code(categories)[categories == k].mean(axis=0) for k in range(4)])
    gaps = np.linalg.norm(means[:, None] - means[None], axis=-1)
    np.testing.assert_allclose(gaps[np.triu_indices(4, 1)], gaps[0, 1])


def test_a_regressed_recording_holds_nothing_linear_in_the_code():
    rng, known = generator(4, "test_confounds"), design()
    code = scalar_code(known.aligned)
    x = recording(code, rng)
    left = without(x, code)
    assert left.shape == x.shape
    assert np.abs(np.einsum("sk,tsu->tku", code, left)).max() < 1e-8
    np.testing.assert_allclose(np.cov(left.reshape(-1, 6), rowvar=False, ddof=0), np.eye(6), atol=1e-9)


def test_the_aligned_scalar_mimics_the_category_and_the_permuted_one_does_not():
    rng, known = generator(4, "test_confounds", "mimicry"), design()
    category = recording(category_code(known.categories), rng)
    aligned, permuted = (recording(scalar_code(s), rng) for s in (known.aligned, known.permuted))
    assert linear_cka(category, aligned) > linear_cka(category, permuted) + 0.2


def test_orthonormal_keeps_the_span():
    code = generator(4, "span").standard_normal((20, 2))
    made = orthonormal(code)
    centered = code - code.mean(axis=0)
    np.testing.assert_allclose(made @ np.linalg.lstsq(made, centered, rcond=None)[0], centered, atol=1e-12)
