"""Recordings with lost components differ in nothing but the loss."""

import numpy as np

from metric_harness.adapter import MetricUnderTest
from metric_harness.components import N_COMPONENTS, N_TIMES, N_TRIALS, SCALES, distances, draw
from metric_harness.metrics.cca import CCA
from metric_harness.populations import decoding_accuracy
from metric_harness.seeding import generator

LOSSES = draw([1, 15, 30], 0.1, generator(2, "test_components"))


def test_all_recordings_have_one_spectrum():
    for x in (LOSSES.reference, LOSSES.intact, *LOSSES.lossy):
        assert x.shape == (N_TRIALS, N_TIMES, N_COMPONENTS)
        values = np.linalg.eigvalsh(np.cov(x.reshape(-1, N_COMPONENTS), rowvar=False, ddof=0))[::-1]
        np.testing.assert_allclose(values, SCALES**2, rtol=1e-9)


def test_the_weakest_component_holds_a_thousandth_and_the_task():
    assert SCALES[-1] ** 2 / np.sum(SCALES**2) < 0.0016
    assert set(LOSSES.task) == {-1.0, 1.0}
    assert decoding_accuracy(LOSSES.intact, LOSSES.task) > 0.95
    for lossy in LOSSES.lossy:
        assert decoding_accuracy(lossy, LOSSES.task) < 0.7


def test_as_many_components_are_lost_as_asked_for():
    intact, *lossy = distances(MetricUnderTest("cca", CCA()), LOSSES)
    # Shuffled components correlate by chance, about √(2 · 30 / 480 / π) on average, intact ones by .99.
    assert intact < 0.05
    expected = np.array([1, 15, 30]) / 30
    np.testing.assert_allclose(np.array(lossy) - intact, 0.85 * expected, atol=0.12)
