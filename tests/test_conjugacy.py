"""The alignment of operators finds the truth where it is known, and depends on nothing it should not."""

import itertools
import random
from collections.abc import Callable

import numpy as np
import pytest
import torch

from metric_harness import conjugacy
from metric_harness.arrays import Array
from metric_harness.errors import DegenerateInputError, NonFiniteError, ShapeError
from metric_harness.seeding import generator

SIZES = (1, 2, 3, 5, 10, 20, 30, 50)


def gaussian(n_matrices: int, n: int, *path: str | int) -> Array:
    return generator(7, *path, n).standard_normal((n_matrices, n, n)) / np.sqrt(n)


def orthogonal(n_matrices: int, n: int, *path: str | int) -> Array:
    """Draw orthogonal matrices whose determinants alternate between +1 and -1."""
    q = np.linalg.qr(gaussian(n_matrices, n, *path))[0]
    wanted = np.where(np.arange(n_matrices) % 2, -1.0, 1.0)
    q[:, :, 0] *= (np.sign(np.linalg.det(q)) * wanted)[:, None]
    return q


def conjugated(a: Array, c: Array) -> Array:
    return c @ a @ c.swapaxes(1, 2)


def sign_flips(n_matrices: int, n: int) -> Array:
    return np.eye(n) * generator(7, "flips", n).choice([-1.0, 1.0], size=(n_matrices, 1, n))


def permutations(n_matrices: int, n: int) -> Array:
    rng = generator(7, "permutations", n)
    return np.stack([np.eye(n)[rng.permutation(n)] for _ in range(n_matrices)])


def angle(a: Array, b: Array) -> Array:
    """Return the plain angle, for moderate angles only."""
    cosine = (a * b).sum(axis=(-2, -1)) / np.linalg.norm(a, axis=(-2, -1)) / np.linalg.norm(b, axis=(-2, -1))
    return np.arccos(np.clip(cosine, -1, 1))


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("change", ["rotation", "flips", "permutation", "none"])
def test_conjugate_operators_are_at_angle_zero(n: int, change: str) -> None:
    a = gaussian(10, n, "planted")
    changes = {
        "rotation": orthogonal(10, n, "rotation"),
        "flips": sign_flips(10, n),
        "permutation": permutations(10, n),
        "none": np.broadcast_to(np.eye(n), a.shape),
    }
    result = conjugacy.align(a, conjugated(a, changes[change]))
    assert result.converged.all()
    assert result.angles.max() < 1e-9


@pytest.mark.parametrize("kind", ["rotation", "symmetric", "antisymmetric", "shift", "identity", "projection"])
def test_conjugates_of_operators_with_repeated_structure_are_at_angle_zero(kind: str) -> None:
    n = 8
    a = gaussian(4, n, "structured")
    family = {
        "rotation": orthogonal(4, n, "structured"),
        "symmetric": a + a.swapaxes(1, 2),
        "antisymmetric": a - a.swapaxes(1, 2),
        "shift": np.broadcast_to(np.eye(n, k=1), a.shape),
        "identity": np.broadcast_to(np.eye(n), a.shape),
        "projection": np.broadcast_to(np.diag([1.0] * 3 + [0.0] * 5), a.shape),
    }[kind]
    result = conjugacy.align(family, conjugated(family, orthogonal(4, n, "frame")))
    assert result.converged.all()
    assert result.angles.max() < 1e-6


def test_two_by_two_operators_have_the_angle_of_the_closed_form() -> None:
    # A = t I + s S(φ) + k J, S(φ) a symmetric traceless matrix of norm √2 with axis φ, J the quarter turn.
    # C keeps t, turns φ at will, and a reflection turns the sign of k. The three parts are orthogonal, of
    # norms √2 |t|, √2 |s|, √2 |k|, so the largest inner product is 2 (t t' + |s s'| + |k k'|).
    a, b = gaussian(40, 2, "closed", "a"), gaussian(40, 2, "closed", "b")

    def parts(m: Array) -> tuple[Array, Array, Array]:
        t = (m[:, 0, 0] + m[:, 1, 1]) / 2
        s = np.hypot((m[:, 0, 0] - m[:, 1, 1]) / 2, (m[:, 0, 1] + m[:, 1, 0]) / 2)
        return t, s, np.abs(m[:, 0, 1] - m[:, 1, 0]) / 2

    (t, s, k), (t2, s2, k2) = parts(a), parts(b)
    norms = np.sqrt(t**2 + s**2 + k**2) * np.sqrt(t2**2 + s2**2 + k2**2)
    expected = np.arccos((t * t2 + s * s2 + k * k2) / norms)
    np.testing.assert_allclose(conjugacy.align(a, b).angles, expected, atol=1e-12)


def test_no_signed_permutation_or_fine_grid_of_rotations_beats_the_angle() -> None:
    a, b = gaussian(6, 3, "brute", "a"), gaussian(6, 3, "brute", "b")
    found = conjugacy.align(a, b).angles
    axes = [
        np.eye(3)[list(p)] * np.array(s)
        for p in itertools.permutations(range(3))
        for s in itertools.product((1.0, -1.0), repeat=3)
    ]
    # Euler angles on a 12° grid; conjugation cannot tell C from -C, so proper rotations suffice.
    z = [_about(2, t) for t in np.arange(0, 2 * np.pi, np.pi / 15)]
    x = [_about(0, t) for t in np.arange(0, np.pi + 0.01, np.pi / 15)]
    grid = np.stack([*axes, *(p @ q @ r for p, q, r in itertools.product(z, x, z))])
    coarse = np.array([angle(a[i], grid @ b[i] @ grid.swapaxes(1, 2)).min() for i in range(6)])
    assert (found <= coarse + 1e-12).all()
    # A grid point within 0.2 rad of the optimum in every plane is at most a second-order step above it.
    assert (coarse - found).max() < 0.1


def _about(axis: int, turn: float) -> Array:
    i, j = (k for k in range(3) if k != axis)
    c = np.eye(3)
    c[[i, i, j, j], [i, j, i, j]] = np.cos(turn), -np.sin(turn), np.sin(turn), np.cos(turn)
    return c


@pytest.mark.parametrize("n", [3, 10, 20])
def test_no_random_rotation_beats_the_angle(n: int) -> None:
    a, b = gaussian(5, n, "random", "a"), gaussian(5, n, "random", "b")
    draws = orthogonal(200, n, "draws")
    found = conjugacy.align(a, b).angles
    assert all(found[i] <= angle(a[i], draws @ b[i] @ draws.swapaxes(1, 2)).min() for i in range(5))


@pytest.mark.parametrize("n", [2, 5, 15])
def test_swapping_the_arguments_changes_nothing(n: int) -> None:
    a, b = gaussian(8, n, "swap", "a"), gaussian(8, n, "swap", "b")
    np.testing.assert_array_equal(conjugacy.align(a, b).angles, conjugacy.align(b, a).angles)


@pytest.mark.parametrize("n", [3, 10, 15])
def test_angle_between_unlike_operators_ignores_a_rotation_and_a_scale_of_one(n: int) -> None:
    a, b = gaussian(8, n, "frame", "a"), gaussian(8, n, "frame", "b")
    moved = 1e3 * conjugated(b, orthogonal(8, n, "moved"))
    np.testing.assert_allclose(conjugacy.align(a, moved).angles, conjugacy.align(a, b).angles, atol=1e-9)


def test_repeated_calls_agree_to_the_last_bit_and_touch_no_global_generator() -> None:
    a, b = gaussian(4, 10, "repeat", "a"), gaussian(4, 10, "repeat", "b")
    states = repr(np.random.get_state()), random.getstate(), torch.random.get_rng_state()  # noqa: NPY002
    first = conjugacy.align(a, b).angles
    np.testing.assert_array_equal(first, conjugacy.align(a, b).angles)
    assert (repr(np.random.get_state()), random.getstate()) == states[:2]  # noqa: NPY002
    assert torch.equal(torch.random.get_rng_state(), states[2])


def test_angle_of_a_pair_does_not_depend_on_the_other_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = gaussian(12, 6, "batch", "a"), gaussian(12, 6, "batch", "b")
    together = conjugacy.align(a, b).angles
    alone = [conjugacy.align(a[i : i + 1], b[i : i + 1]).angles[0] for i in range(12)]
    np.testing.assert_allclose(alone, together, rtol=0, atol=1e-12)
    monkeypatch.setattr(conjugacy, "ON_CPU", conjugacy.ON_CPU._replace(n_entries=200))
    np.testing.assert_allclose(conjugacy.align(a, b).angles, together, rtol=0, atol=1e-12)


@pytest.mark.parametrize("n", [6, 15, 20])
def test_threads_change_no_angle(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = gaussian(12, n, "batch", "a"), gaussian(12, n, "batch", "b")
    monkeypatch.setattr(conjugacy, "n_processors", lambda: 1)
    alone = conjugacy.align(a, b).angles
    monkeypatch.setattr(conjugacy, "n_processors", lambda: 3)
    np.testing.assert_array_equal(conjugacy.align(a, b).angles, alone)


def degenerate(n_matrices: int, n: int, *path: str | int) -> Array:
    """Draw operators with two singular values that dwarf the others, as of too few windows for their rank."""
    u, v = orthogonal(n_matrices, n, *path, "left"), orthogonal(n_matrices, n, *path, "right")
    values = np.concatenate([[1e6, 3e4], np.linspace(2, 0.5, n - 2)])
    return u * values @ v.swapaxes(1, 2)


@pytest.mark.parametrize(("n_pairs", "parts"), [(1, [1]), (2, [1, 1]), (35, [12, 12, 11])])
def test_processors_share_the_pairs(n_pairs: int, parts: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[int] = []

    def noted(a: Array, *_: object) -> tuple[Array, Array]:
        found.append(len(a))
        return np.zeros(len(a)), np.ones(len(a), dtype=bool)

    monkeypatch.setattr(conjugacy, "_align_batch", noted)
    monkeypatch.setattr(conjugacy, "n_processors", lambda: 3)
    a = gaussian(n_pairs, 4, "parts")
    conjugacy.align(a, a)
    assert sorted(found, reverse=True) == parts


def test_nothing_is_searched_for_operators_that_are_the_same_in_their_own_frames(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    a, b = gaussian(6, 9, "same a"), gaussian(6, 9, "same b")
    b[1::2] = conjugated(a[1::2], orthogonal(3, 9, "same"))
    searched: list[int] = []
    search = conjugacy.highest

    def noted(a: Array, *rest: object) -> Array:
        searched.append(len(a))
        return search(a, *rest)

    monkeypatch.setattr(conjugacy, "highest", noted)
    angles = conjugacy.align(a, b).angles
    assert sum(searched) == 3
    assert angles[1::2].max() < 1e-12
    assert angles[::2].min() > 0.1


def test_long_flat_valleys_are_climbed_to_their_end(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = degenerate(6, 30, "valley", "a"), degenerate(6, 30, "valley", "b")
    found = conjugacy.align(a, b)
    assert found.converged.all()
    monkeypatch.setattr(conjugacy, "POLISH", [effort._replace(gain=0.0) for effort in conjugacy.POLISH])
    further = conjugacy.align(a, b).angles
    assert np.abs(found.angles - further).max() < conjugacy.CONVERGED_ANGLE


@pytest.mark.parametrize("kind", [gaussian, degenerate])
def test_climb_that_is_cut_short_counts_as_converged_only_near_its_summit(
    kind: Callable[..., Array], monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = kind(6, 20, "short", "a"), kind(6, 20, "short", "b")
    summit = conjugacy.align(a, b).angles
    seen: list[bool] = []
    polish, settle = conjugacy.POLISH, conjugacy.SETTLE
    for n_steps in (0, 1, 2, 3, 5):
        monkeypatch.setattr(conjugacy, "POLISH", [polish[0]._replace(n_steps=n_steps)])
        monkeypatch.setattr(conjugacy, "SETTLE", settle._replace(n_steps=0))
        short = conjugacy.align(a, b)
        seen += short.converged.tolist()
        near = short.angles - summit < conjugacy.CONVERGED_ANGLE
        assert (near | ~short.converged).all()
    assert {True, False} == set(seen)


@pytest.mark.parametrize("offset", [1e-3, 1e-6, 1e-9])
def test_small_angles_keep_their_digits(offset: float) -> None:
    # diag(1, 1) and diag(1 + ε, 1 - ε) are ε apart, and no C brings them closer: their eigenvalues differ.
    a, b = np.eye(2)[None], np.diag([1 + offset, 1 - offset])[None]
    np.testing.assert_allclose(conjugacy.align(a, b).angles, np.arctan(offset), rtol=1e-6)


def test_opposite_numbers_are_at_angle_pi() -> None:
    np.testing.assert_allclose(conjugacy.align([[[2.0]]], [[[-3.0]]]).angles, np.pi)


def test_no_pairs_have_no_angles() -> None:
    assert conjugacy.align(np.zeros((0, 3, 3)), np.zeros((0, 3, 3))).angles.shape == (0,)


def test_what_cannot_be_aligned_is_refused() -> None:
    a = gaussian(2, 3, "bad")
    with pytest.raises(ShapeError, match="equal size"):
        conjugacy.align(a, gaussian(2, 4, "bad"))
    with pytest.raises(ShapeError, match="needed \\(n_pairs, n, n\\)"):
        conjugacy.align(a[0], a[0])
    with pytest.raises(NonFiniteError, match="b holds NaN"):
        conjugacy.align(a, a * np.nan)
    with pytest.raises(DegenerateInputError, match=r"b\[1\] is zero"):
        conjugacy.align(a, a * np.array([1.0, 0.0])[:, None, None])
