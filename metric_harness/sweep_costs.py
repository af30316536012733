"""What a sweep costs: laws fitted to the pieces that are done, and before there are any to a short calibration.

The law of a training or a recording is c · units^p · batch^q seconds of a processor for one update or network, with a
constant c for each architecture. Where the measured sizes do not tell p and q, a penalty holds them to theory, 1: a
step's time goes into memory and calls at these sizes, not into the products, which grow with the square of the units.
"""

import dataclasses
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias, cast, final

import numpy as np
from scipy.optimize import nnls

from metric_harness.arrays import Array
from metric_harness.files import write_whole
from metric_harness.records import to_json
from metric_harness.sweep_pieces import Asked, Home, Record, compared, read_record, record_network, trainings
from metric_harness.sweep_plans import Part, Sweep
from metric_harness.training import begin, train
from metric_harness.zoo import held_out_trials

Sizes: TypeAlias = tuple[float, ...]
THEORY = 1.0
"""Exponent of units and batch where memory and calls take the time."""
PENALTY = 0.16
"""Of a squared departure from theory, beside squared errors of log seconds: (noise of 20 % / departure of .5)²."""
CALIBRATION = 4
"""Updates that are timed for each size of a calibration."""


@final
@dataclasses.dataclass(frozen=True)
class Point:
    """Seconds of one unit of work, as measured: an update, or a network's recording."""

    kind: str
    sizes: Sizes
    seconds: float
    weight: float = 1.0
    """Units of work that were timed."""


@final
@dataclasses.dataclass(frozen=True)
class Law:
    """log seconds = constant of the kind + exponents · log sizes."""

    constants: Mapping[str, float]
    exponents: Sizes

    def seconds(self, kind: str, sizes: Sizes) -> float:
        """Return the seconds of one unit of work; a kind that was never measured costs what the others do."""
        constant = self.constants.get(kind, float(np.mean(list(self.constants.values()))))
        return math.exp(constant + float(np.dot(self.exponents, np.log(sizes))))


def fitted(points: Sequence[Point]) -> Law:
    """Return the law of some measurements, by least squares of the logarithms with a penalty; see the module."""
    kinds = sorted({point.kind for point in points})
    x: Array = np.log(np.array([point.sizes for point in points]))
    y: Array = np.log(np.array([max(point.seconds, 1e-6) for point in points]))
    members = [np.array([point.kind == kind for point in points]) for kind in kinds]
    residual, centered = y - THEORY * x.sum(axis=1), x.copy()
    offset = residual.copy()
    for inside in members:
        centered[inside] -= x[inside].mean(axis=0)
        offset[inside] -= residual[inside].mean()
    beyond: Array = cast(Any, np.linalg).solve(
        centered.T @ centered + PENALTY * np.eye(x.shape[1]), centered.T @ offset
    )
    exponents: Array = THEORY + beyond
    constants = {kind: float((y - x @ exponents)[inside].mean()) for kind, inside in zip(kinds, members, strict=True)}
    return Law(constants, tuple(map(float, exponents)))


def departures(points: Sequence[Point]) -> list[float]:
    """Return predicted over measured seconds of every point, each predicted by the law of the others of its kind.

    A point that is the only one of its kind is left out: no law of the others says anything about it.
    """
    found: list[float] = []
    for k, point in enumerate(points):
        others = [other for j, other in enumerate(points) if j != k]
        if any(other.kind == point.kind for other in others):
            found.append(fitted(others).seconds(point.kind, point.sizes) / point.seconds)
    return found


@final
@dataclasses.dataclass(eq=False)
class Costs:
    """What is known of the cost of a sweep.

    Attributes:
        sweep: what is done.
        root: its folder.
        metrics: that are asked.
        calibration: measurements that were made before anything was done.
    """

    sweep: Sweep
    root: Path
    metrics: Sequence[Asked]
    calibration: Record

    def __post_init__(self) -> None:
        self.updates, self.recordings = self._measured()
        self.comparisons = {asked.value: self._compared(asked) for asked in self.metrics}
        self.early_law = fitted(_points(self.calibration["updates"]))
        self.law = fitted(_completed(self.updates, _points(self.calibration["updates"])))
        self.recording_law = fitted(_completed(self.recordings, _points(self.calibration["recordings"])))
        self.pair_laws = {asked.value: self._pair_law(asked) for asked in self.metrics}

    def _homes(self) -> list[Home]:
        return [Home(self.sweep, configuration, self.root) for configuration in self.sweep.configurations]

    def _measured(self) -> tuple[list[Point], list[Point]]:
        """Return the trainings and recordings that are done, one point for each configuration."""
        updates: list[Point] = []
        recordings: list[Point] = []
        for home in self._homes():
            its = home.configuration
            records = [record for phase in trainings(tuple(self.sweep.whole[its])) if (record := home.training(phase))]
            timed, seconds = sum(r["timed"] for r in records), sum(r["seconds"] for r in records)
            if timed:
                sizes = float(its.n_units), float(its.n_trials)
                updates.append(Point(its.network, sizes, seconds / timed, float(timed)))
            made = [about for found in self._files(home) for about in found["recordings"].values()]
            if made:
                mean = float(np.mean([about["seconds"] for about in made]))
                recordings.append(Point(its.network, (float(its.n_units),), mean, float(len(made))))
        return updates, recordings

    def _files(self, home: Home) -> list[Record]:
        found = [read_record(path) for path in sorted(home.folder.glob("*.json"))]
        return [record for record in found if record and "pairs" in record]

    def _compared(self, asked: Asked) -> list[tuple[int, int, float]]:
        name = asked.made().name
        files = [found for home in self._homes() for found in self._files(home) if found["metric"] == name]
        return [(f["n_networks"], f["n_pairs"], f["seconds"]) for f in files if "error" not in f and f["n_pairs"]]

    def _pair_law(self, asked: Asked) -> tuple[float, float]:
        """Return the seconds of a metric for each network and for each pair."""
        rows = [*map(tuple, self.calibration["comparisons"][asked.value]), *self.comparisons[asked.value]]
        table = np.array(rows, dtype=np.float64)
        per_network, per_pair = cast(Any, nnls)(table[:, :2], table[:, 2])[0]
        return float(per_network), float(per_pair)

    def update_s(self, home: Home) -> float:
        """Return the seconds of one update of a network in a configuration."""
        its = home.configuration
        return self.law.seconds(its.network, (float(its.n_units), float(its.n_trials)))

    def usual_updates(self) -> dict[str, float]:
        """Return the mean updates of finished trainings by what is free in them; empty for what none is known of."""
        found: dict[str, list[int]] = {}
        for home in self._homes():
            for phase, free in trainings(tuple(self.sweep.whole[home.configuration])).items():
                record = home.training(phase)
                if record and record["over"] and "error" not in record:
                    found.setdefault(free, []).append(record["updates"])
        return {free: float(np.mean(updates)) for free, updates in found.items()}

    def left(self, part: Part, *, usual: bool) -> dict[str, float]:
        """Return the seconds that are left of a part, by kind of work.

        Args:
            part: which networks.
            usual: whether networks stop as those did that are done, instead of at the most updates.
        """
        most = self.sweep.schedule.checkpoints[-1]
        expected = self.usual_updates() if usual else {}
        found = {"training": 0.0, "recording": 0.0} | {asked.value: 0.0 for asked in self.metrics}
        for configuration, groups in part.items():
            home = Home(self.sweep, configuration, self.root)
            for phase, free in trainings(groups).items():
                record = home.training(phase) or {"over": False, "updates": 0}
                if not record["over"]:
                    found["training"] += self.update_s(home) * max(0.0, expected.get(free, most) - record["updates"])
            waiting = [a for a in self.metrics if read_record(home.comparison(a, groups)) is None]
            if waiting:
                each = self.recording_law.seconds(configuration.network, (float(configuration.n_units),))
                found["recording"] += each * len(groups)
            for asked in waiting:
                found[asked.value] += self.comparison_s(asked, len(groups))
        return found

    def whole(self, updates: Mapping[str, float]) -> dict[str, float]:
        """Return the seconds of all of the sweep, done or not, by kind of work.

        Args:
            updates: of a training, by what is free in it.
        """
        found = {"training": 0.0, "recording": 0.0} | {asked.value: 0.0 for asked in self.metrics}
        for configuration, groups in self.sweep.whole.items():
            home, n = Home(self.sweep, configuration, self.root), len(groups)
            found["training"] += self.update_s(home) * sum(updates[free] for free in trainings(groups).values())
            found["recording"] += n * self.recording_law.seconds(configuration.network, (float(configuration.n_units),))
            for asked in self.metrics:
                found[asked.value] += self.comparison_s(asked, n)
        return found

    def comparison_s(self, asked: Asked, n_networks: int) -> float:
        """Return the seconds of a metric for all pairs of some networks."""
        per_network, per_pair = self.pair_laws[asked.value]
        return per_network * n_networks + per_pair * n_networks * (n_networks - 1) / 2


def _points(plain: Sequence[Mapping[str, Any]]) -> list[Point]:
    return [Point(one["kind"], tuple(one["sizes"]), one["seconds"]) for one in plain]


def _completed(done: Sequence[Point], early: Sequence[Point]) -> list[Point]:
    """Return what is done, and of a calibration the architectures of which nothing is."""
    kinds = {point.kind for point in done}
    return [*done, *(point for point in early if point.kind not in kinds)]


def calibrated(sweep: Sweep, root: Path, metrics: Sequence[Asked]) -> Record:
    """Return the short calibration of a sweep: the one that lies in its folder, or one made now.

    Of every architecture, the cheapest and the dearest configuration train for `CALIBRATION` updates and are recorded
    once; of the cheapest, two and three untrained networks are compared by every metric.
    """
    path = root / "calibration.json"
    found = read_record(path) or {"comparisons": {}, "recordings": [], "updates": []}
    cells = sorted(sweep.configurations, key=lambda c: c.n_units * c.n_trials)
    if not found["updates"]:
        for network in sorted({configuration.network for configuration in cells}):
            own = [configuration for configuration in cells if configuration.network == network]
            _timed(Home(sweep, own[0], root))  # the first updates of a process take several times as long
            for configuration in dict.fromkeys((own[0], own[-1])):
                update, recording = _timed(Home(sweep, configuration, root))
                units, batch = configuration.n_units, configuration.n_trials
                found["updates"].append({"kind": network, "sizes": [units, batch], "seconds": update})
                found["recordings"].append({"kind": network, "sizes": [units], "seconds": recording})
    for asked in metrics:
        if asked.value not in found["comparisons"]:
            found["comparisons"][asked.value] = _compared_untrained(Home(sweep, cells[0], root), asked)
    write_whole(path, to_json(found))
    return found


def _timed(home: Home) -> tuple[float, float]:
    """Return the seconds of an update, without the first look, and of a recording."""
    job = home.job
    pupil = job.learner("master", job.seeds[0], job.first("master", job.seeds[0]))
    network, task = job.made()
    schedule = dataclasses.replace(
        job.plan.schedule, checkpoints=(0, CALIBRATION), evaluated_every=CALIBRATION, n_validation=2
    )
    looks = [
        time.process_time() for _ in train(network, task, [pupil], schedule, seed=home.sweep.seed, stack=begin([pupil]))
    ]
    trials = held_out_trials(task, home.sweep.n_recorded, home.sweep.seed)
    began = time.process_time()
    record_network(network, pupil.weights, trials, home.sweep.n_components)
    return (looks[-1] - looks[0]) / CALIBRATION, time.process_time() - began


def _compared_untrained(home: Home, asked: Asked) -> list[tuple[int, int, float]]:
    network, task = home.job.made()
    trials = held_out_trials(task, home.sweep.n_recorded, home.sweep.seed)
    recordings = {
        str(seed): record_network(network, home.job.first("master", seed), trials, home.sweep.n_components)[0]
        for seed in range(3)
    }
    rows: list[tuple[int, int, float]] = []
    for n in (2, 3):
        found = compared(asked.made(), dict(list(recordings.items())[:n]))
        rows.append((found["n_networks"], found["n_pairs"], found["seconds"]))
    return rows
