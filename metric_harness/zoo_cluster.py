"""Trains the networks of a zoo on a Dask cluster: jobs go there, their snapshots come back as bytes.

A job hangs on nothing but its plan and its seeds. One whose worker dies is run again by another, from the snapshots
that lie there if it shares the folder and from the beginning otherwise, to the same weights. What has come back lies in
the snapshots of this machine, from which the next build goes on.
"""

import contextlib
import sys
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import final

import torch

from metric_harness.cache import cache_folder, edition
from metric_harness.chunks import TURNS, require_edition
from metric_harness.connection import KILLED, Connection
from metric_harness.errors import SchedulerError, UsageError
from metric_harness.files import write_whole
from metric_harness.zoo_building import PHASES, Job, Listener, News, run

OPTION = "--scheduler"


@contextlib.contextmanager
def connected(address: str | None) -> Generator[Connection | None]:
    """Yield a connection to what trains in place of this machine, if there is an address.

    Raises:
        UsageError: if no scheduler answers, or it or its workers are lost.
    """
    if address is None:
        yield None
        return
    with contextlib.closing(Connection(address, OPTION)) as connection:
        try:
            yield connection
        except SchedulerError as error:
            raise UsageError(f"{error} What has come back stays; the same command goes on from there.") from error


def _files(job: Job) -> list[str]:
    """Return the names of the files that a job leaves."""
    return [*(f"{job.name}-{phase}.safetensors" for phase in PHASES[:2]), f"{job.name}-accuracies.json"]


def trained(needed: str, path: Sequence[str], job: Job) -> dict[str, bytes]:
    """Run a job on a worker, and return its files by name.

    Args:
        needed: edition of the sender.
        path: its module search path.
        job: what to train.

    Raises:
        SchedulerError: if this worker has other code or libraries.
    """
    require_edition(needed)
    sys.path += [folder for folder in path if folder not in sys.path]
    folder = cache_folder() / "zoo" / job.plan.digest()
    with TURNS:
        torch.set_num_threads(1)
        run(job, folder, _silent)
    return {name: (folder / name).read_bytes() for name in _files(job)}


def _silent(news: News) -> None:
    del news


@final
class OnCluster:
    """Runs jobs on a cluster; see `zoo_building.Runner`.

    Args:
        connection: an open one.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __call__(self, jobs: Sequence[Job], snapshots: Path, tell: Listener) -> None:
        """Run the jobs whose results are not here yet.

        Raises:
            SchedulerError: if scheduler or workers are lost, a job failed, or one killed every worker that got it.
        """
        here = [job for job in jobs if all((snapshots / name).exists() for name in _files(job))]
        open_jobs = [job for job in jobs if job not in here]
        for job in here:
            run(job, snapshots, tell)
        calls = [(edition(), sys.path, job) for job in open_jobs]
        for place, files in self._connection.each_result(trained, calls):
            job = open_jobs[place]
            if files is KILLED:
                raise SchedulerError(
                    f"the training {job.name} ended every worker of {self._connection.address} that it was given to. "
                    "Look into their logs; they need memory for a stack of networks."
                )
            for name, content in files.items():
                write_whole(snapshots / name, content)
            # Nothing is left to train or to test: what is there is told.
            run(job, snapshots, tell)
