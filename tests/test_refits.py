"""The affine refit undoes what is affine, and nothing else."""

import numpy as np
import pytest

from metric_harness.refits import explained_by, refitted
from metric_harness.seeding import generator


def rng(*path: str | int) -> np.random.Generator:
    return generator(73, "test_refits", *path)


@pytest.fixture
def goal() -> np.ndarray:
    return rng("goal").standard_normal((4, 30, 5))


def test_an_affine_map_is_undone(goal):
    mapped = goal @ rng("map").standard_normal((5, 5)) + 3
    np.testing.assert_allclose(refitted(mapped, goal), goal, atol=1e-8)
    assert explained_by(goal, goal) == 1


def test_units_that_are_silent_or_doubled_do_no_harm(goal):
    wide = np.concatenate([goal, goal[..., :2], np.zeros((4, 30, 2))], axis=-1)
    np.testing.assert_allclose(refitted(wide, goal), goal, atol=1e-8)


def test_no_other_affine_map_comes_nearer(goal):
    states = goal[..., :3] + 0.3 * rng("noise").standard_normal((4, 30, 3))
    x = np.hstack([states.reshape(-1, 3), np.ones((120, 1))])
    best = x @ np.linalg.lstsq(x, goal.reshape(-1, 5), rcond=None)[0]
    np.testing.assert_allclose(refitted(states, goal), best.reshape(goal.shape), atol=1e-8)


def test_what_states_do_not_hold_does_not_come_back(goal):
    fit = refitted(goal[..., :3], goal)
    share = goal[..., :3].reshape(-1, 3).var(axis=0).sum() / goal.reshape(-1, 5).var(axis=0).sum()
    assert explained_by(fit, goal) == pytest.approx(share, abs=0.05)
