"""The Procrustes angle, against SciPy and examples worked by hand."""

import math

import numpy as np
import pytest
from scipy import linalg, spatial

from metric_harness import alignment
from metric_harness.arrays import Array
from metric_harness.errors import DegenerateInputError, NonFiniteError, NotConvergedError, ShapeError
from metric_harness.metrics.procrustes import Procrustes
from metric_harness.seeding import generator
from metric_harness.transforms import random_orthogonal

FLOOR = Procrustes.claims.numerical_floor


def rng(*path: str | int) -> np.random.Generator:
    return generator(41, "test_procrustes", *path)


def normal(n_samples: int, n_units: int, *path: str | int) -> Array:
    return rng("normal", *path).standard_normal((n_samples, n_units))


def textbook(x: Array, y: Array) -> float:
    """Return (2/π) arccos of the nuclear norm of xᵀy over |x| |y|, by SciPy; for large angles only."""
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    width = max(x.shape[1], y.shape[1])
    x, y = (np.pad(z, ((0, 0), (0, width - z.shape[1]))) for z in (x, y))
    _, nuclear = linalg.orthogonal_procrustes(x, y)
    return math.acos(min(1.0, nuclear / np.linalg.norm(x) / np.linalg.norm(y))) * 2 / math.pi


@pytest.mark.parametrize(
    ("n_samples", "n_x", "n_y"),
    [(60, 3, 3), (60, 2, 7), (60, 7, 2), (6, 20, 20), (6, 20, 3), (10, 6, 4), (10, 10, 10), (2, 3, 1), (50, 1, 1)],
)
def test_procrustes_is_scipys_angle(n_samples, n_x, n_y):
    x, y = 2 + normal(n_samples, n_x, "x"), normal(n_samples, n_y, "y") - 1
    # Two samples have one shape: the angle is zero, where arccos keeps 1e-8.
    tolerance = 1e-7 if n_samples == 2 else 1e-12
    assert Procrustes().distance(x, y) == pytest.approx(textbook(x, y), abs=tolerance)
    mixed = np.hstack([x, y])
    assert Procrustes().distance(x, mixed) == pytest.approx(textbook(x, mixed), abs=tolerance)


@pytest.mark.parametrize("n_units", [1, 2, 5])
def test_the_squared_sine_of_the_angle_is_scipys_disparity(n_units):
    x, y = normal(40, n_units, "x"), normal(40, n_units, "y")
    disparity = spatial.procrustes(x, y)[2]
    assert math.sin(Procrustes().distance(x, y) * math.pi / 2) ** 2 == pytest.approx(disparity, abs=1e-12)


CROSS = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
"""xᵀx = 2 · 1, |x| = 2, centered."""


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        # xᵀy = diag(2, 4), nuclear norm 6; |y| = √10: cos = 6 / (2 √10) = 3 / √10.
        (CROSS * [1, 2], math.acos(3 / math.sqrt(10)) * 2 / math.pi),
        # One axis gone: 2 / (2 √2) = cos(π/4).
        (CROSS * [1, 0], 0.5),
        (CROSS[:, :1], 0.5),
        # A reflection counts as a rotation: xᵀy = diag(2, -4) has nuclear norm 6 as well.
        (CROSS * [1, -2], math.acos(3 / math.sqrt(10)) * 2 / math.pi),
        # Orthogonal to both units of x: 1.
        (np.array([[1.0], [1.0], [-1.0], [-1.0]]), 1.0),
        # A turn, a reflection, a swap, a scale, a shift: 0.
        (3 * CROSS[:, ::-1] * [1, -1] + [5, -7], 0.0),
    ],
)
def test_procrustes_of_a_cross_is_what_the_hand_computes(y, expected):
    assert Procrustes().distance(CROSS, y) == pytest.approx(expected, abs=1e-14)
    assert Procrustes().distance(y, CROSS) == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize("sign", [1, -1])
def test_procrustes_of_single_units_is_the_angle_of_the_absolute_correlation(sign):
    # Correlation of (0, 1, 2) and (0, 0, 1): 1 / (√2 · √(2/3)) = √3/2 = cos(π/6), a third of a right angle.
    x, y = np.array([[0.0], [1.0], [2.0]]), sign * np.array([[0.0], [0.0], [1.0]])
    assert Procrustes().distance(x, y) == pytest.approx(1 / 3, abs=1e-14)


def tilted(angle: float, n_samples: int, n_units: int) -> tuple[Array, Array]:
    """Return two recordings whose every unit is turned by `angle` out of the first one's space."""
    frame = np.linalg.qr(np.hstack([np.ones((n_samples, 1)), normal(n_samples, 2 * n_units, "frame")]))[0][:, 1:]
    inside, outside = frame[:, :n_units], frame[:, n_units:]
    return inside, math.cos(angle) * inside + math.sin(angle) * outside


@pytest.mark.parametrize("n_units", [1, 3])
@pytest.mark.parametrize("n_samples", [7, 300])
@pytest.mark.parametrize("angle", [1e-10, 1e-8, 1e-5, 0.1, 1.0, math.pi / 2])
def test_planted_angles_are_recovered_also_where_arccos_sees_none(angle, n_samples, n_units):
    # xᵀy = cos θ · 1 for orthonormal columns: the angle is θ.
    x, y = tilted(angle, n_samples, n_units)
    expected = angle * 2 / math.pi
    assert Procrustes().distance(x, y) == pytest.approx(expected, rel=1e-3, abs=0)
    turned = 3 * y @ random_orthogonal(n_units, rng("q"))
    assert Procrustes().distance(x, turned) == pytest.approx(expected, rel=1e-3, abs=0)


@pytest.mark.parametrize(("n_samples", "n_units"), [(500, 3), (40, 39), (40, 40), (12, 100), (5, 1), (2, 1)])
def test_rotating_scaling_and_shifting_stay_below_the_floor(n_samples, n_units):
    x = normal(n_samples, n_units)
    changed = 1e3 * (x @ random_orthogonal(n_units, rng("rotation"))) + 40.0
    assert Procrustes().distance(x, changed) <= FLOOR


@pytest.mark.parametrize(("n_units", "weakest"), [(3, 1e-4), (3, 1e-12), (30, 1e-12), (30, 1e-14)])
def test_weak_axes_are_aligned_as_well_as_strong_ones(n_units, weakest):
    # An alignment by bidiagonalization turns weak axes by the rounding of strong ones: 6e-9 at 30 units.
    x = normal(400, n_units) * np.geomspace(1, weakest, n_units)
    assert Procrustes().distance(x, x @ random_orthogonal(n_units, rng("graded"))) <= FLOOR
    assert Procrustes().distance(x, x.copy()) <= FLOOR


@pytest.mark.parametrize("scale", [1e-300, 1e-100, 1e-6, 1e6, 1e100, 1e300])
def test_scales_near_the_limits_of_floats_change_nothing(scale):
    x, y = normal(50, 3, "x"), normal(50, 4, "y")
    assert Procrustes().distance(x, scale * x) <= FLOOR
    assert Procrustes().distance(scale * x, y) == pytest.approx(Procrustes().distance(x, y), abs=FLOOR)


@pytest.mark.parametrize("shift", [1.0, 1e3, 1e6])
def test_a_shift_costs_its_rounding_and_no_more(shift):
    # The docstring's measure is 1e-15 per standard deviation; three times that is the bound here.
    x = normal(50, 3)
    assert Procrustes().distance(x, x + shift) <= FLOOR + 3e-15 * shift


@pytest.mark.parametrize("n_samples", [300, 6])
def test_the_order_of_units_and_arguments_does_not_matter(n_samples):
    x, y = normal(n_samples, 8, "x"), normal(n_samples, 5, "y")
    expected = Procrustes().distance(x, y)
    assert Procrustes().distance(y, x) == pytest.approx(expected, abs=1e-13)
    assert Procrustes().distance(x[:, ::-1], y) == pytest.approx(expected, abs=1e-13)


def test_orthogonal_spaces_are_at_one_and_never_beyond():
    for k in range(20):
        frame = np.linalg.qr(np.hstack([np.ones((30, 1)), normal(30, 6, k)]))[0][:, 1:]
        found = Procrustes().distance(frame[:, :3], frame[:, 3:])
        assert 1 - 1e-14 <= found <= 1


def test_a_batch_decomposes_each_used_recording_once(monkeypatch):
    calls: list[str] = []
    original = alignment.principal_coordinates

    def counted(x: Array, name: str) -> Array:
        calls.append(name)
        return original(x, name)

    xs = [normal(30, 2 + k, k) for k in range(4)]
    expected = [Procrustes().distance(xs[i], xs[j]) for i, j in [(0, 2), (2, 3), (3, 0)]]
    monkeypatch.setattr(alignment, "principal_coordinates", counted)
    found = Procrustes().pair_distances(xs, [(0, 2), (2, 3), (3, 0)])
    assert calls == ["recording 0", "recording 2", "recording 3"]
    np.testing.assert_allclose(found, expected, atol=1e-14)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.ones((5, 2)), normal(5, 2), "x is constant over its 5 samples"),
        (normal(5, 2), np.ones((5, 2)), "y is constant over its 5 samples"),
        (normal(1, 2), normal(1, 2, "y"), "x is constant over its 1 samples"),
    ],
)
def test_a_constant_recording_is_refused_by_name(x, y, message):
    with pytest.raises(DegenerateInputError, match=message):
        Procrustes().distance(x, y)


def test_a_batch_refuses_what_a_pair_refuses():
    with pytest.raises(DegenerateInputError, match="recording 1 is constant"):
        Procrustes().pair_distances([normal(5, 2), np.ones((5, 2))], [(0, 1)])
    with pytest.raises(ShapeError, match="x has 5 samples and y has 4"):
        Procrustes().pair_distances([normal(5, 2), normal(4, 2)], [(0, 1)])
    with pytest.raises(NonFiniteError, match="recording 1 holds 10 NaN"):
        Procrustes().pair_distances([normal(5, 2), normal(5, 2) * np.nan], [(0, 1)])


def test_a_decomposition_that_did_not_converge_is_no_number(monkeypatch):
    def unfinished(cross: Array, **_: int) -> tuple[object, ...]:
        return None, cross, cross, None, None, 1

    monkeypatch.setattr(alignment.lapack, "dgejsv", unfinished)
    with pytest.raises(NotConvergedError, match=r"of a \(2, 2\) matrix stopped with status 1"):
        Procrustes().distance(normal(5, 2), normal(5, 2, "y"))
