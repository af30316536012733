"""Cuts of recurrent weights: those that the decision needs, and as many and as large ones that it does not."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from metric_harness.arrays import Array
from metric_harness.interfaces import Parameters
from metric_harness.lesions import Intervention
from metric_harness.recording import AfterStep, tensor_of

Mask: TypeAlias = NDArray[np.bool_]
"""Which weights are cut, of the shape of the weights."""


def paired_cuts(weights: Array, sensitivities: Array, n_cut: int) -> tuple[Mask, Mask]:
    """Return which weights of one network are cut in its two lesions.

    The relevant ones are those whose loss costs most of the decision margin by first order. Each gets an idle partner
    of the nearest size, from the half of all weights whose loss matters least either way; no weight is cut twice.

    Args:
        weights: of any shape.
        sensitivities: what the margin loses with each weight, of the same shape; see `weight_sensitivities`.
        n_cut: weights that each lesion cuts.

    Raises:
        ValueError: if half of the weights are not enough for as many partners.
    """
    sizes, costs = np.abs(weights).ravel(), sensitivities.ravel()
    relevant = np.argsort(-costs, kind="stable")[:n_cut]
    idle = np.setdiff1d(np.argsort(np.abs(costs), kind="stable")[: costs.size // 2], relevant)
    if len(idle) < n_cut:
        raise ValueError(f"{len(idle)} idle weights for {n_cut} cuts; needed as many. Cut fewer.")
    left = sizes[idle]
    partners: list[int] = []
    for k in relevant[np.argsort(-sizes[relevant], kind="stable")]:
        nearest = int(np.abs(left - sizes[k]).argmin())
        partners.append(int(idle[nearest]))
        left[nearest] = np.inf
    return _mask(relevant, weights), _mask(np.array(partners), weights)


def size_ratio(weights: Array, relevant: Mask, idle: Mask) -> float:
    """Return the root of the summed squares of the relevant weights by that of the idle ones."""
    return float(np.linalg.norm(weights[relevant]) / np.linalg.norm(weights[idle]))


def cutting(name: str, masks: Mask) -> Intervention:
    """Return the lesion that sets some weights of a parameter to zero.

    Args:
        name: the parameter.
        masks: which weights of each network, shape (networks, *shape of the parameter).
    """

    def cut(parameters: Parameters, places: slice) -> tuple[Parameters, AfterStep | None]:
        kept: Tensor = tensor_of(~masks[places])
        return {**parameters, name: parameters[name] * kept}, None

    return cut


def _mask(chosen: NDArray[np.intp], weights: Array) -> Mask:
    mask = np.zeros(weights.size, dtype=bool)
    mask[chosen] = True
    return mask.reshape(weights.shape)
