"""Theorems that bind a named measure to other quantities."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Trajectories
from metric_harness.checks import NotApplicableError, Recorder, at_most, decide
from metric_harness.profiles import Profile
from metric_harness.relations import RELATIONS, brackets
from metric_harness.transforms import random_orthogonal

N_TRIALS, N_TIMES = 3, 20
"""Sizes of the recordings; more samples than units, so that every measure is defined."""
MOST_UNITS = 8
"""Units of the widest recording."""
ROUNDING = 1e-7
"""What inverse sines and cosines near their ends leave of double precision."""


def pairs(n: int, rng: np.random.Generator, *, unequal: bool) -> Iterator[tuple[Trajectories, Trajectories]]:
    """Draw pairs from alike to unrelated, of 1 to 8 units and of spectra from flat to steep, some at the extremes."""
    for k in range(n):
        n_x, n_y = (int(size) for size in rng.integers(1, MOST_UNITS + 1, 2))
        n_y = n_y if unequal else n_x
        x = rng.standard_normal((N_TRIALS, N_TIMES, n_x)) * np.logspace(0, -2 * rng.random(), n_x)
        mixing = random_orthogonal(n_x, rng) if k % 3 == 0 or n_y > n_x else rng.standard_normal((n_x, n_y))
        other = rng.standard_normal((N_TRIALS, N_TIMES, mixing.shape[1]))
        share = float(rng.choice([0.0, 1.0, rng.random() ** 3]))
        yield x, (1 - share) * x @ mixing + share * other


@pytest.mark.case(
    id="misleading.inequalities",
    version=1,
    tier="validity",
    source="Harvey et al. 2024 (arXiv 2311.11436); Cloos et al. 2024 (arXiv 2407.07059); Fuchs and van de Graaf 1999",
)
def test_inequalities(
    metric: MetricUnderTest, measure: Recorder, profile: Profile, streams: Callable[..., np.random.Generator]
) -> None:
    """A named measure keeps the inequalities that are proven of it.

    Why it matters: theorems tell which agreement of two measures is no evidence: recordings that Procrustes calls alike
    CKA must call alike, and not the reverse. A value outside of them is not that measure.
    Given: pairs of Gaussian recordings of 60 samples and 1 to 8 units, from rotated copies to independent ones, with
    spectra from flat to steep.
    Measured: by how much the value leaves what each theorem allows (`metric_harness.relations`), at most over all
    pairs; below zero it is the room that is left.
    Verdict: no theorem is violated beyond 1e-7 and twice the metric's numerical floor.
    Negative controls: moment summaries and a constant that call themselves linear CKA; half an angle.
    Needs: a name among linear CKA, Procrustes angle and mean CCA; others get no verdict.
    """
    family = metric.bare.family
    if family not in RELATIONS:
        raise NotApplicableError(f"the metric names no measure of which a theorem is known here (family = {family!r})")
    excess: dict[str, float] = {}
    drawn = pairs(5 * profile.n_examples, streams("pairs"), unequal=metric.claims.unequal_units is True)
    for x, y in drawn:
        value = metric.bare.named_value(metric.distance(x, y))
        for bracket in brackets(family, x, y):
            beyond = max(bracket.low - value, value - bracket.high)
            excess[bracket.theorem] = max(beyond, excess.get(bracket.theorem, -np.inf))
    measure("family", family)
    measure("pairs", 5 * profile.n_examples)
    for theorem, beyond in excess.items():
        measure(f"largest excess over {theorem}", beyond)
    bound = ROUNDING + 2 * metric.floor
    decide(
        measure,
        f"{family} keeps the inequalities that are proven of it",
        [at_most(f"largest excess over {theorem}", beyond, bound, "a theorem") for theorem, beyond in excess.items()],
        hint="does the metric compute what its name says (misleading.same_name)? Rotations include reflections",
    )
