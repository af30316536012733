"""What of networks' states a metric was handed: how many principal components, and the variance that they hold.

Cases name it on the card, for what lies beyond the components no metric has seen.
"""

from collections.abc import Sequence

import numpy as np

from metric_harness.arrays import Array, Trajectories, flattened, trajectories
from metric_harness.cache import kept
from metric_harness.checks import Recorder
from metric_harness.curriculum import GROUPS
from metric_harness.statistics import exact, mean_interval
from metric_harness.trials import Trials
from metric_harness.zoo import Zoo
from metric_harness.zoo_recordings import N_COMPONENTS, each_recorded


def explained(states: Trajectories, n_components: int = N_COMPONENTS) -> float:
    """Return the share of the variance that the first principal components hold."""
    x = flattened(trajectories(states, "states"))
    variances = np.linalg.eigvalsh(np.cov(x, rowvar=False))
    return float(variances[-n_components:].sum() / variances.sum())


@kept
def shares_kept(zoo: Zoo, seeds: Sequence[int], trials: Trials, steps: slice, n_components: int) -> Array:
    """Return the share of variance that the first principal components hold, of the finished networks of all groups.

    Returns:
        Shape (n_seeds, n_groups).
    """
    networks = [zoo.final(group, seed) for seed in seeds for group in GROUPS]
    shares = [explained(states[:, steps], n_components) for states in each_recorded(zoo, networks, trials)]
    return np.array(shares).reshape(len(seeds), len(GROUPS))


def measure_components(
    measure: Recorder,
    zoo: Zoo,
    seeds: Sequence[int],
    n_trials: int,
    *,
    steps: slice = slice(None),
    label: str = "",
) -> None:
    """Record how many principal components a metric was handed, and what of networks' variance they hold.

    Args:
        measure: where it is recorded.
        zoo: the networks.
        seeds: those whose finished networks are looked at, each one observation.
        n_trials: test trials on which they are recorded.
        steps: time steps that are compared.
        label: what ends the names of the measurements.
    """
    shares = shares_kept(zoo, list(seeds), zoo.trials(n_trials), steps, N_COMPONENTS)
    measure(f"principal components{label}", N_COMPONENTS)
    means = shares.mean(axis=1)
    measure(
        f"variance that they hold{label}",
        mean_interval(means, limits=(0, 1)) if len(means) > 1 else exact(float(means.mean())),
    )
    measure(f"least variance that they hold{label}", float(shares.min()))
