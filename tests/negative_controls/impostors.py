"""Trivial summaries that ask for trouble: they need paired samples and bear the name of a measure.

Where the claims of a plain summary keep it from being asked, these are. They run before the group `misleading` only.
"""

from collections.abc import Mapping

import numpy as np
import summaries
from right_metrics import PAIRED

from metric_harness.arrays import paired_activations
from metric_harness.interfaces import metric

NAME = "linear CKA"


@metric(claims=PAIRED, family=NAME)
def named_norm(x, y):
    """Difference of Frobenius norms."""
    return summaries.norm(x, y)


@metric(claims=PAIRED, family=NAME)
def named_mean(x, y):
    """Distance of mean states."""
    return summaries.mean(x, y)


@metric(claims=PAIRED, family=NAME)
def named_variance(x, y):
    """Difference of total variances."""
    return summaries.variance(x, y)


@metric(claims=PAIRED, family=NAME)
def named_covariance_spectrum(x, y):
    """Distance of the sorted variances of all components, which are not formed where they are zero."""
    first, second = (np.linalg.svd(z - z.mean(axis=0), compute_uv=False) ** 2 for z in paired_activations(x, y))
    shared = min(len(first), len(second))
    return float(np.linalg.norm(first[:shared] - second[:shared])) / len(x)


@metric(claims=PAIRED, family=NAME)
def named_constant(x, y):
    """The same answer to everything valid."""
    return summaries.constant(x, y)


@metric(claims=PAIRED, family=NAME)
def named_random(x, y):
    """A fresh uniform number."""
    return summaries.random(x, y)


GROUPS = ("misleading",)
"""Groups that the controls of this file are run before."""
FAILS: Mapping[str, Mapping[str, str]] = {
    **{
        f"named_{name}": summaries.DECEIVED
        | {
            "misleading.autocorrelation": "power = 0 ",
            "misleading.confound": "smallest range over worlds",
            "misleading.inequalities": "largest excess over",
            "misleading.null_bias": "similarity at" if name == "covariance_spectrum" else "smallest range over worlds",
            "misleading.outlier": "departure from the closed form at shift 1e+06",
            "misleading.same_name": "largest difference",
            "misleading.subset_translation": "departure from the closed form at shift 1e+06",
        }
        for name in ("norm", "mean", "variance", "covariance_spectrum", "constant")
    },
    "named_random": {},
}
FRESH = ("named_random",)
"""Controls whose numbers differ from run to run."""
