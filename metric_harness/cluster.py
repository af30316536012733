"""Sends questions about many pairs to a Dask scheduler, in chunks, and puts the answers in the order of the pairs.

Whatever the cluster does meanwhile, an answer is the one of this process, or there is none: chunks are made only where
each pair is known to get the number that it gets alone, and what is refused there is asked again here, so that the
message is the same, too. A chunk whose workers die is asked pair by pair, so that the fatal one has a name.
"""

import dataclasses
import math
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, final

import numpy as np

from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array
from metric_harness.asking import Meter, Question, asks_for_pairs, divisible, from_pairs, looped
from metric_harness.cache import edition
from metric_harness.carriage import carried
from metric_harness.chunks import Job, Reply, answered, shipped
from metric_harness.connection import KILLED, Connection
from metric_harness.errors import MetricError, SchedulerError
from metric_harness.interfaces import AbstractMetric

LOCAL_S = 0.1
"""Questions that would take less than this here stay here: a choice, which no measured journey stands behind."""
CHUNK_S = 1.0
"""Seconds of work that a chunk aims at."""
CHUNKS_PER_THREAD = 2
"""Fewest chunks for each thread of the cluster, so that a slow worker does not hold up the others."""

Pairs: TypeAlias = Sequence[tuple[int, int]]
Places: TypeAlias = Sequence[int]
"""Which of a question's pairs."""


@final
class Cluster:
    """A route by way of a Dask scheduler.

    Args:
        address: of the scheduler, as Dask takes it.

    Raises:
        UsageError: if Dask is not installed, or no scheduler answers.
    """

    def __init__(self, address: str) -> None:
        self._connection = Connection(address)
        self._metrics: dict[int, tuple[AbstractMetric, bytes]] = {}
        self._cost: dict[tuple[bytes, tuple[int, ...]], float] = {}

    def __str__(self) -> str:
        return f"{self._connection.address}, {self._connection.n_threads()} threads"

    def close(self) -> None:
        """Leave the scheduler."""
        self._connection.close()

    def __call__(self, question: Question, meter: Meter, ask: Callable[[], Any]) -> Any:
        """Return the cluster's answer, or this process' own where the question is a small one.

        Raises:
            MetricError: as this process would raise it.
            SchedulerError: if scheduler or workers are lost, or a pair kills every worker that gets it.
        """
        if not question.arrays or self._known_cost(question) * question.n_distances < LOCAL_S:
            return ask()
        bare = question.bare
        if question.method != "distances" or not asks_for_pairs(bare):
            return self._sent(question, meter)

        def pair_distances(xs: Sequence[Array], pairs: Pairs) -> Array:
            return np.asarray(self._sent(Question(bare, "pair_distances", xs, pairs, len(pairs)), meter))

        return from_pairs(bare, pair_distances, question.arrays)

    def _sent(self, question: Question, meter: Meter) -> Any:
        meter.n_calls += question.n_distances
        chunks = self._chunks(question)
        replies = self._replies(question, chunks)
        if any(reply.refused for reply in replies):
            if not looped(question):
                chunks, replies = [range(len(question.pairs))], [Reply(None, 0.0, refused=True)]
            replies = [
                _asked_here(question, _chosen(question, chunk), meter) if reply.refused else reply
                for chunk, reply in zip(chunks, replies, strict=True)
            ]
        seconds = sum(reply.seconds for reply in replies)
        meter.seconds += seconds
        self._cost[self._kind(question)] = seconds / max(1, question.n_distances)
        if len(replies) == 1:
            return replies[0].answer
        answers: dict[int, Any] = {}
        for chunk, reply in zip(chunks, replies, strict=True):
            answers.update(zip(chunk, _numbers(reply, len(chunk)), strict=True))
        return [answers[place] for place in range(len(question.pairs))]

    def _chunks(self, question: Question) -> list[Places]:
        """Return the places of the pairs in parts; one part where the metric may look at all pairs together.

        Each recording that a part names is sent to its worker, and prepared there by the metric. Parts name few of them
        if they are about square: as many recordings as a square has on a side, each with the same others.
        """
        n = len(question.pairs)
        whole: list[Places] = [range(n)]  # a single part keeps the order, for its answer is the question's
        if n < 2 or not divisible(question):
            return whole
        by_time = self._known_cost(question) * n / CHUNK_S if self._kind(question) in self._cost else 0
        n_chunks = max(CHUNKS_PER_THREAD * self._connection.n_threads(), math.ceil(by_time), 1)
        if n_chunks == 1:
            return whole
        size = -(-n // min(n, n_chunks))
        side = math.isqrt(size - 1) + 1
        bands = [(i // side, j) for i, j in question.pairs]
        order = sorted(range(n), key=bands.__getitem__)
        return [order[start : start + size] for start in range(0, n, size)]

    def _replies(self, question: Question, chunks: Sequence[Places]) -> list[Reply]:
        job = Job(edition(), sys.path, self._packed(question.bare), question.method, len(question.arrays))
        parts = [_chosen(question, chunk) for chunk in chunks]
        held: dict[int, Any] = {}
        # One after the other: workers begin with the first chunk while the recordings of the next one are sent.
        found = self._connection.results(answered, (self._arguments(job, question, pairs, held) for pairs in parts))
        return [
            self._one_by_one(job, question, pairs) if reply is KILLED else reply
            for pairs, reply in zip(parts, found, strict=True)
        ]

    def _arguments(self, job: Job, question: Question, pairs: Pairs, held: dict[int, Any]) -> list[Any]:
        """Return what a chunk's call gets; recordings that are not held yet are sent."""
        everything = range(len(question.arrays))
        used = sorted({index for pair in pairs for index in pair}) if divisible(question) else everything
        for k in used:
            if k not in held:
                held[k] = self._connection.holding(shipped(question.arrays[k]))
        return [job, list(used), list(pairs), *(held[k] for k in used)]

    def _one_by_one(self, job: Job, question: Question, pairs: Pairs) -> Reply:
        """Ask again what was given up, each pair by itself: the neighbors of a fatal one are innocent.

        Raises:
            SchedulerError: if that is given up again.
        """
        whole = len(pairs) < 2 or not divisible(question)
        answers: list[Any] = []
        seconds = 0.0
        for part in [pairs] if whole else [[pair] for pair in pairs]:
            (reply,) = self._connection.results(answered, [self._arguments(job, question, part, {})])
            if reply is KILLED:
                named = f"pair {tuple(part[0])}" if len(part) == 1 else f"a question about {len(part)} pairs"
                raise SchedulerError(
                    f"{named} killed every worker that it was given to. Ask for it outside the harness, and see what "
                    "ends the process: memory, a crash of compiled code, or a call to exit."
                )
            if whole or reply.refused:
                return reply
            answers.extend(_numbers(reply, 1))
            seconds += reply.seconds
        return Reply(answers, seconds)

    def _packed(self, bare: AbstractMetric) -> bytes:
        if id(bare) not in self._metrics:
            # The metric is held beside its pickle, so that no other can get its place in memory.
            self._metrics[id(bare)] = bare, carried(bare)
        return self._metrics[id(bare)][1]

    def _kind(self, question: Question) -> tuple[bytes, tuple[int, ...]]:
        return self._packed(question.bare), question.arrays[0].shape

    def _known_cost(self, question: Question) -> float:
        """Return the seconds of a distance in questions of this kind so far; without end for an unknown kind."""
        return self._cost.get(self._kind(question), math.inf)


def _chosen(question: Question, chunk: Places) -> Pairs:
    return [question.pairs[place] for place in chunk]


def _asked_here(question: Question, pairs: Pairs, meter: Meter) -> Reply:
    """Ask this process for pairs that were refused elsewhere.

    Raises:
        MetricError: if they are refused here, too.
    """
    here = MetricUnderTest("", question.bare)
    try:
        answer = here.asked(dataclasses.replace(question, pairs=pairs, n_distances=len(pairs)))
    except MetricError:
        meter.seconds += here.meter.seconds
        raise
    return Reply(answer, here.meter.seconds)


def _numbers(reply: Reply, n_pairs: int) -> Sequence[Any]:
    """Return the numbers of a chunk.

    Raises:
        MetricError: if the metric returned another number of them.
    """
    if np.shape(reply.answer) != (n_pairs,):
        raise MetricError(f"the metric returned shape {np.shape(reply.answer)}; needed {(n_pairs,)}.")
    return reply.answer
