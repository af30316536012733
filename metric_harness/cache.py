"""Keeps data on disk that is dear to make, so that metrics, workers and runs share one copy of it.

A file is named by everything that its content depends on: the function, its arguments, the package's own source text
and the versions of the libraries that compute. Nothing is ever out of date, then, and what is lost is made again.
Arrays are mapped into memory and read-only, so that processes share one copy there too.

Files hold pickles, as Python's own caches of compiled code do: the folder is trusted as much as the user's account.
"""

import dataclasses
import functools
import hashlib
import importlib.metadata
import itertools
import mmap
import os
import pickle
import platform
import shutil
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, ParamSpec, Protocol, TypeVar, cast, runtime_checkable

import numpy as np
import platformdirs

from metric_harness.catalogue import PACKAGE, testcases_folder
from metric_harness.files import write_whole

FOLDER_VARIABLE = "METRIC_HARNESS_CACHE"
"""Environment variable that names another folder; empty, nothing is kept."""
N_EDITIONS = 2
"""Editions of the package whose data stay; those that were used last."""
LIBRARIES = ("numpy", "scipy", "torch")
"""Libraries whose versions decide the last bits of data."""
MANIFEST = "manifest.json"
"""File that tells zoos apart, by the digests of their weights."""
ELSEWHERE = {"metrics", "report_formats", "testcases"}
"""Folders of the package that no data depend on, and that of the cases, which a checkout has beside the package."""
ALIGNMENT = 64
"""Bytes at whose multiples arrays begin, as fresh ones do."""

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


@runtime_checkable
class Keyed(Protocol):
    """An argument that says itself what identifies its content."""

    def key(self) -> str:
        """Return a text that differs whenever the content does."""
        ...


def cache_folder() -> Path:
    """Return the folder for what can be made again: the platform's, or that of `METRIC_HARNESS_CACHE`."""
    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named) if named else Path(platformdirs.user_cache_dir("metric_harness", appauthor=False))


def kept(make: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Return a function that makes its result once on this machine and reads it from the cache folder afterwards.

    The result has to be what `pickle` carries, and is shared: arrays in it are read-only. A generator among the
    arguments is left in the state in which the making of the result left it. Where the folder cannot be written, or
    `METRIC_HARNESS_CACHE` is empty, the result is made at every call.

    Args:
        make: a function at the top of a module that depends on nothing but its arguments and the package's source:
            numbers, texts, arrays, generators, dataclasses and sequences of these, and `Keyed` objects.

    Raises:
        TypeError: when called with an argument of another kind, whose content nobody knows.
    """

    @functools.wraps(make)
    def found_or_made(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        if os.environ.get(FOLDER_VARIABLE) == "":
            return make(*args, **kwargs)
        generators = [a for a in (*args, *kwargs.values()) if isinstance(a, np.random.Generator)]
        path = _place(make, args, kwargs)
        found = _read(path)
        if found is None:
            result = make(*args, **kwargs)
            _write(path, (result, [g.bit_generator.state for g in generators]))
            # What was just written is read back, so that arrays are read-only and shared from the first time on.
            found = _read(path) or (result, [])
        for generator, state in zip(generators, found[1], strict=False):
            generator.bit_generator.state = state
        return cast(Result, found[0])

    return found_or_made


def _place(make: Callable[..., Any], args: Sequence[object], kwargs: dict[str, object]) -> Path:
    digest = hashlib.sha256()
    for part in described([*args, *sorted(kwargs.items())]):
        digest.update(part)
    name = f"{make.__module__}.{make.__qualname__}"
    return cache_folder() / "data" / edition() / f"{name}-{digest.hexdigest()[:32]}.bin"


def described(value: object) -> Iterator[bytes]:
    """Yield bytes that differ whenever values do; lengths and kinds are among them.

    Raises:
        TypeError: if a value is of a kind whose content nobody knows.
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        yield f"{type(value).__name__} {value!r};".encode()
    elif isinstance(value, slice):
        yield f"slice {value!r};".encode()
    elif isinstance(value, np.ndarray):
        array = np.ascontiguousarray(cast(Any, value))
        yield f"array {array.dtype.str} {array.shape};".encode()
        yield array.tobytes()
    elif isinstance(value, np.random.Generator):
        yield f"generator {value.bit_generator.state!r};".encode()
    elif isinstance(value, Keyed):
        yield f"{type(value).__qualname__} {value.key()};".encode()
    elif isinstance(value, (list, tuple)):
        items = cast(Sequence[object], value)
        yield f"sequence {len(items)};".encode()
        for item in items:
            yield from described(item)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield f"{type(value).__qualname__};".encode()
        yield from described([getattr(value, field.name) for field in dataclasses.fields(value)])
    else:
        raise TypeError(
            f"data cannot be kept under an argument of type {type(value).__qualname__}; needed numbers, texts, arrays, "
            "generators, dataclasses and sequences of these, or an object with a method key()."
        )


@functools.cache
def edition() -> str:
    """Return a digest of all that data depend on beside arguments, and drop the data of editions long unused."""
    digest = hashlib.sha256()
    for root in (PACKAGE, testcases_folder()):
        for path in sorted(p for p in root.rglob("*") if p.suffix == ".py" or p.name == MANIFEST):
            if path.relative_to(root).parts[0] not in ELSEWHERE:
                digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    versions = [importlib.metadata.version(name) for name in LIBRARIES]
    digest.update(repr((platform.machine(), *versions)).encode())
    name = digest.hexdigest()[:16]
    _drop_unused(cache_folder() / "data", name)
    return name


def _drop_unused(folder: Path, used: str) -> None:
    try:
        (folder / used).mkdir(parents=True, exist_ok=True)
        os.utime(folder / used)
        others = sorted((p for p in folder.iterdir() if p.name != used), key=lambda p: p.stat().st_mtime)
    except OSError:
        return
    for path in others[: 1 - N_EDITIONS] if len(others) >= N_EDITIONS else []:
        shutil.rmtree(path, ignore_errors=True)


def _write(path: Path, value: object) -> None:
    """Write a value, its arrays after it; a folder that cannot be written costs the time to make it again."""
    buffers: list[pickle.PickleBuffer] = []
    head = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    parts: list[bytes | memoryview] = [head, *(buffer.raw() for buffer in buffers)]
    content = b"".join(bytes(part) + bytes(-len(part) % ALIGNMENT) for part in parts)
    sizes = [len(parts), *map(len, parts)]
    header = np.array([zlib.crc32(content), *sizes], dtype="<i8").tobytes()
    try:
        write_whole(path, header + bytes(-len(header) % ALIGNMENT) + content)
    except OSError:
        return


def _read(path: Path) -> tuple[Any, list[Any]] | None:
    """Return what a file holds; None if there is none, or one that is not what was written."""
    try:
        with path.open("rb") as stream:
            file = memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))
        checksum, n_parts = np.frombuffer(file[:16], dtype="<i8").tolist()
        sizes: list[int] = np.frombuffer(file[16 : 16 + 8 * n_parts], dtype="<i8").tolist()
    except (OSError, ValueError):
        return None
    content = file[_aligned(16 + 8 * n_parts) :]
    if zlib.crc32(content) != checksum:
        return None
    starts = itertools.accumulate(map(_aligned, sizes), initial=0)
    head, *arrays = (content[start : start + size] for start, size in zip(starts, sizes, strict=False))
    return pickle.loads(head, buffers=arrays)


def _aligned(size: int) -> int:
    return size + -size % ALIGNMENT
