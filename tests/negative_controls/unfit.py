"""Controls with an honest core that break, or claim too much, at the edges: sizes, scales, other processes."""

import collections
import dataclasses
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any, ClassVar, final

import numpy as np
from right_metrics import PAIRED, linear_cka

from metric_harness.arrays import paired_activations
from metric_harness.errors import DegenerateInputError
from metric_harness.interfaces import AbstractMetric, metric


def claiming(**claims: Any):
    """Return the claims of linear CKA with some more."""
    return dataclasses.replace(PAIRED, **claims)


@metric(claims=claiming(triangle=True))
def claims_triangle(x, y):
    """Claims the triangle inequality, which 1 - CKA does not have."""
    return linear_cka(x, y)


@metric(claims=claiming(triangle=False))
def denies_triangle(x, y):
    """The angle of CKA, which has the triangle inequality, but claims not to."""
    return float(np.arccos(1 - linear_cka(x, y))) if linear_cka(x, y) > 1e-12 else 0.0


@metric(claims=claiming(value_range=(0.0, 0.9)))
def narrow_range(x, y):
    """Claims never to go beyond .9."""
    return linear_cka(x, y)


@metric(claims=claiming(value_range=(0.0, 1.0)))
def negative(x, y):
    """Claims to start at zero, yet takes off what noise would give, but for equal recordings."""
    value = linear_cka(x, y)
    return value - 0.01 if value > 1e-6 else value


@metric(claims=claiming(unequal_units=True))
def cuts_units(x, y):
    """Takes recordings of different width by cutting the wider one."""
    n = min(x.shape[-1], y.shape[-1])
    return linear_cka(x[..., :n], y[..., :n])


@metric(claims=claiming(unequal_units=False))
def denies_cutting_units(x, y):
    """Claims to refuse recordings of different width, but cuts the wider one."""
    return cuts_units(x, y)


@metric(claims=claiming(unequal_trials=True))
def cuts_trials(x, y):
    """Takes recordings of different length by cutting the longer one."""
    n = min(len(x), len(y))
    return linear_cka(x[:n], y[:n])


@metric(claims=claiming(unequal_trials=True))
def refuses_trials(x, y):
    """Claims to take recordings of different length, but refuses them."""
    return linear_cka(x, y)


@metric(claims=PAIRED)
def second_unit(x, y):
    """Looks at the second unit before it knows whether there is one."""
    return linear_cka(x, y) + 0 * x[0, 1]


@metric(claims=PAIRED)
def nan_for_constant(x, y):
    """Divides by the norm of what may be constant."""
    try:
        return linear_cka(x, y)
    except DegenerateInputError:
        return float("nan")


@metric(claims=PAIRED)
def nan_for_silent_unit(x, y):
    """Divides each unit by its standard deviation, and does not look what comes of it."""
    deviations = [z.std(axis=0) for z in paired_activations(x, y)]
    return linear_cka(x, y) * (1.0 if all(d.all() for d in deviations) else np.nan)


@metric(claims=PAIRED)
def rounds_constants(x, y):
    """Takes the rounding of a mean for a signal."""
    x, y = paired_activations(x, y)
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    if not (x.any() and y.any()):
        raise ValueError("a recording is constant in every unit")
    x, y = x / np.abs(x).max(), y / np.abs(y).max()
    return max(0.0, float(1 - np.linalg.norm(x.T @ y) ** 2 / np.linalg.norm(x.T @ x) / np.linalg.norm(y.T @ y)))


@metric(claims=PAIRED)
def speechless(x, y):
    """Refuses what is constant without saying why."""
    try:
        return linear_cka(x, y)
    except DegenerateInputError:
        raise ValueError("bad input") from None


@metric(claims=PAIRED)
def inverts_covariance(x, y):
    """Inverts covariances that may be singular."""
    for z in paired_activations(x, y):
        np.linalg.inv(np.atleast_2d(z.T @ z))
    return linear_cka(x, y)


@metric(claims=PAIRED)
def underflows(x, y):
    """Divides by the square of a norm, which vanishes where no entry does."""
    x, y = paired_activations(x, y)
    distance, square = linear_cka(x, y), np.float64(np.sum(x**2) * np.sum(y**2))
    return distance * (square / square)


@metric(claims=claiming(isotropic_scaling=True))
def guarded(x, y):
    """Guards its denominator by a constant that swamps small recordings."""
    square = np.sum(np.var(x, axis=0)) * np.sum(np.var(y, axis=0))
    return 1 - (1 - linear_cka(x, y)) * square / (square + 1e-12)


@metric(claims=claiming(isotropic_scaling=True))
def half_precision(x, y):
    """Works in float16, whose numbers end at 65504."""
    x, y = paired_activations(x, y)
    return linear_cka(x.astype(np.float16), y.astype(np.float16))


@metric(claims=PAIRED)
def gives_up(x, y):
    """Refuses more than 3000 samples."""
    if len(x) > 3000 and x.shape[-1] == 4:
        raise ValueError("too many samples for the table")
    return linear_cka(x, y)


@final
class WarmStarts(AbstractMetric):
    """Starts each pair of a batch where the one before it ended, and arrives only almost."""

    needs: ClassVar = "activations"
    claims: ClassVar = PAIRED

    def distance(self, x, y):
        return linear_cka(x, y)

    def pair_distances(self, xs, pairs):
        exact = np.array([linear_cka(xs[i], xs[j]) for i, j in pairs])
        return exact + 1e-4 * (np.roll(exact, 1) - exact) if len(pairs) > 2 else exact


KNOWN: "collections.OrderedDict[tuple[int, int], Any]" = collections.OrderedDict()
BUFFER: dict[str, Any] = {}


@metric(claims=PAIRED)
def by_place(x, y):
    """Remembers answers by where arrays lie in memory, and holds on to these, so that no others come to lie there."""
    key = (id(x), id(y))
    if key not in KNOWN:
        KNOWN[key] = (x, y, linear_cka(x, y))
    while len(KNOWN) > 64:
        KNOWN.popitem(last=False)
    return KNOWN[key][2]


@metric(claims=PAIRED)
def shared_buffer(x, y):
    """Keeps its inputs in one place for all threads."""
    BUFFER["x"], BUFFER["y"] = paired_activations(x, y)
    if threading.current_thread() is not threading.main_thread():
        time.sleep(0.02)  # long enough for another thread to come in between, however busy the machine
    return linear_cka(BUFFER["x"], BUFFER["y"])


def _made():
    @metric(claims=PAIRED)
    def inner(x, y):
        return linear_cka(x, y)

    return inner


closure = _made()


@final
class Forgetful(AbstractMetric):
    """Its copies lose a setting."""

    needs: ClassVar = "activations"
    claims: ClassVar = PAIRED

    def __init__(self) -> None:
        self.factor = 2.0

    def distance(self, x, y):
        return linear_cka(x, y) * vars(self).get("factor", 1.0)

    def __getstate__(self):
        return {"factor": 1.0}


@metric(claims=PAIRED)
def needs_pytest(x, y):
    """Needs what only a process that runs pytest has imported."""
    sys.modules["pytest"]
    return linear_cka(x, y)


CORE = "linear_cka"
"""What the controls of this file are away from the edge that they break at."""
GROUPS = ("contract",)
"""Groups that the controls of this file are run before; away from the edges they are linear CKA."""
FAILS: Mapping[str, Mapping[str, str | tuple[str, ...]]] = {
    "claims_triangle": {"contract.triangle": "d(x, z) - d(x, y) - d(y, z) = "},
    "denies_triangle": {"contract.triangle": "not always"},
    "narrow_range": {"contract.range": "distance beyond the range = "},
    "negative": {"contract.range": "distance beyond the range = "},
    "cuts_units": {"contract.sizes": "as without the surplus"},
    "denies_cutting_units": {"contract.sizes": "though unequal_units=False"},
    "cuts_trials": {"contract.sizes": "as without the surplus"},
    "refuses_trials": {"contract.sizes": "refused, though unequal_trials is claimed"},
    "second_unit": {"contract.sizes": "one unit: the metric raised IndexError"},
    "nan_for_constant": {
        "contract.degenerate": "a constant array of 3.0, x: the metric returned nan",
        "contract.sizes": "one sample: the metric returned nan",
    },
    "nan_for_silent_unit": {
        "contract.degenerate": (
            *("a constant unit, x: the metric returned nan", "all units constant but one, x: the metric returned nan"),
        ),
    },
    "rounds_constants": {
        "contract.degenerate": tuple(f"a constant array of 0.1, {which}: returned" for which in ("x", "y", "both"))
    },
    "speechless": {
        "contract.degenerate": "an error that does not explain itself",
        "contract.sizes": "one sample: the metric raised ValueError: bad input",
    },
    "inverts_covariance": {
        "contract.degenerate": "every unit twice, x: the metric raised LinAlgError",
        "contract.sizes": "one sample: the metric raised LinAlgError",
    },
    "underflows": {
        "contract.degenerate": (
            "subnormal scale, x: the metric returned nan",
            "subnormal scale, both: the metric returned nan",
        )
    },
    "guarded": {"contract.degenerate": ("scale 1e-12, x: returned", "scale 1e-12, both: returned")},
    "half_precision": {"contract.degenerate": ("scale 1e12, x: refused", "scale 1e12, both: refused")},
    "gives_up": {"contract.cost": "4000 samples: the metric raised ValueError"},
    "WarmStarts": {"contract.determinism": "difference in another order"},
    "by_place": {"contract.determinism": "difference in refilled arrays"},
    "shared_buffer": {"contract.determinism": "difference in threads"},
    "closure": {"contract.transport": "pickle: "},
    "Forgetful": {"contract.transport": "unpickled: answers differ"},
    "needs_pytest": {"contract.transport": "fresh process: the metric fails"},
}
