"""What more than one file of tests needs and is dear to make."""

from pathlib import Path

import pytest

from tests.installed import install_wheel
from tests.workers import once, shared_folder


@pytest.fixture(scope="session")
def binaries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` folder of a fresh environment with the wheel in it, one for all workers."""
    return once(shared_folder(tmp_path_factory) / "wheel", install_wheel) / "venv" / "bin"
