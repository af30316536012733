"""Two lesions of one network, one that behavior needs and one that it does not: which enter, and how metrics see them.

Which pairs enter is decided by what the lesions were measured to do and by their sizes, never by a distance.
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, cast, final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array, Trajectories
from metric_harness.checks import Finding, NotApplicableError, Recorder, at_least, below
from metric_harness.statistics import mean_interval, proportion_interval, settled
from metric_harness.zoo import Zoo
from metric_harness.zoo_recordings import is_default

RELEVANT = 0.2
"""A lesion counts as relevant if accuracy falls by more than this."""
IDLE = 0.02
"""A lesion counts as idle if accuracy falls by less than this."""
UNMATCHED = 0.1
"""Largest relative difference in size of the two lesions of a network."""
SHARE = 0.9
"""Smallest share of networks in which the relevant lesion has to be the farther one."""


def require_lesions(zoo: Zoo) -> None:
    """Leave a case about lesions for networks that no instrument can lesion.

    Raises:
        NotApplicableError: if they are not of the default architecture.
    """
    if not is_default(zoo):
        raise NotApplicableError(
            "lesions are found by the weights and states of leaky_rnn, whose every unit is recorded; this architecture "
            "has no instrument of its own yet"
        )


@final
@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class PairedLesions:
    """Networks, each recorded intact, under a relevant and under an idle lesion, on the same trials.

    Attributes:
        intact: recordings as metrics see them, one per network.
        relevant: the same under the relevant lesion.
        idle: the same under the idle lesion.
        relevant_drops: accuracy intact minus accuracy lesioned, shape (n_networks,).
        idle_drops: the same of the idle lesion.
        equality: what the relevant lesion takes away or adds, by what the idle one does, shape (n_networks,).
        names: what the two kinds of lesions are called.
    """

    intact: Sequence[Trajectories]
    relevant: Sequence[Trajectories]
    idle: Sequence[Trajectories]
    relevant_drops: Array
    idle_drops: Array
    equality: Array
    names: tuple[str, str] = ("relevant lesions", "idle lesions")

    @property
    def matched(self) -> NDArray[np.bool_]:
        """Whether the two lesions of each network are of one size."""
        return np.abs(self.equality - 1) <= UNMATCHED

    @property
    def entering(self) -> NDArray[np.bool_]:
        """Whether each network counts: its lesions do what they are named for, and are of one size."""
        return (self.relevant_drops > RELEVANT) & (self.idle_drops < IDLE) & self.matched

    @property
    def places(self) -> list[int]:
        """Places of the networks that enter."""
        return [k for k, enters in enumerate(self.entering.tolist()) if enters]

    def spread(self, n: int) -> "PairedLesions":
        """Return at most n of the networks that enter, evenly over their list."""
        places = self.places
        some = places[:: max(1, -(-len(places) // n))]
        return PairedLesions(
            intact=[self.intact[k] for k in some],
            relevant=[self.relevant[k] for k in some],
            idle=[self.idle[k] for k in some],
            relevant_drops=self.relevant_drops[some],
            idle_drops=self.idle_drops[some],
            equality=self.equality[some],
            names=self.names,
        )

    def changed(self, change: Callable[[Trajectories], Trajectories]) -> "PairedLesions":
        """Return the same lesions with every recording changed."""
        intact, relevant, idle = ([change(x) for x in arm] for arm in (self.intact, self.relevant, self.idle))
        return dataclasses.replace(self, intact=intact, relevant=relevant, idle=idle)

    def distances(self, metric: MetricUnderTest) -> Array:
        """Return d(intact, relevant) and d(intact, idle) of the networks that enter, shape (n_entering, 2).

        Every other network is asked for the idle one first, so that the order of questions tells nothing.
        """
        xs = [arm[k] for k in self.places for arm in (self.intact, self.relevant, self.idle)]
        arms = np.array([(1, 2) if k % 2 else (2, 1) for k in range(len(self.places))]).reshape(-1, 2)
        pairs = [(3 * k, 3 * k + int(arm)) for k, asked in enumerate(arms) for arm in asked]
        found = settled(metric.pair_distances(xs, pairs), metric.floor).reshape(-1, 2)
        return np.take_along_axis(found, arms - 1, axis=1)


def farther(distances: Array) -> NDArray[np.bool_]:
    """Return in which networks the relevant lesion is the farther one; a tie is none."""
    return distances[:, 0] > distances[:, 1]


def sign_test_p(successes: int, n: int) -> float:
    """Return the probability of at least as many successes when either sign is as likely; ties are no successes."""
    return float(cast(Any, stats.binomtest(successes, n, alternative="greater")).pvalue)


def measure_entry(measure: Recorder, lesions: PairedLesions) -> None:
    """Record how many networks enter, why others do not, and what the lesions of those that do are like."""
    relevant, idle = lesions.names
    measure("networks asked", len(lesions.equality))
    measure("networks that enter", int(lesions.entering.sum()))
    measure(f"{relevant} that hardly matter", int((lesions.relevant_drops <= RELEVANT).sum()))
    measure(f"{idle} that matter", int((lesions.idle_drops >= IDLE).sum()))
    measure("pairs of unequal size", int((~lesions.matched).sum()))
    if lesions.entering.sum() > 1:
        measure(f"accuracy drop of {relevant}", mean_interval(lesions.relevant_drops[lesions.entering]))
        measure(f"accuracy drop of {idle}", mean_interval(lesions.idle_drops[lesions.entering]))


def findings_of(measure: Recorder, metric: MetricUnderTest, lesions: PairedLesions) -> list[Finding]:
    """Record in how many networks the relevant lesion is the farther one; return what decides, by exact tests.

    Raises:
        ValueError: if fewer than two networks enter, so that nothing can be decided.
    """
    distances = lesions.distances(metric)
    if len(distances) < 2:
        raise ValueError(f"{len(distances)} networks enter; needed at least 2. See why others do not.")
    n, successes = len(distances), int(farther(distances).sum())
    share, p = proportion_interval(successes, n), sign_test_p(successes, n)
    measure("share of networks", share)
    measure("sign test p", p)
    for name, column in zip(lesions.names, distances.T, strict=True):
        measure(f"mean distance of {name}", mean_interval(column))
    measure.set_score(share.value)
    return [
        at_least("share of networks", share, SHARE, "fixed by the suite; chance is .5"),
        below("sign test p", p, 0.01, "either of the two as likely to be the farther"),
    ]
