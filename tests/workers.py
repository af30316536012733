"""Work that the first worker of a run to ask for it does, and all others wait for."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest


def shared_folder(factory: pytest.TempPathFactory) -> Path:
    """Return the temporary folder that all workers of this run have in common."""
    base = factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def once(folder: Path, fill: Callable[[Path], None]) -> Path:
    """Return a folder that is filled by whichever worker asks first; where that fails, the next one tries again."""
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "filled").exists():
            fill(folder)
            (folder / "filled").touch()
    return folder
