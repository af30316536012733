"""Keeps a metric's answers on disk, so that a second run of an unchanged metric on an unchanged suite need not ask.

An answer is named by the whole question: the metric's fingerprint, the method, every recording, every pair. A batch is
kept as it was asked, and never put together from parts, so that its numbers are those of the first run to the last bit.
"""

import hashlib
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, final

import numpy as np

from metric_harness.arrays import Array
from metric_harness.asking import Meter, Question
from metric_harness.cache import cache_folder, described
from metric_harness.files import read_arrays, write_arrays
from metric_harness.interfaces import AbstractMetric
from metric_harness.sources import fingerprint

WORTH_S = 0.005
"""Seconds below which an answer is not kept: finding it again takes one or two milliseconds."""
MOST_FILES = 20_000
"""Answers that stay, those that were used last; one has about a kilobyte, and a run leaves under a thousand."""


@final
class KeptAnswers:
    """A route by way of the cache folder.

    What a metric refuses, and what is not of finite numbers in the right shape, is never kept; nor is anything of a
    metric that says of itself that it is not deterministic, or of one whose content nobody can tell.
    """

    def __init__(self) -> None:
        self.folder = cache_folder() / "answers"
        self._fingerprints: dict[int, tuple[AbstractMetric, str | None]] = {}
        _drop_unused(self.folder, MOST_FILES)

    def __call__(self, question: Question, meter: Meter, ask: Callable[[], Any]) -> Any:
        """Return the kept answer, or ask and keep what comes back."""
        known = self._fingerprint(question.bare)
        if known is None:
            return ask()
        path = self.folder / f"{_named(question, known)}.npz"
        kept = read_arrays(path)
        if kept.keys() == {"values", "seconds"}:
            _touch(path)
            meter.n_calls += question.n_distances
            meter.n_reused += question.n_distances
            meter.seconds += float(kept["seconds"])
            return kept["values"]
        before = meter.seconds
        answer = ask()
        seconds, values = meter.seconds - before, _sound(question, answer)
        if values is not None and seconds >= WORTH_S:
            try:
                write_arrays(path, {"values": values, "seconds": np.float64(seconds)})
            except OSError:  # a folder that cannot be written costs the time to ask again
                return answer
        return answer

    def _fingerprint(self, bare: AbstractMetric) -> str | None:
        if bare.claims.deterministic is False:
            return None
        if id(bare) not in self._fingerprints:
            # The metric is held beside its digest, so that no other can get its place in memory.
            self._fingerprints[id(bare)] = bare, identified(bare)[0]
        return self._fingerprints[id(bare)][1]


def identified(bare: AbstractMetric) -> tuple[str | None, str]:
    """Return a metric's fingerprint, or None and why it has none."""
    try:
        return fingerprint(bare), ""
    except TypeError as error:
        return None, str(error)


def _named(question: Question, known: str) -> str:
    """Return the digest of a question; recordings of other layout in memory may sum up in another order."""
    digest = hashlib.sha256(f"{known} {question.method} {len(question.arrays)};".encode())
    for array in question.arrays:
        digest.update(f"{array.strides};".encode())
        for part in described(array):
            digest.update(part)
    digest.update(repr([(int(i), int(j)) for i, j in question.pairs]).encode())
    return digest.hexdigest()


def _sound(question: Question, answer: object) -> Array | None:
    """Return an answer as the harness will read it; None for one that it will refuse."""
    n = len(question.arrays)
    shape = (n, n) if question.method == "distances" else (len(question.pairs),)
    try:
        values = np.asarray(answer, dtype=np.float64)
    except (TypeError, ValueError):
        return None
    return values if values.shape == shape and math.isfinite(float(np.abs(values).sum())) else None


def _touch(path: Path) -> None:
    try:
        os.utime(path)
    except OSError:  # another process may have dropped it
        return


def _drop_unused(folder: Path, most: int) -> None:
    """Drop the answers that were not used for longest once there are too many, down to three quarters."""
    try:
        ages = [(entry.stat().st_mtime, entry.path) for entry in os.scandir(folder)]
    except OSError:
        return
    for _, path in sorted(ages)[: len(ages) - 3 * most // 4] if len(ages) > most else []:
        Path(path).unlink(missing_ok=True)
