"""Controls that see something of a network, but not what its behavior hangs on.

They are run before the group `ablation` only; away from lesions they are metrics like others.
"""

from collections.abc import Mapping

import numpy as np
from right_metrics import PAIRED, linear_cka

from metric_harness.arrays import paired_activations, trajectories
from metric_harness.interfaces import metric


@metric(claims=PAIRED)
def same_time(x, y):
    """Compares covariances of the states, axes and all: single-time geometry, wherever it came from."""
    first, second = (np.cov(z.T) for z in paired_activations(x, y))
    return float(np.linalg.norm(first - second))


@metric(needs="trajectories", claims=PAIRED)
def averages_trials(x, y):
    """Compares the mean course over trials: what all of them share, not what tells them apart."""
    return linear_cka(*(trajectories(z).mean(axis=0) for z in (x, y)))


GROUPS = ("ablation",)
"""Groups that the controls of this file are run before."""
FAILS: Mapping[str, Mapping[str, str]] = {
    "same_time": {
        "ablation.dose": "share of ordered networks = 0 ",
        "ablation.readout_null": "share of networks",
        "ablation.recurrence": "share of networks = 0 ",
        "ablation.relevant_units": "share of networks = 0 ",
    },
    "averages_trials": {"ablation.readout_null": "share of networks"},
}
