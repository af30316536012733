"""Objects named by where they lie: `package.module:attribute`, or `path/to/file.py:attribute`."""

import dataclasses
import difflib
import importlib
import importlib.util
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast, final

from metric_harness.errors import UsageError


@final
@dataclasses.dataclass(frozen=True)
class Sought:
    """What is looked for: the word for it in messages, and the errors where it is not there or does not load."""

    word: str
    unknown: type[UsageError]
    broken: type[UsageError]


def is_place(value: str) -> bool:
    """Return whether a text names a module or file and an attribute of it."""
    place, colon, attribute = value.rpartition(":")
    return bool(place and colon and attribute)


def attribute_at(value: str, cwd: Path, sought: Sought) -> object:
    """Return what a text names.

    Args:
        value: a text for which `is_place` holds.
        cwd: folder that file paths are relative to and that modules may be imported from.
        sought: what is looked for.

    Raises:
        UsageError: of the kinds in `sought`.
    """
    place, _, attribute = value.rpartition(":")
    found = _from_file(cwd / place, value, sought) if place.endswith(".py") else _from_module(place, value, cwd, sought)
    return _attribute(found, attribute, value, sought)


def loaded(value: str, load: Callable[[], object], sought: Sought) -> object:
    """Return what a call gives; whatever it raises tells that the thing of this name does not load.

    Raises:
        UsageError: of the kind `sought.broken`.
    """
    try:
        return load()
    except ImportError as error:
        missing = f"; install {error.name}" if error.name else ""
        raise sought.broken(f"{sought.word} '{value}' cannot be loaded: {error}{missing}.") from error
    except Exception as error:
        raise sought.broken(f"{sought.word} '{value}' cannot be loaded: {type(error).__name__}: {error}.") from error


def _from_file(path: Path, value: str, sought: Sought) -> types.ModuleType:
    if not path.is_file():
        raise sought.unknown(f"{sought.word} '{value}': there is no file {path}.")
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
        raise sought.unknown(f"{sought.word} '{value}': {path} is not a Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        loaded(value, lambda: cast(Any, spec.loader).exec_module(module), sought)
    except sought.broken:
        del sys.modules[name]
        raise
    return module


def _from_module(name: str, value: str, cwd: Path, sought: Sought) -> types.ModuleType:
    # `pytest` does not put the working directory on the path, though `python -m pytest` does.
    if str(cwd) not in sys.path:
        sys.path.append(str(cwd))
    try:
        missing = importlib.util.find_spec(name) is None
    except ImportError:
        missing = True
    if missing:
        raise sought.unknown(f"{sought.word} '{value}': there is no module '{name}' on the path or in {cwd}.")
    return cast(types.ModuleType, loaded(value, lambda: importlib.import_module(name), sought))


def _attribute(module: types.ModuleType, attribute: str, value: str, sought: Sought) -> object:
    if not hasattr(module, attribute):
        names = [n for n, v in vars(module).items() if callable(v) and not n.startswith("_")]
        near = difflib.get_close_matches(attribute, names, n=3, cutoff=0.4) or names[:5]
        raise sought.unknown(f"{sought.word} '{value}': {module.__name__} has no '{attribute}'; it has {near}.")
    return getattr(module, attribute)
