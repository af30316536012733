"""Whether recordings of one item are closer to each other than to those of other items, and up to which noise.

Every item, such as a motif or a network, is recorded twice; a pair (i, j) is the first recording of item i beside the
second of item j, so that (i, i) compares an item with itself and no recording with itself.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import trapezoid

from metric_harness.arrays import Array
from metric_harness.checks import Recorder
from metric_harness.statistics import Estimate, auc, jackknife_interval


def recognition(distances: ArrayLike, pairs: Sequence[tuple[int, int]]) -> float:
    """Return AUC = P(same < different), over all pairs of one item and all pairs of two.

    Args:
        distances: of the pairs, shape (n_pairs,).
        pairs: items of the first and the second recording.

    Raises:
        ValueError: as in `jackknifed_recognition`, but for the number of items.
    """
    return _auc(*_checked(distances, pairs))


def jackknifed_recognition(distances: ArrayLike, pairs: Sequence[tuple[int, int]]) -> Estimate:
    """Return the same AUC with its interval over items, which are few and independent, where pairs are neither.

    The standard error is the jackknife's, each item left out with all its pairs; see `jackknife_interval`.

    Args:
        distances: of the pairs, shape (n_pairs,).
        pairs: items of the first and the second recording.

    Raises:
        ValueError: if there is not one distance for each pair, no pair of one item or none of two, or fewer than
            three items.
    """
    values, items = _checked(distances, pairs)
    names = np.unique(items)
    n = len(names)
    if n < 3:
        raise ValueError(f"{n} items have no interval; needed at least 3, of which one can be left out.")
    kept = [~(items == item).any(axis=1) for item in names]
    partial = [_auc(values[mask], items[mask]) for mask in kept]
    return jackknife_interval(_auc(values, items), partial, limits=(0, 1))


def breakdown(levels: Sequence[float], curve: ArrayLike, bound: float) -> float | None:
    """Return the noise level where a curve falls below a bound, by interpolation in log σ; None if it never does.

    Args:
        levels: ascending noise levels above zero.
        curve: one value per level.
        bound: what the curve falls below.
    """
    values = np.asarray(curve, dtype=np.float64)
    under = np.flatnonzero(values < bound)
    if under.size == 0:
        return None
    k = int(under[0])
    if k == 0:
        return levels[0]
    fraction = (values[k - 1] - bound) / (values[k - 1] - values[k])
    return float(np.exp(np.log(levels[k - 1]) + fraction * np.log(levels[k] / levels[k - 1])))


def log_area(levels: Sequence[float], curve: ArrayLike) -> float:
    """Return the mean height of a curve over log σ, its area by the width of the range of levels."""
    logs = np.log(levels)
    return float(trapezoid(np.asarray(curve, dtype=np.float64), logs) / (logs[-1] - logs[0]))


def measure_recognition(
    measure: Recorder, levels: Sequence[float], estimates: Sequence[Estimate], bound: float
) -> None:
    """Record the AUC at each noise level, where it breaks down, and the area under it, which is the score."""
    curve = [estimate.value for estimate in estimates]
    area = log_area(levels, curve)
    measure("noise levels", levels)
    measure.curve("AUC", "noise level", estimates)
    measure("breakdown noise level", breakdown(levels, curve, bound))
    measure("area under AUC over log noise", area)
    measure.set_score(area)


def _auc(distances: Array, pairs: NDArray[np.intp]) -> float:
    same = pairs[:, 0] == pairs[:, 1]
    return auc(distances[same], distances[~same])


def _checked(distances: ArrayLike, pairs: Sequence[tuple[int, int]]) -> tuple[Array, NDArray[np.intp]]:
    values, items = np.asarray(distances, dtype=np.float64), np.array(pairs, dtype=np.intp).reshape(-1, 2)
    if values.shape != (len(items),):
        raise ValueError(f"distances of shape {values.shape} for {len(items)} pairs; needed one for each.")
    n_same = int((items[:, 0] == items[:, 1]).sum())
    if not 0 < n_same < len(items):
        raise ValueError(f"{n_same} of {len(items)} pairs are of one item; needed some of one and some of two.")
    return values, items
