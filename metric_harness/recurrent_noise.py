"""Recordings of networks with noise in their states: it enters after every time step, and the network carries it on.

Noise is measured by the network's own motion without it, so that one level is as loud for all of them.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from torch import Tensor

from metric_harness.arrays import Array, Trajectories, flattened, trajectories
from metric_harness.recording import AfterStep, tensor_of
from metric_harness.trials import Trials
from metric_harness.zoo import Specimen, Zoo
from metric_harness.zoo_recordings import AT_ONCE, recorded


def spread(states: Trajectories) -> float:
    """Return the standard deviation of a network's states: the root of the units' mean variance.

    One number for all units, for noise in proportion to each would spare those that are at rest.

    Args:
        states: shape (trials, time, units).
    """
    return float(np.sqrt(flattened(trajectories(states, "states")).var(axis=0).mean()))


def noise(deviations: ArrayLike, rng: np.random.Generator) -> AfterStep:
    """Return what adds independent normal noise to every unit of a stack of networks after every time step.

    Args:
        deviations: standard deviation of the noise of each network, shape (networks,).
        rng: source of the noise, one draw per network, trial, unit and time step.

    Raises:
        ValueError: if a deviation is negative or not finite.
    """
    scales = np.asarray(deviations, dtype=np.float32)
    if not (np.isfinite(scales) & (scales >= 0)).all():
        raise ValueError(f"deviations are {scales.tolist()}; needed finite numbers of at least 0.")
    factors = tensor_of(scales.reshape(-1, 1, 1))

    def disturb(states: Tensor, _: int) -> Tensor:
        return states + factors * tensor_of(rng.standard_normal(tuple(states.shape), dtype=np.float32))

    return disturb


def disturbed(
    zoo: Zoo, specimens: Sequence[Specimen], trials: Trials, deviations: Array, rng: np.random.Generator
) -> list[Trajectories]:
    """Return the states of networks under noise, one array of shape (trials, time, units) for each.

    They are not matched yet: that has to come after the noise.

    Args:
        zoo: where the networks are.
        specimens: which of them; one that is named twice gets two independent draws of noise.
        trials: what they run on.
        deviations: standard deviation of the noise of each, shape (n_specimens,).
        rng: source of the noise.

    Raises:
        ValueError: if there is not one deviation for each network, or as in `noise`.
    """
    if np.shape(deviations) != (len(specimens),):
        raise ValueError(f"deviations of shape {np.shape(deviations)} for {len(specimens)} networks; needed one each.")
    found: list[Trajectories] = []
    for first in range(0, len(specimens), AT_ONCE):
        some = slice(first, first + AT_ONCE)
        found += recorded(zoo, specimens[some], trials, after_step=noise(deviations[some], rng))
    return found
