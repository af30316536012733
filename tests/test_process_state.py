"""What all code of a process shares is seen to change, and put back."""

import os
import random
import warnings

import numpy as np
import pytest

from metric_harness.process_state import changed, restored, snapshot


def set_variable() -> None:
    os.environ["METRIC_HARNESS_TEST"] = "1"


def drop_variable() -> None:
    del os.environ["HOME"]


def torch_draw() -> None:
    import torch

    torch.rand(1)


def torch_settings() -> None:
    import torch

    torch.set_grad_enabled(False)


CHANGES = {
    "NumPy's global generator": lambda: np.random.random(),  # noqa: NPY002 - what is under test
    "Python's global generator": random.random,
    "the floating-point error settings (np.seterr)": lambda: np.seterr(all="raise"),
    "the warning filters": lambda: warnings.simplefilter("ignore", category=FutureWarning),
    "the environment variables": set_variable,
    "the working directory": lambda: os.chdir("/"),
    "torch's global generator": torch_draw,
    "torch's default type, threads or gradient mode": torch_settings,
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_named_and_put_back(name, monkeypatch):
    monkeypatch.setenv("HOME", "/home")
    if name.startswith("torch"):
        pytest.importorskip("torch")
    before = snapshot()
    with restored():
        CHANGES[name]()
        assert changed(before, snapshot()) == [name]
    assert changed(before, snapshot()) == []


def test_a_removed_variable_comes_back(monkeypatch):
    monkeypatch.setenv("HOME", "/home")
    with restored():
        drop_variable()
    assert os.environ["HOME"] == "/home"


def test_everything_is_put_back_after_an_error():
    before = snapshot()
    with pytest.raises(FileNotFoundError), restored():
        os.chdir(f"/{np.random.random()}")  # noqa: NPY002
    assert changed(before, snapshot()) == []


def test_what_only_one_snapshot_knows_is_no_change():
    assert changed({"a": 1, "b": 2}, {"a": 1, "c": 3}) == []
