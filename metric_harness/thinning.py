"""Fewer samples of a recording, for metrics whose cost grows like their square."""

import numpy as np

from metric_harness.arrays import Activations, Trajectories, flattened


def thinned(x: Trajectories, n_samples: int) -> Activations:
    """Return at most n_samples samples, the same times of every trial, shape (samples, units).

    As many times are kept as fit, in the middles of equally long parts of a trial; at least one, so that no trial is
    lost, also where there are more trials than n_samples.

    Args:
        x: shape (trials, time, units).
        n_samples: most samples that are kept.
    """
    n_trials, n_times, _ = x.shape
    n_kept = max(1, n_samples // n_trials)
    if n_kept >= n_times:
        return flattened(x)
    return flattened(x[:, ((np.arange(n_kept) + 0.5) * n_times / n_kept).astype(int)])
