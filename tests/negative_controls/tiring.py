"""A control whose answers hang on when it is asked."""

import itertools
from collections.abc import Mapping

from right_metrics import PAIRED

from metric_harness.arrays import paired_activations
from metric_harness.interfaces import metric

GROUPS = ("ablation", "learning")
ASKED = itertools.count(1)


@metric(claims=PAIRED)
def tires(x, y):
    """Gives a smaller number at each question, so that any series asked in one order has one order."""
    paired_activations(x, y)
    return 1e6 - next(ASKED)


FAILS: Mapping[str, Mapping[str, str]] = {
    "tires": {
        "ablation.dose": "sign test p",
        "ablation.readout_null": "share of networks",
        "ablation.recurrence": "share of networks",
        "ablation.relevant_units": "share of networks",
        "learning.behavior": "permutation p",
        "learning.gradual": "share of approaching networks",
        "learning.shared_subtasks": "p of the trend",
        "learning.task_epochs": "permutation p in stimulus",
        "learning.within": "mean correlation of untrained series",
    },
}
