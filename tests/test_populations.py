"""Populations whose truth is known have the moments and the content that they are said to have."""

import math

import numpy as np
import pytest

from metric_harness.populations import (
    courses,
    decoding_accuracy,
    destroyed,
    in_components,
    observed,
    repeated,
    standardized,
)
from metric_harness.seeding import generator


def rng(*path):
    return generator(9, "test_populations", *path)


def test_courses_are_stationary_with_the_memory_that_is_asked_for():
    z = courses(400, 50, 3, rng("courses"), memory=5)
    assert z.shape == (400, 50, 3)
    np.testing.assert_allclose(z.var(axis=(0, 2)), 1, atol=0.15)
    for lag in (1, 5, 10):
        assert np.mean(z[:, lag:] * z[:, :-lag]) == pytest.approx(math.exp(-lag / 5), abs=0.03)
    assert np.mean(z[..., 0] * z[..., 1]) == pytest.approx(0, abs=0.04)


def test_repeats_share_the_course_at_unchanged_variance():
    course = courses(1, 300, 4, rng("course"), memory=3)[0]
    trials = repeated(course, 60, 0.6, rng("repeats"), memory=3)
    assert trials.shape == (60, 300, 4)
    # √(1 - .36) = .8 of the course is common to all trials.
    np.testing.assert_allclose(trials.mean(axis=0), 0.8 * course, atol=0.4)
    assert np.mean((trials - 0.8 * course) ** 2) == pytest.approx(0.36, abs=0.02)
    np.testing.assert_array_equal(repeated(course, 2, 0.0, rng("repeats"), memory=3)[1], course)


def test_destroyed_latents_keep_their_values_and_lose_their_times():
    z = courses(3, 80, 5, rng("destroyed"), memory=10)
    before = z.copy()
    changed = destroyed(z, 2, rng("shuffle"))
    np.testing.assert_array_equal(z, before)
    np.testing.assert_array_equal(changed[..., :3], z[..., :3])
    np.testing.assert_array_equal(np.sort(changed, axis=1), np.sort(z, axis=1))
    correlations = [np.corrcoef(changed[..., k].ravel(), z[..., k].ravel())[0, 1] for k in (3, 4)]
    assert np.abs(correlations).max() < 0.3
    # Each trial and latent by itself.
    orders = [
        np.argsort(np.argsort(changed[t, :, k])) - np.argsort(np.argsort(z[t, :, k])) for t in (0, 1) for k in (3, 4)
    ]
    assert len({tuple(order) for order in orders}) == 4
    np.testing.assert_array_equal(destroyed(z, 0, rng("shuffle")), z)


def test_components_have_exactly_the_scales_and_are_the_latents():
    z, scales = courses(4, 100, 3, rng("components"), memory=2), np.array([3.0, 1.0, 0.1])
    x = in_components(z, scales, rng("axes")).reshape(-1, 3)
    assert np.abs(x.mean(axis=0)).max() < 1e-12
    values, axes = np.linalg.eigh(x.T @ x / len(x))
    np.testing.assert_allclose(values[::-1], scales**2)
    for k in range(3):
        assert abs(np.corrcoef(x @ axes[:, 2 - k], z[..., k].ravel())[0, 1]) > 0.95


def test_units_see_mixtures_and_noise_of_their_own():
    z = courses(4, 200, 3, rng("latents"), memory=2)
    x = observed(z, 500, 0.5, rng("units"))
    assert x.shape == (4, 200, 500)
    assert x.var() == pytest.approx(1.25, rel=0.1)
    flat = z.reshape(-1, 3)
    residual = x.reshape(-1, 500) - flat @ np.linalg.lstsq(flat, x.reshape(-1, 500), rcond=None)[0]
    assert residual.std() == pytest.approx(0.5, rel=0.02)
    assert np.linalg.matrix_rank(observed(z, 20, 0.0, rng("units")).reshape(-1, 20)) == 3


def test_standardized_recordings_agree_in_mean_and_variance():
    x = standardized(5 + 3 * rng("standardized").standard_normal((2, 30, 4)))
    np.testing.assert_allclose(x.mean(axis=(0, 1)), 0, atol=1e-14)
    assert np.mean(x**2) == pytest.approx(1)


def test_a_decoder_finds_what_is_linear_in_a_recording_and_nothing_else():
    source = rng("decoding")
    labels = source.choice([-1.0, 1.0], 200)
    x = 0.1 * source.standard_normal((3, 200, 6))
    assert decoding_accuracy(x, labels) == pytest.approx(0.5, abs=0.1)
    x[..., 2] += 0.4 * labels + 7
    assert decoding_accuracy(x, labels) > 0.99


def test_a_decoder_is_asked_about_times_that_it_has_not_seen():
    # As many units as fitted samples: a decoder that is asked about what it was fitted to is always right.
    source = rng("overfit")
    x, labels = source.standard_normal((1, 60, 40)), source.choice([-1.0, 1.0], 60)
    assert decoding_accuracy(x, labels) < 0.8
