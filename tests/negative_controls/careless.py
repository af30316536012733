"""Controls with an honest core that leave traces, or that hold on to what they should not."""

import os
import random
import warnings
from collections.abc import Mapping
from typing import ClassVar, final

import numpy as np
from right_metrics import PAIRED, linear_cka

from metric_harness.arrays import paired_activations
from metric_harness.interfaces import AbstractMetric, metric


def weighed(x, y, draw):
    """Return linear CKA of units that are weighed by numbers between 1 and 1.1."""
    x, y = paired_activations(x, y)
    weights = np.array([1 + 1e-1 * draw() for _ in range(x.shape[1])])
    return linear_cka(x * weights, y * weights)


@metric(claims=PAIRED)
def in_place(x, y):
    """Centers its inputs in place."""
    paired_activations(x, y)
    x -= x.mean(axis=0)
    y -= y.mean(axis=0)
    return linear_cka(x, y)


class SpoilsBatches(AbstractMetric):
    """Honest to a pair, and to a batch but for what becomes of its last recording."""

    needs: ClassVar = "activations"
    claims: ClassVar = PAIRED

    def distance(self, x, y):
        return linear_cka(x, y)

    def pair_distances(self, xs, pairs):
        values = super().pair_distances(xs, pairs)
        self.spoil(xs[-1])
        return values


@final
class CentersBatches(SpoilsBatches):
    """Centers a recording of a batch in place."""

    def spoil(self, x):
        x -= x.mean(axis=0)


@final
class FlattensBatches(SpoilsBatches):
    """Takes a recording's shape from it."""

    def spoil(self, x):
        x.resize(x.size, refcheck=False)


@final
class RelabelsBatches(SpoilsBatches):
    """Reads the bits of a recording as integers, and leaves them labeled so."""

    def spoil(self, x):
        x.dtype = np.int64


@metric(claims=PAIRED)
def locks(x, y):
    """Locks its inputs, lest somebody change them meanwhile, and keeps the key."""
    x.flags.writeable = y.flags.writeable = False
    return linear_cka(x, y)


@metric(claims=PAIRED)
def unlocks(x, y):
    """Unlocks what it may only read."""
    x.flags.writeable = y.flags.writeable = True
    return linear_cka(x, y)


@metric(claims=PAIRED)
def picks_locks(x, y):
    """Unlocks what it may only read, centers it in place, and locks it again."""
    paired_activations(x, y)
    for z in (x, y):
        locked, z.flags.writeable = not z.flags.writeable, True
        z -= z.mean(axis=0)
        z.flags.writeable = not locked
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
    return weighed(x, y, copy.random_sample)


@metric(claims=PAIRED)
def peeks_python(x, y):
    """Weighs units by what Python's global generator would draw next, and leaves that as it is."""
    copy = random.Random()
    copy.setstate(random.getstate())
    return weighed(x, y, copy.random)


@metric(claims=PAIRED)
def peeks_torch(x, y):
    """Weighs units by what torch's global generator would draw next, and leaves that as it is."""
    import torch

    copy = torch.Generator()
    copy.set_state(torch.get_rng_state())
    return weighed(x, y, lambda: torch.rand(1, generator=copy).item())


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
def changes_folder(x, y):
    """Leaves the working directory for another."""
    os.chdir(os.path.sep)
    return linear_cka(x, y)


@metric(claims=PAIRED)
def takes_torch_over(x, y):
    """Advances torch's global generator, and turns its gradients off for everybody."""
    import torch

    torch.rand(1)
    torch.set_grad_enabled(False)
    return linear_cka(x, y)


@metric(claims=PAIRED)
def claims_threads(x, y):
    """Keeps torch, and everybody who uses it, to one thread."""
    import torch

    torch.set_num_threads(1)
    return linear_cka(x, y)


@metric(claims=PAIRED)
def memory_order(x, y):
    """Reads its input in the order of memory, not in the order of its axes."""
    x, y = (z.ravel(order="K").reshape(z.shape) for z in (x, y))
    return linear_cka(x, y)


@metric(claims=PAIRED)
def shortcut(x, y):
    """Takes a shortcut through memory where both inputs lie there in the same order, and loses their shape."""
    if np.isfortran(x) and np.isfortran(y):
        return memory_order(x, y)
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
ALTERED = tuple(f"input: {way} alters {which}" for way in ("distance", "pair_distances") for which in "xy")
VIEWS = ("negative strides", "every other unit of a wider array", "every other sample of a longer array")
FAILS: Mapping[str, Mapping[str, str | tuple[str, ...]]] = {
    "in_place": {
        "contract.purity": (*ALTERED, "read-only input: the metric raised"),
        "contract.layout": "read-only: the metric raised",
    },
    "CentersBatches": {"contract.purity": "input: pair_distances alters y"},
    "FlattensBatches": {"contract.purity": "input: pair_distances alters y"},
    "RelabelsBatches": {"contract.purity": "input: pair_distances alters y"},
    "locks": {
        "contract.purity": "input: distance alters x",
        "contract.determinism": "difference in refilled arrays: the arrays can no longer be filled",
    },
    "unlocks": {"contract.purity": tuple(f"read-only input: {which} made writable" for which in "xy")},
    "picks_locks": {"contract.purity": tuple(f"read-only input: {which} altered" for which in "xy")},
    "idle_draw": {"contract.purity": "shared state: changes NumPy's global generator"},
    "draws_python": {"contract.purity": "shared state: changes Python's global generator"},
    "peeks": {"contract.determinism": "worst difference in this process"},
    "peeks_python": {"contract.determinism": "worst difference in this process"},
    "peeks_torch": {"contract.determinism": "worst difference in this process"},
    "seeds_globally": {"contract.purity": "shared state: changes NumPy's global generator"},
    "silences_errors": {"contract.purity": "np.seterr"},
    "silences_warnings": {"contract.purity": "the warning filters"},
    "sets_environment": {"contract.purity": "the environment variables"},
    "changes_folder": {"contract.purity": "the working directory"},
    "takes_torch_over": {"contract.purity": ("torch's global generator", "torch's default type, threads or gradient")},
    "claims_threads": {"contract.purity": "torch's default type, threads or gradient mode"},
    "memory_order": {"contract.layout": "Fortran order: differs by"},
    "shortcut": {"contract.layout": "Fortran order: differs by"},
    "reads_buffer": {
        "contract.layout": tuple(f"{view}: differs by" for view in VIEWS),
        "contract.identity": "self-distance = ",
    },
    "halves_precision": {"contract.layout": "float32: differs by"},
}
