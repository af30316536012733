"""From the text after `--metric` to a metric: a built-in name, an entry point, `module:attr`, `file.py:attr`."""

import ast
import dataclasses
import difflib
import functools
import importlib
import importlib.metadata
import importlib.util
import inspect
import re
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast, final

from metric_harness import catalogue, optional
from metric_harness.adapter import adapt
from metric_harness.errors import MetricUnavailableError, SettingError, UnknownMetricError
from metric_harness.handover import description
from metric_harness.interfaces import AbstractMetric

ENTRY_POINTS = "metric_harness.metrics"
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
    pairs = dict(_pair(text) for text in settings)
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
        fields = {f.name: sorted(_parameters(f.target)) for f in found}
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
        return _Found(value, value, "built in", _loaded(value, load))
    for entry in importlib.metadata.entry_points(group=ENTRY_POINTS):
        if entry.name == value:
            return _Found(folder_name(value), value, f"entry point {entry.value}", _loaded(value, entry.load))
    place, colon, attribute = value.rpartition(":")
    if not colon or not place or not attribute:
        raise UnknownMetricError(_unknown(value))
    if place.endswith(".py"):
        return _Found(folder_name(value), value, value, _attribute(_from_file(cwd / place, value), attribute, value))
    return _Found(folder_name(value), value, value, _attribute(_from_module(place, value, cwd), attribute, value))


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


def _loaded(value: str, load: Callable[[], object]) -> object:
    try:
        return load()
    except ImportError as error:
        missing = f"; install {error.name}" if error.name else ""
        raise MetricUnavailableError(f"metric '{value}' cannot be loaded: {error}{missing}.") from error
    except Exception as error:
        raise MetricUnavailableError(f"metric '{value}' cannot be loaded: {type(error).__name__}: {error}.") from error


def _from_file(path: Path, value: str) -> types.ModuleType:
    if not path.is_file():
        raise UnknownMetricError(f"metric '{value}': there is no file {path}.")
    path = path.resolve()
    known = sys.modules.get(path.stem)
    if known is not None and getattr(known, "__file__", None) == str(path):
        return known
    # A file may import its siblings, and other processes must find it under the same name.
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    name = path.stem if known is None else f"metric_harness_user_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UnknownMetricError(f"metric '{value}': {path} is not a Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        _loaded(value, lambda: cast(Any, spec.loader).exec_module(module))
    except MetricUnavailableError:
        del sys.modules[name]
        raise
    return module


def _from_module(name: str, value: str, cwd: Path) -> types.ModuleType:
    # `pytest` does not put the working directory on the path, though `python -m pytest` does.
    if str(cwd) not in sys.path:
        sys.path.append(str(cwd))
    try:
        missing = importlib.util.find_spec(name) is None
    except ImportError:
        missing = True
    if missing:
        raise UnknownMetricError(f"metric '{value}': there is no module '{name}' on the path or in {cwd}.")
    return cast(types.ModuleType, _loaded(value, lambda: importlib.import_module(name)))


def _attribute(module: types.ModuleType, attribute: str, value: str) -> object:
    if not hasattr(module, attribute):
        names = [n for n, v in vars(module).items() if callable(v) and not n.startswith("_")]
        near = difflib.get_close_matches(attribute, names, n=3, cutoff=0.4) or names[:5]
        raise UnknownMetricError(f"metric '{value}': {module.__name__} has no '{attribute}'; it has {near}.")
    return getattr(module, attribute)


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise SettingError(f"--metric-set {text!r}; needed KEY=VALUE.")
    return key.strip(), value.strip()


def _parameters(target: object) -> dict[str, Any]:
    """Return the settable names of a metric, with annotation or default to type the text by."""
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
    types_of = _parameters(target)
    chosen = {key: _typed(key, text, types_of[key]) for key, text in pairs.items() if key in types_of}
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


def _typed(key: str, text: str, kind: type) -> object:
    if kind is str:
        return text
    try:
        if kind is bool:
            return {"true": True, "1": True, "false": False, "0": False}[text.lower()]
        if kind in (int, float):
            return kind(text)
        return ast.literal_eval(text)
    except (KeyError, SyntaxError, ValueError) as error:
        raise SettingError(f"--metric-set {key}={text}; needed a {kind.__name__}.") from error
