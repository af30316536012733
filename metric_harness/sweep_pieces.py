"""What a sweep does in one configuration: trains its networks, records them, asks metrics; one file for each piece.

A piece that is finished is never done again. A file is named by all that decides its content, written whole or not at
all, and beside every result stands what it cost in seconds of the processor, from which estimates are made.
"""

import dataclasses
import functools
import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias, cast, final

import numpy as np

from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Trajectories
from metric_harness.curriculum import GROUPS
from metric_harness.errors import MetricHarnessError, UsageError
from metric_harness.files import write_whole
from metric_harness.interfaces import AbstractNetwork
from metric_harness.recording import Weights, choices, run, stacked, states_of, time_first
from metric_harness.records import to_json
from metric_harness.resolution import resolve
from metric_harness.snapshots import read_snapshot, write_snapshot
from metric_harness.sources import fingerprint
from metric_harness.statistics import settled, unique_pairs
from metric_harness.sweep_plans import Configuration, Sweep, learning, subsets
from metric_harness.training import Progress, Pupil, begin, train
from metric_harness.trials import Trials
from metric_harness.zoo import held_out_trials
from metric_harness.zoo_building import Job
from metric_harness.zoo_recordings import matched

Teller: TypeAlias = Callable[[str, str, float], None]
"""Told the name of a configuration, that of one of its pieces, and the share of it that is done."""
Record: TypeAlias = dict[str, Any]


@final
@dataclasses.dataclass(frozen=True)
class Asked:
    """A metric as the command line names it, which every process makes for itself.

    Attributes:
        value: as after `--metric`.
        settings: `KEY=VALUE` texts, as after `--metric-set`.
        cwd: folder that paths are relative to.
        known: the metric's fingerprint, of code, settings and libraries. It is taken once and handed on: other
            processes have other modules of the user's loaded, and would take another.
    """

    value: str
    settings: tuple[str, ...]
    cwd: str
    known: str

    def made(self) -> MetricUnderTest:
        """Return the metric, the same at every call in a process."""
        return _made(self)


@functools.cache
def _made(asked: Asked) -> MetricUnderTest:
    (resolved,) = resolve([asked.value], asked.settings, Path(asked.cwd))
    return MetricUnderTest(resolved.name, resolved.bare)


def asked_in(values: Sequence[str], settings: Sequence[str] = ()) -> list[Asked]:
    """Return the metrics of the command line.

    Raises:
        UsageError: if there is no such metric, a setting fits none, or nobody can tell what a metric consists of.
    """
    found: list[Asked] = []
    for metric in resolve(list(values), settings, Path.cwd()):
        try:
            known = fingerprint(metric.bare)
        except TypeError as error:
            raise UsageError(
                f"metric '{metric.value}' holds {error}, whose content nobody can tell, so that its distances could "
                "not be found again after a kill. Make it of numbers, texts, arrays and functions."
            ) from error
        found.append(Asked(metric.value, metric.settings, str(Path.cwd()), known))
    return found


@final
@dataclasses.dataclass(frozen=True)
class Home:
    """The files of one configuration.

    Attributes:
        sweep: what is done.
        configuration: which one.
        root: folder of the sweep.
    """

    sweep: Sweep
    configuration: Configuration
    root: Path

    @property
    def job(self) -> Job:
        """The training of its networks."""
        return self.sweep.job(self.configuration)

    @property
    def folder(self) -> Path:
        """Where its files lie: under the digest of the plan, so that one of another schedule never meets them."""
        return self.root / "pieces" / f"{self.configuration.name}-{self.job.plan.digest()}"

    def training(self, phase: str) -> Record | None:
        """Return what a training came to and cost; None if it never began."""
        return read_record(self.folder / f"{phase}.json")

    def comparison(self, asked: Asked, groups: Sequence[str]) -> Path:
        """Return the file of a metric's distances between the networks of some groups."""
        deciding = [asked.known, list(groups), self.sweep.n_recorded, self.sweep.n_components]
        key = hashlib.sha256(json.dumps(deciding).encode()).hexdigest()[:16]
        return self.folder / f"{asked.made().name}-{key}.json"


def pretraining(subset: Sequence[str]) -> str:
    """Return the name of the piece that teaches subtasks."""
    return f"pretraining-{'_'.join(subset)}"


def composite(group: str) -> str:
    """Return the name of the piece in which a group learns the composite task."""
    return f"composite-{group}"


def trainings(groups: Sequence[str]) -> dict[str, str]:
    """Return the trainings of some groups with what is free in each: `subtasks`, `frozen` or `all`."""
    found = {pretraining(subset): "subtasks" for subset in subsets(groups)}
    return found | {composite(name): str(GROUPS[name].free) for name in learning(groups)}


def read_record(path: Path) -> Record | None:
    """Return the record in a file; None if there is none, or one that cannot be read and has to be made again."""
    try:
        found: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return cast(Record, found) if isinstance(found, dict) else None


def work(home: Home, groups: Sequence[str], metrics: Sequence[Asked], tell: Teller) -> None:
    """Do all pieces of a configuration that are not done; a network that fails leaves the others.

    Args:
        home: where the files are.
        groups: of which there are to be networks.
        metrics: that are asked about all pairs of them.
        tell: told how it goes.
    """
    finals = networks(home, groups, tell)
    waiting = [asked for asked in metrics if read_record(home.comparison(asked, groups)) is None]
    recordings, about = recorded(home, finals) if waiting else ({}, {})
    for asked in metrics:
        if asked in waiting:
            found = compared(asked.made(), recordings) | {"recordings": about, "groups": list(groups)}
            write_whole(home.comparison(asked, groups), to_json(found))
        tell(home.configuration.name, asked.value, 1.0)


def networks(home: Home, groups: Sequence[str], tell: Teller) -> dict[str, Weights]:
    """Return the trained networks by group, those left out that cannot be trained; their records say why."""
    job, (seed,) = home.job, home.job.seeds
    taught: dict[tuple[str, ...], Progress | None] = {}
    finals: dict[str, Weights] = {}
    for name in groups:
        subset = GROUPS[name].pretraining
        if subset and subset not in taught:
            taught[subset] = _trained(home, pretraining(subset), job.beginner(subset, seed), tell)
        before = taught.get(subset)
        if subset and before is None:
            write_whole(home.folder / f"{composite(name)}.json", to_json(_failed("its pretraining failed")))
            tell(home.configuration.name, composite(name), 1.0)
            continue
        weights = before.final if before else job.first(name, seed)
        if name in learning([name]):
            progress = _trained(home, composite(name), job.learner(name, seed, weights), tell)
            if progress is None:
                continue
            weights = progress.final
        finals[name] = weights
    return finals


def _failed(reason: str, seconds: float = 0.0) -> Record:
    return {"error": reason, "over": True, "reached": False, "seconds": seconds, "timed": 0, "updates": 0}


def _trained(home: Home, phase: str, pupil: Pupil, tell: Teller) -> Progress | None:
    """Return a network after its training, going on where it stopped; None if it fails, now or before."""
    record, snapshot = home.training(phase), home.folder / f"{phase}.safetensors"
    stack = read_snapshot(snapshot)
    name, schedule = home.configuration.name, home.job.plan.schedule
    if record and record["over"] and (stack or "error" in record):
        tell(name, phase, 1.0)
        return stack.progress[0] if stack and "error" not in record else None
    stack = stack or begin([pupil])
    # Seconds are those of updates that were timed: what a kill left untimed is not counted on either side.
    timed, seconds = (record["timed"], record["seconds"]) if record and stack.update else (0, 0.0)
    network, task = home.job.made()
    began, before = time.process_time(), stack.update
    try:
        for update in train(network, task, [pupil], schedule, seed=home.sweep.seed, stack=stack):
            write_snapshot(stack, snapshot)
            now = time.process_time()
            timed, seconds, began, before = timed + update - before, seconds + now - began, now, update
            over = not stack.active or update >= schedule.checkpoints[-1]
            curve = stack.progress[0].curve
            found = {
                "curve": {str(u): share for u, share in curve.items()},
                "over": over,
                "reached": stack.progress[0].stopped,
                "seconds": seconds,
                "timed": timed,
                "updates": update,
            }
            if over:
                found["weights"] = digest_of(stack.progress[0].final)
            write_whole(home.folder / f"{phase}.json", to_json(found))
            tell(name, phase, 1.0 if over else update / schedule.checkpoints[-1])
    except MetricHarnessError as error:
        write_whole(home.folder / f"{phase}.json", to_json(_failed(str(error), seconds)))
        tell(name, phase, 1.0)
        return None
    return stack.progress[0]


def digest_of(weights: Weights) -> str:
    """Return a digest of a network's weights."""
    digest = hashlib.sha256()
    for name in sorted(weights):
        digest.update(f"{name} {weights[name].shape};".encode() + np.ascontiguousarray(weights[name]).tobytes())
    return digest.hexdigest()[:16]


def recorded(home: Home, finals: Mapping[str, Weights]) -> tuple[dict[str, Trajectories], Record]:
    """Return the recordings of networks by group, and of each its accuracy, its seconds or why it has none.

    All run on the same trials. States are projected on a network's own first principal components and scaled to one
    total variance, the spectrum kept.
    """
    network, task = home.job.made()
    trials = held_out_trials(task, home.sweep.n_recorded, home.sweep.seed)
    found: dict[str, Trajectories] = {}
    about: Record = {}
    for name, weights in finals.items():
        began = time.process_time()
        try:
            found[name], accuracy = record_network(network, weights, trials, home.sweep.n_components)
            about[name] = {"accuracy": accuracy, "share": accuracy / trials.ceiling}
        except MetricHarnessError as error:
            about[name] = {"error": str(error)}
        about[name]["seconds"] = time.process_time() - began
    return found, about


def record_network(
    network: AbstractNetwork, weights: Weights, trials: Trials, n_components: int
) -> tuple[Trajectories, float]:
    """Return a network's recording, shape (trials, time, n_components), and its accuracy on the same trials.

    Raises:
        DegenerateInputError: if its states do not spread in as many directions, or are not finite.
    """
    parameters = stacked([weights])
    states = run(network, parameters, time_first(trials))
    accuracy = float((choices(network, parameters, states, trials) == trials.choices).mean())
    (trajectories,) = states_of(network, states)
    return matched(trajectories, "scaled", n_components), accuracy


def compared(metric: MetricUnderTest, recordings: Mapping[str, Trajectories]) -> Record:
    """Return a metric's distances of all pairs of recordings, their seconds, or why there are none."""
    names = list(recordings)
    pairs = unique_pairs(len(names))
    found: Record = {"metric": metric.name, "settings": metric.settings, "pairs": []}
    began = time.process_time()
    try:
        if pairs:
            values = settled(metric.pair_distances(list(recordings.values()), pairs), metric.floor)
            found["pairs"] = [[names[i], names[j], float(v)] for (i, j), v in zip(pairs, values, strict=True)]
    except MetricHarnessError as error:
        found["error"] = str(error)
    return found | {"seconds": time.process_time() - began, "n_networks": len(names), "n_pairs": len(pairs)}
