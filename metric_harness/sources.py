"""What a metric consists of: its code, its settings, and the libraries beneath it, as one digest.

Two metrics with one digest give the same answers, as far as code decides. Code of the metric's own repository counts by
its text, installed packages count by the versions that are in the names of their metadata folders.
"""

import functools
import hashlib
import inspect
import platform
import sys
import sysconfig
import types
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

from metric_harness.adapter import FunctionMetric
from metric_harness.cache import described, edition
from metric_harness.catalogue import PACKAGE, testcases_folder
from metric_harness.interfaces import AbstractMetric


def fingerprint(bare: AbstractMetric) -> str:
    """Return a digest that differs whenever a metric's code, state, settings or libraries do.

    Raises:
        TypeError: if the metric holds something whose content nobody knows, such as an open file.
    """
    digest = hashlib.sha256(edition().encode() + _libraries().encode() + _local_code(_home(bare)).encode())
    try:
        for part in _identity(bare):
            digest.update(part)
    except RecursionError:
        raise TypeError(f"a {type(bare).__name__} that holds itself") from None
    return digest.hexdigest()


def local_modules() -> list[types.ModuleType]:
    """Return the loaded modules that neither Python, nor an installed package, nor this package brings."""
    foreign = [*_installed_folders(), *_standard_folders(), PACKAGE, testcases_folder()]
    found = [m for m in list(sys.modules.values()) if _file(m) is not None and m.__name__ != "__main__"]
    return [m for m in found if not any(cast(Path, _file(m)).is_relative_to(folder) for folder in foreign)]


def _home(bare: AbstractMetric) -> types.ModuleType | None:
    """Return the module that a metric is written in."""
    target: Any = bare
    if isinstance(bare, FunctionMetric):
        target = inspect.unwrap(cast(Any, bare.call))
        target = getattr(target, "__self__", target)
    named = target if hasattr(target, "__qualname__") else cast(Any, type(target))
    return sys.modules.get(str(getattr(named, "__module__", "")))


def _identity(value: object) -> Iterator[bytes]:
    """Yield what tells a metric from others of the same code: its class and state, or a function and what it holds."""
    if isinstance(value, FunctionMetric):
        yield f"{value.needs} {value.kind} {value.claims!r};".encode()
        yield from _identity(value.call)
    elif isinstance(value, functools.partial):
        part = cast("functools.partial[Any]", value)
        yield from _identity([part.func, *part.args, *sorted(part.keywords.items())])
    elif isinstance(value, types.MethodType):
        yield from _identity([value.__func__, value.__self__])
    elif isinstance(value, types.FunctionType):
        yield f"{value.__module__} {value.__qualname__};".encode()
        yield from _code(value.__code__)
        yield from _identity([cell.cell_contents for cell in value.__closure__ or ()])
        yield from _identity([value.__defaults__, value.__kwdefaults__])
    elif isinstance(value, type | types.BuiltinFunctionType):
        yield f"{value.__module__} {value.__qualname__};".encode()
    elif isinstance(value, list | tuple | dict):
        items = list(cast(Any, value).items() if isinstance(value, dict) else cast(Sequence[object], value))
        yield f"{type(cast(object, value)).__name__} {len(items)};".encode()
        for item in items:
            yield from _identity(item)
    else:
        yield from _identity(type(value))
        yield from _state(value)


def _code(code: types.CodeType) -> Iterator[bytes]:
    """Yield what tells a function from another that was written on the same line."""
    yield code.co_code + repr(code.co_names).encode()
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _code(constant)
        else:  # sets of texts have another order in every process
            unordered = isinstance(constant, frozenset)
            yield repr(sorted(map(repr, cast(Any, constant))) if unordered else constant).encode()


def _state(value: object) -> Iterator[bytes]:
    try:
        yield b"".join(described(value))
    except TypeError:
        kind = type(value)
        if kind.__reduce_ex__ is not object.__reduce_ex__ or kind.__reduce__ is not object.__reduce__:
            raise  # its attributes are not all of it
        yield from _identity(cast(Any, value).__reduce_ex__(2)[2])


def _local_code(home: types.ModuleType | None) -> str:
    """Return a digest of the text that a metric of this module may run: its package or neighbors, and local modules."""
    digest = hashlib.sha256()
    for path in sorted(_own_files(home) | {cast(Path, _file(module)) for module in local_modules()}):
        digest.update(str(path).encode() + b"\0" + (path.read_bytes() if path.is_file() else b""))
    return digest.hexdigest()


def _own_files(home: types.ModuleType | None) -> set[Path]:
    file = None if home is None else _file(home)
    if home is None or file is None:
        return set()
    if file.is_relative_to(PACKAGE) or any(file.is_relative_to(folder) for folder in _installed_folders()):
        return {file}  # of all else there, the edition or a version tells
    top = sys.modules.get(home.__name__.partition(".")[0])
    if hasattr(top, "__path__"):
        return {path for root in cast(Any, top).__path__ for path in Path(root).resolve().rglob("*.py")}
    return set(file.parent.glob("*.py"))


def _file(module: types.ModuleType) -> Path | None:
    name = getattr(module, "__file__", None)
    return Path(name).resolve() if isinstance(name, str) else None


@functools.cache
def _libraries() -> str:
    """Return the name and version of everything installed, and of Python."""
    names = sorted({path.name for folder in _installed_folders() for path in folder.glob("*.dist-info")})
    return repr((platform.python_version(), names))


@functools.cache
def _installed_folders() -> tuple[Path, ...]:
    """Return the folders of the path that packages are installed into."""
    folders = [Path(entry) for entry in sys.path if entry and Path(entry).is_dir()]
    return tuple(folder.resolve() for folder in folders if any(folder.glob("*.dist-info")))


@functools.cache
def _standard_folders() -> tuple[Path, ...]:
    return tuple(Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib"))
