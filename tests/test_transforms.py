"""Changes of trajectories do what their formulas say, to the digit, and leave their inputs alone."""

import math

import numpy as np
import pytest
from scipy import linalg

from metric_harness import transforms
from metric_harness.arrays import Array, Trajectories
from metric_harness.errors import DegenerateInputError, NonFiniteError, ShapeError
from metric_harness.seeding import generator


def rng(*path: str | int) -> np.random.Generator:
    return generator(17, "test_transforms", *path)


def walk(*path: str | int, n_trials: int = 6, n_times: int = 40, n_units: int = 3) -> Trajectories:
    return rng("walk", *path).standard_normal((n_trials, n_times, n_units)).cumsum(axis=1)


QUARTER_TURN = np.array([[0.0, -1.0], [1.0, 0.0]])

EVERY_TRANSFORM = {
    "normalize_range": lambda x, y: transforms.normalize_range(x),
    "perturb": lambda x, y: transforms.perturb(x, 0.5, rng("noise")),
    "perturb by nothing": lambda x, y: transforms.perturb(x, 0.0, rng("noise")),
    "attach": transforms.attach,
    "attach_all": lambda x, y: transforms.attach_all([x, y]),
    "attach_all of one": lambda x, y: transforms.attach_all([x]),
    "superpose": lambda x, y: transforms.superpose(x, y, 2.0),
    "superpose nothing": lambda x, y: transforms.superpose(x, y, 0.0),
    "reverse_time": lambda x, y: transforms.reverse_time(x),
    "shuffle_time": lambda x, y: transforms.shuffle_time(x, rng("shuffle")),
    "whiten": lambda x, y: transforms.whiten(x),
    "rotate_units": lambda x, y: transforms.rotate_units(x, np.eye(3)),
}


@pytest.mark.parametrize("name", EVERY_TRANSFORM)
def test_inputs_are_left_untouched_and_share_no_memory_with_the_result(name):
    x, y = walk("x"), walk("y")
    result = EVERY_TRANSFORM[name](x, y)
    assert not np.shares_memory(result, x)
    result[:] = 7.0
    np.testing.assert_array_equal(x, walk("x"))
    np.testing.assert_array_equal(y, walk("y"))


@pytest.mark.parametrize("name", EVERY_TRANSFORM)
def test_float32_and_integers_become_float64(name):
    x, y = (10 * walk("x")).astype(np.int64), walk("y").astype(np.float32)
    result = EVERY_TRANSFORM[name](x, y)
    assert result.dtype == np.float64
    np.testing.assert_array_equal(result, EVERY_TRANSFORM[name](x.astype(float), y.astype(float)))


@pytest.mark.parametrize("name", EVERY_TRANSFORM)
def test_what_is_no_recording_is_refused(name):
    with pytest.raises(ShapeError):
        EVERY_TRANSFORM[name](walk("x")[0], walk("y")[0])
    with pytest.raises(NonFiniteError):
        EVERY_TRANSFORM[name](walk("x") * np.nan, walk("y"))


def test_normalize_range_has_one_range_per_trajectory_over_all_units():
    # Trial 0 spans 0..4, trial 1 spans -1..1; the units keep their common scale.
    x = np.array([[[0.0, 2.0], [4.0, 1.0]], [[-1.0, 0.0], [1.0, 0.5]]])
    assert transforms.normalize_range(x).tolist() == [[[0, 0.5], [1, 0.25]], [[0, 0.5], [1, 0.75]]]


def test_normalize_range_forgets_scale_and_shift_of_every_trial():
    x = walk("x")
    moved = x * np.arange(1.0, 7.0)[:, None, None] + np.arange(6.0)[:, None, None]
    np.testing.assert_allclose(transforms.normalize_range(moved), transforms.normalize_range(x), atol=1e-13)


def test_normalize_range_refuses_constant_trajectories_by_number():
    x = walk("x")
    x[[2, 4]] = 1.5
    with pytest.raises(DegenerateInputError, match="2 of 6 trajectories are constant, first trial 2"):
        transforms.normalize_range(x)


@pytest.mark.parametrize("sigma", [0.0, 0.004, 0.6, 1.0])
def test_perturb_adds_one_draw_per_entry(sigma):
    x = walk("x")
    noise = rng("perturb").standard_normal(x.shape)
    # σ = .6 leaves √(1 - .36) = .8 of x.
    share = {0.0: 1.0, 0.004: math.sqrt(1 - 1.6e-5), 0.6: 0.8, 1.0: 0.0}[sigma]
    found = transforms.perturb(x, sigma, rng("perturb"))
    np.testing.assert_allclose(found, share * x + sigma * noise, rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("sigma", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_perturb_keeps_unit_variance(sigma):
    white = rng("white").standard_normal((50, 200, 4))
    # A variance of 40000 normal numbers has standard error √(2/40000) = .007.
    assert transforms.perturb(white, sigma, rng("noise", "variance")).var() == pytest.approx(1, abs=0.035)


@pytest.mark.parametrize("sigma", [-1e-9, 1.0 + 1e-9, 2.0, math.nan, math.inf])
def test_a_noise_level_outside_0_to_1_is_refused(sigma):
    with pytest.raises(ValueError, match="needed a noise level between 0 and 1"):
        transforms.perturb(walk("x"), sigma, rng())


def test_attach_continues_by_the_second_ones_increments():
    # End 1, last increment 1: the second starts at 1 + 1e-4 and adds 7 - 5 and 8 - 5.
    first = np.array([[[0.0], [1.0]]])
    second = np.array([[[5.0], [7.0], [8.0]]])
    np.testing.assert_allclose(transforms.attach(first, second).ravel(), [0, 1, 1.0001, 3.0001, 4.0001], rtol=1e-15)


def test_attach_keeps_every_increment_of_both_and_joins_by_a_ten_thousandth():
    first, second = walk("x"), walk("y", n_times=25)
    steps = np.diff(transforms.attach(first, second), axis=1)
    assert steps.shape[1] == 39 + 1 + 24
    np.testing.assert_allclose(steps[:, :39], np.diff(first, axis=1), atol=1e-13)
    np.testing.assert_allclose(steps[:, 39], 1e-4 * (first[:, -1] - first[:, -2]), atol=1e-13)
    np.testing.assert_allclose(steps[:, 40:], np.diff(second, axis=1), atol=1e-13)


def test_attach_does_not_see_where_the_second_motif_lies():
    first, second = walk("x"), walk("y")
    np.testing.assert_allclose(transforms.attach(first, second + 9.0), transforms.attach(first, second), atol=1e-12)


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (walk("y", n_trials=5), r"first is \(6, 40, 3\), second \(5, 40, 3\); needed equal trials and units"),
        (walk("y", n_units=2), r"second \(6, 40, 2\); needed equal trials and units"),
    ],
)
def test_attach_refuses_other_trials_and_units(second, message):
    with pytest.raises(ShapeError, match=message):
        transforms.attach(walk("x"), second)


def test_attach_needs_an_increment():
    with pytest.raises(ShapeError, match="first has one time"):
        transforms.attach(walk("x")[:, :1], walk("y"))


def test_attach_all_keeps_every_kth_time_and_normalizes():
    # Joined: 0 1 2 3 | 3.0001 4.0001 5.0001 6.0001; every second: 0 2 3.0001 5.0001, over 5.0001.
    ramp = np.arange(4.0).reshape(1, 4, 1)
    found = transforms.attach_all([ramp, ramp]).ravel()
    np.testing.assert_allclose(found, np.array([0, 2, 3.0001, 5.0001]) / 5.0001, rtol=1e-14)


def test_attach_all_of_one_motif_only_normalizes_it():
    np.testing.assert_array_equal(transforms.attach_all([walk("x")]), transforms.normalize_range(walk("x")))


@pytest.mark.parametrize("k", [1, 2, 3, 4, 7])
def test_a_composite_of_k_motifs_is_as_long_as_one_and_fills_0_to_1(k):
    composite = transforms.attach_all([walk("motif", i) for i in range(k)])
    assert composite.shape == (6, 40, 3)
    np.testing.assert_array_equal(composite.min(axis=(1, 2)), 0)
    np.testing.assert_array_equal(composite.max(axis=(1, 2)), 1)


def test_composites_depend_on_the_order_of_their_motifs():
    x, y = walk("x"), walk("y")
    assert np.abs(transforms.attach_all([x, y]) - transforms.attach_all([y, x])).max() > 0.1


@pytest.mark.parametrize(
    ("motifs", "message"),
    [([], r"motifs have shapes \[\]"), ([walk("x"), walk("y")[:, :30]], r"\[\(6, 30, 3\), \(6, 40, 3\)\]")],
)
def test_attach_all_needs_motifs_of_one_shape(motifs, message):
    with pytest.raises(ShapeError, match=message):
        transforms.attach_all(motifs)


def test_superpose_adds_the_weighted_motion_not_the_place():
    # Motion of the second: 0, 2, -1 from its start at 5; half of it joins 1, 1, 4.
    base = np.array([[[1.0], [1.0], [4.0]]])
    added = np.array([[[5.0], [7.0], [4.0]]])
    assert transforms.superpose(base, added, 0.5).ravel().tolist() == [1.0, 2.0, 3.5]
    assert transforms.superpose(base, added, 0.0).ravel().tolist() == [1.0, 1.0, 4.0]


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_superpose_refuses_other_shapes(axis):
    shorter = walk("y").take(range(2), axis=axis)
    with pytest.raises(ShapeError, match="needed equal shapes"):
        transforms.superpose(walk("x"), shorter, 1.0)


def test_shuffling_time_keeps_the_states_of_each_trial_and_not_their_order():
    x = np.arange(60.0).reshape(3, 10, 2)
    found = transforms.shuffle_time(x, rng("shuffled"))
    orders = [np.argsort(trial[:, 0]) for trial in found]
    for trial, order, original in zip(found, orders, x, strict=True):
        np.testing.assert_array_equal(trial[order], original)
    # Every trial has an order of its own.
    assert len({tuple(order) for order in [*orders, np.arange(10)]}) == 4


def test_reverse_time_reverses_time_and_nothing_else():
    x = np.arange(12.0).reshape(2, 3, 2)
    assert transforms.reverse_time(x)[1].tolist() == [[10, 11], [8, 9], [6, 7]]
    np.testing.assert_array_equal(transforms.reverse_time(transforms.reverse_time(x)), x)


def ill_conditioned() -> Trajectories:
    """Return trajectories whose axes span seven orders of magnitude, correlated, far from the origin."""
    return walk("ill", n_units=4) * [1e3, 1.0, 1e-2, 1e-4] @ transforms.random_orthogonal(4, rng("mix")) + 50.0


@pytest.mark.parametrize("x", [walk("x"), ill_conditioned(), 1e-200 * walk("x")])
def test_whitened_states_have_mean_zero_and_covariance_one(x):
    states = transforms.whiten(x).reshape(-1, x.shape[-1])
    np.testing.assert_allclose(states.mean(axis=0), 0, atol=1e-7)
    np.testing.assert_allclose(states.T @ states / len(states), np.eye(x.shape[-1]), atol=1e-12)


def test_whiten_multiplies_by_the_inverse_symmetric_root_of_the_covariance():
    x = walk("x")
    states = x.reshape(-1, 3)
    root = linalg.inv(linalg.sqrtm(np.cov(states.T, bias=True)))
    np.testing.assert_allclose(transforms.whiten(x).reshape(-1, 3), (states - states.mean(0)) @ root, atol=1e-11)


def test_whitening_twice_is_whitening_once():
    once = transforms.whiten(walk("x"))
    np.testing.assert_allclose(transforms.whiten(once), once, atol=1e-12)


@pytest.mark.parametrize("k", range(4))
def test_whiten_commutes_with_rotation_and_reflection(k):
    q = transforms.random_orthogonal(3, rng("q", k)) @ np.diag([1.0, 1.0, (-1.0) ** k])
    rotated = transforms.whiten(transforms.rotate_units(walk("x"), q))
    np.testing.assert_allclose(rotated, transforms.rotate_units(transforms.whiten(walk("x")), q), atol=1e-12)


def test_whitening_loses_scale_and_shift():
    np.testing.assert_allclose(transforms.whiten(3.0 + 20.0 * walk("x")), transforms.whiten(walk("x")), atol=1e-12)


def flat(rank: int) -> Array:
    return walk("flat", n_units=rank) @ rng("plane").standard_normal((rank, 3))


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (flat(2), "rank 2 over 240 states, but there are 3 units"),
        (flat(1) + 5.0, "rank 1 over 240 states, but there are 3 units"),
        (walk("x") * [1.0, 0.0, 1.0], "rank 2 over 240 states, but there are 3 units"),
        # Three centered states span two dimensions.
        (walk("x", n_trials=1, n_times=3), "rank 2 over 3 states, but there are 3 units"),
    ],
)
def test_whiten_refuses_a_singular_covariance_by_its_rank(x, message):
    with pytest.raises(DegenerateInputError, match=message):
        transforms.whiten(x)


def test_whiten_refuses_constant_data():
    with pytest.raises(DegenerateInputError, match="x is constant over its 6 samples"):
        transforms.whiten(np.ones((2, 3, 2)))


def test_rotate_units_turns_each_state_by_q():
    # A quarter turn sends (1, 0) to (0, 1) and (0, 2) to (-2, 0).
    x = np.array([[[1.0, 0.0], [0.0, 2.0]]])
    assert transforms.rotate_units(x, QUARTER_TURN).tolist() == [[[0.0, 1.0], [-2.0, 0.0]]]


def test_rotate_units_takes_reflections():
    x = np.array([[[1.0, 3.0]]])
    assert transforms.rotate_units(x, np.array([[0.0, 1.0], [1.0, 0.0]])).tolist() == [[[3.0, 1.0]]]


@pytest.mark.parametrize("q", [np.eye(3), np.eye(2)[:1], np.ones(2)])
def test_rotate_units_refuses_a_matrix_of_another_size(q):
    with pytest.raises(ShapeError, match=r"needed \(2, 2\) for 2 units"):
        transforms.rotate_units(np.ones((1, 2, 2)), q)


@pytest.mark.parametrize(
    "q", [2 * np.eye(2), np.eye(2) + 1e-7, np.diag([1.0, 0.0]), np.array([[1.0, 1.0], [0.0, 1.0]]), np.eye(2) * np.nan]
)
def test_rotate_units_refuses_what_is_not_orthogonal(q):
    with pytest.raises(ValueError, match="deviates from orthogonality"):
        transforms.rotate_units(np.ones((1, 2, 2)), q)


@pytest.mark.parametrize("n", [1, 2, 5, 50])
def test_random_orthogonal_matrices_are_orthogonal(n):
    q = transforms.random_orthogonal(n, rng("orthogonal", n))
    assert np.abs(q @ q.T - np.eye(n)).max() < 1e-13


@pytest.mark.parametrize("n", [1, 2, 3, 6])
def test_both_determinants_are_equally_likely(n):
    stream = rng("determinants", n)
    rotations = sum(np.linalg.det(transforms.random_orthogonal(n, stream)) > 0 for _ in range(1000))
    # Binomial(1000, .5) lies within 65 of 500 with probability 1 - 4e-5.
    assert abs(rotations - 500) <= 65


def test_random_orthogonal_matrices_have_the_moments_of_haar_measure():
    stream = rng("haar")
    n, n_draws = 4, 4000
    q = np.array([transforms.random_orthogonal(n, stream) for _ in range(n_draws)])
    trace = np.trace(q, axis1=1, axis2=2)
    squared_trace = np.trace(q @ q, axis1=1, axis2=2)
    # Over O(n), n ≥ 4: E tr Q = 0, E tr² Q = 1, E tr⁴ Q = 3, E tr Q² = 1 (Diaconis, Evans 2001, theorem 4.1).
    moments = {"tr Q": (trace, 0), "tr² Q": (trace**2, 1), "tr⁴ Q": (trace**4, 3), "tr Q²": (squared_trace, 1)}
    # A coordinate of a uniform unit vector: E q² = 1/n, E q⁴ = 3 / (n (n + 2)) = 1/8.
    for i, j in np.ndindex(n, n):
        entry = q[:, i, j]
        moments |= {f"q{i}{j}": (entry, 0), f"q²{i}{j}": (entry**2, 1 / n), f"q⁴{i}{j}": (entry**4, 1 / 8)}
    for name, (values, expected) in moments.items():
        # 52 means, each within 4.5 standard errors: all hold with probability 1 - 4e-4.
        assert abs(values.mean() - expected) < 4.5 * values.std() / math.sqrt(n_draws), name
