"""What a metric does with a question at the edge: a number, a clear refusal, or a fault."""

import dataclasses
import types
from collections.abc import Mapping
from typing import final

import numpy as np

from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array
from metric_harness.checks import Recorder
from metric_harness.errors import MetricError

FEWEST_WORDS = 4
"""Words that an error needs to say what was got and what was needed."""
MACHINERY = (
    np.linalg.LinAlgError,
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    NameError,
    RecursionError,
    TypeError,
)
"""Errors of the machinery below a metric: they tell its author where it broke, not its user what to change."""


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class Reply:
    """How a metric met one question; exactly one of the three is set.

    Attributes:
        value: its number.
        refusal: the text of its own, clear error.
        fault: what it did instead: no number, or an error that does not explain itself.
    """

    value: float | None = None
    refusal: str = ""
    fault: str = ""


def reply(metric: MetricUnderTest, x: Array, y: Array) -> Reply:
    """Ask the bare metric and judge how it replies."""
    try:
        return Reply(value=metric.answer(x, y))
    except MetricError as error:
        cause = error.__cause__
        if not isinstance(cause, Exception):
            return Reply(fault=str(error).partition(";")[0])
        if isinstance(cause, MACHINERY):
            return Reply(fault=f"{error}; an error of the machinery below")
        if len(str(cause).split()) < FEWEST_WORDS:
            return Reply(fault=f"{error}; an error that does not explain itself")
        return Reply(refusal=str(cause))


def replies(
    metric: MetricUnderTest, questions: Mapping[str, tuple[Array, Array]], measure: Recorder
) -> Mapping[str, Reply]:
    """Ask all questions and record the numbers and the refusals by their names."""
    given = {name: reply(metric, x.copy(), y.copy()) for name, (x, y) in questions.items()}
    measure("values", {name: r.value for name, r in given.items() if r.value is not None})
    measure("refusals", {name: r.refusal for name, r in given.items() if r.refusal})
    return types.MappingProxyType(given)
