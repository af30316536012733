"""Keeps a metric's answers on disk, so that a second run of an unchanged metric on an unchanged suite need not ask.

An answer is named by the whole question: the metric's fingerprint, the method, every recording, every pair. A batch is
kept as it was asked, and never put together from parts, so that its numbers are those of the first run to the last bit.
"""

import contextlib
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
from metric_harness.files import write_whole
from metric_harness.interfaces import AbstractMetric
from metric_harness.sources import fingerprint

WORTH_S = 0.005
"""Seconds below which an answer is not kept: finding it again takes about one."""
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
        self._known: dict[int, tuple[AbstractMetric, str, str]] = {}
        _drop_unused(self.folder, MOST_FILES)

    def __call__(self, question: Question, meter: Meter, ask: Callable[[], Any]) -> Any:
        """Return the kept answer, or ask and keep what comes back."""
        known, refused = self._identified(question.bare)
        if refused:
            return ask()
        path = self.folder / _named(question, known)
        kept = _read(path, _shape(question))
        if kept is not None:
            seconds, values = kept
            meter.n_calls += question.n_distances
            meter.n_reused += question.n_distances
            meter.seconds += seconds
            return values
        before = meter.seconds
        answer = ask()
        seconds, values = meter.seconds - before, _sound(question, answer)
        if values is not None and seconds >= WORTH_S:
            _write(path, seconds, values)
        return answer

    def refused(self, bare: AbstractMetric) -> str:
        """Return why nothing of a metric is kept; empty if it is."""
        return self._identified(bare)[1]

    def _identified(self, bare: AbstractMetric) -> tuple[str, str]:
        """Return a metric's fingerprint and an empty text, or the reverse: an empty text and why it has none."""
        if id(bare) not in self._known:
            # The metric is held beside its digest, so that no other can get its place in memory.
            self._known[id(bare)] = bare, *_identified(bare)
        return self._known[id(bare)][1:]


def _identified(bare: AbstractMetric) -> tuple[str, str]:
    if bare.claims.deterministic is False:
        return "", "which claims that it is not deterministic"
    try:
        return fingerprint(bare), ""
    except TypeError as error:
        return "", f"whose state cannot be told: {error}"


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
    try:
        values = np.asarray(answer, dtype=np.float64)
    except (TypeError, ValueError):
        return None
    return values if values.shape == _shape(question) and math.isfinite(float(np.abs(values).sum())) else None


def _shape(question: Question) -> tuple[int, ...]:
    n = len(question.arrays)
    return (n, n) if question.method == "distances" else (len(question.pairs),)


def _write(path: Path, seconds: float, values: Array) -> None:
    """Write seconds and values as float64 behind their digest; a folder that refuses costs the time to ask again."""
    content = np.array([seconds, *values.ravel()]).astype("<f8").tobytes()
    with contextlib.suppress(OSError):
        write_whole(path, hashlib.sha256(content).digest() + content)


def _read(path: Path, shape: tuple[int, ...]) -> tuple[float, Array] | None:
    """Return what was written, and mark it as used; None if there is nothing, or it is not what was written."""
    try:
        written = path.read_bytes()
        os.utime(path)
    except OSError:
        return None
    content = written[32:]
    if hashlib.sha256(content).digest() != written[:32] or len(content) != 8 * (1 + math.prod(shape)):
        return None
    seconds, *values = np.frombuffer(content, dtype="<f8").tolist()
    return seconds, np.array(values).reshape(shape)


def _drop_unused(folder: Path, most: int) -> None:
    """Drop the answers that were not used for longest once there are too many, down to three quarters."""
    try:
        ages = [(entry.stat().st_mtime, entry.path) for entry in os.scandir(folder)]
    except OSError:
        return
    for _, path in sorted(ages)[: len(ages) - 3 * most // 4] if len(ages) > most else []:
        Path(path).unlink(missing_ok=True)
