"""Which way a question takes: to the cache first, then to the cluster, and else to the metric in this process."""

import dataclasses
import os
from collections.abc import Callable, Mapping
from typing import Any, final

from metric_harness.answers import KeptAnswers
from metric_harness.asking import Meter, Question, Route
from metric_harness.cache import FOLDER_VARIABLE
from metric_harness.cluster import Cluster
from metric_harness.errors import UsageError
from metric_harness.interfaces import AbstractMetric

ASKED_HERE = ("contract",)
"""Groups whose cases are about the asking itself: whether answers repeat, what they cost, what they leave behind."""


@final
@dataclasses.dataclass(frozen=True)
class Routes:
    """The ways of one run.

    Attributes:
        kept: the way by the cache, if that was asked for.
        cluster: the way by a scheduler, if one was named.
    """

    kept: KeptAnswers | None = None
    cluster: Cluster | None = None

    def of(self, group: str) -> Route | None:
        """Return the way of a group's questions; None where they are put to the metric at once."""
        return None if group in ASKED_HERE or (self.kept is None and self.cluster is None) else self._answer

    def described(self, metrics: Mapping[str, AbstractMetric]) -> list[str]:
        """Return a line for each way that is open, and for each metric that stays off it."""
        lines: list[str] = []
        if self.kept is not None:
            lines.append(f"metric-harness cache: answers in {self.kept.folder}")
            refused = {name: self.kept.refused(bare) for name, bare in metrics.items()}
            lines += [f"metric-harness cache: none for {name}, {why}" for name, why in refused.items() if why]
        if self.cluster is not None:
            lines.append(f"metric-harness scheduler: {self.cluster}")
        return lines

    def close(self) -> None:
        """Leave the scheduler."""
        if self.cluster is not None:
            self.cluster.close()

    def _answer(self, question: Question, meter: Meter, ask: Callable[[], Any]) -> Any:
        cluster = self.cluster
        further = ask if cluster is None else lambda: cluster(question, meter, ask)
        return further() if self.kept is None else self.kept(question, meter, further)


def routes(*, cached: bool, scheduler: str | None) -> Routes:
    """Open the ways that were asked for.

    Args:
        cached: whether answers of earlier runs are used.
        scheduler: address of a Dask scheduler.

    Raises:
        UsageError: if the cache is turned off by the environment, or no scheduler answers.
    """
    if cached and os.environ.get(FOLDER_VARIABLE) == "":
        raise UsageError(
            f"--metric-cache needs a folder, and {FOLDER_VARIABLE} is empty, which keeps nothing. Unset it or name one."
        )
    return Routes(KeptAnswers() if cached else None, None if scheduler is None else Cluster(scheduler))
