"""Attractors of three kinds are told apart although their condition averages are equal."""

from collections.abc import Callable

import numpy as np
import pytest

from metric_harness.adapter import MetricUnderTest
from metric_harness.alignment import angle, principal_coordinates
from metric_harness.arrays import Array, flattened
from metric_harness.checks import Recorder, above, at_least, decide, require_time, require_unpaired
from metric_harness.contrasts import neighbor_accuracy, silhouette
from metric_harness.equal_averages import KINDS, N_EACH, AveragesWorld, equal_averages
from metric_harness.statistics import mean_interval, settled, unique_pairs

N_WORLDS = 5
"""Independent draws of systems and noise, in every profile: one accuracy is of twelve systems only."""
N_TRIALS = 100
"""Trials of each recording, the source's number."""
GEOMETRY_FLOOR = 1e-6
"""What rounding leaves of the angle between equal averages, and more."""


@pytest.mark.case(
    id="dynamics.equal_averages",
    version=1,
    tier="validity",
    source="Ostrow et al. 2023 (arXiv 2306.10168), figure 3, after Galgali, Sahani and Mante (2023)",
)
def test_equal_averages(
    metric: MetricUnderTest, measure: Recorder, streams: Callable[..., np.random.Generator]
) -> None:
    """Bistable, line and point attractors driven to the same condition averages are told apart.

    Why it matters: recordings with equal averages may come from opposite mechanisms; only how single trials leave
    their average tells which.
    Given: four systems of each kind, their rates drawn from the source's ranges, each with two conditions of 50 trials
    and its own noise; an input common to the trials of a condition makes all condition averages equal exactly.
    Residuals are whitened, so that mean and covariance are equal exactly too.
    Measured: share of systems whose nearest neighbor is of their kind; the same by the Procrustes angle of the
    condition averages; the silhouette, which is not gated.
    Verdict: the mean share over five worlds is at least .9 with its whole interval, and above that of the averages,
    for metrics that claim `unpaired_trials`. Chance is 3/11.
    Negative controls: constant, norm, mean, variance, covariance-spectrum metrics; one of averages over trials.
    Known limits: the variance of residuals still changes in the course of a trial, and does so differently; a metric
    of the variance at each time is not kept out.
    """
    require_time(metric)
    worlds = [equal_averages(streams("world", k), N_TRIALS) for k in range(N_WORLDS)]
    matrices = [_symmetric(metric, world) for world in worlds]
    labels = worlds[0].labels
    accuracies = np.array([neighbor_accuracy(matrix, labels) for matrix in matrices])
    geometric = np.array([neighbor_accuracy(by_averages(world), labels) for world in worlds])
    accuracy = mean_interval(accuracies, limits=(0, 1))
    gain = mean_interval(accuracies - geometric)
    measure("nearest-neighbor accuracy", accuracy)
    measure("accuracy beyond that of the averages", gain)
    measure("silhouette", mean_interval([silhouette(matrix, labels) for matrix in matrices], limits=(-1, 1)))
    measure("mean distance matrix", _off_diagonal(np.mean(matrices, axis=0)))
    measure("mean distance matrix labels", [f"{KINDS[label]} {k % N_EACH + 1}" for k, label in enumerate(labels)])
    measure.set_score(accuracy.value)
    require_unpaired(metric)
    decide(
        measure,
        "attractors with equal condition averages are told apart by their kind",
        [
            at_least("nearest-neighbor accuracy", accuracy, 0.9, "fixed by the suite; chance is 3/11"),
            above("accuracy beyond that of the averages", gain, 0.0, "Procrustes angle of the condition averages"),
        ],
        hint="look at single trials, not at averages; see the distance matrix for which kinds are taken for each other",
    )


def by_averages(world: AveragesWorld) -> Array:
    """Return the Procrustes angles between the condition averages of all recordings, shape (n, n)."""
    averages = [principal_coordinates(flattened(x), "averages") for x in world.averages()]
    matrix = np.zeros((len(averages), len(averages)))
    for i, j in unique_pairs(len(averages)):
        matrix[i, j] = matrix[j, i] = angle(averages[i], averages[j])
    return settled(matrix, GEOMETRY_FLOOR)


def _symmetric(metric: MetricUnderTest, world: AveragesWorld) -> Array:
    matrix = metric.distances(world.trajectories)
    return settled((matrix + matrix.T) / 2, metric.floor)


def _off_diagonal(matrix: Array) -> list[list[float | None]]:
    """Return the rows of a matrix, None for self pairs, which nobody asks about."""
    return [[None if i == j else float(value) for j, value in enumerate(row)] for i, row in enumerate(matrix)]
