"""Answers a part of a question on a Dask worker; imported there, and by the client that sends it."""

import dataclasses
import functools
import pickle
import sys
import threading
from collections.abc import Sequence
from typing import Any, TypeAlias, final

import numpy as np

from metric_harness import process_state
from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array
from metric_harness.asking import Method, Question
from metric_harness.cache import edition
from metric_harness.errors import MetricError, SchedulerError
from metric_harness.interfaces import AbstractMetric

Shipment: TypeAlias = tuple[Array, tuple[int, ...]]
"""An array as it travels: contiguous, and the order of axes that gives its layout in memory back."""

TURNS = threading.Lock()
"""One answer at a time in a process: neither metrics nor the shared state that is put back after them bear threads."""


@final
@dataclasses.dataclass(frozen=True)
class Job:
    """What all chunks of a question share.

    Attributes:
        edition: digest of the sender's package and libraries, which the worker must share.
        path: the sender's module search path.
        metric: the metric, pickled.
        method: which of its methods is called.
        n_arrays: how many arrays the question is about; a chunk gets those that its pairs name.
    """

    edition: str
    path: Sequence[str]
    metric: bytes
    method: Method
    n_arrays: int


@final
@dataclasses.dataclass(frozen=True)
class Reply:
    """A metric's answer and its seconds; or that it refused, and nothing more.

    What it said would not read as it does in the sender's process: code that came by value has lost its file.
    """

    answer: Any
    seconds: float
    refused: bool = False


def shipped(array: Array) -> Shipment:
    """Return an array as it travels; sums over another layout would end in other last bits."""
    axes = tuple(sorted(range(array.ndim), key=lambda axis: -array.strides[axis]))
    return np.ascontiguousarray(array.transpose(axes)), axes


def unpacked(shipment: Shipment) -> Array:
    """Return a fresh array, laid out as the one that was shipped."""
    array, axes = shipment
    return np.array(array).transpose(np.argsort(axes))


def held(shipment: Shipment) -> Shipment:
    """Return a shipment: as a task of its own it stays on the cluster, and is sent again if its worker dies."""
    return shipment


def answered(job: Job, places: Sequence[int], pairs: Sequence[tuple[int, int]], *arrays: Shipment) -> Reply:
    """Ask the metric for some pairs.

    Args:
        job: what all chunks share.
        places: index of each array in the question.
        pairs: index pairs, as in the question.
        arrays: those that the pairs name; in the place of others the metric gets one of these.

    Raises:
        SchedulerError: if this worker has other code or libraries, or cannot load the metric.
    """
    require_edition(job.edition)
    sys.path += [folder for folder in job.path if folder not in sys.path]
    fresh = [unpacked(array) for array in arrays]
    xs = fresh[:1] * job.n_arrays
    for place, array in zip(places, fresh, strict=True):
        xs[place] = array
    with TURNS, process_state.restored():
        return _reply(MetricUnderTest("on a worker", _loaded(job.metric)), job.method, xs, pairs)


def require_edition(needed: str) -> None:
    """Refuse to answer a sender of other code.

    Raises:
        SchedulerError: if this worker has other code or libraries.
    """
    if edition() != needed:
        raise SchedulerError(
            f"a worker has edition {edition()} of metric-harness and its libraries; needed {needed}, that of the "
            "sender. Install the same versions there, and restart the workers after every change."
        )


def _reply(metric: MetricUnderTest, method: Method, xs: Sequence[Array], pairs: Sequence[tuple[int, int]]) -> Reply:
    try:
        answer = metric.asked(Question(metric.bare, method, xs, pairs, len(pairs)))
    except MetricError:
        return Reply(None, metric.meter.seconds, refused=True)
    return Reply(answer, metric.meter.seconds)


@functools.lru_cache(maxsize=64)
def _loaded(content: bytes) -> AbstractMetric:
    try:
        return pickle.loads(content)
    except Exception as error:
        raise SchedulerError(
            f"a worker cannot load the metric: {type(error).__name__}: {error}. Make its modules importable there, at "
            "the same paths."
        ) from None
