"""A fresh virtual environment that borrows this one's dependencies, so that installing costs no downloads of them."""

import os
import subprocess
import sysconfig
from collections.abc import Sequence
from pathlib import Path


def environment() -> dict[str, str]:
    """Return environment variables under which pip and Python find the dependencies that are installed here.

    Only packages on disk are found: editable installations, such as this checkout's own, are not.
    """
    unset = ("PYTEST_ADDOPTS", "PYTEST_CURRENT_TEST", "PYTEST_XDIST_WORKER", "VIRTUAL_ENV")
    inherited = {name: value for name, value in os.environ.items() if name not in unset}
    return inherited | {"PYTHONPATH": sysconfig.get_path("purelib"), "PYTHONDONTWRITEBYTECODE": "1"}


def run(command: str | Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command, a shell line if it is text, in a folder, and return what it printed."""
    line = ["bash", "-euc", command] if isinstance(command, str) else list(command)
    return subprocess.run(line, cwd=folder, env=environment(), capture_output=True, text=True, check=False)
