"""A connection to a Dask scheduler: calls go there, results come back, and what is lost is said.

Dask hands the calls of a worker that dies to others. What it gives up, since worker after worker died of it, comes
back as `KILLED`; the loss of the scheduler, or of all workers for long, is an exception.
"""

import contextlib
import enum
import hashlib
import threading
import time
import uuid
import warnings
from collections import OrderedDict
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from typing import Any, Literal, TypeAlias, final

from metric_harness import optional
from metric_harness.chunks import Shipment, held
from metric_harness.errors import CaseTimeoutError, MetricUnavailableError, SchedulerError, UsageError

CONNECT_S = 10.0
"""Seconds that a scheduler has to answer the first call."""
PATIENCE_S = 60.0
"""Seconds without any worker after which calls are given up."""
POLL_S = 0.5
"""Seconds between looks at whether scheduler and workers are still there."""
UNDER_WAY = ("pending", "lost")
"""States of a call that has no result yet, or none any more."""
MOST_FETCHES = 20
"""How often a result is fetched whose worker dies at that very moment."""
MOST_HELD = 256 * 2**20
"""Bytes of recordings that stay on the cluster for later calls."""


class Killed(enum.Enum):
    """What comes back of a call that Dask gave up."""

    KILLED = "killed"


KILLED = Killed.KILLED
Result: TypeAlias = "Any | Literal[Killed.KILLED]"


@final
class Connection:
    """An open connection.

    Args:
        address: of the scheduler, as Dask takes it.
        option: that names it, for messages.

    Raises:
        UsageError: if Dask is not installed, or no scheduler answers.
    """

    def __init__(self, address: str, option: str = "--metric-scheduler") -> None:
        self.address = address
        self._option = option
        self._dask = _distributed(option)
        self._client = self._connected()
        self._held: OrderedDict[str, tuple[Any, int]] = OrderedDict()
        self._cleaning: threading.Thread | None = None

    def _connected(self) -> Any:
        try:
            with _quiet():
                return self._dask.Client(self.address, timeout=CONNECT_S, set_as_default=False, name="metric-harness")
        except (OSError, ValueError, TypeError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise UsageError(
                f"{self._option} {self.address} does not answer within {CONNECT_S:g} s: {reason}. Start one with "
                "`dask scheduler`, give the address that it prints, and start a `dask worker` for it."
            ) from error

    def close(self) -> None:
        """Leave the scheduler."""
        self._settle()
        self._held.clear()
        with _quiet():
            self._client.close(timeout=CONNECT_S)

    def n_threads(self) -> int:
        """Return how many calls the workers take at once; 0 while there is no worker.

        Raises:
            SchedulerError: if the scheduler is lost.
        """
        self._require_scheduler()
        try:
            return sum(self._client.nthreads().values())
        except Exception as error:  # what Dask raises here depends on the moment of the loss
            raise self._lost() from error

    def holding(self, shipment: Shipment) -> Any:
        """Return a handle of an array that is sent once and stays on the cluster, for use among arguments."""
        array, axes = shipment
        content = f"{array.dtype.str} {array.shape} {axes};".encode() + array.tobytes()
        key = hashlib.sha256(content).hexdigest()
        future, _ = self._held.pop(key, (None, 0))
        if future is None or future.status not in (*UNDER_WAY, "finished"):
            future = self._submitted(held, [shipment], "recording")
        self._held[key] = future, array.nbytes
        while sum(size for _, size in self._held.values()) > MOST_HELD and len(self._held) > 1:
            self._held.popitem(last=False)
        return future

    def results(self, function: Callable[..., Any], calls: Iterable[Sequence[Any]]) -> list[Result]:
        """Return what a function returns for each sequence of arguments, in their order.

        Raises:
            SchedulerError: if scheduler or workers are lost, or the function raised on a worker.
        """
        self._settle()
        self._require_scheduler()
        futures: list[Any] = []
        try:
            futures += [self._submitted(function, arguments, "chunk") for arguments in calls]
            self._wait(futures)
            return [self._result(future, futures) for future in futures]
        except CaseTimeoutError:
            self._abandon(futures)
            raise
        except BaseException:
            self._cancel(futures)
            raise

    def each_result(self, function: Callable[..., Any], calls: Sequence[Sequence[Any]]) -> Iterator[tuple[int, Result]]:
        """Yield the place of each sequence of arguments and what a function returns for it, as calls finish.

        Raises:
            SchedulerError: if scheduler or workers are lost, or the function raised on a worker.
        """
        self._settle()
        self._require_scheduler()
        waiting: dict[int, Any] = {}
        try:
            for place, arguments in enumerate(calls):
                waiting[place] = self._submitted(function, arguments, "piece")
            while waiting:
                self._wait(list(waiting.values()), first=True)
                for place in [k for k, future in waiting.items() if future.status not in UNDER_WAY]:
                    result = self._result(waiting[place], [waiting[place]])
                    del waiting[place]
                    yield place, result
        except BaseException:
            self._cancel(list(waiting.values()))
            raise

    def _submitted(self, function: Callable[..., Any], arguments: Sequence[Any], what: str) -> Any:
        # Keys of their own: equal questions are asked as often here as they are without a scheduler.
        with _quiet():
            return self._client.submit(
                function, *arguments, key=f"metric-harness-{what}-{uuid.uuid4().hex}", pure=False, retries=0
            )

    def _wait(self, futures: Sequence[Any], *, first: bool = False) -> None:
        """Wait until calls are over: all of them, or the first."""
        seen, enough = time.monotonic(), "FIRST_COMPLETED" if first else "ALL_COMPLETED"
        while (all if first else any)(future.status in UNDER_WAY for future in futures):
            with contextlib.suppress(TimeoutError, self._dask.TimeoutError, self._dask.CancelledError):
                with self._client.as_current():
                    self._dask.wait(futures, timeout=POLL_S, return_when=enough)
                continue
            self._require_scheduler()
            seen = time.monotonic() if self.n_threads() else seen
            if time.monotonic() - seen > PATIENCE_S:
                raise SchedulerError(
                    f"the scheduler {self.address} has had no worker for {PATIENCE_S:g} s; needed at least one. Start "
                    f"one with `dask worker {self.address}`."
                )

    def _result(self, future: Any, futures: Sequence[Any]) -> Result:
        for _ in range(MOST_FETCHES):
            # A result lies on the worker that found it; if that dies before it is fetched, Dask has it found again.
            self._wait(futures)
            if future.status != "finished":
                break
            with contextlib.suppress(Exception):  # what Dask raises here depends on the moment of the loss
                return future.result()
            self._require_scheduler()
            time.sleep(POLL_S)
        if future.status != "error":
            raise self._lost()
        error = future.exception()
        if isinstance(error, self._dask.KilledWorker):
            return KILLED
        if isinstance(error, SchedulerError):
            raise error
        raise SchedulerError(
            f"a worker of {self.address} failed: {type(error).__name__}: {error}. Scheduler and workers need the "
            "same packages as this process."
        ) from error

    def _require_scheduler(self) -> None:
        if self._client.status != "running":
            raise self._lost()

    def _lost(self) -> SchedulerError:
        return SchedulerError(
            f"the scheduler {self.address} was lost, and what it was asked with it. Start it again, and rerun."
        )

    def _cancel(self, futures: Sequence[Any]) -> None:
        if self._client.status == "running":
            with contextlib.suppress(Exception):  # what cannot be cancelled any more is over
                self._client.cancel(futures, force=True)

    def _abandon(self, futures: Sequence[Any]) -> None:
        """Cancel calls that took too long, and restart the workers that are still busy with them.

        No thread can be stopped from outside. The alarm of the case's time limit repeats in the main thread, and would
        end this half way; it is done in another, which the next call waits for.
        """
        busy = {future.key for future in futures if not future.done()}

        def clean() -> None:
            with contextlib.suppress(Exception):  # the case has its verdict; the next one notices what is lost
                stuck = [worker for worker, keys in self._client.processing().items() if busy & set(keys)]
                self._client.cancel(futures, force=True)
                self._client.restart_workers(stuck, timeout=PATIENCE_S, raise_for_error=False)

        self._cleaning = threading.Thread(target=clean, daemon=True)
        self._cleaning.start()

    def _settle(self) -> None:
        """Wait until what was abandoned is gone."""
        if self._cleaning is not None:
            self._cleaning.join()
            self._cleaning = None


def _distributed(option: str) -> Any:
    try:
        return optional.imported("distributed", "dask", holds=["Client", "KilledWorker"])
    except MetricUnavailableError as error:
        raise UsageError(f"{option} {error}") from error


@contextlib.contextmanager
def _quiet() -> Generator[None]:
    """Leave unheard what Dask warns of here: graphs that carry recordings, versions that differ, ports in use."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=UserWarning, module=r"distributed(\.|$)")
        warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"(distributed|tornado)(\.|$)")
        yield
