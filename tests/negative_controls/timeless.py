"""Controls that look at time, and miss what makes dynamics: single trials, any coordinates, one system for all trials.

They are run before the group `dynamics` only; elsewhere they are metrics like others.
"""

import dataclasses
from collections.abc import Mapping
from typing import ClassVar, final

import numpy as np
from right_metrics import UNPAIRED, LaggedMetric

CLAIMED = dataclasses.replace(UNPAIRED, time_order=True)


@final
class Averages(LaggedMetric):
    """Compares the dynamics of averages: the first half of the trials and the second, each averaged."""

    claims: ClassVar = CLAIMED

    def lagged(self, x):
        return super().lagged(np.stack([half.mean(axis=0) for half in np.array_split(x, 2)]))


@final
class AxisByAxis(LaggedMetric):
    """Compares lagged covariances axis by axis, and claims that axes do not matter."""

    claims: ClassVar = dataclasses.replace(CLAIMED, conjugacy=True)


@final
class SumsTrials(LaggedMetric):
    """Sums over trials what it should average, so that a trial counts twice once it is cut."""

    claims: ClassVar = CLAIMED

    def lagged(self, x):
        return super().lagged(x) * len(x)


GROUPS = ("dynamics",)
"""Groups that the controls of this file are run before."""
FAILS: Mapping[str, Mapping[str, str]] = {
    "Averages": {
        "dynamics.deformation": "largest deformation beyond a tenth",
        "dynamics.equal_averages": "nearest-neighbor accuracy",
        "dynamics.planted_conjugacy": "is not below",
        "dynamics.topology": "jump beyond five median steps",
    },
    "AxisByAxis": {
        "dynamics.blind_spots": "rotation reversed beyond a tenth of the range",
        "dynamics.deformation": "largest deformation beyond a tenth",
        "dynamics.planted_conjugacy": "is not below",
    },
    "SumsTrials": {
        "dynamics.deformation": "largest deformation beyond a tenth",
        "dynamics.planted_conjugacy": "is not below",
        "dynamics.trial_pooling": "share of cutting",
    },
}
