"""Recordings of the zoo's networks as the cases hand them to metrics: on shared trials, reduced and moment-matched.

Every network runs on the same fixed trials, so that trials correspond across networks for all metrics alike. Its states
are projected on its own first principal components and whitened: mean, variance and covariance spectrum then carry
nothing, and a metric has to look at what the states do. The scaled form, which keeps the spectrum, stands beside it
and is measured only.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np

from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array, Trajectories, flattened, trajectories
from metric_harness.cache import kept
from metric_harness.errors import DegenerateInputError, UnfitZooError
from metric_harness.recording import AfterStep, run, stacked, states_of, time_first
from metric_harness.statistics import settled
from metric_harness.trials import Trials
from metric_harness.zoo import MANIFEST, Specimen, Zoo, shipped

Form: TypeAlias = Literal["whitened", "scaled"]

TASK = "perceptual_decision"
"""The task on which cases decide, the one that the reference study reports."""
N_COMPONENTS = 6
"""Principal components of a network's states that are kept: enough for 98 % of the variance in the mean of every group,
chosen from that share alone, before any metric was asked."""
PREFERRED = "mamba"
"""The architecture that the default one is compared with, for the reference study asks about it."""
AT_ONCE = 32
"""Networks that run as one stack; more would not run faster, and hold more memory."""
USUAL_UNITS = 64
"""Units of a network of which as many run as one stack."""


@cache
def zoo_in(folder: Path, task: str = TASK, view: tuple[tuple[str, Any], ...] = ()) -> Zoo:
    """Return the zoo in a folder, read once in a process, with what is recorded of it if that is not as usual.

    Raises:
        ZooError: if it is missing or damaged.
    """
    return Zoo(folder, task, dict(view))


def is_default(zoo: Zoo) -> bool:
    """Return whether a zoo is the default architecture's, the only one that was compared before others could be."""
    return zoo.folder == shipped()


def shipped_zoo(task: str = TASK) -> Zoo:
    """Return the default architecture's zoo, which comes with the package.

    Raises:
        ZooError: if it is missing or damaged.
    """
    return zoo_in(shipped(), task)


def other_shipped_zoo() -> Zoo | None:
    """Return the networks of another architecture that come with the package, Mamba's where there are such."""
    folders = sorted(path.parent for path in shipped().parent.glob(f"*/{MANIFEST}") if path.parent != shipped())
    preferred = [folder for folder in folders if folder.name == PREFERRED] or folders
    return zoo_in(preferred[0]) if preferred else None


def recorded(
    zoo: Zoo, specimens: Sequence[Specimen], trials: Trials, *, after_step: AfterStep | None = None
) -> list[Trajectories]:
    """Return the states of networks on shared trials, one array of shape (trials, time, units) for each.

    Args:
        zoo: where the networks are.
        specimens: which of them.
        trials: what they run on.
        after_step: what intervenes after every time step, on stacks of at most `AT_ONCE` networks in this order.
    """
    return list(each_recorded(zoo, specimens, trials, after_step=after_step))


def each_recorded(
    zoo: Zoo, specimens: Sequence[Specimen], trials: Trials, *, after_step: AfterStep | None = None
) -> Iterator[Trajectories]:
    """Yield what `recorded` returns, network by network; all of a wide architecture at once would be gigabytes."""
    inputs = time_first(trials)
    # What intervenes may draw for a whole stack; otherwise wide networks run in stacks of fewer.
    n = AT_ONCE if after_step else max(1, min(AT_ONCE, AT_ONCE * USUAL_UNITS // zoo.network.n_units))
    for first in range(0, len(specimens), n):
        parameters = stacked([zoo.weights(s) for s in specimens[first : first + n]])
        yield from states_of(zoo.network, run(zoo.network, parameters, inputs, after_step))


def matched(states: Trajectories, form: Form = "whitened", n_components: int = N_COMPONENTS) -> Trajectories:
    """Project states on their first principal components and match what is not to be compared.

    Args:
        states: shape (trials, time, units).
        form: `whitened` brings each component to variance one, `scaled` their sum.
        n_components: components that are kept.

    Returns:
        Shape (trials, time, n_components).

    Raises:
        DegenerateInputError: if the states do not spread in as many directions.
    """
    x = flattened(trajectories(states, "states"))
    residual = x - x.mean(axis=0)
    variances, directions = np.linalg.eigh(residual.T @ residual / len(x))
    kept, axes = variances[::-1][:n_components], directions[:, ::-1][:, :n_components]
    if len(kept) < n_components or kept[-1] <= 1e-10 * kept[0]:
        raise DegenerateInputError(
            f"the states spread in {int((variances > 1e-10 * variances[-1]).sum())} directions; needed {n_components}."
        )
    scale = np.sqrt(kept) if form == "whitened" else np.sqrt(kept.sum())
    return (residual @ axes / scale).reshape(*states.shape[:2], n_components)


@kept
def recordings(
    zoo: Zoo,
    specimens: Sequence[Specimen],
    trials: Trials,
    *,
    steps: slice = slice(None),
    form: Form = "whitened",
    n_components: int = N_COMPONENTS,
) -> list[Trajectories]:
    """Return networks as cases compare them: recorded, cut to some time steps, and matched.

    Raises:
        UnfitZooError: if the states of a network do not spread in as many directions.
    """
    found: list[Trajectories] = []
    for specimen, states in zip(specimens, each_recorded(zoo, specimens, trials), strict=True):
        try:
            found.append(matched(states[:, steps], form, n_components))
        except DegenerateInputError as error:
            raise UnfitZooError(f"{specimen}: {error}") from error
    return found


def recorded_trainings(zoo: Zoo, trainings: Sequence[Sequence[Specimen]], trials: Trials) -> list[Trajectories]:
    """Return networks at checkpoints of their trainings as cases compare them, training after training.

    They are made, and kept, seed by seed: several cases follow the same trainings, and not all of them as many seeds.

    Raises:
        UnfitZooError: as in `recordings`.
    """
    found: dict[Specimen, Trajectories] = {}
    for seed in dict.fromkeys(some[0].seed for some in trainings):
        its = [specimen for some in trainings if some[0].seed == seed for specimen in some]
        found |= zip(its, recordings(zoo, its, trials), strict=True)
    return [found[specimen] for some in trainings for specimen in some]


def asked(
    metric: MetricUnderTest, xs: Sequence[Trajectories], pairs: Sequence[tuple[int, int]], rng: np.random.Generator
) -> Array:
    """Return the distances of pairs, shape (len(pairs),), rounded to the metric's floor.

    The metric is asked in an arbitrary order: one whose answers drift from question to question would otherwise find
    the order of a training in the order of the questions.
    """
    order: list[int] = rng.permutation(len(pairs)).tolist()
    values = np.empty(len(pairs))
    values[order] = metric.pair_distances(xs, [pairs[k] for k in order])
    return settled(values, metric.floor)


def spread_out(specimens: Sequence[Specimen], n: int) -> list[Specimen]:
    """Return n of a network's checkpoints, the first, the last and others evenly between them.

    Raises:
        UnfitZooError: if there are fewer.
    """
    if len(specimens) < n:
        raise UnfitZooError(f"{len(specimens)} checkpoints of {specimens[0].group}; needed at least {n}")
    return [specimens[k] for k in np.linspace(0, len(specimens) - 1, n).round().astype(int)]
