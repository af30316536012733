"""Lesions of recurrent weights, after which an affine refit puts the states back where the intact ones lie."""

import dataclasses
from functools import cache
from typing import final

import numpy as np

from metric_harness.ablations import lesioned_networks, measured_trials, search_trials
from metric_harness.arrays import Array
from metric_harness.lesions import observed, stacks
from metric_harness.paired_lesions import PairedLesions
from metric_harness.refits import explained_by, refitted
from metric_harness.sensitivity import weight_sensitivities
from metric_harness.weight_cuts import cutting, paired_cuts, size_ratio
from metric_harness.zoo_recordings import matched, shipped_zoo

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
        pairs: the recordings, the relevant and idle ones refitted to the intact ones and matched afterwards.
        relevant_fits: share of the intact states' variance that the refit explains, shape (n_networks,).
        idle_fits: the same of the idle lesion.
    """

    pairs: PairedLesions
    relevant_fits: Array
    idle_fits: Array


@cache
def recurrence_lesions(n_seeds: int, n_recorded: int) -> RecurrenceLesions:
    """Cut weights of the networks of the shipped zoo's first seeds and record what becomes of them, once in a process.

    What the decision needs comes from the search trials.
    """
    zoo = shipped_zoo()
    specimens, trials, search = lesioned_networks(zoo, zoo.seeds[:n_seeds]), measured_trials(zoo), search_trials(zoo)
    needed: list[Array] = [
        weight_sensitivities(zoo.network, some, search, WEIGHTS) for _, some in stacks(zoo, specimens)
    ]
    weights = np.array([zoo.weights(specimen)[WEIGHTS] for specimen in specimens], dtype=np.float64)
    costs: Array = np.concatenate(needed)
    masks = [paired_cuts(w, cost, N_CUT) for w, cost in zip(weights, costs, strict=True)]
    intact, accuracies = observed(zoo, specimens, trials, n_recorded)
    (relevant, right), (idle, still_right) = (
        observed(zoo, specimens, trials, n_recorded, cutting(WEIGHTS, np.array(arm)))
        for arm in zip(*masks, strict=True)
    )
    fits = [[refitted(x, goal) for x, goal in zip(arm, intact, strict=True)] for arm in (relevant, idle)]
    shares = np.array([[explained_by(x, goal) for x, goal in zip(arm, intact, strict=True)] for arm in fits])
    return RecurrenceLesions(
        pairs=PairedLesions(
            intact=[matched(x) for x in intact],
            relevant=[matched(x) for x in fits[0]],
            idle=[matched(x) for x in fits[1]],
            relevant_drops=accuracies - right,
            idle_drops=accuracies - still_right,
            removed=np.array([size_ratio(w, *pair) for w, pair in zip(weights, masks, strict=True)]),
        ),
        relevant_fits=shares[0],
        idle_fits=shares[1],
    )
