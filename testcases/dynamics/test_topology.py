"""A ring attractor that is cut becomes a line at one point of the way, and not before."""

from collections.abc import Callable

import numpy as np
import pytest

from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array
from metric_harness.checks import Recorder, above, decide, measure_neighbors, require_time
from metric_harness.profiles import Profile
from metric_harness.rings import drawn_population, wandering
from metric_harness.statistics import mean_interval, settled
from metric_harness.transforms import whiten

GATES = (0.1, 0.3, 0.5, 0.7, 0.9, 1.1, 1.3, 1.5, 1.7, 1.9)
"""What the gate takes of the speed; equal steps, one of which closes it."""
TRANSITION = 4
"""The step from .9 to 1.1."""
N_UNITS = 8
"""Units of the population."""
JUMP = 5.0
"""How many median steps the step at the transition must be."""


@pytest.mark.case(
    id="dynamics.topology",
    version=1,
    tier="validity",
    source="after Ostrow et al. 2023 (arXiv 2306.10168), figure 4: from a ring to a line attractor",
)
def test_topology(
    metric: MetricUnderTest, measure: Recorder, profile: Profile, streams: Callable[..., np.random.Generator]
) -> None:
    """On the way from a ring to a line attractor the distance from the ring jumps where the ring is cut.

    Why it matters: topology is what a computation can do, as a ring can store an angle and a line cannot; geometry and
    speed may change meanwhile without changing that.
    Given: a ring attractor moved along by a velocity that is driven by noise, and a gate across it that takes a share b
    of the speed, b from .1 to 1.9 in equal steps: open below 1, closed above. Trial k has the same first state and the
    same noise at every b. Eight tuned units, whitened.
    Measured: the distance from the recording at b = .1, by b; the step from .9 to 1.1, and all others, by size.
    Verdict: the step at the transition exceeds five times the median step, and every other step, both with the whole
    interval over worlds.
    Negative controls: constant, norm, mean, variance, covariance-spectrum metrics; time-shuffled lagged covariances.
    Known limits: shortly before the gate closes it is passed slowly, which is a change of speed and no jump; a metric
    that answers to this too may have its largest step one early. In the source's networks of 100 neurons the
    connections are morphed, and where the topology changes is read off the result; here it is known.
    """
    require_time(metric)
    table = np.array([distances(metric, streams("world", k), profile.n_trials) for k in range(profile.n_worlds)])
    jumps, medians, others = steps(table)
    measure("gates", GATES)
    measure.curve("distance from the ring", "gate", [mean_interval(column) for column in table.T])
    measure("step at the transition", mean_interval(jumps))
    measure("median step", mean_interval(medians))
    measure("largest other step", mean_interval(others))
    measure.set_score(float(np.mean(jumps) / np.abs(np.diff(table)).sum(axis=1).mean()) if table.any() else 0.0)
    measure_neighbors(
        measure,
        metric,
        "step at the transition in median steps",
        lambda near: in_median_steps(distances(near, streams("world", 0), profile.n_trials)),
        holds=lambda value: value > JUMP,
    )
    decide(
        measure,
        "the distance from a ring jumps where the ring is cut",
        [
            above("jump beyond five median steps", mean_interval(jumps - JUMP * medians), 0.0, "fixed by the suite"),
            above("jump beyond every other step", mean_interval(jumps - others), 0.0, "nowhere else is the ring cut"),
        ],
        hint="see the distance by gate; sample so coarsely that a window of the metric sees the state pass the gate",
    )


def distances(metric: MetricUnderTest, rng: np.random.Generator, n_trials: int) -> Array:
    """Return the distances of one world from its ring with the gate most open, shape (gates,); the first is 0."""
    population = drawn_population(N_UNITS, rng)
    recordings = [whiten(population.responses(path)) for path in wandering(GATES, n_trials, rng)]
    found = metric.pair_distances(recordings, [(0, k) for k in range(1, len(GATES))])
    return settled(np.concatenate([[0.0], found]), metric.floor)


def steps(table: Array) -> tuple[Array, Array, Array]:
    """Return of each row the step at the transition, the median step and the largest other one, by size."""
    sizes = np.abs(np.diff(table, axis=-1))
    return sizes[..., TRANSITION], np.median(sizes, axis=-1), np.delete(sizes, TRANSITION, axis=-1).max(axis=-1)


def in_median_steps(row: Array) -> float:
    """Return the step at the transition in median steps; 0 where nothing moves, all steps where the median is 0."""
    jump, median, _ = (float(value) for value in steps(row))
    return jump / median if median > 0 else float(len(GATES) - 1) * (jump > 0)
