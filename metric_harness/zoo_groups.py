"""Which networks of the zoo a case compares: levels of shared subtasks, those that learn, what they are held against.

What decides is how a network was trained and how it chooses, never what a metric says of it.
"""

from collections.abc import Sequence

import numpy as np

from metric_harness.curriculum import GROUPS, MASTER
from metric_harness.errors import UnfitZooError
from metric_harness.zoo import Specimen, Zoo

LEVELS = ("untrained", "0 shared", "1 shared", "2 shared", "3 shared")
"""Levels of training for the composite task, from the least to the most."""
LEARNT = 0.95
"""Share of the best expected accuracy from which a network counts as one that learns."""


def level_of(group: str) -> int | None:
    """Return the index into `LEVELS` of a group; None for one that is not part of the order.

    The order is that of networks whose recurrent weights are fixed while they learn the composite task, so that they
    differ in nothing but what they were pretrained on; the untrained come before all.
    """
    found = GROUPS[group]
    return {"nothing": 0, "frozen": 1 + found.n_shared, "all": None}[found.free]


def groups_of(level: int) -> list[str]:
    """Return the groups of a level."""
    return [group for group in GROUPS if level_of(group) == level]


def training_groups() -> list[str]:
    """Return the groups that are trained on the composite task."""
    return [group.name for group in GROUPS.values() if group.free != "nothing"]


def learns(zoo: Zoo, group: str, seed: int) -> bool:
    """Return whether a network is trained on the composite task and solves it in the end."""
    trained = GROUPS[group].free != "nothing"
    return trained and zoo.accuracy(zoo.final(group, seed)) >= LEARNT * zoo.ceiling


def require_learners(zoo: Zoo, seeds: Sequence[int]) -> None:
    """Leave a case about learning where hardly a network learns.

    Raises:
        UnfitZooError: if fewer than two of the networks that are trained on the composite task solve it in the end.
    """
    n = sum(learns(zoo, group, seed) for group in training_groups() for seed in seeds)
    if n < 2:
        raise UnfitZooError(f"{n} of these networks learn the composite task; needed at least 2")


def learning_groups(zoo: Zoo) -> list[str]:
    """Return the groups all of whose networks learn."""
    return [group for group in training_groups() if all(learns(zoo, group, seed) for seed in zoo.seeds)]


def unrelated_learners(zoo: Zoo, n: int) -> list[Specimen]:
    """Return n finished networks of as many seeds, the learning groups taken in turn.

    No two of them began with one draw of weights, so that they are independent.

    Raises:
        UnfitZooError: if the zoo has fewer seeds, or no group all of whose networks learn.
    """
    if len(zoo.seeds) < n:
        raise UnfitZooError(f"{n} networks of {len(zoo.seeds)} seeds; needed at most one of each.")
    groups = learning_groups(zoo)
    if not groups:
        raise UnfitZooError("no group's networks all learn the composite task; needed one such group")
    return [zoo.final(groups[k % len(groups)], seed) for k, seed in enumerate(zoo.seeds[:n])]


def reference(zoo: Zoo, group: str, seed: int) -> Specimen:
    """Return the finished master of a network's seed; for a master the one of the next seed, as it is no self pair."""
    seeds = list(zoo.seeds)
    place = seeds.index(seed) + (group == MASTER)
    return zoo.final(MASTER, seeds[place % len(seeds)])


def drawn_checkpoints(zoo: Zoo, seeds: Sequence[int], rng: np.random.Generator) -> list[Specimen]:
    """Return one checkpoint of every network of the given seeds, so that their accuracies spread.

    An accuracy is drawn from the range that each network passes through, and the checkpoint nearest to it taken, for
    most of an even draw of checkpoints would stand at chance or at the ceiling.
    """
    chosen: list[Specimen] = []
    for seed in seeds:
        for group in GROUPS:
            specimens = zoo.specimens(group, seed)
            accuracies = np.array([zoo.accuracy(specimen) for specimen in specimens])
            wanted = float(rng.uniform(float(accuracies.min()), float(accuracies.max())))
            chosen.append(specimens[int(np.abs(accuracies - wanted).argmin())])
    return chosen
