"""Yoked motion is as large and runs as the motion that it is yoked to, along another direction."""

import numpy as np
import pytest

from metric_harness.arrays import flattened
from metric_harness.readout_motion import STRENGTHS, WANTED, choice_axes, interpolated, unseen_directions
from metric_harness.recording import stacked
from metric_harness.seeding import generator
from metric_harness.yoked_motion import pushing, yoked
from metric_harness.zoo_recordings import recorded, shipped_zoo

pytestmark = pytest.mark.usefixtures("one_thread")


def rng(*path: str | int) -> np.random.Generator:
    return generator(79, "test_yoked_motion", *path)


def unit(n_networks: int, n_units: int, *path: str | int) -> np.ndarray:
    drawn = rng(*path).standard_normal((n_networks, n_units))
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def found():
    zoo, trials = shipped_zoo(), shipped_zoo().trials(6)
    specimens = [zoo.final("master", seed) for seed in (0, 1)]
    seen, unseen = unit(2, 64, "seen"), unit(2, 64, "unseen")
    push = pushing(0.1 * seen, rng("noise").standard_normal((280, 6)))
    parameters = stacked([zoo.weights(s) for s in specimens])
    moved = yoked(zoo.network, parameters, trials, 6, push=push, seen=seen, unseen=unseen)
    return moved, seen, unseen, recorded(zoo, specimens, trials)


def test_the_first_run_is_the_intact_one(found):
    moved, _, _, plain = found
    for x, y in zip(moved.recordings[0], plain, strict=True):
        np.testing.assert_allclose(x, y, atol=1e-5)


def test_yoked_states_stand_off_along_their_direction_as_the_pushed_ones_do_along_theirs(found):
    moved, seen, unseen, _ = found
    for k in range(2):
        intact, pushed, kept = (arm[k] for arm in moved.recordings)
        course, yoke = (pushed - intact) @ seen[k], (kept - intact) @ unseen[k]
        scale = np.sqrt(((pushed - intact) ** 2).sum() / (course**2).sum())
        np.testing.assert_allclose(yoke, scale * course, atol=1e-4)
        assert scale >= 1


def test_motions_are_mean_squares_of_displacements(found):
    moved, *_ = found
    for arm in (1, 2):
        for k in range(2):
            away = flattened(moved.recordings[arm][k] - moved.recordings[0][k])
            assert moved.motions[arm - 1, k] == pytest.approx((away**2).sum(axis=1).mean(), rel=1e-4)


def test_the_readout_sees_the_choice_axis_and_not_what_lies_across_it():
    readouts = rng("readouts").standard_normal((3, 20, 3))
    axes = choice_axes(readouts)
    seen = np.einsum("ki,kio->ko", axes, readouts)
    assert (seen[:, 1] > seen[:, 2]).all()
    factors = rng("felt").standard_normal((2, 3, 20, 30))
    felt, covariances = factors @ factors.swapaxes(-1, -2)
    unseen = unseen_directions(readouts, felt, covariances)
    np.testing.assert_allclose(np.einsum("ki,kio->ko", unseen, readouts), 0, atol=1e-10)
    np.testing.assert_allclose(np.linalg.norm(unseen, axis=1), 1)
    mean_felt = np.trace(felt, axis1=1, axis2=2) / 20
    assert (np.einsum("ki,kij,kj->k", unseen, felt, unseen) < mean_felt).all()


def test_the_strength_is_where_the_curve_of_drops_reaches_what_is_wanted():
    assert interpolated(np.array([0.0, WANTED, 0.4, 0.5])) == pytest.approx(STRENGTHS[1])
    between = interpolated(np.array([0.0, WANTED - 0.1, WANTED + 0.1, 0.5]))
    assert between == pytest.approx(np.sqrt(STRENGTHS[1] * STRENGTHS[2]))
    assert interpolated(np.zeros(4)) == pytest.approx(STRENGTHS[-1], rel=1e-3)
    assert interpolated(np.full(4, 0.5)) == pytest.approx(STRENGTHS[0])
