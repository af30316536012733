"""What `metric-harness zoo` does: build, verify, info."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tabulate import tabulate
from tqdm import tqdm

from metric_harness.cache import cache_folder
from metric_harness.curriculum import GROUPS
from metric_harness.devices import CPU, on_device
from metric_harness.errors import UsageError
from metric_harness.named_networks import NamedNetwork, read_settings
from metric_harness.records import DEFAULT_NETWORK
from metric_harness.zoo import Zoo, ZooError, built, measured_accuracies, read_manifest, shipped, zoo_folder
from metric_harness.zoo_building import PHASES, News, Plan, build
from metric_harness.zoo_cluster import OnCluster, connected
from metric_harness.zoo_plans import asked, is_shipped, plan_for


def build_zoo(
    folder: Path | None,
    *,
    smoke: bool,
    n_processes: int | None,
    network: str = DEFAULT_NETWORK,
    settings: Sequence[str] = (),
    scheduler: str | None = None,
    device: str = CPU,
) -> str:
    """Train a zoo with a progress bar on standard error; return its tables and where it lies.

    Args:
        folder: where it goes; by default into the package if it is one of those that come with it, into the working
            folder if it is a smoke zoo, and otherwise into the user's cache, where `zoo.zoo_of` finds it.
        smoke: whether it is to be ready in seconds.
        n_processes: stacks that are trained at once; by default one per core.
        network: file name in `networks/`, `module:Class`, or `path/to/file.py:Class`.
        settings: `KEY=VALUE` texts.
        scheduler: address of a Dask scheduler whose workers train; by default this machine does.
        device: where this machine trains, as torch names it.

    Raises:
        UsageError: if `n_processes` is below 1, there is no such network or setting, no scheduler answers, it or its
            workers are lost, or there is no such device, or one beside a scheduler.
    """
    if n_processes is not None and n_processes < 1:
        raise UsageError(f"--processes is {n_processes}; needed at least 1, or leave it out for one per core.")
    _check_device(device, scheduler)
    architecture = asked(network, settings)
    plan = plan_for(architecture, smoke=smoke)
    jobs = plan.jobs()
    target = folder or _usual_folder(architecture, plan, smoke=smoke)
    done: dict[tuple[str, str], News] = {}
    with tqdm(total=len(jobs) * len(PHASES), unit="phase", file=sys.stderr, bar_format=BAR) as bar:

        def tell(news: News) -> None:
            done[news.job, news.phase] = news
            bar.n = sum(known.done for known in done.values())
            # The latest of each job: a phase that is over says nothing about the one that runs.
            latest = {known.job: known.accuracy for known in done.values()}
            bar.set_postfix_str(
                f"{news.job} {news.phase}, accuracy {np.mean(list(latest.values())):.2f} of the ceiling"
            )

        bar.set_postfix_str("starting")
        with connected(scheduler) as connection:
            manifest = build(
                plan,
                target,
                cache_folder(),
                n_processes=n_processes or os.cpu_count() or 1,
                tell=tell,
                elsewhere=OnCluster(connection) if connection else None,
                device=device,
            )
    return f"{info(target)}\n\nwrote {manifest}"


def _check_device(device: str, scheduler: str | None) -> None:
    if device == CPU:
        return
    if scheduler is not None:
        raise UsageError(f"--device {device} is of this machine, where a scheduler's workers train. Leave out one.")
    if not device.startswith("cuda"):
        raise UsageError(f"--device is {device}; needed cpu, or cuda where there is a GPU.")
    on_device(device)  # refuses a GPU that is not there


def _usual_folder(architecture: NamedNetwork, plan: Plan, *, smoke: bool) -> Path:
    if smoke:
        return Path(f"zoo-smoke-{architecture.name}")
    return shipped(plan.network) if is_shipped(architecture) else built(architecture, plan.digest())


BAR = "{l_bar}{bar}| {n:.1f}/{total} phases [{elapsed}<{remaining}] {postfix}"
"""The progress bar: phases of jobs that are done, time spent and time left, accuracy."""


def verify(folder: Path | None, network: str = DEFAULT_NETWORK, settings: Sequence[str] = ()) -> str:
    """Recompute digests and accuracies of a zoo.

    Raises:
        ZooError: if a file is not the one of the manifest, or an accuracy is not what it says.
    """
    folder = folder or zoo_folder(network, read_settings(network, settings))
    lines: list[str] = []
    for task in read_manifest(folder)["tasks"]:
        zoo = Zoo(folder, task)
        found = list(measured_accuracies(zoo))
        wrong = [(specimen, said, seen) for specimen, said, seen in found if abs(said - seen) > TOLERANCE]
        if wrong:
            specimen, said, seen = wrong[0]
            raise ZooError(
                f"{len(wrong)} of {len(found)} accuracies of {task} differ by more than {TOLERANCE}; first {specimen}: "
                f"{seen:.4f} measured, {said:.4f} in the manifest. The code that runs networks or draws trials has "
                "changed since the zoo was built. Rebuild it: metric-harness zoo build"
            )
        lines.append(f"{task}: digest right, {len(found)} accuracies right")
    return "\n".join(lines)


TOLERANCE = 0.01
"""Difference of an accuracy that rounding explains: a few of 400 trials are decided by the last digit."""


def info(folder: Path | None, network: str = DEFAULT_NETWORK, settings: Sequence[str] = ()) -> str:
    """Return the tables of a zoo: how its networks were trained, and how they did."""
    folder = folder or zoo_folder(network, read_settings(network, settings))
    manifest = read_manifest(folder)
    described = manifest["network"]
    settings = ", ".join(f"{name} {value}" for name, value in described["settings"].items())
    size = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
    versions = ", ".join(f"{name} {v}" for name, v in manifest["versions"].items())
    head = f"{described['name']} ({settings}), root seed {manifest['seed']}, {size:.1f} MB, made with {versions}"
    return "\n\n".join([head, *(_task_table(Zoo(folder, task)) for task in manifest["tasks"])])


def _task_table(zoo: Zoo) -> str:
    rows = [_group_row(zoo, name) for name in GROUPS]
    headers = ["group", "shared", "updates", "stopped", "accuracy", "lowest", "highest", "checkpoints"]
    table = tabulate(rows, headers=headers, floatfmt=".3f")
    return f"{zoo.task_name}, {len(zoo.seeds)} seeds, ceiling {zoo.ceiling:.3f}\n{table}"


def _group_row(zoo: Zoo, name: str) -> list[object]:
    records: list[Mapping[str, Any]] = [r for r in zoo.entry["networks"] if r["group"] == name]
    final = np.array([zoo.accuracy(zoo.final(name, seed)) for seed in zoo.seeds])
    trained = [r["training"] for r in records if r["training"]]
    updates = float(np.median([t["updates"] for t in trained])) if trained else 0.0
    kept = min(len(zoo.checkpoints(name, seed)) for seed in zoo.seeds)
    stopped = f"{sum(bool(t['reached']) for t in trained)} of {len(zoo.seeds)}"
    return [name, GROUPS[name].n_shared, updates, stopped, final.mean(), final.min(), final.max(), kept]
