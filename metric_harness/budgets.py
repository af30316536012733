"""A metric with more of what its iteration may spend, so that one can see whether it had converged.

A metric names the setting that is its budget: `budget` of an `AbstractMetric` or of an object with `distance` or
`similarity`, or `@metric(budget=...)` of a function.
"""

import copy
import dataclasses
import functools
from typing import Any, cast

from metric_harness.adapter import FunctionMetric, MetricUnderTest, adapt, call_settings
from metric_harness.errors import SettingError
from metric_harness.interfaces import AbstractMetric, Kind


def with_budget(metric: MetricUnderTest, factor: int) -> MetricUnderTest | None:
    """Return the metric with a multiple of its budget; None for one that names none.

    Raises:
        SettingError: if what it names is no setting that is a whole number of 1 or more.
    """
    bare = metric.bare
    owner = getattr(bare.call, "__self__", bare.call) if isinstance(bare, FunctionMetric) else bare
    name = cast(str, getattr(owner, "budget", ""))
    if not name:
        return None
    if isinstance(bare, FunctionMetric) and owner is bare.call:
        longer = _longer_function(bare, name, factor)
    else:
        longer = adapt(_longer_object(owner, name, factor))
    return metric.behaving_as(longer)


def _longer_function(bare: FunctionMetric, name: str, factor: int) -> AbstractMetric:
    value = _whole(name, call_settings(bare.call).get(name))
    call = functools.update_wrapper(functools.partial(bare.call, **{name: factor * value}), bare.call)
    return FunctionMetric(call, needs=bare.needs, kind=cast(Kind, bare.kind), claims=bare.claims)


def _longer_object(owner: Any, name: str, factor: int) -> Any:
    value = factor * _whole(name, getattr(owner, name, None))
    if dataclasses.is_dataclass(owner):
        return dataclasses.replace(cast(Any, owner), **{name: value})
    twin = copy.copy(owner)
    setattr(twin, name, value)
    return twin


def _whole(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise SettingError(
            f"the budget {name!r} is {value!r}; needed the name of a setting that is a whole number of 1 or more."
        )
    return value
