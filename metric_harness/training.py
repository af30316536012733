"""Trains many networks of one architecture as one stack, each as if it were alone.

Weights carry a leading axis of networks, so that one time step of all of them is one batched product. The loss is a
sum over networks, gradients are clipped for each, Adam works entry by entry, and every network stops for itself: no
network's result depends on its neighbors. What a kill costs is the work since the last snapshot, never the result.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from metric_harness.errors import NotConvergedError
from metric_harness.interfaces import AbstractNetwork, AbstractTask
from metric_harness.recording import Weights, accuracies, stacked, tensor_of
from metric_harness.seeding import generator
from metric_harness.trials import TESTING, TRAINING, Period


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class Schedule:
    """How a network is trained.

    Attributes:
        n_trials: fresh trials at every update.
        learning_rate: of Adam (Kingma, Ba 2015, arXiv 1412.6980, with its default moments) at the first update; it
            falls on a line to a tenth at the last one, without which networks that remember lose it again.
        largest_gradient: Euclidean norm to which the gradient of a network is clipped.
        checkpoints: updates at which a network is kept, from 0 to the most that it gets.
        evaluated_every: updates between two looks at the held-out accuracy.
        earliest_stop: updates before which no network stops.
        target: share of the ceiling at which it stops, reached twice in a row under each of its rules.
        n_validation: held-out trials for each rule, which no case sees.
    """

    n_trials: int = 16
    learning_rate: float = 3e-3
    largest_gradient: float = 1.0
    checkpoints: tuple[int, ...] = (0, 10, 20, 40, 80, 120, 160, 240, 320, 480, 640, 960, 1280, 1920, 2560)
    evaluated_every: int = 40
    earliest_stop: int = 240
    target: float = 0.98
    n_validation: int = 160

    def __post_init__(self) -> None:
        kept, every = self.checkpoints, self.evaluated_every
        if kept[:1] != (0,) or list(kept) != sorted(set(kept)) or every < 1 or kept[-1] % every:
            raise ValueError(
                f"checkpoints are {kept}, evaluated_every is {every}; needed checkpoints that ascend from 0, the last "
                "of them a multiple of evaluated_every."
            )


@final
@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Pupil:
    """One network to be trained.

    Attributes:
        weights: where it begins.
        rules: what it is taught.
        trained: names of the parameters that may change.
        stream: seed path of its trials; equal paths and rules give equal trials.
    """

    weights: Weights
    rules: tuple[str, ...]
    trained: tuple[str, ...]
    stream: tuple[str | int, ...]


@final
@dataclasses.dataclass(eq=False, kw_only=True)
class Progress:
    """What became of one network so far.

    Attributes:
        checkpoints: weights by update; the last is where it stopped, or where it is.
        curve: share of the ceiling that it reached on held-out trials, by update: the lowest over its rules.
        stopped: whether it reached the target and left training.
    """

    checkpoints: dict[int, Weights] = dataclasses.field(default_factory=dict[int, Weights])
    curve: dict[int, float] = dataclasses.field(default_factory=dict[int, float])
    stopped: bool = False

    @property
    def final(self) -> Weights:
        """The weights at the end of training."""
        return self.checkpoints[max(self.checkpoints)]


@final
@dataclasses.dataclass(eq=False, kw_only=True)
class Stack:
    """Networks in training: everything that the next update depends on, and what a snapshot must hold.

    Attributes:
        active: places of the networks that are still in training, in the list of pupils.
        parameters: their weights, stacked.
        moments: Adam's running means of gradients and of their squares, by parameter.
        progress: of every pupil.
        update: updates done.
    """

    active: list[int]
    parameters: dict[str, Tensor]
    moments: dict[str, tuple[Tensor, Tensor]]
    progress: list[Progress]
    update: int = 0


def begin(pupils: Sequence[Pupil], device: str = "cpu") -> Stack:
    """Return the stack before the first update, on a device as torch names it, where it will be trained."""
    parameters = {name: p.to(device) for name, p in stacked([pupil.weights for pupil in pupils]).items()}
    return Stack(
        active=list(range(len(pupils))),
        parameters=parameters,
        moments={name: (torch.zeros_like(p), torch.zeros_like(p)) for name, p in parameters.items()},
        progress=[Progress() for _ in pupils],
    )


def train(
    network: AbstractNetwork,
    task: AbstractTask,
    pupils: Sequence[Pupil],
    schedule: Schedule,
    *,
    seed: int,
    stack: Stack,
) -> Iterator[int]:
    """Train networks until each has stopped; pause at every look at their accuracy and yield the updates done.

    Args:
        network: their architecture.
        task: their task.
        pupils: the networks.
        schedule: how they are trained.
        seed: root seed of the trials.
        stack: where they are: at the beginning, or where an earlier call left them. It is changed in place, and the
            networks end up the same to the last bit however often training was interrupted. They are trained on the
            device that it lies on; on another one sums are rounded otherwise, and the bits differ.

    Raises:
        NotConvergedError: if the loss of a network is not finite.
    """
    while True:
        _look(network, task, pupils, schedule, stack, seed)
        yield stack.update
        if not stack.active or stack.update >= schedule.checkpoints[-1]:
            return
        optimizer, masks = _optimizer(schedule, stack), _masks(pupils, stack)
        for batch in _batches(task, pupils, schedule, stack, seed):
            _update(network, stack, optimizer, masks, batch, schedule.largest_gradient)
            if stack.update in schedule.checkpoints:
                _keep(stack)


def _look(
    network: AbstractNetwork,
    task: AbstractTask,
    pupils: Sequence[Pupil],
    schedule: Schedule,
    stack: Stack,
    seed: int,
) -> None:
    """Measure held-out accuracies, and let those networks stop that have reached the target."""
    learning = [stack.progress[place] for place in stack.active]
    if all(stack.update in progress.curve for progress in learning):
        return  # nobody is left, or an earlier call has looked
    if stack.update == 0:
        _keep(stack)
    shares = _held_out(network, task, [pupils[i] for i in stack.active], schedule, stack.parameters, seed)
    for progress, share in zip(learning, shares, strict=True):
        before = max(progress.curve.items(), default=(0, 0.0))[1]
        progress.curve[stack.update] = share
        progress.stopped = min(share, before) >= schedule.target and stack.update >= schedule.earliest_stop
    stopped = [k for k, progress in enumerate(learning) if progress.stopped]
    _keep(stack, stopped)
    _drop(stack, stopped)


def _held_out(
    network: AbstractNetwork,
    task: AbstractTask,
    pupils: Sequence[Pupil],
    schedule: Schedule,
    parameters: Mapping[str, Tensor],
    seed: int,
) -> list[float]:
    """Return each network's accuracy as a share of the ceiling, the lowest over its rules."""
    shares = [np.inf] * len(pupils)
    for rule in sorted({rule for pupil in pupils for rule in pupil.rules}):
        taught = [k for k, pupil in enumerate(pupils) if rule in pupil.rules]
        trials = task.trials(schedule.n_validation, [rule], TESTING, generator(seed, "validation", rule))
        found = accuracies(network, {name: p[taught] for name, p in parameters.items()}, trials)
        for k, accuracy in zip(taught, found, strict=True):
            shares[k] = min(shares[k], float(accuracy) / trials.ceiling)
    return shares


def _keep(stack: Stack, places: Sequence[int] | None = None) -> None:
    """Add the weights of some networks, all by default, to their checkpoints."""
    for k in range(len(stack.active)) if places is None else places:
        weights = {name: p[k].detach().cpu().numpy().copy() for name, p in stack.parameters.items()}
        stack.progress[stack.active[k]].checkpoints[stack.update] = weights


def _drop(stack: Stack, places: Sequence[int]) -> None:
    """Take networks out of the stack."""
    if not places:
        return
    rest = [k for k in range(len(stack.active)) if k not in places]
    stack.active = [stack.active[k] for k in rest]
    stack.parameters = {name: p[rest] for name, p in stack.parameters.items()}
    stack.moments = {name: (first[rest], second[rest]) for name, (first, second) in stack.moments.items()}


def _optimizer(schedule: Schedule, stack: Stack) -> torch.optim.Adam:
    """Return Adam as if it had made all updates so far; it writes to the stack's parameters and moments."""
    stack.parameters = {name: p.detach().requires_grad_() for name, p in stack.parameters.items()}
    passed = stack.update / schedule.checkpoints[-1]
    optimizer = torch.optim.Adam(
        stack.parameters.values(), lr=schedule.learning_rate * (1 - 0.9 * passed), foreach=True
    )
    for name, parameter in stack.parameters.items():
        first, second = stack.moments[name]
        step = torch.tensor(float(stack.update))
        optimizer.state[parameter] = {"step": step, "exp_avg": first, "exp_avg_sq": second}
    return optimizer


def _masks(pupils: Sequence[Pupil], stack: Stack) -> dict[str, Tensor]:
    """Return, for each parameter, 1 for the networks that train it and 0 for the others."""
    return {
        name: p.new_tensor([float(name in pupils[i].trained) for i in stack.active]).view(-1, *[1] * (p.dim() - 1))
        for name, p in stack.parameters.items()
    }


@final
@dataclasses.dataclass(frozen=True, eq=False)
class _Batch:
    """Trials of one update; each array of shape (networks, time, trials, ...)."""

    inputs: Tensor
    labels: Tensor
    loss_weights: Tensor

    def on(self, device: torch.device) -> "_Batch":
        """Return the same trials on a device."""
        return _Batch(self.inputs.to(device), self.labels.to(device), self.loss_weights.to(device))


def _batches(
    task: AbstractTask, pupils: Sequence[Pupil], schedule: Schedule, stack: Stack, seed: int
) -> Iterator[_Batch]:
    """Yield the trials of every update until the next look; networks of one stream and one set of rules share them."""
    every, n = schedule.evaluated_every, schedule.n_trials
    keys = [(pupils[place].stream, pupils[place].rules) for place in stack.active]
    # One draw until the next look costs a tenth of one draw for each update.
    drawn = {
        (stream, rules): task.trials(every * n, rules, TRAINING, generator(seed, *stream, stack.update))
        for stream, rules in keys
    }
    weights = {key: _loss_weights(trials.periods, n) for key, trials in drawn.items()}
    for k in range(every):
        part = slice(k * n, (k + 1) * n)
        n_times = max(int((trials.periods[part] != Period.OVER).sum(axis=1).max()) for trials in drawn.values())
        yield _Batch(
            *(
                _time_first([padded[key][part] for key in keys], n_times)
                for padded in (
                    {key: trials.inputs for key, trials in drawn.items()},
                    {key: trials.labels for key, trials in drawn.items()},
                    weights,
                )
            )
        )


def _loss_weights(periods: NDArray[np.intp], n: int) -> NDArray[np.float32]:
    """Return the weight of each step in the loss: that of its updates' decision steps adds to 1, and of all others."""
    deciding = (periods == Period.DECISION).reshape(-1, n, periods.shape[1])
    waiting = (periods != Period.OVER).reshape(deciding.shape) & ~deciding
    shares = [steps / steps.sum(axis=(1, 2), keepdims=True) for steps in (deciding, waiting)]
    return (shares[0] + shares[1]).reshape(periods.shape).astype(np.float32)


def _time_first(arrays: Sequence[NDArray[np.generic]], n_times: int) -> Tensor:
    """Stack arrays (trials, time, ...) of several networks, cut or filled with zeros to one number of times."""
    n_trials, _, *rest = arrays[0].shape
    stack = np.zeros((len(arrays), n_times, n_trials, *rest), dtype=arrays[0].dtype)
    for whole, array in zip(stack, arrays, strict=True):
        some = array[:, :n_times].swapaxes(0, 1)
        whole[: len(some)] = some
    return tensor_of(stack)


def _update(
    network: AbstractNetwork,
    stack: Stack,
    optimizer: torch.optim.Adam,
    masks: Mapping[str, Tensor],
    batch: _Batch,
    largest_gradient: float,
) -> None:
    optimizer.zero_grad()
    batch = batch.on(next(iter(stack.parameters.values())).device)
    outputs = network.outputs(stack.parameters, batch.inputs)
    entropies = functional.cross_entropy(outputs.flatten(0, 2), batch.labels.flatten(), reduction="none")
    # A sum over networks: the gradient of each holds nothing of the others.
    loss = (entropies.view_as(batch.loss_weights) * batch.loss_weights).sum()
    if not bool(torch.isfinite(loss)):
        raise NotConvergedError(
            f"the loss is {loss.item()} at update {stack.update}; needed a finite one. Look for weights that are not "
            "finite, or lower the learning rate."
        )
    cast(Any, loss).backward()
    gradients = {name: p.grad.mul_(masks[name]) for name, p in stack.parameters.items() if p.grad is not None}
    squares = [g.square().flatten(1).sum(dim=1) for g in gradients.values()]
    shrink = (largest_gradient / torch.stack(squares).sum(dim=0).sqrt().clamp(min=1e-12)).clamp(max=1)
    for gradient in gradients.values():
        gradient.mul_(shrink.view(-1, *[1] * (gradient.dim() - 1)))
    cast(Any, optimizer).step()
    stack.update += 1
