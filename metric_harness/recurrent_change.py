"""How far networks of one architecture move while they learn, as a metric sees it, with and without their recurrence.

Networks of one seed begin with one draw of weights, the master with one of its own. Of each seed

- `untrained` is the draw, `master_frozen` the same with trained input weights alone: its recurrence is what it was;
- `pretrain_frozen` (called full) has recurrent weights that learnt all subtasks, `pretrain_unfrozen` all weights free.

How far a network itself moves is told by its first checkpoint, its draw, and its last: of the master, which learns the
composite task with all weights free, and of `master_frozen`, which learns the same task with recurrence fixed.

Distances of an architecture are read on its own scale, the mean distance of unrelated networks: untrained ones of two
seeds, masters of two seeds, and an untrained one and the master, none of which shares a draw of weights.
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import final

import numpy as np
from numpy.typing import NDArray

from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array
from metric_harness.curriculum import MASTER
from metric_harness.errors import UnfitZooError
from metric_harness.statistics import Estimate, jackknife_interval
from metric_harness.zoo import Specimen, Zoo
from metric_harness.zoo_recordings import asked, recordings, spread_out

UNTRAINED, FROZEN, FULL, UNFROZEN = "untrained", "master_frozen", "pretrain_frozen", "pretrain_unfrozen"
COMPARED = (UNTRAINED, FROZEN, FULL, UNFROZEN)
"""Groups whose distance to the master of their seed is taken."""
TWO_UNTRAINED, TWO_MASTERS = "two untrained", "two masters"
"""Kinds of unrelated networks."""
N_CHECKPOINTS = 6
"""Most checkpoints of a training that are compared, evenly spread over those that a network has."""
FEWEST = 3
"""Checkpoints without which a training has no course."""


@final
@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Changes:
    """Distances within one architecture; one seed is one observation.

    Attributes:
        to_master: distance of each group's network to the master of its seed, shape (n_seeds,).
        free: distance of a master's draw to what became of it, all weights free, shape (n_seeds,).
        fixed: the same of `master_frozen`, recurrence fixed, shape (n_seeds,).
        unrelated: distances of unrelated networks by kind, and the seeds of each pair as indices, shape (n_pairs, 2).
        courses: distance of each checkpoint but the last to the last, shape (n_histories, n_checkpoints - 1), of
            masters, whose weights are all free, and of `master_frozen`.
        shares: share of its updates that each of these checkpoints comes after, in the same shape.
        accuracies: at the end of training, as a share of the ceiling, of each group and of the masters, shape
            (n_seeds,).
    """

    to_master: Mapping[str, Array]
    free: Array
    fixed: Array
    unrelated: Mapping[str, tuple[Array, NDArray[np.intp]]]
    courses: Mapping[str, Array]
    shares: Mapping[str, Array]
    accuracies: Mapping[str, Array]

    @property
    def n_seeds(self) -> int:
        """Seeds, each an independent observation."""
        return len(self.free)

    @property
    def scale(self) -> float:
        """Mean distance of unrelated networks."""
        return self._scale_without(None)

    def on_scale(self, values: Array) -> Estimate:
        """Return the mean of one number per seed by the scale, with its jackknife interval over seeds.

        A seed is left out with all pairs that it is in.

        Raises:
            ZeroDivisionError: if unrelated networks are at distance zero.
        """
        partial = [np.delete(values, k).mean() / self._scale_without(k) for k in range(self.n_seeds)]
        return jackknife_interval(float(values.mean()) / self.scale, partial)

    def scale_interval(self) -> Estimate:
        """Return the scale with its jackknife interval over seeds."""
        return jackknife_interval(self.scale, [self._scale_without(k) for k in range(self.n_seeds)])

    def brought_together(self) -> Estimate | None:
        """Return d(untrained, master) - d(two masters), means over seeds, with its jackknife interval.

        A pair of masters is of two seeds, and left out with either. With fewer than three seeds there is no interval.
        """
        if self.n_seeds < 3:
            return None
        masters, pairs = self.unrelated[TWO_MASTERS]

        def without(seed: int | None) -> float:
            others = np.arange(self.n_seeds) != seed
            return float(self.to_master[UNTRAINED][others].mean() - masters[~(pairs == seed).any(axis=1)].mean())

        return jackknife_interval(without(None), [without(k) for k in range(self.n_seeds)])

    def masters_apart(self) -> Estimate | None:
        """Return d(two masters) - d(two untrained), means over pairs of seeds, with its jackknife interval.

        None with fewer than three seeds. Pairs are neighbors on a ring of seeds, of which leaving out a seed takes two:
        the jackknife's interval is wider than it has to be, by a quarter to a half.
        """
        if self.n_seeds < 3:
            return None

        def mean(kind: str, seed: int | None) -> float:
            values, pairs = self.unrelated[kind]
            return float(values[~(pairs == seed).any(axis=1)].mean())

        partial = [mean(TWO_MASTERS, k) - mean(TWO_UNTRAINED, k) for k in range(self.n_seeds)]
        return jackknife_interval(mean(TWO_MASTERS, None) - mean(TWO_UNTRAINED, None), partial)

    def without(self, seed: int) -> "Changes":
        """Return the finished networks' distances without those of one seed."""
        others = np.arange(self.n_seeds) != seed

        def left(values: Mapping[str, Array]) -> dict[str, Array]:
            return {name: some[others] for name, some in values.items()}

        kept = {kind: ~(pairs == seed).any(axis=1) for kind, (_, pairs) in self.unrelated.items()}
        return dataclasses.replace(
            self,
            to_master=left(self.to_master),
            free=self.free[others],
            fixed=self.fixed[others],
            unrelated={
                # Seeds after the one that is left out move up.
                kind: (values[kept[kind]], pairs[kept[kind]] - (pairs[kept[kind]] > seed))
                for kind, (values, pairs) in self.unrelated.items()
            },
            accuracies=left(self.accuracies),
        )

    def _scale_without(self, seed: int | None) -> float:
        kept = [values[~(pairs == seed).any(axis=1)] for values, pairs in self.unrelated.values()]
        return float(np.concatenate(kept).mean())


def changes(
    metric: MetricUnderTest,
    zoo: Zoo,
    seeds: Sequence[int],
    *,
    histories: Sequence[int],
    n_checkpoints: int,
    n_trials: int,
    rng: np.random.Generator,
) -> Changes:
    """Ask a metric for all distances of one architecture.

    Args:
        metric: the metric.
        zoo: the architecture's networks.
        seeds: those whose finished networks are compared, at least two.
        histories: those whose masters are followed through training.
        n_checkpoints: at how many checkpoints; see `common_checkpoints`.
        n_trials: test trials on which networks are recorded.
        rng: order of the questions.

    Raises:
        UnfitZooError: if there are too few seeds or checkpoints, or states spread in too few directions.
    """
    if len(seeds) < 2:
        raise UnfitZooError(f"{len(seeds)} seed of networks; needed at least 2 for an interval")
    n = len(seeds)
    final = {(group, k): zoo.final(group, s) for group in (*COMPARED, MASTER) for k, s in enumerate(seeds)}
    around = np.array(sorted({(min(k, (k + 1) % n), max(k, (k + 1) % n)) for k in range(n)}), dtype=np.intp)
    same = np.array([(k, k) for k in range(n)], dtype=np.intp)
    courses = {
        group: [spread_out(zoo.specimens(group, seed), n_checkpoints) for seed in histories]
        for group in (MASTER, FROZEN)
    }
    pairs: dict[str, list[tuple[Specimen, Specimen]]] = {
        **{group: [(final[group, k], final[MASTER, k]) for k in range(n)] for group in COMPARED},
        "free": [(zoo.specimens(MASTER, s)[0], final[MASTER, k]) for k, s in enumerate(seeds)],
        "fixed": [(zoo.specimens(FROZEN, s)[0], final[FROZEN, k]) for k, s in enumerate(seeds)],
        **{f"two {group}": [(final[group, i], final[group, j]) for i, j in around] for group in (UNTRAINED, MASTER)},
        **{f"course {group}": [(s, some[-1]) for some in all_ for s in some[:-1]] for group, all_ in courses.items()},
    }
    found = _distances(metric, zoo, pairs, n_trials, rng)
    return Changes(
        to_master={group: found[group] for group in COMPARED},
        free=found["free"],
        fixed=found["fixed"],
        unrelated={
            TWO_UNTRAINED: (found[f"two {UNTRAINED}"], around),
            TWO_MASTERS: (found[f"two {MASTER}"], around),
            "untrained and master": (found[UNTRAINED], same),
        },
        courses={group: found[f"course {group}"].reshape(len(histories), -1) for group in courses},
        shares={group: np.array([_shares(some) for some in all_]) for group, all_ in courses.items()},
        accuracies={
            group: np.array([zoo.accuracy(final[group, k]) / zoo.ceiling for k in range(n)])
            for group in (*COMPARED, MASTER)
        },
    )


def _shares(course: Sequence[Specimen]) -> list[float]:
    """Return the share of a network's updates that lie behind each of its checkpoints but the last."""
    return [specimen.update / course[-1].update for specimen in course[:-1]]


def common_checkpoints(zoos: Iterable[Zoo], n_histories: int) -> int:
    """Return at how many checkpoints all masters of the first seeds can be followed, at most `N_CHECKPOINTS`.

    Raises:
        UnfitZooError: if at fewer than `FEWEST`.
    """
    trainings = [
        zoo.checkpoints(group, seed) for zoo in zoos for group in (MASTER, FROZEN) for seed in zoo.seeds[:n_histories]
    ]
    most = min(N_CHECKPOINTS, *map(len, trainings))
    if most < FEWEST:
        raise UnfitZooError(f"{most} checkpoints of a training; needed at least {FEWEST}")
    return most


def _distances(
    metric: MetricUnderTest,
    zoo: Zoo,
    pairs: Mapping[str, Sequence[tuple[Specimen, Specimen]]],
    n_trials: int,
    rng: np.random.Generator,
) -> dict[str, Array]:
    """Return the distances of every kind of pairs; each pair is asked once, in an arbitrary order."""
    every = {pair: k for k, pair in enumerate(dict.fromkeys(pair for some in pairs.values() for pair in some))}
    places = {specimen: k for k, specimen in enumerate(dict.fromkeys(s for pair in every for s in pair))}
    xs = recordings(zoo, list(places), zoo.trials(n_trials))
    values = asked(metric, xs, [(places[a], places[b]) for a, b in every], rng)
    return {kind: values[[every[pair] for pair in some]] for kind, some in pairs.items()}
