"""Controls that give bad answers, or answers to bad input."""

from collections.abc import Mapping

import numpy as np
from right_metrics import PAIRED, linear_cka

from metric_harness.arrays import paired_activations
from metric_harness.interfaces import metric


@metric(claims=PAIRED)
def drops_bad_rows(x, y):
    """Leaves out samples that are not finite instead of refusing them."""
    kept = np.isfinite(x).all(axis=-1) & np.isfinite(y).all(axis=-1)
    return linear_cka(x[kept], y[kept])


@metric(claims=PAIRED)
def passes_on_nan(x, y):
    """Lets NaN through to its answer instead of refusing it."""
    return linear_cka(x, y) if np.isfinite(x).all() and np.isfinite(y).all() else float("nan")


@metric(claims=PAIRED)
def truncates(x, y):
    """Cuts the longer recording to the shorter one's length."""
    n = min(len(x), len(y))
    return linear_cka(x[:n], y[:n])


@metric(claims=PAIRED)
def reshapes(x, y):
    """Reshapes whatever number of axes it gets to two."""
    return linear_cka(x.reshape(-1, x.shape[-1] if x.ndim > 1 else 4), y.reshape(-1, y.shape[-1] if y.ndim > 1 else 4))


@metric(claims=PAIRED)
def shrugs(x, y):
    """Answers a half where it cannot compare."""
    try:
        return linear_cka(x, y)
    except ValueError:
        return 0.5


@metric(claims=PAIRED)
def not_a_number(x, y):
    """Answers NaN to everything valid."""
    paired_activations(x, y)
    return float("nan")


@metric(claims=PAIRED)
def array_valued(x, y):
    """Answers with one number per unit."""
    x, y = paired_activations(x, y)
    return np.abs(x - y).mean(axis=0)


@metric(claims=PAIRED)
def refuses_all(x, y):
    """Raises whatever it is given."""
    raise ValueError("not today")


CORE = "linear_cka"
"""What the controls of this file are on good input, where they answer at all."""
BAD = (
    *(f"{what} in {which}" for what in ("NaN", "infinity") for which in "xy"),
    *("no samples", "no units", "one axis", "one axis too many"),
    *("unmatched samples", "unmatched samples, other order"),
)
FAILS: Mapping[str, Mapping[str, str | tuple[str, ...]]] = {
    "drops_bad_rows": {"contract.bad_input": "NaN in y: returned"},
    "passes_on_nan": {"contract.bad_input": "NaN in x: the metric returned nan"},
    "truncates": {"contract.bad_input": "unmatched samples: returned"},
    "reshapes": {"contract.bad_input": "one axis: returned"},
    "shrugs": {
        "contract.bad_input": tuple(f"{bad}: returned 0.5" for bad in BAD),
        "contract.identity": "self-distance = 0.5",
    },
    "not_a_number": {"contract.value": "returned nan"},
    "array_valued": {"contract.value": "returned a ndarray of shape"},
    "refuses_all": {"contract.value": "not today"},
}
ERRORS: Mapping[str, str] = {
    "not_a_number": "returned nan",
    "array_valued": "returned a ndarray of shape",
    "refuses_all": "not today",
}
"""Controls without a single answer, and the words that every case not in `FAILS` ends as an error with."""
