"""The search finds the ends of one quadratic form at a given value of another."""

import numpy as np
import pytest

from metric_harness.lesion_search import N_KEPT, extremes
from metric_harness.seeding import generator


def rng(*path: str | int) -> np.random.Generator:
    return generator(71, "test_lesion_search", *path)


def spread(n_networks: int, n_units: int, *path: str | int) -> np.ndarray:
    """Return covariances whose spectra fall off as those of networks do."""
    axes = np.linalg.qr(rng(*path).standard_normal((n_networks, n_units, n_units)))[0]
    return axes * np.exp(-0.5 * np.arange(n_units)) @ axes.swapaxes(1, 2)


def form(matrices: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    return np.einsum("ki,kij,kj->k", vectors, matrices, vectors)


@pytest.mark.parametrize("share", [0.01, 0.08, 0.3])
def test_both_directions_are_unit_vectors_of_the_share_that_is_asked_for(share):
    covariances, felt = spread(4, 30, "states"), spread(4, 30, "felt")
    for u in extremes(covariances, felt, share):
        np.testing.assert_allclose(np.linalg.norm(u, axis=1), 1)
        np.testing.assert_allclose(form(covariances, u) / np.trace(covariances, axis1=1, axis2=2), share, atol=1e-4)


def test_no_direction_of_that_share_is_felt_more_than_the_one_or_less_than_the_other():
    n_units = 6
    covariances, felt = spread(1, n_units, "states"), spread(1, n_units, "felt")
    relevant, idle = (form(felt, u)[0] for u in extremes(covariances, felt, 0.2))
    drawn = rng("rivals").standard_normal((200_000, n_units))
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    shares = (drawn @ covariances[0] * drawn).sum(axis=1) / np.trace(covariances[0])
    rivals = drawn[np.abs(shares - 0.2) < 0.002]
    assert len(rivals) > 100
    costs = (rivals @ felt[0] * rivals).sum(axis=1)
    slack = 0.02 * np.ptp(costs)
    assert idle <= costs.min() + slack
    assert relevant >= costs.max() - slack
    assert relevant > 5 * idle


def test_a_share_is_met_where_the_variance_jumps_from_one_direction_to_the_next():
    # Axes of both matrices are one: every solution of the multiplier is an axis, and none has a share of .2.
    covariance, felt = np.diag([6.0, 3.0, 1.0, 0.0]), np.diag([0.0, 1.0, 3.0, 6.0])
    relevant, idle = extremes(covariance[None], felt[None], 0.2)
    np.testing.assert_allclose(form(covariance[None] / 10, relevant), 0.2, atol=1e-6)
    np.testing.assert_allclose(form(covariance[None] / 10, idle), 0.2, atol=1e-6)
    assert form(felt[None], relevant)[0] > form(felt[None], idle)[0]


def test_a_share_beyond_all_is_met_as_far_as_it_goes():
    covariances, felt = spread(2, N_KEPT + 6, "states"), spread(2, N_KEPT + 6, "felt")
    largest = np.linalg.eigvalsh(covariances)[:, -1] / np.trace(covariances, axis1=1, axis2=2)
    for u in extremes(covariances, felt, 0.9):
        np.testing.assert_allclose(form(covariances, u) / np.trace(covariances, axis1=1, axis2=2), largest, rtol=0.01)
