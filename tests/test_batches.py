"""A batch prepares what its pairs use, once, and refuses what a pair would refuse."""

import numpy as np
import pytest

from metric_harness.batches import prepared_activations, prepared_trajectories
from metric_harness.errors import NonFiniteError, ShapeError

PREPARE = [(prepared_activations, (4, 2)), (prepared_trajectories, (3, 4, 2))]


@pytest.mark.parametrize(("prepare", "shape"), PREPARE)
def test_each_recording_that_is_used_is_prepared_once_under_its_name(prepare, shape):
    calls: list[str] = []

    def told(x: np.ndarray, name: str) -> float:
        calls.append(name)
        return float(x.sum())

    xs = [np.full(shape, k, dtype=np.float32) for k in range(4)]
    size = float(np.prod(shape))
    assert prepare(xs, [(0, 3), (3, 2), (2, 0)], told) == {0: 0.0, 2: 2 * size, 3: 3 * size}
    assert calls == ["recording 0", "recording 2", "recording 3"]
    assert prepare(xs, [], told) == {}


@pytest.mark.parametrize(("prepare", "shape"), PREPARE)
def test_pairs_may_differ_in_units_and_in_nothing_else(prepare, shape):
    x, wider = np.ones(shape), np.ones((*shape[:-1], 5))
    assert prepare([x, wider], [(0, 1)], lambda z, _: z.shape) == {0: shape, 1: wider.shape}
    for axis in range(len(shape) - 1):
        with pytest.raises(ShapeError, match=r"x has .* and y has"):
            prepare([x, np.repeat(x, 2, axis=axis)], [(0, 1)], lambda z, _: z)


@pytest.mark.parametrize(("prepare", "shape"), PREPARE)
def test_what_is_no_recording_is_refused_by_its_place_in_the_batch(prepare, shape):
    with pytest.raises(NonFiniteError, match="recording 1 holds"):
        prepare([np.ones(shape), np.full(shape, np.nan)], [(0, 1)], lambda z, _: z)
    with pytest.raises(ShapeError, match="recording 0 has shape"):
        prepare([np.ones(4), np.ones(4)], [(0, 1)], lambda z, _: z)
