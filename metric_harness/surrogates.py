"""Surrogate recordings: what a null hypothesis would have recorded. Pure functions of trajectories.

Every function takes and returns float64 trajectories of shape (trials, time, units) and leaves its inputs untouched.
"""

import numpy as np

from metric_harness.arrays import Trajectories, trajectories


def shuffled_samples(x: Trajectories, rng: np.random.Generator) -> Trajectories:
    """Return the samples of all trials and times in random order, each with all its units."""
    states = trajectories(x)
    return rng.permutation(states.reshape(-1, states.shape[-1])).reshape(states.shape)


def circularly_shifted(x: Trajectories, steps: int) -> Trajectories:
    """Return each trial with its last `steps` times first; it keeps its course but for one joint."""
    return np.roll(trajectories(x), steps, axis=1)


def shift_steps(n_times: int, n_shifts: int, rng: np.random.Generator) -> list[int]:
    """Draw different shifts of at least a tenth of the trial either way.

    Raises:
        ValueError: if there are fewer such shifts than wanted.
    """
    nearest = max(1, n_times // 10)
    possible = np.arange(nearest, n_times - nearest + 1)
    if len(possible) < n_shifts:
        raise ValueError(f"{n_times} times allow {len(possible)} shifts; needed {n_shifts}. Record longer trials.")
    return [int(steps) for steps in rng.choice(possible, n_shifts, replace=False)]


def random_walks(n_trials: int, n_times: int, n_units: int, rng: np.random.Generator) -> Trajectories:
    """Draw sums of independent standard normal steps, of every unit and trial by itself."""
    return rng.standard_normal((n_trials, n_times, n_units)).cumsum(axis=1)
