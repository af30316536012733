"""Cuts of weights come in pairs: as many and as large, and no weight twice."""

import numpy as np
import pytest
import torch

from metric_harness.weight_cuts import cutting, paired_cuts, size_ratio


def test_cut_weights_are_gone_and_the_others_stay():
    weights = torch.arange(1.0, 9.0).reshape(2, 2, 2)
    masks = np.zeros((3, 2, 2), dtype=bool)
    masks[2, 0, 1] = True
    changed, after_step = cutting("w", masks)({"w": weights, "b": weights}, slice(1, 3))
    assert after_step is None
    assert changed["w"].tolist() == [[[1, 2], [3, 4]], [[5, 0], [7, 8]]]
    assert torch.equal(changed["b"], weights)


def test_the_costliest_weights_are_paired_with_cheap_ones_of_their_size():
    weights = np.array([[3.0, -1.0, 2.9, 0.5], [-1.1, 0.1, 7.0, 0.2]])
    costs = np.array([[9.0, 8.0, 0.1, -5.0], [-0.2, 0.3, 0.0, 4.0]])
    relevant, idle = paired_cuts(weights, costs, 2)
    np.testing.assert_array_equal(np.argwhere(relevant), [[0, 0], [0, 1]])
    np.testing.assert_array_equal(np.argwhere(idle), [[0, 2], [1, 0]])
    assert size_ratio(weights, relevant, idle) == pytest.approx(np.sqrt(10 / (2.9**2 + 1.1**2)))


def test_more_cuts_than_there_are_cheap_weights_are_refused():
    with pytest.raises(ValueError, match="3 idle weights for 5 cuts"):
        paired_cuts(np.ones(8), np.array([0, 0, 0, 0, 5, 6, 7, 8.0]), 5)


def test_no_weight_is_cut_twice_even_if_one_is_nearest_to_all():
    weights = np.array([2.0, 2.0, 2.0, 2.05, 1.0, 3.0, 0.5, 0.4])
    costs = np.array([9.0, 9.0, 9.0, 0.0, 0.0, 0.0, 0.0, 5.0])
    relevant, idle = paired_cuts(weights, costs, 3)
    assert (relevant.sum(), idle.sum()) == (3, 3)
    assert not (relevant & idle).any()
