"""Files that a reader sees whole or not at all."""

import io
import os
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np

from metric_harness.arrays import Array


def write_whole(path: Path, content: str | bytes) -> Path:
    """Write a file so that a reader sees the old one or the new one, never a part; text is written as UTF-8."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content.encode() if isinstance(content, str) else content)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return path


def write_arrays(path: Path, arrays: Mapping[str, Any]) -> Path:
    """Write named arrays as one `.npz` file, whole or not at all."""
    content = io.BytesIO()
    cast(Any, np.savez)(content, **{name: np.asarray(array) for name, array in arrays.items()})
    return write_whole(path, content.getvalue())


def read_arrays(path: Path) -> dict[str, Array]:
    """Return the arrays of an `.npz` file; none if there is no file, or it is not readable as one."""
    try:
        with np.load(path, allow_pickle=False) as saved:
            return {name: saved[name] for name in saved.files}
    except (EOFError, OSError, ValueError, zipfile.BadZipFile):
        return {}
