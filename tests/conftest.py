"""What more than one file of tests needs and is dear to make."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from metric_harness.cache import FOLDER_VARIABLE, cache_folder
from tests.installed import install_wheel
from tests.workers import once, shared_folder

# Runs inside runs get a home of their own; the data of the cases stay where all of them look.
os.environ.setdefault(FOLDER_VARIABLE, str(cache_folder()))


@pytest.fixture(scope="session")
def binaries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` folder of a fresh environment with the wheel in it, one for all workers."""
    return once(shared_folder(tmp_path_factory) / "wheel", install_wheel) / "venv" / "bin"


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Keep torch to one thread, as `zoo build` does: small products wait longer for each other than they take."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
