"""From the text after `--metric` to a metric: a built-in name, an entry point, `module:attr`, `file.py:attr`."""

import ast
import dataclasses
import difflib
import functools
import importlib.metadata
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast, final

from metric_harness import catalogue, locations, optional
from metric_harness.adapter import adapt
from metric_harness.errors import MetricUnavailableError, SettingError, UnknownMetricError
from metric_harness.handover import description
from metric_harness.interfaces import AbstractMetric

ENTRY_POINTS = "metric_harness.metrics"
METRIC = locations.Sought("metric", UnknownMetricError, MetricUnavailableError)
OVERRIDES = ("needs", "kind")
"""Settings that describe a function or plain object instead of being handed to it."""


@final
@dataclasses.dataclass(frozen=True)
class ResolvedMetric:
    """A metric, the name of its report folder, the texts that asked for it, and where it was found.

    `by_text` is false for an object that no text finds again.
    """

    name: str
    value: str
    settings: tuple[str, ...]
    source: str
    bare: AbstractMetric
    by_text: bool = True


@final
@dataclasses.dataclass(frozen=True)
class _Found:
    name: str
    value: str
    source: str
    target: object
    by_text: bool = True


def resolve(values: Sequence[object], settings: Sequence[str], cwd: Path) -> list[ResolvedMetric]:
    """Return the metrics that `--metric` names, with `--metric-set` applied.

    Args:
        values: the texts after `--metric`, or metrics themselves.
        settings: the `KEY=VALUE` texts after `--metric-set`; each must fit at least one metric.
        cwd: folder that file paths are relative to and that `module:attr` may be imported from.

    Raises:
        UnknownMetricError: if a value names nothing; the nearest names are listed.
        MetricUnavailableError: if a metric was found but does not load.
        SettingError: if a setting fits no metric, or two metrics share a folder name.
    """
    found = [_find(value, cwd) if isinstance(value, str) else _given(value) for value in values]
    names = [f.name for f in found]
    for name in names:
        if names.count(name) > 1:
            sources = ", ".join(f.source for f in found if f.name == name)
            raise SettingError(f"two metrics would write to the folder '{name}' ({sources}); rename one of them.")
    pairs = dict(pair(text) for text in settings)
    unused = set(pairs)
    resolved: list[ResolvedMetric] = []
    for f in found:
        try:
            bare, used = _configured(f.target, pairs)
        except MetricUnavailableError as error:
            raise MetricUnavailableError(f"metric '{f.value}' {error}") from error
        unused -= used
        own = tuple(f"{key}={text}" for key, text in pairs.items() if key in used)
        resolved.append(ResolvedMetric(f.name, f.value, own, f.source, bare, f.by_text))
    if unused:
        fields = {f.name: sorted(settings_of(f.target)) for f in found}
        raise SettingError(f"no metric has the setting {sorted(unused)}; settings are {fields}.")
    return resolved


def load(value: str, *settings: str) -> AbstractMetric:
    """Return the metric that a `--metric` text means, outside of a test run; paths are relative to the working folder.

    Args:
        value: as after `--metric`.
        settings: `KEY=VALUE` texts, as after `--metric-set`.

    Raises:
        UsageError: as in `resolve`.
    """
    return resolve([value], settings, Path.cwd())[0].bare


def folder_name(value: str) -> str:
    """Return the report folder of a `--metric` value: the part after the colon, made safe for a file name."""
    tail = value.rpartition(":")[2] or value
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", tail).strip("._") or "metric"


def known_names() -> dict[str, str]:
    """Return every name that `--metric` takes without a colon, with its origin and what it lacks; imports none."""
    entry_points = {e.name: f"entry point {e.value}" for e in importlib.metadata.entry_points(group=ENTRY_POINTS)}
    return entry_points | {name: "built in" + missing(name) for name in catalogue.implementations("metrics")}


def missing(name: str) -> str:
    """Return which package a built-in metric needs that is not installed, and how to get it; empty if none."""
    distribution = catalogue.distribution("metrics", name)
    if distribution is None or optional.installed(distribution):
        return ""
    return f", needs {distribution}: {optional.how_to_install(distribution)}"


def _find(value: str, cwd: Path) -> _Found:
    if value in catalogue.implementations("metrics"):
        load = functools.partial(catalogue.load, "metrics", value, cast(Any, AbstractMetric))
        return _Found(value, value, "built in", locations.loaded(value, load, METRIC))
    for entry in importlib.metadata.entry_points(group=ENTRY_POINTS):
        if entry.name == value:
            return _Found(
                folder_name(value), value, f"entry point {entry.value}", locations.loaded(value, entry.load, METRIC)
            )
    if not locations.is_place(value):
        raise UnknownMetricError(_unknown(value))
    return _Found(folder_name(value), value, value, locations.attribute_at(value, cwd, METRIC))


def _given(target: object) -> _Found:
    name, source, findable = description(target)
    return _Found(folder_name(name), source, source, target, findable)


def _unknown(value: str) -> str:
    names = known_names()
    near = difflib.get_close_matches(value, names, n=3, cutoff=0.5)
    suggestion = f" Did you mean {' or '.join(near)}?" if near else ""
    lacking = [name for name in sorted(names) if ", needs " in names[name]]
    note = f" (to install, see metric-harness metrics: {', '.join(lacking)})" if lacking else ""
    return (
        f"unknown metric '{value}'.{suggestion} Known names: {', '.join(sorted(names))}{note}. "
        "Or give package.module:attribute or path/to/file.py:attribute."
    )


def pair(text: str, option: str = "--metric-set") -> tuple[str, str]:
    """Return key and value of a `KEY=VALUE` text.

    Raises:
        SettingError: if it is none.
    """
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise SettingError(f"{option} {text!r}; needed KEY=VALUE.")
    return key.strip(), value.strip()


def settings_of(target: object) -> dict[str, Any]:
    """Return the settable names of a metric or a network, with annotation or default to type a text by."""
    if not callable(target):
        fields = dataclasses.fields(cast(Any, target)) if dataclasses.is_dataclass(target) else ()
        return {f.name: type(getattr(target, f.name)) for f in fields}
    try:
        parameters = inspect.signature(target, eval_str=True).parameters.values()
    except (NameError, TypeError, ValueError):
        return {}
    optional = [p for p in parameters if p.default is not p.empty]
    return {p.name: p.annotation if isinstance(p.annotation, type) else type(p.default) for p in optional}


def _configured(target: object, pairs: Mapping[str, str]) -> tuple[AbstractMetric, set[str]]:
    """Return the metric with the settings that fit it, and which those were."""
    types_of = settings_of(target)
    chosen = {key: typed(key, text, types_of[key]) for key, text in pairs.items() if key in types_of}
    is_class = isinstance(target, type)
    try:
        if is_class:
            target = target(**chosen)
        elif chosen and dataclasses.is_dataclass(target):
            target = dataclasses.replace(cast(Any, target), **chosen)
        elif chosen:
            target = _bound(cast(Callable[..., float], target), chosen)
    except (TypeError, ValueError) as error:
        raise SettingError(f"settings {chosen} were refused: {error}.") from error
    overrides = {key: pairs[key] for key in OVERRIDES if key in pairs and key not in types_of}
    if overrides and not isinstance(target, AbstractMetric):
        call = cast(Any, _bound(cast(Callable[..., float], target), {})) if callable(target) else target
        for key, text in overrides.items():
            setattr(call, key, text)
        target = call
    else:
        overrides = {}
    return adapt(target), set(chosen) | set(overrides)


def _bound(function: Callable[..., float], settings: Mapping[str, Any]) -> Callable[..., float]:
    bound = functools.partial(function, **settings)
    functools.update_wrapper(bound, function)
    return bound


def typed(key: str, text: str, kind: type, option: str = "--metric-set") -> object:
    """Return the text of a setting as a value of its type.

    Raises:
        SettingError: if it cannot be read as one.
    """
    if kind is str:
        return text
    try:
        if kind is bool:
            return {"true": True, "1": True, "false": False, "0": False}[text.lower()]
        if kind in (int, float):
            return kind(text)
        return ast.literal_eval(text)
    except (KeyError, SyntaxError, ValueError) as error:
        raise SettingError(f"{option} {key}={text}; needed a {kind.__name__}.") from error
