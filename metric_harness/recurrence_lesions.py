"""Lesions of recurrent weights, after which an affine refit puts the states back where the intact ones lie."""

import dataclasses
from typing import final

import numpy as np

from metric_harness.ablations import N_FELT, intact_networks, measured_trials, search_trials
from metric_harness.arrays import Array
from metric_harness.cache import kept
from metric_harness.lesions import observed, stacks
from metric_harness.paired_lesions import PairedLesions
from metric_harness.refits import explained_by, refitted
from metric_harness.sensitivity import weight_sensitivities
from metric_harness.transforms import whiten
from metric_harness.weight_cuts import cutting, paired_cuts, size_ratio
from metric_harness.zoo_recordings import shipped_zoo

WEIGHTS = "recurrent_weights"
"""The parameter that is cut."""
N_CUT = 32
"""Weights that each lesion cuts, of 4096. Of 16, 32, 64, 128 and 256 it is the number under which most lesions do on
other test trials what they are meant to; no metric was asked."""


@final
@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class RecurrenceLesions:
    """Lesions in pairs, their recordings refitted.

    Attributes:
        pairs: the recordings, the relevant and idle ones refitted to the intact ones and whitened afterwards, by the
            symmetric square root, so that they stay where the refit has put them.
        relevant_fits: share of the intact recording's variance that the refit explains, shape (n_networks,).
        idle_fits: the same of the idle lesion.
    """

    pairs: PairedLesions
    relevant_fits: Array
    idle_fits: Array


@kept
def recurrence_lesions(n_seeds: int, n_recorded: int) -> RecurrenceLesions:
    """Cut weights of the networks of the shipped zoo's first seeds and record what becomes of them.

    What the decision needs comes from the search trials.
    """
    zoo, intact = shipped_zoo(), intact_networks(n_seeds, n_recorded)
    search, parts = search_trials(zoo, N_FELT), stacks(zoo, intact.specimens)
    costs = np.concatenate([weight_sensitivities(zoo.network, some, search, WEIGHTS) for _, some in parts])
    weights = [zoo.weights(specimen)[WEIGHTS].astype(np.float64) for specimen in intact.specimens]
    cuts = [paired_cuts(w, cost, N_CUT) for w, cost in zip(weights, costs, strict=True)]
    (relevant, right), (idle, still_right) = (
        observed(
            zoo,
            intact.specimens,
            measured_trials(zoo),
            n_recorded,
            lambda place, states: refitted(states, intact.recordings[place]),
            cutting(WEIGHTS, np.array(masks)),
        )
        for masks in zip(*cuts, strict=True)
    )
    relevant_fits, idle_fits = (
        np.array([explained_by(x, goal) for x, goal in zip(arm, intact.recordings, strict=True)])
        for arm in (relevant, idle)
    )
    return RecurrenceLesions(
        pairs=PairedLesions(
            intact=intact.recordings,
            relevant=[whiten(x) for x in relevant],
            idle=[whiten(x) for x in idle],
            relevant_drops=intact.accuracies - right,
            idle_drops=intact.accuracies - still_right,
            equality=np.array([size_ratio(w, *pair) for w, pair in zip(weights, cuts, strict=True)]),
        ),
        relevant_fits=relevant_fits,
        idle_fits=idle_fits,
    )
