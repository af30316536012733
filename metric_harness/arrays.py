"""Shaped arrays and the validators that guard them; every metric may call these at its own door."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metric_harness.errors import DegenerateInputError, NonFiniteError, ShapeError

Array: TypeAlias = NDArray[np.float64]
Activations: TypeAlias = Array
"""Shape (samples, units)."""
Trajectories: TypeAlias = Array
"""Shape (trials, time, units), always in this axis order."""

LARGEST_ENTRY = 1e302
"""Largest magnitude that is let in: sums of more could leave float64's range and come back as NaN."""
AXES: dict[int, str] = {2: "(samples, units)", 3: "(trials, time, units)"}


def _finite(array: ArrayLike, name: str) -> Array:
    raw: NDArray[Any] = np.asarray(array)
    if raw.dtype.kind not in "fiub":
        raise NonFiniteError(f"{name} has dtype {raw.dtype}; needed real numbers. Convert it to float first.")
    values = raw.astype(np.float64, copy=False)
    if not np.isfinite(values).all():
        n_bad = int(np.size(values) - np.isfinite(values).sum())
        raise NonFiniteError(
            f"{name} holds {n_bad} NaN or infinite of {np.size(values)} entries; needed finite numbers. "
            "Drop or impute those samples before comparing."
        )
    if values.size and np.abs(values).max() > LARGEST_ENTRY:
        raise NonFiniteError(
            f"{name} has entries of up to {np.abs(values).max():.3g}; needed at most {LARGEST_ENTRY:g}, so that sums "
            "stay finite. Rescale it."
        )
    return values


def _shaped(array: ArrayLike, name: str, n_axes: int) -> Array:
    shape = np.shape(array)
    if len(shape) != n_axes:
        raise ShapeError(f"{name} has shape {shape}; needed {n_axes} axes {AXES[n_axes]}.")
    if 0 in shape:
        raise ShapeError(f"{name} has shape {shape} with an empty axis; needed at least one entry on each.")
    return _finite(array, name)


def activations(array: ArrayLike, name: str = "x") -> Activations:
    """Return `array` as float64 activations of shape (samples, units).

    Raises:
        ShapeError: if it does not have two non-empty axes.
        NonFiniteError: if it is not real-valued and finite throughout.
    """
    return _shaped(array, name, 2)


def trajectories(array: ArrayLike, name: str = "x") -> Trajectories:
    """Return `array` as float64 trajectories of shape (trials, time, units).

    Raises:
        ShapeError: if it does not have three non-empty axes.
        NonFiniteError: if it is not real-valued and finite throughout.
    """
    return _shaped(array, name, 3)


def paired_activations(x: ArrayLike, y: ArrayLike) -> tuple[Activations, Activations]:
    """Validate two sets of activations whose rows are the same samples; units may differ in number.

    Raises:
        ShapeError: if either is not (samples, units) or the sample counts differ.
        NonFiniteError: if either is not real-valued and finite throughout.
    """
    first, second = activations(x, "x"), activations(y, "y")
    if len(first) != len(second):
        raise ShapeError(
            f"x has {len(first)} samples and y has {len(second)}; needed the same samples row by row. "
            "Select the samples that both recordings share."
        )
    return first, second


def paired_trajectories(x: ArrayLike, y: ArrayLike) -> tuple[Trajectories, Trajectories]:
    """Validate two sets of trajectories whose trials and times are the same; units may differ in number.

    Raises:
        ShapeError: if either is not (trials, time, units) or the trials or times differ in number.
        NonFiniteError: if either is not real-valued and finite throughout.
    """
    first, second = trajectories(x, "x"), trajectories(y, "y")
    if first.shape[:2] != second.shape[:2]:
        raise ShapeError(
            f"x has {len(first)} trials of {first.shape[1]} times and y has {len(second)} of {second.shape[1]}; needed "
            "the same trials and times one by one. Select those that both recordings share."
        )
    return first, second


def centered(x: Activations, name: str) -> Activations:
    """Subtract each unit's mean over samples.

    Raises:
        DegenerateInputError: if nothing but rounding remains, so that no direction is defined.
    """
    residual = x - x.mean(axis=0)
    # Rounding of the first mean grows with the samples, to 3000 eps at 40000 equal ones; the second pass removes it.
    residual -= residual.mean(axis=0)
    if np.abs(residual).max() <= 8 * np.finfo(np.float64).eps * np.abs(x).max():
        raise DegenerateInputError(
            f"{name} is constant over its {len(x)} samples; needed at least one unit that varies."
        )
    return residual


def require_variation(x: Activations, name: str) -> None:
    """Refuse samples that are constant, as `centered` does, mostly by a look at successive ones.

    Raises:
        DegenerateInputError: if they are.
    """
    flat, n_units = x.ravel(), x.shape[1]
    half = flat / 2  # no difference of halves leaves the number range
    steps = np.abs(half[n_units:] - half[:-n_units])
    # A unit that changes by this much is by as much away from its mean once.
    if len(steps) == 0 or steps.max() <= 8 * np.finfo(np.float64).eps * np.abs(flat).max():
        centered(x, name)


def flattened(x: Trajectories) -> Activations:
    """Return trajectories (trials, time, units) as activations (trials · time, units), trial by trial."""
    return x.reshape(-1, x.shape[-1])


def column_space(x: Activations, name: str) -> Array:
    """Return an orthonormal basis of the span of the centered units, shape (samples, numerical rank).

    The units are brought to one norm first, so that their scales do not decide the rank. A direction counts
    if its singular value exceeds the largest by max(samples, units) · eps, and what the stored means have
    rounded off: units that are sums of others, and silent ones, add nothing.

    Raises:
        DegenerateInputError: if no unit varies.
    """
    residual, largest = centered(x, name), np.abs(x).max(axis=0)
    peaks = np.abs(residual).max(axis=0)
    varies = peaks > 8 * np.finfo(np.float64).eps * largest
    units = residual[:, varies] / peaks[varies]
    norms = np.linalg.norm(units, axis=0)
    vectors, values, _ = np.linalg.svd(units / norms, full_matrices=False)
    # An entry is stored to eps/2 of its size: a column of norm 1 carries noise of up to this norm, from its mean.
    noise = np.sqrt(len(x)) * largest[varies] / (peaks[varies] * norms) / 2
    tolerance = np.finfo(np.float64).eps * max(max(units.shape) * values[0], float(np.linalg.norm(noise)))
    return vectors[:, values > tolerance]


def principal_axes(x: Activations, name: str) -> tuple[Array, Array]:
    """Return the left singular vectors (samples, rank) and singular values (rank,) of the centered x, strongest first.

    The largest entry is divided out before, so that squares of the values stay in range. A direction counts if its
    value exceeds the largest by max(samples, units) · eps, and what the stored means have rounded off.

    Raises:
        DegenerateInputError: if no unit varies.
    """
    residual, largest = centered(x, name), np.abs(x).max(axis=0)
    peak = np.abs(residual).max()
    vectors, values, _ = np.linalg.svd(residual / peak, full_matrices=False)
    noise = np.sqrt(len(x)) * float(np.linalg.norm(largest / peak)) / 2
    counts = values > np.finfo(np.float64).eps * max(max(x.shape) * values[0], noise)
    return vectors[:, counts], values[counts]
