"""Trains a zoo: plans the jobs, runs them in parallel, and writes weights and manifest.

A job is all groups of a few seeds on one task. Its snapshots lie in a cache under the digest of its plan, so that a
build that was killed goes on where it stopped, and one of another plan never meets them.
"""

import concurrent.futures
import dataclasses
import hashlib
import json
import multiprocessing
import platform
import queue
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast, final

import numpy as np
import torch
from numpy.typing import NDArray

from metric_harness.catalogue import make
from metric_harness.curriculum import GROUPS, MASTER, Group
from metric_harness.devices import CPU
from metric_harness.errors import UsageError
from metric_harness.files import write_whole
from metric_harness.interfaces import AbstractNetwork, AbstractTask
from metric_harness.named_networks import NamedNetwork, named
from metric_harness.recording import Weights, accuracies, stacked
from metric_harness.seeding import DEFAULT_SEED, generator
from metric_harness.snapshots import read_snapshot, write_snapshot
from metric_harness.training import Progress, Pupil, Schedule, begin, train
from metric_harness.trials import COMPOSITE, TESTING, TRAINING
from metric_harness.zoo import MANIFEST, N_TEST, SCHEMA, held_out_trials

Listener = Callable[["News"], None]
PHASES = ("pretraining", "composite", "testing")
"""What each job does, one after the other: two stacks that it trains, and the accuracies at every checkpoint."""
Runner = Callable[[Sequence["Job"], Path, Listener], None]
"""Runs jobs; what they found lies in their snapshots in a folder afterwards."""
Tested = dict[str, dict[str, float]]
"""Accuracy on the test trials by network, `group/seed`, and by update."""


@final
@dataclasses.dataclass(frozen=True)
class News:
    """What a job tells while it runs: the share of a phase that is done, and its mean accuracy by the ceiling."""

    job: str
    phase: str
    done: float
    accuracy: float


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that decides what a zoo will be.

    Attributes:
        network: file name in `networks/`, `module:Class`, or `/path/to/file.py:Class`.
        settings: of the architecture.
        source: digest of the file of a user's class; see `named_networks`.
        n_seeds: seeds per task, by file name in `tasks/`. With 20, the trend test of `learning.shared_subtasks` finds
            an effect of one standard deviation at p < .01 in 98.6 % of worlds (`benchmarks/zoo_power.py`).
        seeds_per_job: seeds that are trained as one stack.
        schedule: how networks are trained.
        seed: root seed.
    """

    network: str = "leaky_rnn"
    settings: Mapping[str, Any] = dataclasses.field(default_factory=lambda: {"activation": "leaky_relu"})
    source: str = ""
    n_seeds: Mapping[str, int] = dataclasses.field(default_factory=lambda: {"perceptual_decision": 20, "go_nogo": 4})
    seeds_per_job: int = 2
    schedule: Schedule = dataclasses.field(default_factory=Schedule)
    seed: int = DEFAULT_SEED

    def described(self) -> dict[str, Any]:
        """Return the plan as plain data; what is built in has no source to name."""
        plain = json.loads(json.dumps(dataclasses.asdict(self), sort_keys=True))
        return plain if self.source else {name: value for name, value in plain.items() if name != "source"}

    def architecture(self) -> NamedNetwork:
        """Return the architecture.

        Raises:
            UsageError: if its file has changed since the plan was made.
        """
        found = named(self.network, self.settings)
        if found.source != self.source:
            raise UsageError(f"the file of {self.network} changed while its zoo was being built. Build it again.")
        return found

    def digest(self) -> str:
        """Return what tells the networks of this plan from those of others; how many there are does not matter."""
        deciding = {name: value for name, value in self.described().items() if name != "n_seeds"}
        return hashlib.sha256(json.dumps(deciding, sort_keys=True).encode()).hexdigest()[:16]

    def jobs(self) -> list["Job"]:
        """Return the jobs, the longest first."""
        found = [
            Job(self, task, tuple(range(first, min(first + self.seeds_per_job, n))))
            for task, n in self.n_seeds.items()
            for first in range(0, n, self.seeds_per_job)
        ]
        return sorted(found, key=lambda job: -len(job.seeds))


SMOKE = Plan(
    settings={"activation": "leaky_relu", "n_units": 16},
    n_seeds={"perceptual_decision": 2, "go_nogo": 1},
    seeds_per_job=1,
    schedule=Schedule(n_trials=4, checkpoints=(0, 10, 20, 40), evaluated_every=20, earliest_stop=20, n_validation=20),
)
"""A plan that runs in seconds; its networks have learnt next to nothing."""


@final
@dataclasses.dataclass(frozen=True)
class Job:
    """All groups of some seeds on one task."""

    plan: Plan
    task: str
    seeds: tuple[int, ...]

    @property
    def name(self) -> str:
        """The name by which snapshots and progress know it; it holds every seed, for the last job may have fewer."""
        return "-".join([self.task, *map(str, self.seeds)])

    def initial(self, network: AbstractNetwork, task: AbstractTask, seed: int, who: str) -> Weights:
        """Return the weights with which the networks of a seed begin; the master has its own."""
        rng = generator(self.plan.seed, "zoo", self.task, seed, "initial", who)
        drawn = network.initial_parameters(task.n_inputs, task.n_outputs, rng)
        return {name: values.astype(np.float32) for name, values in drawn.items()}

    def first(self, group: str, seed: int) -> Weights:
        """Return the weights with which the network of a group and a seed begins, before any training."""
        network, task = self.made()
        return self.initial(network, task, seed, "master" if group == MASTER else "all but master")

    def beginner(self, subset: tuple[str, ...], seed: int) -> Pupil:
        """Return the network of a seed that is to be taught some subtasks, all weights free."""
        network, task = self.made()
        return Pupil(
            weights=self.initial(network, task, seed, "all but master"),
            rules=subset,
            trained=tuple(network.initial_parameters(1, 1, generator(0))),
            stream=("zoo", self.task, seed, "pretraining"),
        )

    def learner(self, group: str, seed: int, weights: Weights) -> Pupil:
        """Return the network of a group and a seed that is to learn the composite task, with what its group frees."""
        network, _ = self.made()
        everything = tuple(network.initial_parameters(1, 1, generator(0)))
        return Pupil(
            weights=weights,
            rules=(COMPOSITE,),
            trained=network.trained_when_frozen if GROUPS[group].free == "frozen" else everything,
            stream=("zoo", self.task, seed, "composite"),
        )

    def pretrain(self, cache: Path, tell: Listener, device: str = CPU) -> dict[tuple[tuple[str, ...], int], Progress]:
        """Return the networks that were taught subtasks together, by those rules and seed."""
        subsets = [subset for subset in dict.fromkeys(g.pretraining for g in GROUPS.values()) if subset]
        pupils = {(subset, seed): self.beginner(subset, seed) for seed in self.seeds for subset in subsets}
        return dict(zip(pupils, self.trained("pretraining", list(pupils.values()), cache, tell, device), strict=True))

    def learn(
        self,
        pretrained: Mapping[tuple[tuple[str, ...], int], Progress],
        cache: Path,
        tell: Listener,
        device: str = CPU,
    ) -> dict[tuple[str, int], Progress]:
        """Return every network of the groups, by group and seed."""
        begun = {
            (group.name, seed): progress.final if progress else self.first(group.name, seed)
            for seed in self.seeds
            for group in GROUPS.values()
            for progress in [pretrained.get((group.pretraining, seed))]
        }
        pupils = {
            (name, seed): self.learner(name, seed, weights)
            for (name, seed), weights in begun.items()
            if GROUPS[name].free != "nothing"
        }
        found = self.trained("composite", list(pupils.values()), cache, tell, device)
        learnt = dict(zip(pupils, found, strict=True))
        return {key: learnt.get(key) or Progress(checkpoints={0: weights}) for key, weights in begun.items()}

    def made(self) -> tuple[AbstractNetwork, AbstractTask]:
        """Return architecture and task."""
        return self.plan.architecture().network, make("tasks", self.task, AbstractTask, {})

    def trained(self, phase: str, pupils: Sequence[Pupil], cache: Path, tell: Listener, device: str) -> list[Progress]:
        """Train a stack, going on from its snapshot if there is one."""
        network, task = self.made()
        path = cache / f"{self.name}-{phase}.safetensors"
        stack = read_snapshot(path, device) or begin(pupils, device)
        for _ in train(network, task, pupils, self.plan.schedule, seed=self.plan.seed, stack=stack):
            write_snapshot(stack, path)
            shares = [list(progress.curve.values())[-1] for progress in stack.progress]
            share_done = 1.0 if not stack.active else stack.update / self.plan.schedule.checkpoints[-1]
            tell(News(self.name, phase, share_done, float(np.mean(shares))))
        return stack.progress

    def tested(
        self, learnt: Mapping[tuple[str, int], Progress], cache: Path, tell: Listener, device: str = CPU
    ) -> Tested:
        """Return the accuracy of every network at its checkpoints, measuring those that no earlier call has."""
        network, task = self.made()
        trials = held_out_trials(task, N_TEST, self.plan.seed)
        path = cache / f"{self.name}-accuracies.json"
        found = _read_tested(path)
        shares: list[float] = []
        for (group, seed), progress in learnt.items():
            key = f"{group}/{seed}"
            if key not in found:
                parameters = {n: p.to(device) for n, p in stacked(list(progress.checkpoints.values())).items()}
                measured = accuracies(network, parameters, trials)
                found[key] = dict(zip(map(str, progress.checkpoints), measured.tolist(), strict=True))
                write_whole(path, json.dumps(found))
            shares.append(found[key][str(max(progress.checkpoints))] / trials.ceiling)
            tell(News(self.name, "testing", len(shares) / len(learnt), float(np.mean(shares))))
        return found


def _read_tested(path: Path) -> Tested:
    """Return the accuracies in a file; none if there is no file, or one that cannot be read."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def run(job: Job, cache: Path, tell: Listener, device: str = CPU) -> None:
    """Train and test all networks of a job; what was found lies in its snapshots afterwards."""
    job.tested(job.learn(job.pretrain(cache, tell, device), cache, tell, device), cache, tell, device)


def build(
    plan: Plan,
    folder: Path,
    cache: Path,
    *,
    n_processes: int,
    tell: Listener,
    elsewhere: Runner | None = None,
    device: str = CPU,
) -> Path:
    """Train a zoo and write it to a folder; return the path of its manifest.

    Args:
        plan: what to train.
        folder: where weights and manifest go.
        cache: where snapshots lie, in a folder of the plan's digest.
        n_processes: jobs that run at once, each on one thread; with 1 they run here, one by one.
        tell: told how training goes.
        elsewhere: what runs the jobs in place of processes of this machine.
        device: where this machine trains them, as torch names it; the manifest names what it is. The trials
            are drawn by processors, so that several processes share a GPU.
    """
    snapshots = cache / "zoo" / plan.digest()
    jobs = plan.jobs()
    if elsewhere is not None:
        elsewhere(jobs, snapshots, tell)
    elif n_processes == 1:
        _on_one_thread()
        for job in jobs:
            run(job, snapshots, tell, device)
    else:
        _run_in_processes(jobs, snapshots, n_processes, tell, device)
    entries = {task: _write_weights(plan, task, snapshots, folder) for task in plan.n_seeds}
    architecture = plan.architecture()
    source = {"source": plan.source} if plan.source else {}
    manifest = {
        "schema": SCHEMA,
        "plan": plan.described(),
        "seed": plan.seed,
        "network": {"name": plan.network, "settings": architecture.settings, **source},
        "parameters": list(architecture.network.initial_parameters(1, 1, generator(0))),
        "timing": {"training": dataclasses.asdict(TRAINING), "testing": dataclasses.asdict(TESTING)},
        "versions": {
            "python": platform.python_version(),
            **{p: version(p) for p in ("numpy", "torch")},
            **({} if device == CPU else {"device": torch.cuda.get_device_name(device)}),
        },
        "tasks": entries,
    }
    return write_whole(folder / MANIFEST, json.dumps(manifest, indent=1, sort_keys=True) + "\n")


def _run_in_processes(jobs: Sequence[Job], snapshots: Path, n_processes: int, tell: Listener, device: str) -> None:
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager:
        news: queue.Queue[News] = manager.Queue()
        with concurrent.futures.ProcessPoolExecutor(n_processes, context, _on_one_thread) as pool:
            waiting = {pool.submit(run, job, snapshots, news.put, device) for job in jobs}
            while waiting:
                done, waiting = concurrent.futures.wait(waiting, timeout=0.5)
                while not news.empty():
                    tell(news.get())
                for finished in done:
                    finished.result()


def _on_one_thread() -> None:
    torch.set_num_threads(1)


def _write_weights(plan: Plan, task_name: str, snapshots: Path, folder: Path) -> dict[str, Any]:
    """Write the weights file of a task; return its entry in the manifest."""
    from safetensors.numpy import save

    tensors: dict[str, NDArray[np.float32]] = {}
    records: list[dict[str, Any]] = []
    jobs = [job for job in plan.jobs() if job.task == task_name]
    network, task = jobs[0].made()

    def silent(news: News) -> None:
        del news

    for job in sorted(jobs, key=lambda job: job.seeds):
        pretrained = job.pretrain(snapshots, silent)
        learnt = job.learn(pretrained, snapshots, silent)
        tested = job.tested(learnt, snapshots, silent)
        for (name, seed), progress in learnt.items():
            group = GROUPS[name]
            tensors |= _stored(f"{name}/{seed}", progress, group, network)
            records.append(
                {
                    "group": name,
                    "seed": seed,
                    "pretraining": _summary(pretrained.get((group.pretraining, seed))),
                    "training": _summary(progress),
                    "accuracies": tested[f"{name}/{seed}"],
                }
            )
    content = save(tensors)
    path = write_whole(folder / f"{task_name}.safetensors", content)
    return {
        "file": path.name,
        "digest": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "settings": dataclasses.asdict(cast(Any, task)),
        "ceiling": held_out_trials(task, N_TEST, plan.seed).ceiling,
        "networks": records,
    }


def _stored(prefix: str, progress: Progress, group: Group, network: AbstractNetwork) -> dict[str, NDArray[np.float32]]:
    """Return a network's weights under their names in the file; those that never change are there once."""
    changing = {"all": None, "frozen": network.trained_when_frozen, "nothing": ()}[group.free]
    tensors: dict[str, NDArray[np.float32]] = {}
    for update, weights in progress.checkpoints.items():
        for name, values in weights.items():
            changes = changing is None or name in changing
            tensors[f"{prefix}/{update}/{name}" if changes else f"{prefix}/{name}"] = values
    return tensors


def _summary(progress: Progress | None) -> dict[str, Any] | None:
    if progress is None or not progress.curve:
        return None
    return {
        "updates": max(progress.curve),
        "reached": progress.stopped,
        "curve": {str(update): round(share, 4) for update, share in progress.curve.items()},
    }
