"""Batches of pairs in which each recording is checked and prepared once."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import numpy as np

from metric_harness import arrays
from metric_harness.arrays import Activations, Array, Trajectories

Prepared = TypeVar("Prepared")


def prepared_activations(
    xs: Sequence[Activations], pairs: Sequence[tuple[int, int]], prepare: Callable[[Activations, str], Prepared]
) -> Mapping[int, Prepared]:
    """Return what a metric needs of every recording that is in some pair, by index.

    Args:
        xs: recordings of shape (samples, units).
        pairs: index pairs into `xs`.
        prepare: takes a recording and what messages call it.

    Raises:
        InvalidInputError: if a recording is no valid activations, or those of a pair differ in samples.
    """
    for i, j in pairs:
        if np.shape(xs[i])[:1] != np.shape(xs[j])[:1]:
            arrays.paired_activations(xs[i], xs[j])
    return _prepared(xs, pairs, lambda x, name: prepare(arrays.activations(x, name), name))


def prepared_trajectories(
    xs: Sequence[Trajectories], pairs: Sequence[tuple[int, int]], prepare: Callable[[Trajectories, str], Prepared]
) -> Mapping[int, Prepared]:
    """Return what a metric needs of every recording that is in some pair, by index.

    Args:
        xs: recordings of shape (trials, time, units).
        pairs: index pairs into `xs`.
        prepare: takes a recording and what messages call it.

    Raises:
        InvalidInputError: if a recording is no valid trajectories, or those of a pair differ in trials or times.
    """
    for i, j in pairs:
        if np.shape(xs[i])[:2] != np.shape(xs[j])[:2]:
            arrays.paired_trajectories(xs[i], xs[j])
    return _prepared(xs, pairs, lambda x, name: prepare(arrays.trajectories(x, name), name))


def _prepared(
    xs: Sequence[Array], pairs: Sequence[tuple[int, int]], prepare: Callable[[Array, str], Prepared]
) -> Mapping[int, Prepared]:
    used = sorted({index for pair in pairs for index in pair})
    return {i: prepare(xs[i], f"recording {i}") for i in used}
