"""Cuts of weights come in pairs: as many and as large, and no weight twice."""

import numpy as np
import pytest
import torch

from metric_harness import weight_cuts

WEIGHTS = np.array([[3.0, -1.0, 2.0, 0.5], [-3.1, 1.2, -2.1, 0.6], [3.2, 0.9, 1.9, 0.4], [9.0, 8.0, 7.0, 6.0]])
COSTS = np.array([[5.0, 0.0, 4.0, 0.1], [0.0, 0.2, 0.0, 0.1], [0.0, 0.3, 0.0, 0.2], [-9.0, 2.0, 2.0, 2.0]])
"""What the margin loses with each weight: most with the 3 and the 2 of the first row, which the last row only gains by."""


def test_the_costly_weights_are_cut_and_partners_of_their_size_that_cost_nothing():
    relevant, idle = weight_cuts.paired_cuts(WEIGHTS, COSTS, 2)
    np.testing.assert_array_equal(np.argwhere(relevant), [[0, 0], [0, 2]])
    # -3.1 is nearer to 3 than 3.2, and -2.1 and 1.9 are as near to 2, of which the first in the order is taken.
    assert sorted(np.abs(WEIGHTS[idle])) in ([1.9, 3.1], [2.1, 3.1])
    assert weight_cuts.size_ratio(WEIGHTS, relevant, idle) == pytest.approx(
        np.linalg.norm([3, 2]) / np.linalg.norm(WEIGHTS[idle])
    )


def test_no_weight_is_cut_twice_even_if_one_is_nearest_to_all():
    weights = np.array([2.0, 2.0, 2.0, 2.05, 1.0, 3.0, 0.5, 0.4])
    costs = np.array([9.0, 9.0, 9.0, 0.0, 0.0, 0.0, 0.0, 5.0])
    relevant, idle = weight_cuts.paired_cuts(weights, costs, 3)
    assert (relevant.sum(), idle.sum()) == (3, 3)
    assert not (relevant & idle).any()


def test_more_cuts_than_there_are_partners_are_refused():
    with pytest.raises(ValueError, match="needed as many. Cut fewer"):
        weight_cuts.paired_cuts(WEIGHTS, COSTS, 10)


def test_a_cut_sets_the_weights_of_each_network_to_zero_and_leaves_the_others():
    masks = np.array([[[True, False], [False, False]], [[False, False], [False, True]], [[True, True], [False, False]]])
    lesion = weight_cuts.cutting("w", masks)
    changed, after_step = lesion({"w": torch.ones(2, 2, 2), "b": torch.ones(2)}, slice(1, 3))
    assert after_step is None
    np.testing.assert_array_equal(changed["w"].numpy(), [[[1, 1], [1, 0]], [[0, 0], [1, 1]]])
    assert torch.equal(changed["b"], torch.ones(2))
