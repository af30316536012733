"""A Dask scheduler and workers as processes of their own on this machine, which tests may kill."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import final

ROOT = Path(__file__).parents[1]
START_S = 60.0
"""Seconds that a scheduler or a worker has to be there, on a machine that others load."""


@final
class LocalCluster:
    """One scheduler and some workers; each worker has a nanny that starts it again when it dies."""

    def __init__(self, folder: Path, n_workers: int, *, environment: Sequence[tuple[str, str]] = ()) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{port}"
        self.folder = folder
        path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        self.environment = os.environ | {
            "PYTHONPATH": path,
            "OMP_NUM_THREADS": "1",
            "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": f"{START_S:g}s",
            **dict(environment),
        }
        options = ["--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]
        self.scheduler = self._started("scheduler", *options)
        self.workers = [self.added() for _ in range(n_workers)]

    def _started(self, *words: str) -> "subprocess.Popen[bytes]":
        log = (self.folder / f"{words[0]}.log").open("ab")
        with log:
            return subprocess.Popen(
                [sys.executable, "-m", "distributed.cli.dask_" + words[0], *words[1:]],
                cwd=self.folder,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def added(self, *options: str) -> "subprocess.Popen[bytes]":
        """Start one more worker, of one thread."""
        return self._started(
            "worker",
            self.address,
            "--nthreads",
            "1",
            "--no-dashboard",
            "--host",
            "127.0.0.1",
            "--local-directory",
            str(self.folder),
            *options,
        )

    def wait(self, n_workers: int) -> list[int]:
        """Wait until so many workers are there, and return the ids of their processes, without the nannies."""
        import distributed

        with distributed.Client(self.address, timeout=START_S, set_as_default=False) as client:
            client.wait_for_workers(n_workers, timeout=START_S)
            return sorted(client.run(os.getpid).values())

    def close(self) -> None:
        """End every process, and what these have started."""
        for process in (*self.workers, self.scheduler):
            kill_all_of(process)


def kill_all_of(process: "subprocess.Popen[bytes]") -> None:
    """Kill a process that was started in a session of its own, with its children."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def until(condition, seconds: float) -> None:
    """Wait for a condition, or fail."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"nothing happened within {seconds:g} s")
        time.sleep(0.05)
