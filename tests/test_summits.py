"""New starts keep what is right about an end, summits are told apart, and the search finds more than its parts."""

import numpy as np
import pytest

from metric_harness import conjugacy, summits
from metric_harness.arrays import Array
from metric_harness.ascent import Effort
from metric_harness.seeding import generator
from metric_harness.summits import Crossing

SIZES = (1, 2, 3, 5, 10, 20, 30, 50)


def gaussian(n_matrices: int, n: int, *path: str | int) -> Array:
    return generator(8, *path, n).standard_normal((n_matrices, n, n)) / np.sqrt(n)


def ends(n_pairs: int, n_ends: int, n: int) -> Array:
    return np.linalg.qr(gaussian(n_pairs * n_ends, n, "ends"))[0].reshape(n_pairs, n_ends, n, n)


@pytest.mark.parametrize("n", SIZES)
def test_kicks_turn_a_run_of_axes_and_leave_the_others_alone(n: int) -> None:
    kicks = summits._kicks(3, 6, n).reshape(-1, n, n)
    np.testing.assert_allclose(kicks @ kicks.swapaxes(1, 2), np.broadcast_to(np.eye(n), kicks.shape), atol=1e-12)
    for kick in kicks:
        turned = np.flatnonzero(np.abs(kick - np.eye(n)).max(axis=1) > 1e-12)
        assert len(turned) <= max(2, 0.65 * n)
        assert (np.diff(turned) == 1).all()
    np.testing.assert_array_equal(summits._kicks(1, 6, n)[0], summits._kicks(3, 6, n)[0])


def test_an_end_is_kicked_in_the_first_operators_axes_and_in_the_seconds_by_turns() -> None:
    given, kicks = ends(4, 5, 6), summits._kicks(1, 3, 6)[0]
    for turn in (0, 1):
        kicked = summits._kicked(given, kicks, turn)
        for i in range(3):
            expected = kicks[i] @ given[:, i] if (i + turn) % 2 == 0 else given[:, i] @ kicks[i]
            np.testing.assert_array_equal(kicked[:, i], expected)


@pytest.mark.parametrize("n", SIZES)
def test_crossings_name_two_ends_and_a_run_of_axes(n: int) -> None:
    rounds = summits._crossings(12, 3, 8, n)
    every = [crossing for crossings in rounds for crossing in crossings]
    assert [len(crossings) for crossings in rounds] == [3] * 12
    assert [(c.first, c.second) for c in every[:6]] == [(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)]
    assert {(c.first, c.second) for c in every} == {(i, j) for j in range(8) for i in range(j)}
    for _, _, axes in every:
        assert 0 <= axes.start < axes.stop <= n
        assert axes.stop - axes.start <= max(1, 0.75 * n)
    assert summits._crossings(1, 3, 8, n)[0] == rounds[0]


@pytest.mark.parametrize("n", [2, 7, 20])
def test_a_crossed_end_is_orthogonal_and_keeps_the_axes_of_the_first(n: int) -> None:
    given, axes = ends(4, 3, n), slice(1, max(2, n // 2))
    child = summits._crossed(given, [Crossing(0, 2, axes)])[:, 0]
    np.testing.assert_allclose(child @ child.swapaxes(1, 2), np.broadcast_to(np.eye(n), child.shape), atol=1e-12)
    np.testing.assert_allclose(child[:, axes], given[:, 0, axes], atol=1e-12)


def test_ends_that_differ_by_their_sign_or_elsewhere_alone_are_crossed_into_themselves() -> None:
    given, axes = ends(4, 2, 6), slice(0, 3)
    given[:, 1] = -given[:, 0]
    np.testing.assert_allclose(summits._crossed(given, [Crossing(0, 1, axes)])[:, 0], given[:, 0], atol=1e-12)
    turned = np.eye(6)
    turned[3:, 3:] = np.linalg.qr(gaussian(1, 3, "elsewhere")[0])[0]
    given[:, 1] = turned @ given[:, 0]
    alike = np.sign((given[:, 0] * given[:, 1]).sum(axis=(1, 2)))[:, None, None]
    crossed = summits._crossed(given, [Crossing(0, 1, axes)])[:, 0]
    np.testing.assert_allclose(crossed[:, axes], given[:, 0, axes], atol=1e-12)
    np.testing.assert_allclose(crossed[:, 3:], (alike * given[:, 1])[:, 3:], atol=1e-12)


def test_axes_that_both_ends_turn_to_one_place_are_still_crossed_into_a_rotation() -> None:
    given = np.stack([np.eye(4), np.eye(4)[[2, 3, 0, 1]]])[None]  # what is mixed of them has equal rows
    child = summits._crossed(given, [Crossing(0, 1, slice(0, 2))])[0, 0]
    np.testing.assert_allclose(child @ child.T, np.eye(4), atol=1e-12)


def test_ends_of_one_height_are_kept_once_while_there_are_others() -> None:
    heights = np.array([[0.5, 0.9, 0.9 - 1e-7, 0.7, 0.9 - 2e-7], [0.1, 0.2, 0.3, 0.4, 0.5]])
    given = np.arange(10.0).reshape(2, 5, 1, 1)
    kept, found = summits._highest(given, heights, 4)
    np.testing.assert_array_equal(found, [[0.9, 0.7, 0.5, 0.9 - 1e-7], [0.5, 0.4, 0.3, 0.2]])
    np.testing.assert_array_equal(kept[:, :, 0, 0], [[1, 3, 0, 2], [9, 8, 7, 6]])


def angles(a: Array, b: Array) -> Array:
    return conjugacy.align(a, b).angles


@pytest.mark.parametrize("without", ["_kicked", "_crossed", "both"])
def test_kicks_and_crossings_find_lower_angles_than_starts_alone(without: str, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = gaussian(60, 16, "kicked a"), gaussian(60, 16, "kicked b")
    whole = angles(a, b)
    if without in ("_kicked", "both"):
        monkeypatch.setattr(summits, "_kicked", lambda ends, kicks, _: ends[:, : len(kicks)])
    if without in ("_crossed", "both"):
        monkeypatch.setattr(summits, "_crossed", lambda ends, crossings: ends[:, : len(crossings)])
    less = angles(a, b)
    if without == "both":  # every other start is the same
        assert (whole <= less + 1e-6).all()
        assert (whole < less - 5e-3).mean() > 0.1
    assert (whole < less - 2e-3).mean() > (whole > less + 2e-3).mean() + 0.03


def test_starts_may_lie_in_memory_in_any_order() -> None:
    a, b = gaussian(3, 5, "order a"), gaussian(3, 5, "order b")
    starts = ends(3, 2, 5)
    effort = Effort(4, 1e-9, 12)
    expected = summits.climbed(a, b, starts, effort, 1000)
    turned = starts.transpose(1, 0, 3, 2).copy().transpose(1, 0, 3, 2)
    read_only = np.broadcast_to(starts, starts.shape)
    for given in (turned, read_only):
        before = given.copy()
        for mine, theirs in zip(summits.climbed(a, b, given, effort, 1000), expected, strict=True):
            np.testing.assert_array_equal(mine, theirs)
        np.testing.assert_array_equal(given, before)
