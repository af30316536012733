"""Thinned recordings keep every trial, and evenly spaced times that are the same in each."""

import numpy as np
import pytest

from metric_harness.thinning import thinned


def counted(n_trials: int, n_times: int) -> np.ndarray:
    """Return trajectories whose units are the trial and the time."""
    return np.stack(np.meshgrid(np.arange(n_trials), np.arange(n_times), indexing="ij"), axis=-1).astype(float)


@pytest.mark.parametrize(
    ("n_trials", "n_times", "n_samples", "times"),
    [
        (2, 6, 12, [0, 1, 2, 3, 4, 5]),
        (2, 6, 100, [0, 1, 2, 3, 4, 5]),
        (2, 6, 11, [0, 1, 3, 4, 5]),
        # The middles of three, two and one part.
        (2, 6, 7, [1, 3, 5]),
        (2, 6, 4, [1, 4]),
        (2, 6, 2, [3]),
        # No trial is lost.
        (5, 7, 3, [3]),
    ],
)
def test_as_many_times_are_kept_as_fit(n_trials, n_times, n_samples, times):
    found = thinned(counted(n_trials, n_times), n_samples)
    assert found.tolist() == [[trial, time] for trial in range(n_trials) for time in times]


@pytest.mark.parametrize("n_times", [1, 2, 7, 150])
def test_kept_times_differ_and_lie_within_the_trial(n_times):
    for n_samples in range(1, n_times + 3):
        kept = thinned(counted(1, n_times), n_samples)[:, 1]
        assert len(kept) == min(n_samples, n_times)
        assert np.diff(kept).min(initial=1) >= 1
        assert 0 <= kept.min() <= kept.max() < n_times
