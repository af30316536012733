"""One world in which a recording is changed in every way that a metric may answer to, on its own scale.

A population of 24 units sees the three whitened components of a Lorenz motif through weights that all recordings of a
world share, and each unit has noise of its own, as recordings have. Mean and covariance are then made the same in all
of them, so that only the motion differs. The first half of the units is recorded. The components have 60, 30 and 10 %
of what is not noise on average: there is a dominant one and a weak one.
"""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, cast, final

import numpy as np

from metric_harness import simulation
from metric_harness.arrays import Array, Trajectories, flattened
from metric_harness.transforms import normalize_range, random_orthogonal, reverse_time, whiten

N_UNITS = 12
"""Recorded units; the other sample of units is as large."""
STRENGTHS = (0.6, 0.3, 0.1)
"""Expected shares of the three components in the variance."""
BASES = (2, 5)
"""Motifs that are changed: a Lorenz system with two stable points, r = 10, and a chaotic one, r = 40."""
SIBLINGS = (3, 6)
"""Of each, another motif of its regime: r = 15 and r = 50."""
STRANGERS = ((0, 5), (0, 2))
"""Of each, motifs of the two other regimes."""
NOISE = 0.1
"""Standard deviation of a unit's own noise, as a share of that of its signal."""
OUTLIER = "one sample moved far"
AGAIN = "another draw of its noise"
"""The change that the range is held against."""
OTHER_REGIME = "another regime"
"""The change whose mean is the range."""

Change: TypeAlias = Callable[[Trajectories, np.random.Generator], Trajectories]


def _noise(share: float) -> Change:
    return lambda x, rng: x + share * _spread(x) * rng.standard_normal(x.shape)


def _spread(x: Trajectories) -> Array:
    """Return the standard deviation of each unit."""
    return flattened(x).std(axis=0)


def _mapped(matrix: Callable[[int, np.random.Generator], Array]) -> Change:
    return lambda x, rng: x @ matrix(x.shape[-1], rng).T


def _conditioned(n: int, rng: np.random.Generator) -> Array:
    """Draw singular values between 1/3 and 3, and the rotations on either side of them."""
    return random_orthogonal(n, rng) @ np.diag(3.0 ** rng.uniform(-1, 1, n)) @ random_orthogonal(n, rng)


def _shifted(x: Trajectories, rng: np.random.Generator) -> Trajectories:
    return x + _spread(x) * rng.choice([-1.0, 1.0], x.shape[-1])


def _reordered(x: Trajectories, rng: np.random.Generator) -> Trajectories:
    return cast(Trajectories, cast(Any, x)[..., rng.permutation(x.shape[-1])])


def _with_outlier(x: Trajectories, rng: np.random.Generator) -> Trajectories:
    """Move one sample so far in a random direction that it has as much variance as all others together."""
    direction: Array = rng.standard_normal((x.shape[-1],))
    n = x.shape[0] * x.shape[1]
    moved = x.copy()
    step = math.sqrt(n * float(flattened(x).var(axis=0).sum()))
    moved[rng.integers(len(x)), rng.integers(x.shape[1])] += step * direction / np.linalg.norm(direction)
    return moved


def _without(place: int) -> Change:
    """Return the change that takes the component of one place, counted from the strongest, from a recording."""

    def change(x: Trajectories, _: np.random.Generator) -> Trajectories:
        direction = np.linalg.svd(flattened(x) - flattened(x).mean(axis=0), full_matrices=False)[2][place]
        return x - (x - x.mean(axis=(0, 1))) @ np.outer(direction, direction)

    return change


NUISANCES: Mapping[str, Change] = {
    "rotation": _mapped(random_orthogonal),
    "order of the units": _reordered,
    "one common scale": lambda x, _: 3.0 * x,
    "a scale for each unit": _mapped(lambda n, rng: np.diag(2.0 ** rng.uniform(-2, 2, n))),
    "translation by 1 SD": _shifted,
    "linear map": _mapped(_conditioned),
    "noise of .3 SD": _noise(0.3),
    OUTLIER: _with_outlier,
}
"""Changes of a recording that most questions are not about."""
RESAMPLED = (AGAIN, "other units", "other trials")
"""Nuisances that take another recording of the same motion."""
SIGNALS: Mapping[str, Change] = {
    "time shuffled": lambda x, rng: x[:, rng.permutation(x.shape[1])],
    "time reversed": lambda x, _: reverse_time(x),
    "weak component dropped": _without(2),
    "dominant component dropped": _without(0),
}
"""Changes of a recording that somebody's question is about."""
OTHERS = ("twice the speed", "another motif", OTHER_REGIME)
"""Signals that take another motion."""
ALL_NUISANCES, ALL_SIGNALS = (*NUISANCES, *RESAMPLED), (*SIGNALS, *OTHERS)


@final
@dataclasses.dataclass(frozen=True, eq=False)
class ChangedWorld:
    """Recordings and what became of them: pairs of indices into `recordings` by the name of the change.

    Attributes:
        recordings: of shape (trials, time, units).
        pairs: a recording and its changed self, one or two pairs for each base.
        unchanged: a recording and its copy.
    """

    recordings: Sequence[Trajectories]
    pairs: Mapping[str, Sequence[tuple[int, int]]]
    unchanged: Sequence[tuple[int, int]]


def _root(covariance: Array) -> Array:
    """Return the symmetric square root of a covariance."""
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * np.sqrt(values)) @ vectors.T


def changed_world(rng: np.random.Generator, n_trials: int) -> ChangedWorld:
    """Draw one world.

    Args:
        rng: draws initial states, weights and changes.
        n_trials: trials of each recording; trial k starts from the same state in all but "other trials".
    """
    weights = np.diag(np.sqrt(STRENGTHS)) @ rng.standard_normal((len(STRENGTHS), 2 * N_UNITS))
    initial, others = (simulation.MOTIFS[0].initial_states(n_trials, rng) for _ in range(2))

    level = NOISE * np.linalg.norm(weights, axis=0)
    wanted = _root(weights.T @ weights + np.diag(level**2))

    def seen(motif: int, states: Array = initial, speed: float = 1.0) -> Trajectories:
        step = speed * simulation.TIME_STEP
        motion = simulation.simulate(simulation.MOTIFS[motif], states, time_step=step)
        signal = whiten(normalize_range(motion)) @ weights
        return whiten(signal + level * rng.standard_normal(signal.shape)) @ wanted

    recordings: list[Trajectories] = []
    pairs: dict[str, list[tuple[int, int]]] = {name: [] for name in (*ALL_NUISANCES, *ALL_SIGNALS)}
    unchanged: list[tuple[int, int]] = []
    for base, sibling, strangers in zip(BASES, SIBLINGS, STRANGERS, strict=True):
        population = seen(base)
        x = population[..., :N_UNITS]
        changed = {name: [change(x, rng)] for name, change in [*NUISANCES.items(), *SIGNALS.items()]}
        changed[AGAIN] = [seen(base)[..., :N_UNITS]]
        changed["other units"] = [population[..., N_UNITS:]]
        changed["other trials"] = [seen(base, others)[..., :N_UNITS]]
        changed["twice the speed"] = [seen(base, speed=2.0)[..., :N_UNITS]]
        changed["another motif"] = [seen(sibling)[..., :N_UNITS]]
        changed[OTHER_REGIME] = [seen(stranger)[..., :N_UNITS] for stranger in strangers]
        own = len(recordings)
        recordings += [x, x.copy()]
        unchanged.append((own, own + 1))
        for name, versions in changed.items():
            for version in versions:
                pairs[name].append((own, len(recordings)))
                recordings.append(np.ascontiguousarray(version))
    return ChangedWorld(recordings, pairs, unchanged)
