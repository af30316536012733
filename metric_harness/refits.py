"""The affine refit: states of one recording mapped onto those of another, sample by sample."""

import numpy as np

from metric_harness.arrays import Trajectories, flattened

SMALLEST = 1e-10
"""Variances below this share of the largest are left out: silent units have no weight to be given."""


def refitted(states: Trajectories, goal: Trajectories) -> Trajectories:
    """Return states after the affine map that brings them nearest to a goal by least squares.

    The normal equations are solved in the principal components of the states.

    Args:
        states: shape (trials, time, units).
        goal: on the same trials, shape (trials, time, units of the goal).

    Returns:
        Shape of the goal.
    """
    x, y = flattened(states), flattened(goal)
    residual, center = x - x.mean(axis=0), y.mean(axis=0)
    squares, axes = np.linalg.eigh(residual.T @ residual)
    kept = squares > SMALLEST * squares[-1]
    components = residual @ axes[:, kept]
    weights = (components.T @ (y - center)) / squares[kept, None]
    return (components @ weights + center).reshape(goal.shape)


def explained_by(fit: Trajectories, goal: Trajectories) -> float:
    """Return the share of the goal's variance that a fit explains, R² over all units."""
    x, y = flattened(fit), flattened(goal)
    return 1 - float(((y - x) ** 2).sum() / ((y - y.mean(axis=0)) ** 2).sum())
