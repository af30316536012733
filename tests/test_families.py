"""Named measures by their textbook formulas, on numbers small enough for the hand, and what bears their names."""

import dataclasses

import numpy as np
import pytest

from metric_harness import catalogue, resolution
from metric_harness.adapter import MetricUnderTest, adapt
from metric_harness.families import FAMILIES, normalized
from metric_harness.interfaces import AbstractMetric, Claims, metric
from metric_harness.metrics.rsa import RSA
from metric_harness.metrics.shape_metric import ShapeMetric
from metric_harness.seeding import generator

X = np.array([[[1.0, 0], [-1, 0], [0, 1], [0, -1]]])
"""Centered, xᵀ x = 2 I."""


def test_linear_cka_by_hand():
    # y keeps the first unit: |xᵀ y|² = 4, |xᵀ x| = √8, |yᵀ y| = 2.
    assert FAMILIES["linear CKA"](X, X * [1, 0]) == pytest.approx(4 / (np.sqrt(8) * 2))
    assert FAMILIES["linear CKA"](X, 3 * X + 5) == pytest.approx(1)


def test_debiased_linear_cka_by_hand():
    x, y = np.array([[[1.0], [-1], [0], [0]]]), np.array([[[1.0], [0], [-1], [0]]])
    # As in metric_harness.metrics.debiased_cka: HSIC(K, L) = -1/3 and HSIC(K, K) = 2/3 up to one factor.
    assert FAMILIES["debiased linear CKA"](x, y) == pytest.approx(-0.5)


def test_the_procrustes_angle_by_hand():
    # xᵀ y = diag(2, 14), |x| = 2, |y| = 10: the cosine is 16 / 20.
    assert FAMILIES["Procrustes angle"](X, X * [1, 7]) == pytest.approx(np.arccos(0.8))
    assert FAMILIES["Procrustes angle"](X, X[..., ::-1]) == pytest.approx(0, abs=1e-7)


def test_mean_cca_by_hand():
    u, v, w = np.array([[1.0, -1, 0, 0], [0, 0, 1, -1], [1, 1, -1, -1]])
    x, y = np.stack([u, w], axis=1)[None], np.stack([3 * u + 4 * v, w], axis=1)[None] @ [[1, 7], [2, 3]]
    # The correlations are 3/5 and 1.
    assert FAMILIES["mean CCA"](x, y) == pytest.approx(0.8)


def test_rsa_by_hand():
    x = np.array([[[1.0, -1, 0], [1, 0, -1], [0, 1, -1]]])
    # As in metric_harness.metrics.rsa: ranks (-1, 2, -1)/2 and (2, -1, -1)/2 about their mean.
    assert FAMILIES["Spearman RSA"](x, x[:, [0, 2, 1]]) == pytest.approx(-0.5)


def test_normalized_recordings_are_centered_and_of_norm_one():
    x = normalized(generator(1, "normalized").standard_normal((2, 5, 3)) + 7)
    assert x.shape == (10, 3)
    np.testing.assert_allclose(x.mean(axis=0), 0, atol=1e-15)
    assert np.linalg.norm(x) == pytest.approx(1)


@pytest.mark.parametrize("name", catalogue.implementations("metrics"))
def test_a_metric_that_bears_a_name_computes_what_it_names(name):
    if lacks := resolution.missing(name):
        pytest.skip(f"{name}{lacks}")
    bare = catalogue.load("metrics", name, AbstractMetric)()
    for own in (bare, *bare.neighbors()):
        if own.family:
            x, y = generator(2, "named").standard_normal((2, 4, 25, 5)) @ np.diag([1.0, 2, 3, 4, 5])
            subject = MetricUnderTest(name, own)
            value = own.named_value(subject.distance(x, (x + y) / 2))
            assert value == pytest.approx(FAMILIES[own.family](x, (x + y) / 2), abs=max(1e-9, 10 * subject.floor))


def test_names_that_settings_decide():
    assert ShapeMetric(alpha=1).family == "Procrustes angle"
    assert ShapeMetric(alpha=0.5).family == ShapeMetric(alpha=0).family == ""
    assert RSA().family == "Spearman RSA"
    assert RSA(dissimilarity="euclidean").family == ""


def test_most_built_in_names_are_known():
    bearers = {name: catalogue.load("metrics", name, AbstractMetric).family for name in ("cka", "cca", "bures", "dsa")}
    assert bearers == {"cka": "linear CKA", "cca": "mean CCA", "bures": "Procrustes angle", "dsa": ""}


def test_a_function_names_its_measure_and_its_value_is_what_it_returned():
    @metric(kind="similarity", claims=Claims(value_range=(0.0, 5.0)), family="linear CKA")
    def similar(x, y):
        return 4.0

    @metric(family="mean CCA")
    def apart(x, y):
        return 4.0

    first, second = adapt(similar), adapt(apart)
    assert (first.family, first.distance(X[0], X[0]), first.named_value(1.0)) == ("linear CKA", 1.0, 4.0)
    assert (second.family, second.named_value(4.0)) == ("mean CCA", 4.0)
    assert adapt(lambda x, y: 0.0).family == ""


def test_a_name_is_no_setting():
    assert "family" not in [field.name for field in dataclasses.fields(ShapeMetric)]
    assert ShapeMetric(alpha=1) == ShapeMetric(alpha=1)
