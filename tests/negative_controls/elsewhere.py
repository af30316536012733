"""Controls with an honest core whose answer hangs on how it is asked: in which order, batch, thread or process."""

import signal
from collections.abc import Mapping
from typing import ClassVar, final

import numpy as np
from right_metrics import PAIRED, linear_cka

from metric_harness.interfaces import AbstractMetric, metric


class Paired(AbstractMetric):
    """Linear CKA as an object."""

    needs: ClassVar = "activations"
    claims: ClassVar = PAIRED

    def distance(self, x, y):
        return linear_cka(x, y)


@final
class SortedPairs(Paired):
    """Takes the pairs of a batch to come in order: turns to another first recording only when its index grows."""

    def pair_distances(self, xs, pairs):
        latest = np.maximum.accumulate([i for i, _ in pairs])
        return np.array([linear_cka(xs[i], xs[j]) for i, (_, j) in zip(latest, pairs, strict=True)])


@final
class RoundsBatches(Paired):
    """Keeps the answers of a batch in float16."""

    def pair_distances(self, xs, pairs):
        return super().pair_distances(xs, pairs).astype(np.float16)


@metric(claims=PAIRED)
def sets_alarm(x, y):
    """Guards itself by an alarm, which only the main thread may set."""
    signal.signal(signal.SIGALRM, signal.getsignal(signal.SIGALRM))
    return linear_cka(x, y)


@final
class Unready(Paired):
    """Its copies lack what it made for itself."""

    def __init__(self) -> None:
        self.factor = 2.0

    def distance(self, x, y):
        return linear_cka(x, y) * self.factor

    def __getstate__(self):
        return {}


CORE = "linear_cka"
"""What the controls of this file are where they are asked one pair, in this thread of this process."""
GROUPS = ("contract",)
"""Groups that the controls of this file are run before."""
FAILS: Mapping[str, Mapping[str, str]] = {
    "SortedPairs": {"contract.determinism": "difference in another order"},
    "RoundsBatches": {"contract.determinism": "difference in another order"},
    "sets_alarm": {"contract.determinism": "difference in threads: the metric raised ValueError"},
    "Unready": {"contract.transport": "unpickled: the metric raised AttributeError"},
}
