"""Recordings whose components are known, from strong to weak, and what a metric makes of the loss of some.

A system has `N_COMPONENTS` latents whose standard deviations fall evenly on a logarithmic scale; every recording of it
repeats one course in all trials, each with its own variability, and sees it in coordinates of its own. All recordings
have the same mean and, exactly, the same covariance spectrum: a component that is destroyed keeps its values and loses
their order in time.
"""

import dataclasses
from collections.abc import Sequence
from typing import final

import numpy as np

from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array, Trajectories
from metric_harness.populations import courses, destroyed, in_components, repeated
from metric_harness.statistics import settled

N_COMPONENTS = 30
"""Latents of a system."""
SCALES = np.logspace(0, -1, N_COMPONENTS)
"""Their standard deviations; the weakest holds a thousandth of the variance."""
N_TRIALS, N_TIMES = 4, 120
"""Sizes of a recording."""
MEMORY = 10.0
"""Steps over which a latent's correlation falls to 1/e."""


@final
@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Losses:
    """Recordings of one system.

    Attributes:
        reference: what the others are compared with.
        intact: another recording, with nothing lost.
        lossy: one recording for each number of destroyed components, the weakest first.
        task: the variable of two values that the weakest component carries, -1 or 1 at each time.
    """

    reference: Trajectories
    intact: Trajectories
    lossy: Sequence[Trajectories]
    task: Array


def draw(numbers: Sequence[int], private: float, rng: np.random.Generator) -> Losses:
    """Draw a system and its recordings.

    Args:
        numbers: how many of the weakest components each lossy recording has destroyed.
        private: standard deviation of the variability that each trial of each recording has for itself, as a share of
            the component's own.
        rng: source of everything.
    """
    course = courses(1, N_TIMES, N_COMPONENTS, rng, memory=MEMORY)[0]
    course[:, -1] = np.where(course[:, -1] > np.median(course[:, -1]), 1.0, -1.0)

    def recording(n_destroyed: int) -> Trajectories:
        latents = repeated(course, N_TRIALS, private, rng, memory=MEMORY)
        return in_components(destroyed(latents, n_destroyed, rng), SCALES, rng)

    return Losses(
        reference=recording(0), intact=recording(0), lossy=[recording(n) for n in numbers], task=course[:, -1]
    )


def distances(metric: MetricUnderTest, losses: Losses) -> Array:
    """Return the distances of the reference to the intact recording and to each lossy one, shape (1 + numbers,)."""
    recordings = [losses.reference, losses.intact, *losses.lossy]
    return settled(metric.pair_distances(recordings, [(0, k) for k in range(1, len(recordings))]), metric.floor)
