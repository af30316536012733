"""Does the configurations of a sweep on a Dask cluster.

Snapshots of trainings stay where they were made, in the cache folder of the worker. The record of every piece comes
back, and lies in the sweep's folder here: what is finished is not sent again.
"""

import dataclasses
import functools
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import torch

from metric_harness.cache import cache_folder, edition
from metric_harness.chunks import TURNS, require_edition
from metric_harness.connection import KILLED, Connection
from metric_harness.errors import SchedulerError
from metric_harness.files import write_whole
from metric_harness.sweep_pieces import Asked, Home, Teller, read_record, trainings, work

Task: TypeAlias = tuple[Home, Sequence[str]]
"""A configuration, and the groups of which there are to be networks."""
Answer: TypeAlias = tuple[str | None, dict[str, bytes]]
"""Why a configuration broke off, empty if it did not and None if nobody can tell; and its records by file name."""


def worked(needed: str, path: Sequence[str], home: Home, groups: Sequence[str], metrics: Sequence[Asked]) -> Answer:
    """Do a configuration on a worker; return why it broke off if it did, and the records of its pieces by name.

    Args:
        needed: edition of the sender.
        path: its module search path.
        home: the configuration; its files lie in the worker's own cache folder.
        groups: of which there are to be networks.
        metrics: that are asked about all pairs of them.

    Raises:
        SchedulerError: if this worker has other code or libraries.
    """
    require_edition(needed)
    sys.path += [folder for folder in path if folder not in sys.path]
    here, why = dataclasses.replace(home, root=cache_folder() / "sweep"), ""
    with TURNS:
        torch.set_num_threads(1)
        try:
            work(here, groups, metrics, _silent)
        except Exception as error:  # a configuration that breaks off says why, and the others go on
            why = f"{type(error).__name__}: {error}"
    return why, {file.name: file.read_bytes() for file in here.folder.glob("*.json")}


def _silent(configuration: str, piece: str, share: float) -> None:
    del configuration, piece, share


def sent(
    connection: Connection, tasks: Sequence[Task], metrics: Sequence[Asked], tell: Teller
) -> Iterator[tuple[Home, Callable[[], None]]]:
    """Yield configurations as they finish on a cluster, each with a call that raises if it broke off.

    Raises:
        SchedulerError: if scheduler or workers are lost.
    """
    away = [(home, groups) for home, groups in tasks if not _finished(home, groups, metrics)]
    calls = [(edition(), sys.path, home, groups, metrics) for home, groups in away]
    for place, result in connection.each_result(worked, calls):
        home, groups = away[place]
        answer: Answer = (None, {}) if result is KILLED else result
        why, files = answer
        for name, content in files.items():
            write_whole(home.folder / name, content)
        for piece in (*trainings(groups), *(asked.value for asked in metrics)):
            tell(home.configuration.name, piece, 1.0)
        yield home, functools.partial(_said, why, connection.address)


def _finished(home: Home, groups: Sequence[str], metrics: Sequence[Asked]) -> bool:
    records = [home.training(phase) for phase in trainings(groups)]
    compared = [read_record(home.comparison(asked, groups)) for asked in metrics]
    return all(record is not None and record["over"] for record in records) and all(compared)


def _said(why: str | None, address: str) -> None:
    """Raise what a worker said.

    Raises:
        SchedulerError: if it said anything, or nothing any more.
    """
    if why is None:
        raise SchedulerError(
            f"it ended every worker of {address} that it was given to. Look into their logs: memory, or a metric that "
            "ends its process."
        )
    if why:
        raise SchedulerError(f"on a worker of {address}: {why}")
