"""What all code of a process shares is seen to change, and put back."""

import os
import random
import subprocess
import sys
import warnings

import numpy as np
import pytest

from metric_harness import catalogue, process_state
from metric_harness.adapter import MetricUnderTest
from metric_harness.plugin_cases import CaseState, blame_elsewhere
from metric_harness.process_state import changed, restored, snapshot, unsettle
from metric_harness.records import Outcome
from metric_harness.resolution import load


def set_variable() -> None:
    os.environ["METRIC_HARNESS_TEST"] = "1"


def drop_variable() -> None:
    del os.environ["HOME"]


def torch_draw() -> None:
    import torch

    torch.rand(1)


def torch_gradients() -> None:
    import torch

    torch.set_grad_enabled(False)


def torch_type() -> None:
    import torch

    torch.set_default_dtype(torch.float64)


def torch_threads() -> None:
    import torch

    torch.set_num_threads(torch.get_num_threads() + 1)


TORCH = "torch's default type, threads or gradient mode"
CHANGES = [
    ("NumPy's global generator", lambda: np.random.random()),  # noqa: NPY002 - what is under test
    ("Python's global generator", random.random),
    ("the floating-point error settings (np.seterr)", lambda: np.seterr(all="raise")),
    ("the warning filters", lambda: warnings.simplefilter("ignore", category=FutureWarning)),
    ("the environment variables", set_variable),
    ("the working directory", lambda: os.chdir("/")),
    ("torch's global generator", torch_draw),
    *[(TORCH, change) for change in (torch_gradients, torch_type, torch_threads)],
]


@pytest.mark.parametrize(("name", "change"), CHANGES)
def test_a_change_is_named_and_put_back(name, change, monkeypatch):
    monkeypatch.setenv("HOME", "/home")
    if name.startswith("torch"):
        pytest.importorskip("torch")
    before = snapshot()
    with restored():
        change()
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


@pytest.mark.parametrize("change", [torch_gradients, torch_type])
def test_what_is_changed_in_the_block_that_loads_torch_is_put_back(change, monkeypatch):
    torch = pytest.importorskip("torch")
    before = snapshot()
    monkeypatch.delitem(sys.modules, "torch")
    with restored():
        monkeypatch.setitem(sys.modules, "torch", torch)
        change()
    assert changed(before, snapshot()) == []


def test_a_number_of_threads_that_is_set_again_is_seen():
    torch = pytest.importorskip("torch")
    with restored():
        torch.set_num_threads(1)
        unsettle()
        before = snapshot()
        torch.set_num_threads(1)
        assert changed(before, snapshot()) == [TORCH]


HOARDER = """
import mmap
import resource

import numpy as np

from metric_harness import process_state

with open("/proc/self/statm") as stream:
    used = int(stream.read().split()[0]) * resource.getpagesize()
limit = used + process_state.SET_ASIDE + 2**28
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
hoard = []
for _ in range(20):
    try:
        with process_state.room_afterwards():
            while True:
                hoard.append(np.empty(2**23, dtype=np.uint8))
    except MemoryError:
        pass
print(len(mmap.mmap(-1, process_state.SET_ASIDE // 2)))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits of the address space are Linux's")
def test_what_follows_has_room_when_all_memory_is_used_up_again_and_again():
    done = subprocess.run([sys.executable, "-c", HOARDER], capture_output=True, text=True, check=False)
    assert done.stdout == f"{process_state.SET_ASIDE // 2}\n", done.stderr


def test_an_error_for_want_of_memory_is_not_called_a_fault_of_the_case():
    def hungry() -> None:
        raise MemoryError

    case = catalogue.cases()[0]
    state = CaseState(case=case, metric=MetricUnderTest("cka", load("cka")), parameters="")
    blame_elsewhere(state, pytest.CallInfo.from_call(hungry, "call"))
    assert state.outcome is Outcome.ERROR
    assert "memory is used up" in state.message
    assert "fault of the case" not in state.message
