"""No detour is shorter than the straight way."""

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Trajectories
from metric_harness.checks import Recorder, decide_claim
from metric_harness.corpora import fixed_corpus

WEIGHTS = (0.25, 0.5, 0.75)
"""Shares of the second recording in the morphs between two."""


def morphs(first: Trajectories, second: Trajectories) -> Sequence[Trajectories]:
    """Return mixtures of two recordings, each brought to variance one."""
    first, second = ((x - x.mean(axis=(0, 1))) / x.std() for x in (first, second))
    return [(1 - weight) * first + weight * second for weight in WEIGHTS]


@pytest.mark.case(id="contract.triangle", version=1, tier="required", source="suite")
def test_triangle(metric: MetricUnderTest, measure: Recorder, streams: Callable[..., np.random.Generator]) -> None:
    """A metric that claims the triangle inequality gives d(x, z) ≤ d(x, y) + d(y, z).

    Why it matters: nearest neighbors, clusterings and embeddings take it for granted; 1 - CKA and squared
    Procrustes distances, both in wide use, do not have it.
    Given: the fixed corpus and the morphs from its first to its second and from its fourth to its fifth
    recording, at weights .25, .5 and .75. A morph lies between its ends, where a detour costs least and a
    distance that grows like a square must break the inequality. All 1320 ordered triples of 12 recordings.
    Measured: the largest d(x, z) - d(x, y) - d(y, z).
    Verdict: at most the numerical floor where `triangle` is claimed; above it where it is denied.
    Negative controls: 1 - CKA that claims the inequality; the angle of CKA, which has it, that denies it.
    """
    corpus = fixed_corpus(streams("corpus"))
    recordings = [*corpus, *morphs(corpus[0], corpus[1]), *morphs(corpus[3], corpus[4])]
    n = len(recordings)
    pairs = [(i, j) for i, j in itertools.permutations(range(n), 2) if i < j or metric.claims.symmetric is not True]
    d = np.zeros((n, n))
    rows, columns = np.array(pairs).T
    d[rows, columns] = values = metric.pair_distances(recordings, pairs)
    if metric.claims.symmetric is True:
        d[columns, rows] = values
    excess = {(x, y, z): d[x, z] - d[x, y] - d[y, z] for x, y, z in itertools.permutations(range(n), 3)}
    worst = max(excess, key=lambda triple: excess[triple])
    measure("worst triple", worst)
    decide_claim(
        measure,
        metric,
        "triangle",
        float(excess[worst]),
        sentence="d(x, z) is at most d(x, y) + d(y, z)",
        hint="take the angle or the square root of what grows like a square, or claim triangle=False",
    )
