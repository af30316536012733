"""What of a linear system's dynamics a metric sees, set against what it claims."""

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array, Trajectories
from metric_harness.checks import (
    Finding,
    NotApplicableError,
    Recorder,
    above,
    below,
    decide,
    require_time,
    require_unpaired,
)
from metric_harness.profiles import Profile
from metric_harness.spectra import drawn_linear, recorded
from metric_harness.statistics import Estimate, exact, jackknife_interval, mean_interval, settled
from metric_harness.systems.linear import Linear
from metric_harness.transforms import reverse_time, shuffle_time, whiten

N_SYSTEMS = 4
"""Systems of a world."""
N_STEPS = 200
"""Samples of a trial."""
DISTANCE = 3.0
"""How many times as far out as in the long run a trial starts: what decays forward grows backward."""
DECAY = 5.0
"""Factor of the rates at which radii shrink, about that from .98 to .90 a step."""
COUPLING = 2 * np.pi
"""The non-normal part, of the size of the rotation by one turn per unit of time."""
SAME, OTHER, SHUFFLED, MIRRORED = "recorded anew", "another spectrum", "time shuffled", "rotation reversed"
CHANGES = (SAME, "twice as fast", "faster decay", MIRRORED, "time reversed", "non-normal", SHUFFLED, OTHER)
UNSEEN = 0.1
"""Largest share of the range that still counts as not seen."""


@pytest.mark.case(
    id="dynamics.blind_spots",
    version=2,
    tier="validity",
    source="suite; after what is and is not invariant under orthogonal conjugation and under matching spectra",
)
def test_blind_spots(
    metric: MetricUnderTest, measure: Recorder, profile: Profile, streams: Callable[..., np.random.Generator]
) -> None:
    """What changes of the dynamics a metric sees is measured, and what it claims to see or not to see holds.

    Why it matters: no metric sees everything, and what it is blind to is seldom said. A speed, a decay or a direction
    of time that it cannot tell is no result of a comparison.
    Given: linear systems of two rotating planes under noise, trials starting three times as far out as they stay;
    recorded anew, and this with rotation reversed, played backward, and with times shuffled in each trial; with all
    eigenvalues doubled, with decay five times as fast, with a coupling of the planes that leaves the spectrum; and
    systems of another drawn spectrum. No recording shares trials with the first one. All are whitened.
    Measured: the distance from the first recording under each change; its share of the range, which reaches from that
    of recording anew to that of another spectrum.
    Verdict: `time_order`: shuffled time is beyond recording anew. `conjugacy`: reversed rotation, which a reflection of
    one axis in each plane undoes, takes less than a tenth of the range, or, where it is denied, is beyond recording
    anew. Each with the whole interval over worlds, for metrics that claim `unpaired_trials`. All else is told, not
    judged.
    Negative controls: constant, norm, mean, variance, covariance-spectrum metrics; one that compares axis by axis and
    claims conjugacy.
    Known limits: matching moments takes part of non-normality away, for a stationary system would have equal
    variance in all directions after it; the sign that is left is the operator's.
    """
    require_time(metric)
    draws = np.array([distances(metric, streams("world", k), profile.n_trials) for k in range(profile.n_worlds)])
    beyond = draws - draws[:, :1]
    ranges = beyond[:, -1]
    measure("changes", CHANGES)
    measure.curve("distance", "change", [mean_interval(column) for column in draws.T])
    measure.curve("share of the range", "change", shares_of_range(beyond, metric.floor))
    measure("range", mean_interval(ranges))
    require_unpaired(metric)
    findings = against_claims(metric, beyond)
    if not findings:
        raise NotApplicableError("the metric claims neither time_order nor conjugacy; measured only")
    decide(
        measure,
        "what the metric claims to see, or not to see, is so",
        findings,
        hint="see the distance by change; change the claim, or what the metric is blind to",
    )


def shares_of_range(beyond: Array, floor: float) -> list[Estimate]:
    """Return how much of the range each change takes, with jackknife intervals over worlds; 0 where there is no range.

    Args:
        beyond: distance beyond that of recording anew, shape (worlds, changes), the last change being the range.
        floor: numerical floor of the metric.
    """
    rest = [np.delete(beyond, k, axis=0).mean(axis=0) for k in range(len(beyond))]
    if min(float(some[-1]) for some in (beyond.mean(axis=0), *rest)) <= floor:
        return [exact(0.0)] * beyond.shape[1]
    partial = np.array([some / some[-1] for some in rest])
    whole = beyond.mean(axis=0) / beyond[:, -1].mean()
    return [jackknife_interval(float(value), column) for value, column in zip(whole, partial.T, strict=True)]


def against_claims(metric: MetricUnderTest, beyond: Array) -> list[Finding]:
    """Find whether what a metric claims shows in how far each change is beyond recording anew, shape (worlds, changes).

    A metric that denies `time_order` is not asked.
    """
    found: list[Finding] = []
    shuffled, mirrored = (beyond[:, CHANGES.index(change)] for change in (SHUFFLED, MIRRORED))
    origin = "what recording anew gives; the metric claims {}"
    if metric.claims.time_order is True:
        origin_of_time = origin.format("time_order")
        found.append(above(f"{SHUFFLED} beyond {SAME}", mean_interval(shuffled), metric.floor, origin_of_time))
    if metric.claims.conjugacy is True:
        excess = mean_interval(mirrored - UNSEEN * beyond[:, -1])
        found.append(below(f"{MIRRORED} beyond a tenth of the range", excess, 0.0, "the metric claims conjugacy"))
    elif metric.claims.conjugacy is False:
        origin_of_sense = origin.format("that conjugacy does not hold")
        found.append(above(f"{MIRRORED} beyond {SAME}", mean_interval(mirrored), metric.floor, origin_of_sense))
    return found


def distances(metric: MetricUnderTest, rng: np.random.Generator, n_trials: int) -> Array:
    """Return the mean distance over the systems of one world under each change, shape (changes,)."""
    recordings: list[Trajectories] = []
    pairs: list[tuple[int, int]] = []
    for _ in range(N_SYSTEMS):
        base = len(recordings)
        changed = changes_of(drawn_linear(rng), n_trials, rng)
        recordings += [whiten(x) for x in changed.values()]
        pairs += [(base, base + 1 + k) for k in range(len(CHANGES))]
    found = metric.pair_distances(recordings, pairs).reshape(N_SYSTEMS, len(CHANGES))
    return settled(found, metric.floor).mean(axis=0)


def changes_of(system: Linear, n_trials: int, rng: np.random.Generator) -> Mapping[str, Trajectories]:
    """Return a recording of a system, and one under each change, by name."""

    def record(changed: Linear) -> Trajectories:
        return recorded(changed, n_trials, N_STEPS, rng, distance=DISTANCE)

    values = [complex(value) for value in system.eigenvalues]
    faster = Linear(tuple(2 * value for value in values))
    shorter = Linear(tuple(complex(DECAY * value.real, value.imag) for value in values))
    again = record(system)
    made = {
        "": record(system),
        SAME: again,
        "twice as fast": record(faster),
        "faster decay": record(shorter),
        # For planes that rotate by [[a, -w], [w, a]], the second axis of each with its sign changed turns w to -w.
        MIRRORED: again * np.array([1.0, -1.0, 1.0, -1.0]),
        "time reversed": reverse_time(again),
        "non-normal": record(Linear(system.eigenvalues, coupling=COUPLING)),
        SHUFFLED: shuffle_time(again, rng),
        OTHER: record(drawn_linear(rng)),
    }
    return {name: made[name] for name in ("", *CHANGES)}
