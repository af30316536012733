"""Compare training in a stack with training one by one, and the ways to run a recurrence, side by side in one run.

First table: updates of a network per second in stacks of several sizes, against the same networks one by one through
the same code (stacks of one). A seed has 10 networks that learn the composite rule, and `zoo build` trains those of two
seeds as one stack of 20. Trials, loss, Adam and the looks at held-out trials are in the time.

Second table: one stack of 20 networks on 150 steps of 16 trials, forward and backward through the recurrence alone:
eager autograd through `step`, the same loop under torch.jit.script and under torch.compile, and `states`, whose
backward pass is written out. All get the same weights and inputs; the largest difference of their gradients is shown.

Times are CPU seconds of this process on one thread, which other processes disturb less than those of a clock, and the
least of several rounds in which the variants take turns. Run it on an idle machine all the same.

Run: python benchmarks/training_throughput.py (three minutes)
"""

import itertools
import time
import warnings
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from metric_harness.curriculum import GROUPS
from metric_harness.networks.leaky_rnn import LeakyRNN
from metric_harness.recording import stacked
from metric_harness.seeding import DEFAULT_SEED, generator
from metric_harness.training import Pupil, Schedule, begin, train
from metric_harness.trials import COMPOSITE
from metric_harness.zoo_building import Job, Plan

N_UPDATES, N_ROUNDS, N_ALONE = 80, 3, 5
SIZES = (40, 20, 10, 5, 2)
N_STACKED, N_TIMES, N_TRIALS = 20, 150, 16
JOB = Job(Plan(), "perceptual_decision", (0, 1, 2, 3))
NETWORK, TASK = JOB.made()
Loop = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
"""States (networks, time, trials, units) from inputs, input weights, recurrent weights and bias."""


def pupils() -> list[Pupil]:
    """Return the networks of a job that learn the composite rule, seed by seed, before pretraining."""
    learning = [group for group in GROUPS.values() if group.free != "nothing"]
    everything = tuple(NETWORK.initial_parameters(1, 1, generator(0)))
    return [
        Pupil(
            weights=JOB.initial(NETWORK, TASK, seed, group.name),
            rules=(COMPOSITE,),
            trained=everything if group.free == "all" else NETWORK.trained_when_frozen,
            stream=("benchmark", seed),
        )
        for seed in JOB.seeds
        for group in learning
    ]


def trained(some: Sequence[Pupil]) -> None:
    schedule = Schedule(checkpoints=(0, N_UPDATES), target=2.0)
    for _ in train(NETWORK, TASK, some, schedule, seed=DEFAULT_SEED, stack=begin(some)):
        pass


def timed(work: Callable[[], object]) -> float:
    """Return the CPU seconds that some work takes."""
    start = time.process_time()
    work()
    return time.process_time() - start


def least(works: Sequence[Callable[[], object]]) -> list[float]:
    """Return the least time of each over rounds in which they take turns; the first call of each is not counted."""
    for work in works:
        work()
    return np.min([[timed(work) for work in works] for _ in range(N_ROUNDS)], axis=0).tolist()


def stacks() -> Iterator[str]:
    """Yield the lines of the first table."""
    learners = pupils()
    alone = learners[:: len(learners) // N_ALONE]
    works = [lambda: [trained([one]) for one in alone], *(lambda n=n: trained(learners[:n]) for n in SIZES)]
    one_by_one, *together = least(works)
    base = len(alone) * N_UPDATES / one_by_one
    yield "| networks in a stack | network-updates per s | ratio |"
    yield "|---|---|---|"
    yield f"| 1 ({len(alone)} of them one by one) | {base:.0f} | 1 |"
    for n, seconds in zip(SIZES, together, strict=True):
        rate = n * N_UPDATES / seconds
        yield f"| {n} | {rate:.0f} | {rate / base:.2f} |"


def step(state: Tensor, inputs: Tensor, w_in: Tensor, w_rec: Tensor, bias: Tensor, decay: float) -> Tensor:
    drive = torch.baddbmm(bias.unsqueeze(1), inputs, w_in)
    return torch.lerp(torch.nn.functional.leaky_relu(torch.baddbmm(drive, state, w_rec)), state, decay)


def scripted(inputs: Tensor, w_in: Tensor, w_rec: Tensor, bias: Tensor, decay: float) -> Tensor:
    state = torch.zeros(inputs.shape[0], inputs.shape[2], w_rec.shape[2])
    states = []
    for t in range(inputs.shape[1]):
        drive = torch.baddbmm(bias.unsqueeze(1), inputs[:, t], w_in)
        state = torch.lerp(torch.nn.functional.leaky_relu(torch.baddbmm(drive, state, w_rec)), state, decay)
        states.append(state)
    return torch.stack(states, 1)


def looped(one_step: Callable[..., Tensor], decay: float) -> Loop:
    def run(inputs: Tensor, w_in: Tensor, w_rec: Tensor, bias: Tensor) -> Tensor:
        state = torch.zeros(inputs.shape[0], inputs.shape[2], w_rec.shape[2])
        states: list[Tensor] = []
        for t in range(inputs.shape[1]):
            state = one_step(state, inputs[:, t], w_in, w_rec, bias, decay)
            states.append(state)
        return torch.stack(states, 1)

    return run


def variants(network: LeakyRNN) -> dict[str, Loop]:
    d = network.decay
    script = torch.jit.script(scripted)
    return {
        "eager autograd": looped(step, d),
        "torch.jit.script": lambda *given: script(*given, d),
        "torch.compile of a step": looped(torch.compile(step), d),
        "backward pass by hand, as shipped": lambda inputs, w_in, w_rec, bias: network.states(
            {"input_weights": w_in, "recurrent_weights": w_rec, "bias": bias}, inputs
        ),
    }


def loops() -> Iterator[str]:
    """Yield the lines of the second table."""
    network = LeakyRNN(activation="leaky_relu")
    weights = stacked([pupil.weights for pupil in pupils()[:N_STACKED]])
    parameters = [weights[name].requires_grad_() for name in ("input_weights", "recurrent_weights", "bias")]
    rng = generator(DEFAULT_SEED, "throughput")
    k = len(parameters[0])
    inputs, direct = (
        torch.tensor(rng.random((k, N_TIMES, N_TRIALS, n)), dtype=torch.float32) for n in (TASK.n_inputs, 64)
    )

    def gradients(loop: Loop) -> tuple[Tensor, ...]:
        return torch.autograd.grad((loop(inputs, *parameters) * direct).mean(), parameters)

    expected, works, departures = gradients(variants(network)["eager autograd"]), {}, []
    for name, loop in variants(network).items():
        try:
            found = gradients(loop)
        except Exception as error:  # the compiler's own, of many kinds
            yield f"{name} does not work here: {type(error).__name__}\n"
            continue
        works[name] = lambda loop=loop: gradients(loop)
        departures.append(max(float((a - b).abs().max() / b.abs().max()) for a, b in zip(found, expected, strict=True)))
    seconds = least(list(works.values()))
    yield "| recurrence, forward and backward | network-updates per s | ratio | departure of gradients |"
    yield "|---|---|---|---|"
    for name, spent, departure in zip(works, seconds, departures, strict=True):
        yield f"| {name} | {k / spent:.0f} | {seconds[0] / spent:.2f} | {departure:.1g} |"


def main() -> None:
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # torch.jit and torch.compile announce each other's end
    print(f"torch {torch.__version__}, one thread, {N_UPDATES} updates\n")
    for line in itertools.chain(stacks(), [""], loops()):
        print(line, flush=True)


if __name__ == "__main__":
    main()
