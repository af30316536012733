"""Batches of pairs in which each recording is prepared once."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from metric_harness import arrays
from metric_harness.arrays import Activations

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
        InvalidInputError: if a recording is no valid activations, or those of a pair have no samples in common.
    """
    for i, j in pairs:
        arrays.paired_activations(xs[i], xs[j])
    used = sorted({index for pair in pairs for index in pair})
    return {i: prepare(arrays.activations(xs[i]), f"recording {i}") for i in used}
