"""A right metric for networks that learn: it knows which networks it is shown, and compares what they put out.

What a network's recording comes from is looked up in the zoo. Its outputs are what the groups of the zoo were
trained for; a case that asks whether learning is seen has to be passed by them, whatever a metric of states says.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
import torch

from metric_harness.arrays import Array, Trajectories, trajectories
from metric_harness.errors import InvalidInputError
from metric_harness.interfaces import Claims, metric
from metric_harness.recording import run, stacked, time_first
from metric_harness.zoo import Specimen
from metric_harness.zoo_groups import training_groups
from metric_harness.zoo_recordings import AT_ONCE, recordings, shipped_zoo, spread_out

N_CHECKPOINTS = 8
"""Checkpoints of each network that it knows, as many as `learning.gradual` shows."""
N_HISTORIES = 8
"""Seeds of which it knows all of them; of the others it knows the finished master."""
FAR = 1e-3
"""Largest difference of two recordings of one network: what rounding leaves in components of variance one."""


@metric(needs="trajectories", claims=Claims(symmetric=True, identity=True, deterministic=True, time_order=None))
def outputs(traj_x: Trajectories, traj_y: Trajectories) -> float:
    """Return the mean absolute difference of the output probabilities of two networks, over trials and time."""
    known, probabilities = memory(len(trajectories(traj_x, "x")))
    x, y = (probabilities[place(known, mark(trajectories(z)))] for z in (traj_x, traj_y))
    return float(np.abs(x - y).mean())


@cache
def memory(n_trials: int) -> tuple[Array, Sequence[Array]]:
    """Return the marks of all networks that it knows, shape (networks, numbers), and their outputs."""
    zoo = shipped_zoo()
    followed = [(group, seed) for group in training_groups() for seed in zoo.seeds[:N_HISTORIES]]
    known = [s for key in followed for s in spread_out(zoo.specimens(*key), N_CHECKPOINTS)]
    known = list(dict.fromkeys([*known, *(zoo.final("master", seed) for seed in zoo.seeds)]))
    xs = recordings(zoo, known, zoo.trials(n_trials))
    return np.array([mark(x) for x in xs]), probabilities_of(known, n_trials)


def probabilities_of(specimens: Sequence[Specimen], n_trials: int) -> list[Array]:
    """Return the output probabilities of networks on the shared trials, shape (time, trials, outputs) each."""
    zoo, found = shipped_zoo(), []
    inputs = time_first(zoo.trials(n_trials))
    for first in range(0, len(specimens), AT_ONCE):
        weights = stacked([zoo.weights(s) for s in specimens[first : first + AT_ONCE]])
        found += list(torch.softmax(zoo.network.readout(weights, run(zoo.network, weights, inputs)), dim=-1).numpy())
    return found


def mark(x: Trajectories) -> Array:
    """Return what a recording is told by: the sizes of some of its entries, for a component may be mirrored."""
    return np.abs(x[:, :: max(1, x.shape[1] // 8)]).ravel()


def place(known: Array, wanted: Array) -> int:
    """Return where a mark is known.

    Raises:
        InvalidInputError: if it is not the mark of a network that the oracle knows.
    """
    distances = np.abs(known - wanted).max(axis=1) if known.shape[1:] == wanted.shape else np.array([np.inf])
    nearest = int(distances.argmin())
    if distances[nearest] > FAR:
        raise InvalidInputError(
            f"a recording that differs by {distances[nearest]:.2g} from those known; needed a network of the zoo."
        )
    return nearest
