"""Controls that look at time, and miss what makes dynamics: single trials, all coordinates, one system for all trials.

They are run before the group `dynamics` only; elsewhere they are metrics like others.
"""

import dataclasses
from collections.abc import Mapping
from typing import ClassVar, final

import numpy as np
from right_metrics import UNPAIRED, LaggedMetric

from metric_harness.arrays import trajectories
from metric_harness.interfaces import AbstractMetric

CLAIMED = dataclasses.replace(UNPAIRED, time_order=True)


@final
class Averages(LaggedMetric):
    """Compares the dynamics of averages: the first half of the trials and the second, each averaged."""

    claims: ClassVar = CLAIMED

    def lagged(self, x):
        return super().lagged(np.stack([half.mean(axis=0) for half in np.array_split(x, 2)]))


@final
class LastUnit(LaggedMetric):
    """Compares the autocorrelation of the unit that is listed last."""

    claims: ClassVar = CLAIMED

    def lagged(self, x):
        return super().lagged(x[..., -1:])


@final
class AxisByAxis(LaggedMetric):
    """Compares lagged covariances axis by axis, and claims that axes do not matter."""

    claims: ClassVar = dataclasses.replace(CLAIMED, conjugacy=True)


@final
class TrialByTrial(AbstractMetric):
    """Fits an operator to each trial in principal axes of its own, and averages what has no axes in common."""

    needs: ClassVar = "trajectories"
    claims: ClassVar = CLAIMED

    def distance(self, x, y):
        return float(np.linalg.norm(averaged_operator(trajectories(x, "x")) - averaged_operator(trajectories(y, "y"))))


def averaged_operator(x):
    """Return the mean over trials of operators, each in the singular basis of its trial."""
    operators = []
    for trial in x - x.mean(axis=(0, 1)):
        basis = np.linalg.svd(trial, full_matrices=False)[2]
        before, after = trial[:-1] @ basis.T, trial[1:] @ basis.T
        operators.append(np.linalg.lstsq(before, after, rcond=None)[0].T)
    return np.mean(operators, axis=0)


GROUPS = ("dynamics",)
FAILS: Mapping[str, Mapping[str, str]] = {
    "Averages": {"dynamics.equal_averages": "nearest-neighbor accuracy"},
    "LastUnit": {"dynamics.partial_observation": "correlation with 2 observed"},
    "AxisByAxis": {"dynamics.blind_spots": "rotation reversed beyond a tenth of the range"},
    "TrialByTrial": {"dynamics.trial_pooling": "share of cutting"},
}
