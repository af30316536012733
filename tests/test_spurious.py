"""Recordings whose likeness and whose task come apart: what they share, and what a decoder finds in them."""

import hypothesis
import numpy as np
import pytest

from metric_harness.spurious import (
    DECODED,
    LOST,
    N_TIMES,
    N_TRIALS,
    Recipe,
    accuracy,
    decoding_axis,
    recipes,
    recordings,
)

RECIPE = Recipe(weakness=1, n_more=1, n_more_units=2, noise=1, seed=3)


def test_recordings_are_of_one_shape_and_equal_recipes_make_equal_ones():
    made, variable = recordings(RECIPE)
    again, _ = recordings(RECIPE)
    assert {x.shape for x in made.values()} == {(N_TRIALS, N_TIMES, 5)}
    assert all(np.array_equal(made[kind], again[kind]) for kind in made)
    assert sorted(variable) == [-1] * (N_TRIALS // 2) + [1] * (N_TRIALS // 2)


@pytest.mark.parametrize("seed", range(5))
def test_the_variable_is_decoded_where_it_is_and_lost_where_it_is_not(seed):
    made, variable = recordings(Recipe(n_more=1, n_more_units=1, seed=seed))
    found = {kind: accuracy(x, variable) for kind, x in made.items()}
    assert min(found[kind] for kind in ("recording", "repeated", "foreign")) >= DECODED
    assert found["stripped"] <= LOST


def test_a_stripped_recording_shares_all_but_the_variable_and_a_foreign_one_the_variable_alone():
    made, _ = recordings(Recipe(n_more=1))
    stripped, foreign = (made[kind] - made["recording"] for kind in ("stripped", "foreign"))
    # Noise is .05: what differs along the weights of the variable is constant within a trial.
    assert stripped.std(axis=1).max() < 0.15
    assert foreign.std(axis=1).max() > 0.5
    assert np.abs(stripped.mean(axis=1)).max() > 0.5
    assert np.abs((made["repeated"] - made["recording"]).mean(axis=1)).max() < 0.1


def test_a_weak_variable_is_half_as_strong_for_each_step():
    gaps = []
    for weakness in (0, 3):
        made, _ = recordings(Recipe(weakness=weakness, seed=5))
        stripped = made["recording"] - made["stripped"]
        gaps.append(np.abs(stripped.mean(axis=1)).max())
    assert gaps[0] / gaps[1] == pytest.approx(8, rel=0.2)


def test_the_discriminant_is_right_where_the_answer_is_known():
    # Two classes on a line, 1 to either side, and a second axis of pure noise.
    rng = np.random.default_rng(0)
    variable = np.repeat([1.0, -1.0], 12)
    x = np.stack([variable, 5 * rng.standard_normal(24)], axis=1)[:, None] + 0.1 * rng.standard_normal((24, 30, 2))
    assert accuracy(x, variable) == 1.0
    assert np.abs(decoding_axis(x, variable)) == pytest.approx([1, 0], abs=0.05)
    assert accuracy(x, np.tile([1.0, -1.0], 12)) <= LOST


def test_the_simplest_recipe_has_zeros_only():
    assert hypothesis.find(recipes(), lambda _: True) == Recipe()
