"""What `metric-harness sweep` does: the reference study's networks at its own size, or a share of them."""

import argparse
import concurrent.futures
import multiprocessing
import os
import queue
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from metric_harness.cache import cache_folder
from metric_harness.connection import Connection
from metric_harness.errors import UsageError
from metric_harness.files import write_whole
from metric_harness.records import to_json
from metric_harness.sweep_cluster import sent
from metric_harness.sweep_costs import CALIBRATION, Costs, calibrated, departures
from metric_harness.sweep_pieces import Asked, Home, Record, Teller, asked_in, read_record, trainings, work
from metric_harness.sweep_plans import Configuration, Part, Sweep, n_trainings
from metric_harness.sweep_results import markdown, results, table
from metric_harness.zoo_cluster import connected

BAR = "{l_bar}{bar}| {n:.0f}/{total:.0f} core-s [{elapsed}<{remaining}] {postfix}"
"""The progress bar: seconds of a processor that the finished work had by the law, of those of all, and time left."""


def run(options: argparse.Namespace, words: Sequence[str], sweep: Sweep | None = None) -> tuple[str, int]:
    """Tell what a sweep will cost, do it, and write what it found.

    Args:
        options: of the command.
        words: what was typed after `metric-harness`.
        sweep: another than the study's.

    Returns:
        What to print, and the exit status: 1 if a network or a metric failed somewhere.

    Raises:
        UsageError: if a metric, a setting, a share or a number of processes is wrong, no scheduler answers, or it or
            its workers are lost.
    """
    if options.processes is not None and options.processes < 1:
        raise UsageError(f"--processes is {options.processes}; needed at least 1, or leave it out for one per core.")
    with connected(options.scheduler) as connection:
        return _run(options, words, sweep or Sweep(), connection)


def _run(
    options: argparse.Namespace, words: Sequence[str], study: Sweep, connection: Connection | None
) -> tuple[str, int]:
    here = options.processes or os.cpu_count() or 1
    n_processes = here if connection is None else max(1, connection.n_threads())
    sweep = study if options.updates is None else study.shortened(options.updates)
    part = sweep.part(share_in(options.slice))
    metrics = asked_in(options.metrics, options.metric_set or [])
    root = options.folder or cache_folder() / "sweep"
    torch.set_num_threads(1)
    costs = Costs(sweep, root, metrics, calibrated(sweep, root, metrics))
    estimate = told_before(costs, part, n_processes, options.price)
    if options.estimate:
        return estimate, 0
    print(f"{estimate}\n", file=sys.stderr, flush=True)
    with _progress(costs, part) as bar:
        done = _all_work(sweep, part, metrics, root, n_processes, connection, bar)
    found: Record = results(sweep, part, metrics, root) | {"broken off": done}
    costs = Costs(sweep, root, metrics, costs.calibration)
    found["costs"] = measured(costs, study)
    paths = [options.reports / f"sweep.{extension}" for extension in ("json", "md")]
    command = shlex.join(["metric-harness", *words])
    for path, content in zip(paths, (to_json(found), markdown(found, command)), strict=True):
        write_whole(path, content)
    problems = [*found["errors"], *done]
    lines = [f"{metric}: mean distance to the master\n{table(rows)}" for metric, rows in found["tables"].items()]
    lines += [f"{len(found['short of the target'])} trainings ended short of the target; {paths[1]} names them."]
    lines += ["\n".join(f"error: {problem}" for problem in problems)] if problems else []
    lines += [told_after(costs, study, n_processes, options.price), "\n".join(f"written: {path}" for path in paths)]
    return "\n\n".join(lines), int(bool(problems))


def share_in(text: str) -> Fraction:
    """Return the share that a text such as `1/50` or `0.02` means.

    Raises:
        UsageError: if it means none.
    """
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError) as error:
        raise UsageError(f"--slice is '{text}'; needed a share above 0 and at most 1, such as 1/50.") from error


def told_before(costs: Costs, part: Part, n_processes: int, price: float | None) -> str:
    """Return what is to be done, what is done of it, and what the rest will take."""
    homes = {c: Home(costs.sweep, c, costs.root) for c in part}
    n_done = sum(
        bool((homes[c].training(phase) or {}).get("over")) for c, groups in part.items() for phase in trainings(groups)
    )
    n_pairs = sum(len(groups) * (len(groups) - 1) // 2 for groups in part.values())
    names = ", ".join(asked.value for asked in costs.metrics)
    lines = [
        f"{len(part)} configurations: {n_trainings(part)} trainings ({n_done} done), "
        f"{sum(map(len, part.values()))} recordings, {n_pairs} pairs by {names}",
        f"estimate from {_basis(costs)}:",
    ]
    usual, most = costs.left(part, usual=True), costs.left(part, usual=False)
    known = ", ".join(f"{free} {updates:.0f}" for free, updates in sorted(costs.usual_updates().items()))
    if known:
        lines.append(f"  left, if networks stop as those that are done (mean updates: {known}):")
        lines.append(f"    {_spent(usual, n_processes, price)}")
    lines.append(f"  left at most, {costs.sweep.schedule.checkpoints[-1]} updates for every network:")
    lines.append(f"    {_spent(most, n_processes, price)}")
    return "\n".join(lines)


def _basis(costs: Costs) -> str:
    if not costs.updates:
        return f"a calibration ({CALIBRATION} updates of the cheapest and the dearest networks, two comparisons)"
    n = sum(point.weight for point in costs.updates)
    return f"what is done ({n:.0f} updates in {len(costs.updates)} configurations)"


def _spent(seconds: Mapping[str, float], n_processes: int, price: float | None) -> str:
    total = sum(seconds.values())
    by_kind = ", ".join(f"{kind} {_duration(value)}" for kind, value in seconds.items())
    paid = f", {price * total / 3600:.2f} at {price:g} per core-hour" if price is not None else ""
    cores = "1 core" if n_processes == 1 else f"{n_processes} cores"
    return f"{total / 3600:.2f} core-hours ({by_kind}), {_duration(total / n_processes)} on {cores}{paid}"


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def measured(costs: Costs, study: Sweep) -> Record:
    """Return what was measured and fitted, and what the whole takes by it, as plain data.

    Args:
        costs: of the sweep that was done.
        study: the sweep that it stands for; the same, unless its trainings were shortened.
    """
    kinds = {"update": departures(costs.updates), "recording": departures(costs.recordings)}
    kinds["update, by the calibration"] = [
        costs.early_law.seconds(point.kind, point.sizes) / point.seconds for point in costs.updates
    ]
    return {
        "exponents": dict(zip(("units", "batch"), costs.law.exponents, strict=True)),
        "updates": [
            {
                "network": p.kind,
                "units": p.sizes[0],
                "batch": p.sizes[1],
                "n": p.weight,
                "seconds": p.seconds,
                "fitted": costs.law.seconds(p.kind, p.sizes),
            }
            for p in costs.updates
        ],
        "predicted by measured": {
            kind: {"n": len(r), "median": float(np.median(r)), "least": min(r), "most": max(r)}
            for kind, r in kinds.items()
            if r
        },
        "usual updates": costs.usual_updates(),
        "seconds per network and per pair": {value: list(law) for value, law in costs.pair_laws.items()},
        "measured seconds": {
            "training": sum(point.seconds * point.weight for point in costs.updates),
            "recording": sum(point.seconds * point.weight for point in costs.recordings),
            **{value: sum(s for _, _, s in rows) for value, rows in costs.comparisons.items()},
        },
        "the whole": {name: costs.whole(updates) for name, updates in _lengths(costs, study).items()},
    }


def _lengths(costs: Costs, study: Sweep) -> dict[str, dict[str, float]]:
    """Return how long trainings may be, in words, with the updates by what is free in them."""
    most = study.schedule.checkpoints[-1]
    at_most: dict[str, float] = {free: float(most) for free in ("subtasks", "frozen", "all")}
    found = {f"at most, {most} updates for every network": at_most}
    usual = costs.usual_updates()
    if costs.sweep == study and usual:
        found["if networks stop as those that are done"] = at_most | usual
    return found


def told_after(costs: Costs, study: Sweep, n_processes: int, price: float | None) -> str:
    """Return what was measured, what it says of the whole, and how far law and measurement are apart."""
    found = measured(costs, study)
    lines = [f"measured: {_spent(found['measured seconds'], 1, None)}"]
    lines += [
        f"the whole, {name}: {_spent(seconds, n_processes, price)}" for name, seconds in found["the whole"].items()
    ]
    if costs.updates:
        lines.append("an update takes c * units^{units:.2f} * batch^{batch:.2f} s".format(**found["exponents"]))
    for kind, ratios in found["predicted by measured"].items():
        lines.append(
            f"predicted by measured seconds in {ratios['n']} configurations, {kind}: "
            f"median {ratios['median']:.2f}, from {ratios['least']:.2f} to {ratios['most']:.2f}"
        )
    return "\n".join(lines)


def _progress(costs: Costs, part: Part) -> "_Bar":
    """Return the bar over the work of a part, weighted by what each piece takes at most."""
    weights: dict[tuple[str, str], float] = {}
    done: dict[tuple[str, str], float] = {}
    most = costs.sweep.schedule.checkpoints[-1]
    for configuration, groups in part.items():
        home = Home(costs.sweep, configuration, costs.root)
        for phase in trainings(groups):
            weights[configuration.name, phase] = costs.update_s(home) * most
            record = home.training(phase)
            if record:
                done[configuration.name, phase] = 1.0 if record["over"] else record["updates"] / most
        for asked in costs.metrics:
            weights[configuration.name, asked.value] = costs.comparison_s(asked, len(groups))
            if read_record(home.comparison(asked, groups)) is not None:
                done[configuration.name, asked.value] = 1.0
    return _Bar(weights, done)


class _Bar:
    """A bar over weighted pieces that knows what was done before."""

    def __init__(self, weights: Mapping[tuple[str, str], float], done: dict[tuple[str, str], float]) -> None:
        self._weights, self._done, self._total = weights, done, sum(weights.values())
        self._bar = tqdm(total=self._total, initial=self._sum(), unit="core-s", file=sys.stderr, bar_format=BAR)

    def _sum(self) -> float:
        # Summed in another order, all of it can come to a little more than the total, which tqdm warns of.
        return min(self._total, sum(self._weights[key] * share for key, share in self._done.items()))

    def __enter__(self) -> "_Bar":
        self._bar.set_postfix_str("starting")
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def tell(self, configuration: str, piece: str, share: float) -> None:
        """Hear that a share of a piece is done."""
        self._done[configuration, piece] = share
        self._bar.n = self._sum()
        self._bar.set_postfix_str(f"{configuration} {piece}")


def _all_work(
    sweep: Sweep,
    part: Part,
    metrics: Sequence[Asked],
    root: Path,
    n_processes: int,
    connection: Connection | None,
    bar: _Bar,
) -> list[str]:
    """Do all configurations; return what broke off, by configuration, where the reason is no piece's own."""
    jobs = [(Home(sweep, configuration, root), groups) for configuration, groups in part.items()]
    failed: list[str] = []

    def hear(configuration: Configuration, finish: Callable[[], object]) -> None:
        try:
            finish()
        except Exception as error:
            failed.append(f"{configuration.name}: {type(error).__name__}: {error}")

    if connection is not None:
        for home, finish in sent(connection, jobs, metrics, bar.tell):
            hear(home.configuration, finish)
        return failed
    if n_processes == 1:
        for home, groups in jobs:
            hear(home.configuration, lambda home=home, groups=groups: work(home, groups, metrics, bar.tell))
        return failed
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager:
        news: queue.Queue[tuple[str, str, float]] = manager.Queue()
        with concurrent.futures.ProcessPoolExecutor(n_processes, context, _on_one_thread) as pool:
            waiting = {pool.submit(_work, home, groups, metrics, news): home.configuration for home, groups in jobs}
            left = set(waiting)
            while left:
                done, left = concurrent.futures.wait(left, timeout=0.5)
                while not news.empty():
                    bar.tell(*news.get())
                for finished in done:
                    hear(waiting[finished], finished.result)
    return failed


def _work(
    home: Home, groups: Sequence[str], metrics: Sequence[Asked], news: "queue.Queue[tuple[str, str, float]]"
) -> None:
    def tell(configuration: str, piece: str, share: float) -> None:
        news.put((configuration, piece, share))

    told: Teller = tell
    work(home, groups, metrics, told)


def _on_one_thread() -> None:
    torch.set_num_threads(1)
