"""A fresh virtual environment that borrows this one's dependencies, so that installing costs no downloads of them."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]


def environment() -> dict[str, str]:
    """Return environment variables under which pip and Python find the dependencies that are installed here.

    Only packages on disk are found: editable installations, such as this checkout's own, are not.
    """
    unset = ("PYTEST_", "VIRTUAL_ENV")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(unset)}
    # More than one folder where this environment borrows packages itself.
    packages = os.pathsep.join(folder for folder in sys.path if Path(folder).name in ("site-packages", "dist-packages"))
    return inherited | {"PYTHONPATH": packages, "PYTHONDONTWRITEBYTECODE": "1"}


def dependencies(folder: Path) -> Path:
    """Fill a folder with links to the packages that are installed here, without this one and pip, and return it.

    On Python's path it makes an environment that lacks nothing but this package, for pip as well.
    """
    folder.mkdir()
    own = ("metric_harness", "__editable__", "pip", "__pycache__")
    for packages in environment()["PYTHONPATH"].split(os.pathsep):
        for found in Path(packages).iterdir():
            if not found.name.startswith(own) and not (folder / found.name).exists():
                (folder / found.name).symlink_to(found)
    return folder


def run(command: str | Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command, a shell line if it is text, in a folder, and return what it printed."""
    line = ["bash", "-euc", command] if isinstance(command, str) else list(command)
    return subprocess.run(line, cwd=folder, env=environment(), capture_output=True, text=True, check=False)


def install_wheel(folder: Path) -> None:
    """Build the wheel of this checkout and install it into a new environment, `venv` in a folder."""
    built = run([sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(ROOT)], folder)
    assert built.returncode == 0, built.stdout + built.stderr
    run([sys.executable, "-m", "venv", "venv"], folder)
    (wheel,) = folder.glob("*.whl")
    installed = run([str(folder / "venv/bin/pip"), "install", "--force-reinstall", "--no-deps", str(wheel)], folder)
    assert installed.returncode == 0, installed.stdout + installed.stderr
