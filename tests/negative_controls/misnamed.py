"""Controls that are close to the measure whose name they bear, and are not it.

They are run before the group `misleading` only.
"""

import dataclasses
from collections.abc import Mapping

import numpy as np
from right_metrics import PAIRED, linear_cka

from metric_harness.arrays import centered, paired_activations
from metric_harness.interfaces import metric


def cka(x, y):
    return 1 - linear_cka(x, y)


@metric(claims=PAIRED, kind="similarity", family="linear CKA")
def clips_far_samples(x, y):
    """Clips samples that lie far out, and does not say so."""
    return cka(*(np.clip(z, *np.quantile(z, (0.001, 0.999), axis=0)) for z in paired_activations(x, y)))


@metric(claims=PAIRED, kind="similarity", family="linear CKA")
def rounds_off(x, y):
    """Right but for the fourth digit, as a coarse solver is."""
    return round(cka(x, y), 4)


@metric(claims=dataclasses.replace(PAIRED, unequal_units=True), family="Procrustes angle")
def half_angle(x, y):
    """Takes half of the angle."""
    x, y = (centered(z, "x") / np.linalg.norm(centered(z, "x")) for z in paired_activations(x, y))
    return float(np.arccos(min(1.0, np.linalg.norm(x.T @ y, "nuc")))) / 2


CORE = "linear_cka"
"""What the controls of this file are like where names do not matter."""
GROUPS = ("misleading",)
"""Groups that the controls of this file are run before."""
FAILS: Mapping[str, Mapping[str, str]] = {
    "clips_far_samples": {
        "misleading.inequalities": "a theorem",
        "misleading.outlier": "departure from the closed form at shift 1000 ",
        "misleading.same_name": "largest difference",
    },
    "rounds_off": {"misleading.inequalities": "a theorem", "misleading.same_name": "largest difference"},
    "half_angle": {
        "misleading.inequalities": "a theorem",
        "misleading.outlier": "departure from the closed form at shift 1e+06",
        "misleading.same_name": "largest difference",
        "misleading.subset_translation": "departure from the closed form at shift 1e+06",
    },
}
