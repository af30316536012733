"""Validators refuse what is no recording, say what was got and needed, and leave valid numbers as they are."""

import numpy as np
import pytest

from metric_harness import arrays
from metric_harness.arrays import Array
from metric_harness.errors import DegenerateInputError, InvalidInputError, NonFiniteError, ShapeError

EPS = float(np.finfo(np.float64).eps)


@pytest.mark.parametrize(
    ("validator", "shape", "message"),
    [
        (arrays.activations, (4,), r"x has shape \(4,\); needed 2 axes \(samples, units\)"),
        (arrays.activations, (2, 3, 4), r"x has shape \(2, 3, 4\); needed 2 axes"),
        (arrays.activations, (), r"x has shape \(\); needed 2 axes"),
        (arrays.activations, (0, 3), r"x has shape \(0, 3\) with an empty axis"),
        (arrays.activations, (3, 0), r"x has shape \(3, 0\) with an empty axis"),
        (arrays.trajectories, (2, 3), r"x has shape \(2, 3\); needed 3 axes \(trials, time, units\)"),
        (arrays.trajectories, (2, 0, 3), r"x has shape \(2, 0, 3\) with an empty axis"),
    ],
)
def test_wrong_axes_are_refused_with_the_shape_got_and_the_axes_needed(validator, shape, message):
    with pytest.raises(ShapeError, match=message):
        validator(np.zeros(shape))


@pytest.mark.parametrize("dtype", [complex, str, object, bytes, "datetime64[s]"])
def test_what_is_not_real_is_refused_by_its_dtype(dtype):
    bad = np.zeros((2, 3)).astype(dtype)
    with pytest.raises(NonFiniteError, match=f"x has dtype {bad.dtype}.*needed real numbers".replace("[", r"\[")):
        arrays.activations(bad)


def test_each_entry_that_is_not_finite_is_counted():
    bad = np.zeros((2, 3))
    bad[0] = np.nan, np.inf, -np.inf
    with pytest.raises(NonFiniteError, match="recording 4 holds 3 NaN or infinite of 6 entries"):
        arrays.activations(bad, "recording 4")


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint16", "int64", "float16", "float32", "float64"])
def test_real_numbers_of_every_dtype_become_the_same_float64(dtype):
    found = arrays.activations(np.array([[0, 1], [1, 0]]).astype(dtype))
    assert found.dtype == np.float64
    assert found.tolist() == [[0.0, 1.0], [1.0, 0.0]]


def test_nested_lists_are_arrays():
    assert arrays.trajectories([[[1, 2], [3, 4]]]).tolist() == [[[1.0, 2.0], [3.0, 4.0]]]


def test_entries_whose_sums_would_overflow_are_refused():
    top = arrays.LARGEST_ENTRY
    assert arrays.activations([[top, -top]]).tolist() == [[top, -top]]
    with pytest.raises(NonFiniteError, match=r"x has entries of up to 1\.7e\+308; needed at most 1e\+302"):
        arrays.activations([[1.7e308, 0.0]])


def test_paired_activations_may_differ_in_units_and_keep_their_order():
    x, y = arrays.paired_activations(np.zeros((4, 2)), np.ones((4, 5)))
    assert (x.shape, y.shape) == ((4, 2), (4, 5))
    assert x.max() == 0
    assert y.min() == 1


@pytest.mark.parametrize(
    ("x", "y", "error", "message"),
    [
        (np.zeros((4, 2)), np.zeros((3, 2)), ShapeError, "x has 4 samples and y has 3"),
        (np.zeros((4, 2)), np.zeros((2, 4)), ShapeError, "x has 4 samples and y has 2"),
        (np.zeros((4, 2)), np.full((4, 2), np.nan), NonFiniteError, "y holds 8 NaN"),
        (np.full((4, 2), np.inf), np.zeros((4, 2)), NonFiniteError, "x holds 8 NaN or infinite"),
        (np.zeros(4), np.zeros((4, 2)), ShapeError, "x has shape"),
        (np.zeros((4, 2)), np.zeros(4), ShapeError, "y has shape"),
    ],
)
def test_a_pair_is_refused_by_the_name_of_its_bad_half(x, y, error, message):
    with pytest.raises(error, match=message):
        arrays.paired_activations(x, y)


@pytest.mark.parametrize("error", [ShapeError, NonFiniteError, DegenerateInputError])
def test_a_refusal_is_an_invalid_input_and_a_value_error(error):
    assert issubclass(error, InvalidInputError)
    assert issubclass(error, ValueError)


def test_centered_subtracts_the_mean_of_each_unit():
    # Means 2 and 10.
    assert arrays.centered(np.array([[1.0, 10.0], [3.0, 10.0]]), "x").tolist() == [[-1.0, 0.0], [1.0, 0.0]]


def rounded_constant(value: float) -> Array:
    """Return a column that is constant but for the last digit of every second entry."""
    column = np.full((6, 1), value)
    column[::2] = np.nextafter(value, np.inf)
    return column


@pytest.mark.parametrize(
    "constant",
    [
        np.zeros((5, 3)),
        np.full((5, 3), 0.1),
        np.full((7, 2), 1e300),
        np.full((7, 2), 1e-300),
        np.array([[3.0, -4.0]]),
        np.tile([1.0, 2.0, 3.0], (5, 1)),
        # The mean of so many is rounded by 3000 eps.
        np.full((40000, 3), 0.1),
        rounded_constant(1.0),
        rounded_constant(-1e12),
    ],
)
def test_what_varies_by_rounding_only_is_constant(constant):
    with pytest.raises(DegenerateInputError, match=f"y is constant over its {len(constant)} samples"):
        arrays.centered(constant, "y")


@pytest.mark.parametrize(("half_width", "refused"), [(7, True), (9, False)])
def test_the_degenerate_rule_is_eight_roundings_of_the_largest_entry(half_width, refused):
    # Entries 1 ± h eps have mean 1 and residuals ± h eps; the rule refuses up to 8 eps (1 + h eps).
    x = 1 + half_width * EPS * np.array([[-1.0], [1.0]])
    if refused:
        with pytest.raises(DegenerateInputError):
            arrays.centered(x, "x")
    else:
        assert arrays.centered(x, "x").tolist() == [[-half_width * EPS], [half_width * EPS]]


@pytest.mark.parametrize("scale", [1e-300, 1e-9, 1.0, 1e9, 1e300])
def test_the_degenerate_rule_does_not_depend_on_the_scale(scale):
    x = scale * np.array([[1.0, 5.0], [3.0, 5.0]])
    np.testing.assert_allclose(arrays.centered(x, "x"), scale * np.array([[-1.0, 0.0], [1.0, 0.0]]), rtol=1e-15)


def test_centered_leaves_its_input_as_it_was():
    x = np.array([[1.0], [3.0]])
    arrays.centered(x, "x")
    assert x.tolist() == [[1.0], [3.0]]


def test_flattened_puts_trial_after_trial():
    x = np.arange(12.0).reshape(2, 3, 2)
    assert arrays.flattened(x).tolist() == [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9], [10, 11]]
    # A recording stored with time first flattens alike: order follows the axes, never the memory.
    stored_time_first = x.swapaxes(0, 1).copy().swapaxes(0, 1)
    np.testing.assert_array_equal(arrays.flattened(stored_time_first), arrays.flattened(x))


def test_paired_trajectories_may_differ_in_units_but_in_neither_trials_nor_times():
    x, y = arrays.paired_trajectories(np.zeros((2, 3, 4)), np.ones((2, 3, 5)))
    assert (x.shape, y.shape) == ((2, 3, 4), (2, 3, 5))
    for shape in ((3, 3, 4), (2, 4, 4), (3, 2, 4)):
        with pytest.raises(ShapeError, match=f"x has 2 trials of 3 times and y has {shape[0]} of {shape[1]}"):
            arrays.paired_trajectories(np.zeros((2, 3, 4)), np.zeros(shape))


def waves(n_samples: int, n_units: int) -> Array:
    """Return orthogonal units of mean zero and of one norm."""
    phases = 2 * np.pi * np.arange(n_samples) / n_samples
    return np.cos(np.outer(phases, np.arange(1, n_units + 1)))


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e300])
@pytest.mark.parametrize("shift", [0.0, 3.0])
def test_principal_axes_are_those_of_the_centered_units_strongest_first(scale, shift):
    x = waves(40, 3) * [1, 4, 2]
    vectors, values = arrays.principal_axes((x + shift) * scale, "x")
    np.testing.assert_allclose(values / values[0], [1, 0.5, 0.25], rtol=1e-12)
    np.testing.assert_allclose(np.abs(vectors.T @ x[:, [1, 2, 0]]) / values * 4, np.eye(3) * 16, atol=1e-12)


@pytest.mark.parametrize("shift", [0.0, 1e3, 1e9])
def test_principal_axes_leave_out_what_is_rounding(shift):
    x = waves(40, 3) + shift
    padded = np.hstack([x, x[:, :1] + x[:, 1:2], np.full((40, 1), 0.1)])
    assert arrays.principal_axes(padded, "x")[0].shape == (40, 3)
    with pytest.raises(DegenerateInputError, match="x is constant"):
        arrays.principal_axes(np.full((5, 2), 0.1), "x")


@pytest.mark.parametrize("level", [0.0, 1.0, 1e300])
def test_variation_is_required_as_centering_requires_it(level: float) -> None:
    constant = np.full((50, 3), level)
    with pytest.raises(DegenerateInputError, match="x is constant"):
        arrays.require_variation(constant, "x")
    for change in (0.1, 1e-15):  # the smaller one is rounding at most
        varied = constant.copy()
        varied[7, 1] += change * max(level, 1.0)
        refused = []
        for check in (arrays.centered, arrays.require_variation):
            try:
                check(varied, "x")
            except DegenerateInputError:
                refused.append(check)
        assert len(refused) in (0, 2)


def test_slow_variation_is_variation() -> None:
    arrays.require_variation(np.linspace(1, 1 + 1e-13, 1000)[:, None], "x")
