"""A snapshot is the stack to the last bit, or it is none."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from metric_harness.networks.leaky_rnn import LeakyRNN
from metric_harness.seeding import generator
from metric_harness.snapshots import read_snapshot, write_snapshot
from metric_harness.tasks.go_nogo import GoNogo
from metric_harness.training import Pupil, Schedule, Stack, begin, train

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def stack() -> Stack:
    """Return three networks after ten updates; the second has stopped."""
    network, task = LeakyRNN(n_units=5), GoNogo()
    pupils = [
        Pupil(
            weights={
                name: values.astype(np.float32)
                for name, values in network.initial_parameters(7, 2, generator(47, "test_snapshots", k)).items()
            },
            rules=("plain",) if k == 1 else ("anti",),
            trained=("bias", "input_weights"),
            stream=("test", k),
        )
        for k in range(3)
    ]
    found = begin(pupils)
    schedule = Schedule(n_trials=2, checkpoints=(0, 5, 10), evaluated_every=5, n_validation=4, target=9.0)
    for _ in train(network, task, pupils, schedule, seed=3, stack=found):
        found.progress[1].stopped = found.update == 10
    return found


@pytest.fixture
def path(tmp_path: Path, stack: Stack) -> Path:
    path = tmp_path / "a" / "stack.safetensors"
    write_snapshot(stack, path)
    return path


def test_everything_comes_back_to_the_bit_and_in_its_order(stack, path):
    found = read_snapshot(path)
    assert found is not None
    assert (found.active, found.update) == (stack.active, stack.update)
    assert list(found.parameters) == list(stack.parameters) == list(found.moments)
    for name, parameter in stack.parameters.items():
        assert torch.equal(found.parameters[name], parameter)
        for mine, theirs in zip(found.moments[name], stack.moments[name], strict=True):
            assert torch.equal(mine, theirs)
    for mine, theirs in zip(found.progress, stack.progress, strict=True):
        assert (mine.curve, mine.stopped) == (theirs.curve, theirs.stopped)
        assert list(mine.curve) == list(theirs.curve)
        assert list(mine.checkpoints) == list(theirs.checkpoints) == [0, 5, 10]
        for update, weights in theirs.checkpoints.items():
            assert list(mine.checkpoints[update]) == list(weights)
            for name, values in weights.items():
                np.testing.assert_array_equal(mine.checkpoints[update][name], values)


def test_a_stack_in_which_all_have_stopped_comes_back(stack, path):
    stopped = Stack(
        active=[],
        parameters={name: p[:0] for name, p in stack.parameters.items()},
        moments={name: (a[:0], b[:0]) for name, (a, b) in stack.moments.items()},
        progress=stack.progress,
        update=10,
    )
    write_snapshot(stopped, path)
    found = read_snapshot(path)
    assert found is not None
    assert found.active == []
    assert found.parameters["bias"].shape == (0, 5)


def test_no_file_is_no_snapshot(tmp_path):
    assert read_snapshot(tmp_path / "none.safetensors") is None


@pytest.mark.parametrize("share", [0.0, 1e-4, 0.01, 0.2, 0.5, 0.9, 0.9999])
def test_a_truncated_file_counts_as_none(path, share):
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    assert read_snapshot(path) is None


@pytest.mark.parametrize("content", [b"{}", b"\0" * 64, b"\xff" * 64, b"PK\x03\x04"])
def test_another_file_counts_as_none(path, content):
    path.write_bytes(content)
    assert read_snapshot(path) is None


def test_weights_without_a_state_count_as_none(path):
    save_file({"parameters/bias": torch.zeros(2)}, path)
    assert read_snapshot(path) is None


def test_nothing_is_left_beside_the_file_and_nothing_in_it_is_pickled(path):
    assert [other.name for other in path.parent.iterdir()] == [path.name]
    assert b"\x80\x02" not in path.read_bytes()[:2]
