"""What the strategies draw is what they promise: shapes, conditioning, and matrices of the group in their name."""

import contextlib

import numpy as np
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from metric_harness import strategies
from metric_harness.errors import InvalidInputError
from metric_harness.metrics.cka import CKA

FEW = settings(max_examples=40, database=None, deadline=None, derandomize=True)
MANY = settings(FEW, max_examples=2000)
SIZES = st.integers(2, 5)


@FEW
@given(strategies.trajectory_pairs())
def test_small_pairs_correspond_and_are_well_conditioned(pair):
    x, y = pair
    assert x.shape == y.shape
    assert x.ndim == 3
    assert max(map(strategies.condition_of, pair)) <= strategies.LARGEST_CONDITION


@FEW
@given(strategies.trajectory_pairs(long=True))
def test_long_pairs_are_long_enough_for_delay_windows(pair):
    x, y = pair
    assert x.shape == y.shape
    assert x.shape[1] == 120


@FEW
@given(st.booleans().flatmap(lambda long: strategies.trajectory_triples(long=long)))
def test_triples_correspond_and_are_well_conditioned(triple):
    assert len({x.shape for x in triple}) == 1
    assert max(map(strategies.condition_of, triple)) <= strategies.LARGEST_CONDITION


@pytest.mark.parametrize("weight", [0.25, 0.5, 0.75, None])
def test_triples_have_their_second_recording_free_or_at_every_weight_between_the_others(weight):
    def is_so(triple) -> bool:
        x, y, z = triple
        mixtures = {w: np.array_equal(y, (1 - w) * x + w * z) for w in (0.25, 0.5, 0.75)}
        return not any(mixtures.values()) if weight is None else mixtures[weight]

    assert is_so(find(strategies.trajectory_triples(), is_so, settings=FEW))


EDGES = {
    "equal": lambda x, y: np.array_equal(x, y) and x.any(),
    "flipped": lambda x, y: np.array_equal(x, -y) and x.any(),
    "nearly equal": lambda x, y: 0 < np.abs(x - y).max() < 0.01 < np.abs(x).max(),
    "one unit flipped": lambda x, y: (x[..., 0] == -y[..., 0]).all() and x.all() and (x[..., 1:] == y[..., 1:]).all(),
    "of one sample": lambda x, y: x[..., 0].size == 1,
    "of few samples": lambda x, y: 2 < x[..., 0].size < 5,
    "of rank one": lambda x, y: x.shape[-1] > 1 < len(x) and np.linalg.matrix_rank(x.reshape(-1, x.shape[-1])) == 1,
    "constant": lambda x, y: len(x) > 1 and not np.ptp(x) and x.any(),
}


@pytest.mark.parametrize("edge", EDGES)
def test_pairs_at_the_edges_are_drawn(edge):
    x, y = find(strategies.edge_pairs(), lambda pair: bool(EDGES[edge](*pair)), settings=MANY)
    assert x.shape == y.shape


@FEW
@given(strategies.edge_pairs(long=True), strategies.edge_trajectories(long=True))
def test_long_edges_are_long_enough_for_delay_windows(pair, alone):
    x, y = pair
    assert x.shape == y.shape
    assert x.shape[1] == alone.shape[1] == 120


@FEW
@given(SIZES.flatmap(strategies.orthogonal_matrices))
def test_orthogonal_matrices_are_orthogonal(q):
    np.testing.assert_allclose(q @ q.T, np.eye(len(q)), atol=1e-12)


def test_both_determinants_are_drawn():
    signs = set()

    @FEW
    @given(strategies.orthogonal_matrices(3))
    def draw(q):
        signs.add(round(float(np.linalg.det(q))))

    draw()
    assert signs == {-1, 1}


@FEW
@given(SIZES.flatmap(strategies.permutation_matrices))
def test_permutation_matrices_have_one_entry_in_each_row_and_column(p):
    assert (p.sum(axis=0) == 1).all()
    assert (p.sum(axis=1) == 1).all()
    assert set(p.ravel()) <= {0.0, 1.0}


@FEW
@given(SIZES.flatmap(strategies.linear_matrices))
def test_linear_matrices_are_invertible_and_well_conditioned(m):
    assert np.linalg.cond(m) <= strategies.LARGEST_CONDITION


@FEW
@given(SIZES.flatmap(strategies.diagonal_matrices))
def test_diagonal_matrices_are_positive(d):
    assert (np.diagonal(d) > 0).all()
    np.testing.assert_array_equal(d, np.diag(np.diagonal(d)))


@FEW
@given(strategies.scale_factors(), SIZES.flatmap(strategies.translations))
def test_scales_are_positive_and_no_one_and_shifts_are_no_zero(factor, shift):
    assert factor > 0
    assert factor != 1
    assert shift.any()


@FEW
@given(strategies.degenerate_activations())
def test_degenerate_activations_are_singular(x):
    assert strategies.condition_of(x) == np.inf


@FEW
@given(strategies.extreme_activations(), strategies.activations())
def test_a_careful_metric_answers_or_refuses_extreme_activations(x, y):
    n = min(len(x), len(y))
    with contextlib.suppress(InvalidInputError):
        assert 0 <= CKA().distance(x[:n], y[:n]) <= 1


@pytest.mark.parametrize(
    ("states", "condition"),
    [
        # Centered, [[1, 0], [-1, 0], [0, 2], [0, -2]] has singular values √8 and √2.
        ([[1.0, 0], [-1, 0], [0, 2], [0, -2]], 2.0),
        ([[1.0, 1], [2, 2], [5, 5]], np.inf),
        ([[1.0, 0], [0, 1]], np.inf),  # two samples span one direction
    ],
)
def test_condition_is_that_of_the_centered_states(states, condition):
    assert strategies.condition_of(np.array(states)) == pytest.approx(condition)
