"""Networks trained in a stack are trained as if each were alone, and however often training was interrupted."""

import dataclasses
import itertools
from collections.abc import Sequence

import numpy as np
import pytest
import torch

from metric_harness.errors import NotConvergedError
from metric_harness.networks.leaky_rnn import LeakyRNN
from metric_harness.recording import Weights
from metric_harness.seeding import generator
from metric_harness.snapshots import read_snapshot, write_snapshot
from metric_harness.tasks.go_nogo import GoNogo
from metric_harness.training import Progress, Pupil, Schedule, Stack, begin, train

pytestmark = pytest.mark.usefixtures("one_thread")

NETWORK, TASK = LeakyRNN(n_units=12, activation="leaky_relu"), GoNogo()
SCHEDULE = Schedule(n_trials=4, checkpoints=(0, 5, 10, 30), evaluated_every=10, earliest_stop=10, n_validation=20)
NEVER = dataclasses.replace(SCHEDULE, target=2.0)
"""A target that nobody reaches."""


def weights(k: int) -> Weights:
    drawn = NETWORK.initial_parameters(TASK.n_inputs, TASK.n_outputs, generator(43, "test_training", k))
    return {name: values.astype(np.float32) for name, values in drawn.items()}


def pupil(k: int, trained: Sequence[str] = tuple(weights(0)), rules: Sequence[str] = ("plain",)) -> Pupil:
    return Pupil(weights=weights(k), rules=tuple(rules), trained=tuple(trained), stream=("test", k))


def taught(pupils: Sequence[Pupil], schedule: Schedule = NEVER) -> list[Progress]:
    stack = begin(pupils)
    for _ in train(NETWORK, TASK, pupils, schedule, seed=5, stack=stack):
        pass
    return stack.progress


def same(first: Progress, second: Progress) -> None:
    """Assert that two networks are equal to the last bit, at every checkpoint."""
    assert first.curve == second.curve
    assert first.stopped == second.stopped
    assert list(first.checkpoints) == list(second.checkpoints)
    for update, kept in first.checkpoints.items():
        for name, values in kept.items():
            np.testing.assert_array_equal(values, second.checkpoints[update][name])


def moved(progress: Progress, name: str) -> float:
    return float(np.abs(progress.final[name] - progress.checkpoints[0][name]).max())


def test_a_network_of_a_stack_ends_as_it_does_alone():
    pupils = [pupil(0), pupil(1, rules=("anti", "delayed")), pupil(2, NETWORK.trained_when_frozen), pupil(3)]
    for one, together in zip(pupils, taught(pupils), strict=True):
        (alone,) = taught([one])
        assert moved(alone, "input_weights") > 0.01
        for update, kept in alone.checkpoints.items():
            for name, values in kept.items():
                # Trials are padded to the longest of the stack, and products are summed in another order.
                np.testing.assert_allclose(together.checkpoints[update][name], values, rtol=0, atol=TOLERANCE)


TOLERANCE = 1e-6
"""Of weights of order .1 after 30 updates in single precision; 5e-8 was measured."""


def test_the_order_in_a_stack_changes_nothing():
    pupils = [pupil(k) for k in range(3)]
    for first, second in zip(taught(pupils), reversed(taught(pupils[::-1])), strict=True):
        same(first, second)


def test_equal_streams_and_rules_share_their_trials_and_unequal_streams_do_not():
    twins = [Pupil(weights=weights(0), rules=("plain",), trained=("bias",), stream=("test", k)) for k in (0, 0, 1)]
    first, second, other = taught(twins)
    same(first, second)
    assert np.abs(first.final["bias"] - other.final["bias"]).max() > 1e-4


@pytest.mark.parametrize("trained", [("input_weights",), ("bias", "readout_weights"), ("recurrent_weights",)])
def test_frozen_parameters_never_change(trained):
    frozen, free = taught([pupil(0, trained), pupil(0)])
    for name, first in weights(0).items():
        later = [kept for update, kept in frozen.checkpoints.items() if update]
        assert any(not np.array_equal(kept[name], first) for kept in later) is (name in trained)
        assert moved(free, name) > 1e-3


def gradient_norms(schedule: Schedule, pupils: Sequence[Pupil]) -> torch.Tensor:
    """Return each network's norm of the gradient that Adam saw at the first update, shape (networks,)."""
    stack = begin(pupils)
    short = dataclasses.replace(schedule, checkpoints=(0, 1), evaluated_every=1)
    for _ in train(NETWORK, TASK, pupils, short, seed=5, stack=stack):
        pass
    # After one update Adam's mean of the gradients is a tenth of the gradient.
    return torch.stack([(first / 0.1).square().flatten(1).sum(1) for first, _ in stack.moments.values()]).sum(0).sqrt()


def test_the_gradient_of_each_network_is_clipped_for_itself():
    loud = Pupil(
        weights={name: 4 * values for name, values in weights(1).items()},
        rules=("plain",),
        trained=tuple(weights(1)),
        stream=("test", 1),
    )
    pupils = [pupil(0), loud]
    free = gradient_norms(dataclasses.replace(NEVER, largest_gradient=1e9), pupils)
    bound = float(free.mean())
    assert free[0] < bound < free[1]
    clipped = gradient_norms(dataclasses.replace(NEVER, largest_gradient=bound), pupils)
    torch.testing.assert_close(clipped, torch.stack([free[0], torch.tensor(bound)]), rtol=1e-5, atol=0)


def test_a_network_that_reached_the_target_leaves_and_the_others_do_not_notice():
    pupils = [pupil(0), pupil(1), pupil(2, ("bias",)), pupil(3, ("bias",))]
    longer = dataclasses.replace(NEVER, checkpoints=(0, 10, 80), learning_rate=2e-2)
    free = taught(pupils, longer)
    # The target is between what the best and the worst network reach twice in a row, so that some stop and some do not.
    best = [max(map(min, itertools.pairwise(list(progress.curve.values())))) for progress in free]
    target = (min(best) + max(best)) / 2
    assert min(best) < target < max(best)
    stopping = taught(pupils, dataclasses.replace(longer, target=target))
    assert {progress.stopped for progress in stopping} == {True, False}
    for progress, unstopped in zip(stopping, free, strict=True):
        end = max(progress.curve)
        # Accuracies are shares of 20 trials and the same; weights differ in the last bits, as products of a smaller
        # stack are padded to other lengths.
        assert progress.curve == {update: share for update, share in unstopped.curve.items() if update <= end}
        assert max(progress.checkpoints) == end
        assert end == 80 or progress.stopped
        for name, values in progress.checkpoints[10].items():
            np.testing.assert_allclose(values, unstopped.checkpoints[10][name], rtol=0, atol=TOLERANCE)


def test_nobody_stops_before_the_earliest_stop_nor_at_the_first_good_look():
    always = dataclasses.replace(SCHEDULE, target=0.0, earliest_stop=20)
    (progress,) = taught([pupil(0)], always)
    assert progress.stopped
    assert max(progress.checkpoints) == max(progress.curve) == 20


def test_checkpoints_are_kept_on_schedule_and_the_accuracy_at_every_look():
    (progress,) = taught([pupil(0)])
    assert list(progress.checkpoints) == [0, 5, 10, 30]
    assert list(progress.curve) == [0, 10, 20, 30]
    for name, values in weights(0).items():
        np.testing.assert_array_equal(progress.checkpoints[0][name], values)


@pytest.mark.parametrize("n_looks", [1, 2, 3])
def test_interrupted_and_resumed_is_uninterrupted_to_the_bit(tmp_path, n_looks):
    pupils = [pupil(0), pupil(1, NETWORK.trained_when_frozen, ("anti", "plain"))]
    path = tmp_path / "stack.safetensors"
    stack: Stack | None = begin(pupils)
    running = train(NETWORK, TASK, pupils, NEVER, seed=5, stack=stack)
    for _ in range(n_looks):
        next(running)
        write_snapshot(stack, path)
    running.close()
    stack = read_snapshot(path)
    assert stack is not None
    assert stack.update == 10 * (n_looks - 1)
    for _ in train(NETWORK, TASK, pupils, NEVER, seed=5, stack=stack):
        pass
    for resumed, straight in zip(stack.progress, taught(pupils), strict=True):
        same(resumed, straight)


def test_training_that_is_over_changes_nothing_when_called_again():
    pupils = [pupil(0)]
    stack = begin(pupils)
    for _ in train(NETWORK, TASK, pupils, NEVER, seed=5, stack=stack):
        pass
    assert list(train(NETWORK, TASK, pupils, NEVER, seed=5, stack=stack)) == [30]
    same(stack.progress[0], taught(pupils)[0])


def test_the_weights_that_a_pupil_begins_with_are_left_alone():
    one = pupil(0)
    taught([one])
    for name, values in weights(0).items():
        np.testing.assert_array_equal(one.weights[name], values)


def test_a_loss_that_is_not_finite_is_an_error_that_says_when():
    broken = dataclasses.replace(pupil(0), weights={**weights(0), "bias": np.full(12, np.nan, dtype=np.float32)})
    with pytest.raises(NotConvergedError, match=r"the loss is nan at update 0; needed a finite one\. Look for weights"):
        taught([pupil(1), broken])


@pytest.mark.parametrize("checkpoints", [(), (5, 10), (0, 20, 10), (0, 10, 10), (0, 15)])
def test_a_schedule_that_would_not_keep_the_last_network_is_refused(checkpoints):
    with pytest.raises(ValueError, match="needed checkpoints that ascend from 0"):
        dataclasses.replace(SCHEDULE, checkpoints=checkpoints)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_a_gpu_trains_as_the_processor_does():
    pupils = [pupil(0), pupil(1, NETWORK.trained_when_frozen)]
    stack = begin(pupils, "cuda")
    for _ in train(NETWORK, TASK, pupils, NEVER, seed=5, stack=stack):
        pass
    for there, here in zip(stack.progress, taught(pupils), strict=True):
        assert list(there.curve) == list(here.curve)
        for name, values in here.checkpoints[5].items():
            # Sums are rounded otherwise, which five updates do not carry far.
            np.testing.assert_allclose(there.checkpoints[5][name], values, atol=1e-4)
