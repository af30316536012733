"""How trials are cut and in which order they are listed does not matter."""

from collections.abc import Callable

import numpy as np
import pytest

from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array, Trajectories
from metric_harness.checks import Recorder, above, below, decide, measure_neighbors, require_time
from metric_harness.profiles import Profile
from metric_harness.spectra import drawn_linear, recorded
from metric_harness.statistics import mean_interval, settled, unique_pairs
from metric_harness.transforms import whiten

N_SYSTEMS = 4
"""Systems of a world."""
N_STEPS = 400
"""Samples of a trial; half of one is as long as the trials of other cases."""
PAIRS = unique_pairs(N_SYSTEMS)


@pytest.mark.case(
    id="dynamics.trial_pooling",
    version=1,
    tier="validity",
    source="suite; after published code that averages operators fitted to single trials in bases of their own",
)
def test_trial_pooling(
    metric: MetricUnderTest, measure: Recorder, profile: Profile, streams: Callable[..., np.random.Generator]
) -> None:
    """Cutting trials in two, or listing them in another order, changes a distance less than recording anew.

    Why it matters: where a trial begins is the experimenter's choice, and the order of trials is nobody's; a metric
    that hangs on either reports how data were stored.
    Given: four linear systems of four units with drawn spectra, stationary under noise, whitened; the same recordings
    with every trial cut in the middle; one of each pair with its trials in another order, or both alike where
    `unpaired_trials` is not claimed; and other recordings of the same systems.
    Measured: the mean change, by size, of the six distances under each; in each world, that by cutting and that by
    reordering as a share of the sum of it and that by recording anew, since worlds differ in how far apart their
    systems are.
    Verdict: both shares are below a half with the whole interval over worlds; the change by recording anew is above the
    metric's floor in every world, so that a metric that never moves does not pass.
    Negative controls: constant, norm, mean, variance, covariance-spectrum metrics; lagged covariances that
    are summed over trials.
    Known limits: cutting takes the delay windows that would reach across; of windows of 58 samples a sixth is lost. If
    an estimate scatters as one by the root of the number of windows, this changes it by about a third of what
    recording anew does.
    """
    require_time(metric)
    table = np.array([changes(metric, streams("world", k), profile.n_trials) for k in range(profile.n_worlds)])
    anew = table[:, -1]
    # Of the sum, so that the share has bounds where recording anew changes little.
    shares = table[:, :-1] / np.maximum(table[:, :-1] + anew[:, None], metric.floor)
    by_cutting, by_reordering = (mean_interval(column, limits=(0, 1)) for column in shares.T)
    for name, column in zip(("cutting trials", "reordering trials", "recording anew"), table.T, strict=True):
        measure(f"change by {name}", mean_interval(column))
    measure("share of cutting", by_cutting)
    measure("share of reordering", by_reordering)
    measure("smallest change by recording anew", anew.min())
    measure.set_score(1 - 2 * max(by_cutting.value, by_reordering.value) if anew.min() > metric.floor else 0.0)
    measure_neighbors(
        measure,
        metric,
        "largest change by that of recording anew",
        lambda near: share(changes(near, streams("world", 0), profile.n_trials)),
        holds=lambda value: value < 1,
    )
    origin = "a half is what recording anew changes"
    decide(
        measure,
        "how trials are cut and ordered does not matter",
        [
            above("smallest change by recording anew", anew.min(), metric.floor, "the metric's numerical floor"),
            below("share of cutting", by_cutting, 0.5, origin),
            below("share of reordering", by_reordering, 0.5, origin),
        ],
        hint="fit one operator to the windows of all trials, not one to each; give trials no number",
    )


def changes(metric: MetricUnderTest, rng: np.random.Generator, n_trials: int) -> Array:
    """Return the mean change of the distances of one world by cutting, by reordering and by recording anew."""
    systems = [drawn_linear(rng) for _ in range(N_SYSTEMS)]
    first, anew = ([whiten(recorded(system, n_trials, N_STEPS, rng)) for system in systems] for _ in range(2))
    order = rng.permutation(n_trials)
    reordered = [x[order] for x in first]
    # Where trials need a partner, both sides are reordered; otherwise one is.
    partners = first if metric.claims.unpaired_trials is True else reordered
    n = N_SYSTEMS
    crossed = [(i, n + j) for i, j in PAIRS]
    usual = ask(metric, first, PAIRS)
    found = [
        ask(metric, [halves(x) for x in first], PAIRS),
        ask(metric, [*partners, *reordered], crossed),
        ask(metric, anew, PAIRS),
    ]
    return np.array([np.abs(distances - usual).mean() for distances in found])


def ask(metric: MetricUnderTest, recordings: list[Trajectories], pairs: list[tuple[int, int]]) -> Array:
    """Return distances, settled to the metric's floor."""
    return settled(metric.pair_distances(recordings, pairs), metric.floor)


def halves(x: Trajectories) -> Trajectories:
    """Return the recording with every trial cut in the middle, shape (2 trials, time / 2, units)."""
    return x.reshape(2 * len(x), x.shape[1] // 2, x.shape[2])


def share(row: Array) -> float:
    """Return the larger change by that of recording anew; 1 where nothing changes."""
    return float(row[:2].max() / row[2]) if row[2] > 0 else 1.0
