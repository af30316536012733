"""Mean canonical correlation as a distance, against SciPy, the textbook formula and examples worked by hand."""

import math

import numpy as np
import pytest
from scipy import linalg

from metric_harness import arrays
from metric_harness.arrays import Array
from metric_harness.errors import DegenerateInputError, NonFiniteError, ShapeError
from metric_harness.metrics.cca import CCA
from metric_harness.seeding import generator
from metric_harness.transforms import random_orthogonal

FLOOR = CCA.claims.numerical_floor


def rng(*path: str | int) -> np.random.Generator:
    return generator(43, "test_cca", *path)


def normal(n_samples: int, n_units: int, *path: str | int) -> Array:
    return rng("normal", *path).standard_normal((n_samples, n_units))


def textbook(x: Array, y: Array) -> float:
    """Return 1 - mean ρ, with ρ² the eigenvalues of Cxx⁻¹ Cxy Cyy⁻¹ Cyx; for full rank and large angles only."""
    joint = np.cov(x.T, y.T)
    p = x.shape[1]
    cross = joint[:p, p:]
    product = np.linalg.solve(joint[:p, :p], cross) @ np.linalg.solve(joint[p:, p:], cross.T)
    squared = np.sort(np.linalg.eigvals(product).real)[::-1][: min(cross.shape)]
    return 1 - float(np.mean(np.sqrt(np.clip(squared, 0, 1))))


@pytest.mark.parametrize(("n_samples", "n_x", "n_y"), [(60, 3, 3), (60, 2, 7), (60, 7, 2), (20, 6, 4), (50, 1, 1)])
def test_cca_is_one_minus_the_mean_root_eigenvalue_and_the_mean_cosine_of_scipys_angles(n_samples, n_x, n_y):
    x, y = 2 + normal(n_samples, n_x, "x"), normal(n_samples, n_y, "y") - 1
    y = y + 0.5 * x @ normal(n_x, n_y, "map")
    found = CCA().distance(x, y)
    assert found == pytest.approx(textbook(x, y), abs=1e-12)
    angles = linalg.subspace_angles(x - x.mean(axis=0), y - y.mean(axis=0))
    assert found == pytest.approx(1 - np.mean(np.cos(angles)), abs=1e-12)


U, V, W = np.array([[1.0, -1, 0, 0], [0, 0, 1, -1], [1, 1, -1, -1]])
"""Centered and orthogonal, |u|² = |v|² = 2, |w|² = 4."""


def columns(*units: Array) -> Array:
    return np.stack(units, axis=1)


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        # One unit each: 1 - |correlation|, and a sign does not matter.
        (columns(U), columns(3 * U + 4 * V), 0.4),
        (columns(U), columns(-3 * U + 4 * V), 0.4),
        # Correlations 3/5 and 1.
        (columns(U, W), columns(3 * U + 4 * V, W), 0.2),
        # Correlations 3/5 and 0.
        (columns(U, W), columns(3 * U + 4 * V), 0.4),
        (columns(U), columns(V, W), 1.0),
        # Contained: only the smaller space counts.
        (columns(U), columns(5 * U + V, V - 7, W), 0.0),
        # Of two dependent units one remains: not (3/5 + 0)/2 but 3/5.
        (columns(U, -2 * U), columns(3 * U + 4 * V, 6 * U + 8 * V), 0.4),
    ],
)
def test_cca_of_three_orthogonal_units_is_what_the_hand_computes(x, y, expected):
    assert CCA().distance(x, y) == pytest.approx(expected, abs=1e-14)
    assert CCA().distance(y, x) == pytest.approx(expected, abs=1e-14)
    assert CCA().distance(x, y @ random_orthogonal(y.shape[1], rng("q")) + 3) == pytest.approx(expected, abs=1e-14)


def tilted(angles: Array, n_samples: int) -> tuple[Array, Array]:
    """Return orthonormal units, and the same with unit k turned by angle k out of their space."""
    k = len(angles)
    frame = np.linalg.qr(np.hstack([np.ones((n_samples, 1)), normal(n_samples, 2 * k, "frame")]))[0][:, 1:]
    inside, outside = frame[:, :k], frame[:, k:]
    return inside, np.cos(angles) * inside + np.sin(angles) * outside


@pytest.mark.parametrize("n_samples", [8, 300])
@pytest.mark.parametrize("angle", [1e-10, 1e-8, 1e-5, 0.1, 1.0, math.pi / 2])
def test_planted_angles_are_recovered_also_where_cosines_see_none(angle, n_samples):
    x, y = tilted(np.array([angle, angle / 2, angle / 3]), n_samples)
    # 1 - cos θ = 2 sin²(θ/2).
    expected = np.mean([2 * math.sin(angle / (2 * k)) ** 2 for k in (1, 2, 3)])
    assert CCA().distance(x, y) == pytest.approx(expected, rel=1e-4, abs=0)
    assert CCA().distance(x, 3 * y @ normal(3, 3, "map")) == pytest.approx(expected, rel=1e-4, abs=0)


@pytest.mark.parametrize(("n_samples", "n_units"), [(500, 3), (40, 20), (40, 39), (12, 100), (5, 1), (2, 1)])
def test_mapping_scaling_and_shifting_change_nothing(n_samples, n_units):
    x = normal(n_samples, n_units)
    y = x + normal(n_samples, n_units, "y")
    expected = CCA().distance(x, y)
    rotated = 1e3 * (y @ random_orthogonal(n_units, rng("rotation"))) + 40.0
    mapped = y @ (np.eye(n_units) + 0.3 * random_orthogonal(n_units, rng("linear")))
    for changed in (rotated, mapped, y * np.geomspace(1, 1e-12, n_units), y[:, ::-1]):
        assert CCA().distance(x, changed) == pytest.approx(expected, abs=FLOOR)
        assert CCA().distance(y, changed) <= FLOOR


@pytest.mark.parametrize("condition", [1e2, 1e4, 1e8, 1e10])
def test_an_ill_conditioned_map_costs_its_condition_and_no_more(condition):
    # The docstring's measure is 1e-17 times the condition.
    x, y = normal(500, 4), normal(500, 4, "y")
    y += x
    left, right = random_orthogonal(4, rng("left")), random_orthogonal(4, rng("right"))
    mapped = y @ left @ np.diag(np.geomspace(1, 1 / condition, 4)) @ right
    assert CCA().distance(x, mapped) == pytest.approx(CCA().distance(x, y), abs=1e-15 + 1e-17 * condition)


@pytest.mark.parametrize("scale", [1e-300, 1e-100, 1e-6, 1e6, 1e100, 1e300])
def test_scales_near_the_limits_of_floats_change_nothing(scale):
    x, y = normal(50, 3, "x"), normal(50, 4, "y")
    assert CCA().distance(x, scale * x) <= FLOOR
    assert CCA().distance(scale * x, y) == pytest.approx(CCA().distance(x, y), abs=FLOOR)


@pytest.mark.parametrize("shift", [1.0, 1e3, 1e6])
def test_a_shift_costs_its_rounding_and_no_more(shift):
    # The docstring's measure is 1e-17 per standard deviation; ten times that is the bound here.
    x, y = normal(50, 3), normal(50, 3, "y")
    assert CCA().distance(x, y + shift) == pytest.approx(CCA().distance(x, y), abs=1e-15 + 1e-16 * shift)


@pytest.mark.parametrize("shift", [0.0, 1e3, 1e9])
@pytest.mark.parametrize("n_samples", [30, 20000])
def test_units_that_depend_on_others_or_are_silent_count_for_nothing(n_samples, shift):
    x, y = normal(n_samples, 3), normal(n_samples, 3, "y")
    dependent = np.hstack([x, x @ normal(3, 2, "map"), np.full((n_samples, 1), 0.1)]) + shift
    assert arrays.column_space(dependent, "x").shape == (n_samples, 3)
    assert CCA().distance(dependent, y) == pytest.approx(CCA().distance(x, y), abs=FLOOR + 1e-16 * shift)


def test_a_basis_of_the_units_is_orthonormal_centered_and_spans_them():
    x = 5 + normal(40, 6) * np.geomspace(1, 1e-9, 6)
    basis = arrays.column_space(x, "x")
    np.testing.assert_allclose(basis.T @ basis, np.eye(6), atol=1e-14)
    np.testing.assert_allclose(basis.sum(axis=0), 0, atol=1e-7)
    residual = x - x.mean(axis=0)
    np.testing.assert_allclose(basis @ (basis.T @ residual), residual, atol=1e-14)


@pytest.mark.parametrize(("n_x", "n_y"), [(11, 1), (11, 11), (12, 5), (3, 100)])
def test_as_many_units_as_samples_hide_every_difference(n_x, n_y):
    # 12 centered samples span 11 dimensions: one recording of rank 11 contains every other. A known bias.
    assert CCA().distance(normal(12, n_x, "x"), normal(12, n_y, "y")) <= FLOOR


def test_halfway_between_two_orthogonal_units_the_triangle_inequality_breaks():
    x, y, z = columns(U), columns(U + V), columns(V)
    half = 1 - math.sqrt(0.5)
    assert CCA().distance(x, y) == pytest.approx(half, abs=1e-14)
    assert CCA().distance(y, z) == pytest.approx(half, abs=1e-14)
    assert CCA().distance(x, z) == pytest.approx(1, abs=1e-14)


def test_orthogonal_spaces_are_at_one_and_never_beyond():
    for k in range(20):
        frame = np.linalg.qr(np.hstack([np.ones((30, 1)), normal(30, 6, k)]))[0][:, 1:]
        assert 1 - 1e-14 <= CCA().distance(frame[:, :3], frame[:, 3:]) <= 1


def test_a_batch_decomposes_each_used_recording_once(monkeypatch):
    calls: list[str] = []
    original = arrays.column_space

    def counted(x: Array, name: str) -> Array:
        calls.append(name)
        return original(x, name)

    xs = [normal(30, 2 + k, k) for k in range(4)]
    pairs = [(0, 2), (2, 3), (3, 0)]
    expected = [CCA().distance(xs[i], xs[j]) for i, j in pairs]
    monkeypatch.setattr(arrays, "column_space", counted)
    assert CCA().pair_distances(xs, pairs).tolist() == expected
    assert calls == ["recording 0", "recording 2", "recording 3"]


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.ones((5, 2)), normal(5, 2), "x is constant over its 5 samples"),
        (normal(5, 2), np.full((5, 2), 0.1), "y is constant over its 5 samples"),
        (normal(1, 2), normal(1, 2, "y"), "x is constant over its 1 samples"),
        (np.full((40000, 2), 0.1), normal(40000, 1), "x is constant over its 40000 samples"),
    ],
)
def test_a_constant_recording_is_refused_by_name(x, y, message):
    with pytest.raises(DegenerateInputError, match=message):
        CCA().distance(x, y)


def test_a_batch_refuses_what_a_pair_refuses():
    with pytest.raises(DegenerateInputError, match="recording 1 is constant"):
        CCA().pair_distances([normal(5, 2), np.ones((5, 2))], [(0, 1)])
    with pytest.raises(ShapeError, match="x has 5 samples and y has 4"):
        CCA().pair_distances([normal(5, 2), normal(4, 2)], [(0, 1)])
    with pytest.raises(NonFiniteError, match="recording 1 holds 10 NaN"):
        CCA().pair_distances([normal(5, 2), normal(5, 2) * np.nan], [(0, 1)])
