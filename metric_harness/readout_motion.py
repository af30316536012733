"""Networks that are moved along what their readout sees, and as far along what it cannot see.

The readout sees a state h as h W. The choice axis is the difference of the two choices' columns of W. A direction u
with u W = 0 is one that it cannot see; of these the decision may still feel many, as the recurrence brings them round.
"""

import dataclasses

import numpy as np

from metric_harness.ablations import Intact, felt_by_decisions, intact_networks, measured_trials, search_trials
from metric_harness.arrays import Array, Trajectories
from metric_harness.cache import kept
from metric_harness.lesions import Intervention, accuracies_under, stacks
from metric_harness.paired_lesions import PairedLesions
from metric_harness.seeding import generator
from metric_harness.trials import Trials
from metric_harness.yoked_motion import Yoked, pushing, yoked
from metric_harness.zoo import Zoo
from metric_harness.zoo_recordings import matched, shipped_zoo

WEIGHTS = "readout_weights"
"""The parameter that is the readout."""
STRENGTHS = tuple(float(s) for s in np.geomspace(0.06, 0.3, 4))
"""Strengths of the noise at each step that are tried on search trials, in standard deviations of a network's state."""
WANTED = 0.25
"""Drop of accuracy on search trials that the strength is interpolated for: enough to come out above .2 on others."""
N_LEAST = 8
"""Least felt directions of which the one with the largest variance is taken."""


def choice_axes(readouts: Array) -> Array:
    """Return the unit vectors that tell the second output from the third, shape (networks, units).

    Args:
        readouts: shape (networks, units, outputs); the first output is fixation.
    """
    axes = readouts[..., 1] - readouts[..., 2]
    return axes / np.linalg.norm(axes, axis=1, keepdims=True)


def unseen_directions(readouts: Array, felt: Array, covariances: Array) -> Array:
    """Return a direction of each network that its readout cannot see and its decision hardly feels.

    Of the directions with u W = 0, the `N_LEAST` that are felt least are searched for the one along which the intact
    states vary most.

    Args:
        readouts: W of each network, shape (networks, units, outputs).
        felt: shape (networks, units, units); see `state_sensitivities`.
        covariances: of the intact states, shape (networks, units, units).

    Returns:
        Unit vectors, shape (networks, units).
    """
    n_outputs = readouts.shape[2]
    basis = np.linalg.svd(readouts, full_matrices=True)[0][:, :, n_outputs:]
    basis = basis @ np.linalg.eigh(_within(felt, basis))[1][:, :, :N_LEAST]
    return (basis @ np.linalg.eigh(_within(covariances, basis))[1][:, :, -1:])[..., 0]


@kept
def motions(n_seeds: int, n_recorded: int) -> PairedLesions:
    """Move the networks of the shipped zoo's first seeds in either way.

    Motion that the readout sees is the relevant arm, yoked motion the idle one; `equality` is the ratio of their mean
    squares. Recordings keep their spectrum, for else equal motion would not have equal size.
    """
    zoo, intact = shipped_zoo(), intact_networks(n_seeds, n_recorded)
    readouts = np.array([zoo.weights(s)[WEIGHTS] for s in intact.specimens], dtype=np.float64)
    seen = choice_axes(readouts)
    unseen = unseen_directions(readouts, felt_by_decisions(n_seeds), intact.covariances)
    pushes, trials = seen * _strengths(zoo, intact, seen)[:, None], measured_trials(zoo)
    noise = _noise(zoo, trials, "measured")
    recordings: tuple[list[Trajectories], ...] = ([], [], [])
    found: list[Yoked] = []
    for at, parameters in stacks(zoo, intact.specimens):
        push = pushing(pushes[at], noise)
        some = yoked(zoo.network, parameters, trials, n_recorded, push=push, seen=seen[at], unseen=unseen[at])
        for arm, states in zip(recordings, some.recordings, strict=True):
            arm += [matched(x, "scaled") for x in states]
        found.append(dataclasses.replace(some, recordings=()))
    accuracies = np.concatenate([some.accuracies for some in found], axis=1)
    potent, null = np.concatenate([some.motions for some in found], axis=1)
    return PairedLesions(
        intact=recordings[0],
        relevant=recordings[1],
        idle=recordings[2],
        relevant_drops=accuracies[0] - accuracies[1],
        idle_drops=accuracies[0] - accuracies[2],
        equality=potent / null,
        names=("potent motions", "null motions"),
    )


def _strengths(zoo: Zoo, intact: Intact, axes: Array) -> Array:
    """Return the strength of noise along an axis that costs each network as much accuracy as is wanted."""
    trials = search_trials(zoo)
    scales, noise = np.sqrt(np.trace(intact.covariances, axis1=1, axis2=2)), _noise(zoo, trials, "search")

    def pushed(strength: float) -> Intervention:
        pushes = axes * (strength * scales)[:, None]
        return lambda parameters, places: (parameters, pushing(pushes[places], noise))

    before = np.array([zoo.accuracy(specimen) for specimen in intact.specimens])
    drops = [before - accuracies_under(zoo, intact.specimens, trials, pushed(strength)) for strength in STRENGTHS]
    return scales * np.array([interpolated(column) for column in np.array(drops).T])


def interpolated(drops: Array) -> float:
    """Return the strength at which drops over `STRENGTHS` reach `WANTED`; the first or the last if none does."""
    rising = np.maximum.accumulate(drops) + 1e-9 * np.arange(len(drops))
    return float(np.exp(np.interp(WANTED, rising, np.log(STRENGTHS))))


def _noise(zoo: Zoo, trials: Trials, name: str) -> Array:
    """Return white noise of shape (time, trials), the same for all networks and in every run."""
    n_trials, n_times = trials.periods.shape
    return generator(zoo.seed, "motion", name).standard_normal((n_times, n_trials))


def _within(matrices: Array, basis: Array) -> Array:
    return basis.swapaxes(1, 2) @ matrices @ basis
