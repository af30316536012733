"""Surrogates keep what they promise to keep."""

import numpy as np
import pytest

from metric_harness.seeding import generator
from metric_harness.surrogates import circularly_shifted, random_walks, shift_steps, shuffled_samples

X = np.arange(24.0).reshape(2, 4, 3)


def test_shuffled_samples_are_the_same_samples_in_another_order():
    y = shuffled_samples(X, generator(1, "shuffle"))
    assert y.shape == X.shape
    assert not np.array_equal(y, X)
    np.testing.assert_array_equal(np.sort(y.reshape(-1, 3), axis=0), X.reshape(-1, 3))
    np.testing.assert_array_equal(np.diff(y, axis=-1), 1)
    # Over trials, too.
    assert {row[0] for row in y[0]} != {row[0] for row in X[0]}


def test_a_shift_moves_the_last_times_to_the_front_of_each_trial():
    np.testing.assert_array_equal(circularly_shifted(X, 1), X[:, [3, 0, 1, 2]])
    np.testing.assert_array_equal(circularly_shifted(X, 4), X)


def test_shifts_are_different_and_not_small():
    steps = shift_steps(100, 19, generator(1, "steps"))
    assert len(set(steps)) == 19
    assert min(steps) >= 10
    assert max(steps) <= 90
    assert sorted(shift_steps(10, 9, generator(1, "steps"))) == list(range(1, 10))
    with pytest.raises(ValueError, match="10 times allow 9 shifts; needed 10"):
        shift_steps(10, 10, generator(1, "steps"))


def test_random_walks_have_independent_steps_of_variance_one():
    x = random_walks(50, 200, 4, generator(1, "walks"))
    steps = np.diff(x, axis=1)
    assert x.shape == (50, 200, 4)
    assert steps.std() == pytest.approx(1, abs=0.02)
    assert np.mean(steps[:, 1:] * steps[:, :-1]) == pytest.approx(0, abs=0.02)
    # After n steps the variance is n.
    assert x[:, -1].var() == pytest.approx(200, rel=0.3)
