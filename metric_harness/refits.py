"""The affine refit: states of one recording mapped onto those of another, sample by sample."""

from typing import Any, cast

import numpy as np

from metric_harness.arrays import Array, Trajectories, flattened

SMALLEST = 1e-6
"""Singular values below this share of the largest are left out: silent units have no weight to be given."""


def refitted(states: Trajectories, goal: Trajectories) -> Trajectories:
    """Return states after the affine map that brings them nearest to a goal by least squares.

    Args:
        states: shape (trials, time, units).
        goal: on the same trials, shape (trials, time, units of the goal).

    Returns:
        Shape of the goal.
    """
    x, y = flattened(states), flattened(goal)
    residual, center = x - x.mean(axis=0), y.mean(axis=0)
    weights: Array = cast(Any, np.linalg).lstsq(residual, y - center, rcond=SMALLEST)[0]
    return (residual @ weights + center).reshape(goal.shape)


def explained_by(fit: Trajectories, goal: Trajectories) -> float:
    """Return the share of the goal's variance that a fit explains, R² over all units."""
    x, y = flattened(fit), flattened(goal)
    return 1 - float(((y - x) ** 2).sum() / ((y - y.mean(axis=0)) ** 2).sum())
