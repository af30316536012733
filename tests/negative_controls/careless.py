"""Controls with an honest core that leave traces, or that hold on to what they should not."""

import os
import random
import warnings
from collections.abc import Mapping

import numpy as np
from right_metrics import PAIRED, linear_cka

from metric_harness.arrays import paired_activations
from metric_harness.interfaces import metric


@metric(claims=PAIRED)
def in_place(x, y):
    """Centers its inputs in place."""
    paired_activations(x, y)
    x -= x.mean(axis=0)
    y -= y.mean(axis=0)
    return linear_cka(x, y)


@metric(claims=PAIRED)
def idle_draw(x, y):
    """Advances NumPy's global generator without using what it draws."""
    np.random.random()  # noqa: NPY002 - the fault under test
    return linear_cka(x, y)


@metric(claims=PAIRED)
def draws_python(x, y):
    """Advances Python's global generator without using what it draws."""
    random.random()
    return linear_cka(x, y)


@metric(claims=PAIRED)
def peeks(x, y):
    """Weighs units by what NumPy's global generator would draw next, and leaves that as it is."""
    copy = np.random.RandomState()
    copy.set_state(np.random.get_state())  # noqa: NPY002 - the fault under test
    x, y = paired_activations(x, y)
    weights = 1 + 1e-1 * copy.random_sample(x.shape[1])
    return linear_cka(x * weights, y * weights)


@metric(claims=PAIRED)
def seeds_globally(x, y):
    """Seeds NumPy's global generator for the sake of its own repeatability."""
    np.random.seed(0)  # noqa: NPY002 - the fault under test
    return linear_cka(x, y)


@metric(claims=PAIRED)
def silences_errors(x, y):
    """Turns NumPy's floating-point warnings off for everybody."""
    np.seterr(all="ignore")
    return linear_cka(x, y)


@metric(claims=PAIRED)
def silences_warnings(x, y):
    """Adds a warning filter and leaves it there."""
    warnings.simplefilter("ignore", category=FutureWarning)
    return linear_cka(x, y)


@metric(claims=PAIRED)
def sets_environment(x, y):
    """Sets an environment variable."""
    os.environ["METRIC_HARNESS_CONTROL"] = "1"
    return linear_cka(x, y)


@metric(claims=PAIRED)
def memory_order(x, y):
    """Reads its input in the order of memory, not in the order of its axes."""
    x, y = (z.ravel(order="K").reshape(z.shape) for z in (x, y))
    return linear_cka(x, y)


@metric(claims=PAIRED)
def reads_buffer(x, y):
    """Reads the buffer behind a view as if the view began there and left nothing out."""
    x, y = (z if z.base is None else z.base.ravel()[: z.size].reshape(z.shape) for z in (x, y))
    return linear_cka(x, y)


@metric(claims=PAIRED)
def halves_precision(x, y):
    """Works, and answers, in half the precision of its input."""
    half = f"f{max(2, x.itemsize // 2)}"
    return float(np.asarray(linear_cka(x.astype(half), y.astype(half)), dtype=half))


CORE = "linear_cka"
"""What the controls of this file are but for their carelessness."""
GROUPS = ("contract",)
"""Groups that the controls of this file are run before; their answers are those of linear CKA."""
FAILS: Mapping[str, Mapping[str, str]] = {
    "in_place": {"contract.purity": "input: distance alters x", "contract.layout": "read-only: the metric raised"},
    "idle_draw": {"contract.purity": "shared state: changes NumPy's global generator"},
    "draws_python": {"contract.purity": "shared state: changes Python's global generator"},
    "peeks": {"contract.determinism": "worst difference in this process"},
    "seeds_globally": {"contract.purity": "shared state: changes NumPy's global generator"},
    "silences_errors": {"contract.purity": "np.seterr"},
    "silences_warnings": {"contract.purity": "the warning filters"},
    "sets_environment": {"contract.purity": "the environment variables"},
    "memory_order": {"contract.layout": "Fortran order: differs by"},
    "reads_buffer": {
        "contract.layout": "every other unit of a wider array: differs by",
        "contract.identity": "self-distance = ",
    },
    "halves_precision": {"contract.layout": "float32: differs by"},
}
