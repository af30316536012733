"""What moving some samples of a recording far away does to a metric, and to named measures by closed form."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias, final

import numpy as np

from metric_harness import translations
from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array, Trajectories, flattened
from metric_harness.checks import Finding, NotApplicableError, Recorder, at_most, decide
from metric_harness.statistics import mean_interval
from metric_harness.translations import Subset

N_TRIALS, N_TIMES, N_UNITS = 5, 200, 50
"""Sizes of the recordings, 1000 samples x 50 units."""
SHIFTS = (1.0, 5.0, 20.0, 100.0, 1000.0, 1e6)
"""Distances by which samples are moved, in standard deviations of a unit; the last stands for the limit."""
TOLERANCE = 0.01
"""Largest departure from a closed form, as a share of it."""

Form: TypeAlias = Callable[[Array, Subset, Array, float], float]


@final
@dataclasses.dataclass(frozen=True)
class ClosedForm:
    """The value of a named measure after the shift, and the first place of `SHIFTS` where the formula holds."""

    value: Form
    first: int = 0


FORMS: Mapping[str, ClosedForm] = MappingProxyType(
    {
        "linear CKA": ClosedForm(translations.cka),
        "mean CCA": ClosedForm(translations.mean_cca),
        "Procrustes angle": ClosedForm(lambda x, subset, _, __: translations.procrustes_limit(x, subset), -1),
    }
)
"""By the name of the family."""


@final
@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class World:
    """One recording, the same with a subset of samples moved by each of `SHIFTS`, and an independent recording."""

    original: Trajectories
    moved: Sequence[Trajectories]
    unrelated: Trajectories
    subset: Subset
    direction: Array

    def value(self, form: ClosedForm, shift: float) -> float:
        """Return what a closed form says."""
        return form.value(flattened(self.original), self.subset, self.direction, shift)


def draw(n_moved: int, rng: np.random.Generator) -> World:
    """Draw Gaussian recordings, the samples that are moved, and the direction."""
    original, unrelated = rng.standard_normal((2, N_TRIALS, N_TIMES, N_UNITS))
    subset = np.isin(np.arange(N_TRIALS * N_TIMES), rng.permutation(N_TRIALS * N_TIMES)[:n_moved])
    direction = rng.standard_normal(N_UNITS)
    direction /= np.linalg.norm(direction)
    states = flattened(original)
    moved = [translations.translated(states, subset, direction, shift).reshape(original.shape) for shift in SHIFTS]
    return World(original=original, moved=moved, unrelated=unrelated, subset=subset, direction=direction)


def measure_displacement(
    metric: MetricUnderTest, measure: Recorder, worlds: Sequence[World], *, claim: str, hint: str
) -> None:
    """Measure how far a metric moves, and hold a named measure to its closed form.

    Args:
        metric: the metric.
        measure: recorder of the case.
        worlds: independent draws.
        claim: the sentence that is put to the test.
        hint: what usually lies behind a failure.

    Raises:
        NotApplicableError: if the metric names no measure of which a closed form is known.
        ClaimFailedError: if it departs from the closed form.
    """
    pairs = [(0, k) for k in range(1, len(SHIFTS) + 2)]
    table = np.array([metric.pair_distances([w.original, *w.moved, w.unrelated], pairs) for w in worlds])
    distances, scale = table[:, :-1], float(table[:, -1].mean())
    measure("shifts", SHIFTS)
    measure.curve("distance", "shift", map(mean_interval, distances.T))
    measure("mean distance of the unrelated", scale)
    if scale > metric.floor:
        measure.curve("share of the distance of the unrelated", "shift", map(mean_interval, distances.T / scale))
    family = metric.bare.family
    if family not in FORMS:
        raise NotApplicableError(
            f"no claim is about single samples, and no closed form is known of {family or 'an unnamed measure'}; how "
            "far the metric moves is measured"
        )
    decide(measure, claim, compared(metric, measure, worlds, distances), hint=hint)


def compared(metric: MetricUnderTest, measure: Recorder, worlds: Sequence[World], distances: Array) -> list[Finding]:
    """Record values and closed forms, and find whether they agree at every shift where the formula holds."""
    family, form = metric.bare.family, FORMS[metric.bare.family]
    values = np.array([[metric.bare.named_value(d) for d in row] for row in distances])
    theory = np.array([[w.value(form, shift) for shift in SHIFTS] for w in worlds])
    measure.curve(family, "shift", map(mean_interval, values.T))
    measure(f"{family} by closed form by shift", theory.mean(axis=0))
    findings: list[Finding] = []
    for k in range(len(SHIFTS))[form.first :]:
        departure = float(np.abs(values[:, k] / theory[:, k] - 1).max())
        name = f"departure from the closed form at shift {SHIFTS[k]:g}"
        measure(name, departure)
        findings.append(at_most(name, departure, TOLERANCE, "a share; derived in metric_harness.translations"))
    return findings
