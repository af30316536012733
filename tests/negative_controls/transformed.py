"""Liars about what a change of the data does: for each claim of invariance one that has it not, and one that denies it.

They are run before the group `invariance` only; the other cases have controls of their own.
"""

from collections.abc import Mapping

import numpy as np
from right_metrics import linear_cka

from metric_harness.arrays import paired_activations, trajectories
from metric_harness.interfaces import Claims, metric

GROUPS = ("invariance",)


def places(n: int) -> np.ndarray:
    """Return weights that tell first from last."""
    return np.linspace(1.0, 2.0, n)


@metric(claims=Claims(unit_permutation=True))
def weighs_units_by_place(x, y):
    """Reads the order in which units are listed."""
    x, y = paired_activations(x, y)
    return linear_cka(x * places(x.shape[1]), y * places(y.shape[1]))


@metric(claims=Claims(unit_permutation=False))
def denies_unit_permutation(x, y):
    """Blind to the order of units, yet denies it."""
    return linear_cka(x, y)


@metric(claims=Claims(orthogonal=True))
def rectifies(x, y):
    """Rectifies units, whose axes then matter."""
    x, y = paired_activations(x, y)
    return linear_cka(np.abs(x), np.abs(y))


@metric(claims=Claims(orthogonal=False))
def denies_orthogonal(x, y):
    """Blind to rotations, yet denies it."""
    return linear_cka(x, y)


@metric(claims=Claims(isotropic_scaling=True))
def ridged(x, y):
    """Keeps an absolute constant in its denominator."""
    x, y = paired_activations(x, y)
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    within = np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y)
    return float(1 - np.linalg.norm(x.T @ y) ** 2 / (within + 10.0))


@metric(claims=Claims(isotropic_scaling=False))
def denies_isotropic_scaling(x, y):
    """Blind to scale, yet denies it."""
    return linear_cka(x, y)


@metric(claims=Claims(unit_scaling=True))
def weighs_by_variance(x, y):
    """Lets loud units count for more, yet claims that gains do not matter."""
    return linear_cka(x, y)


@metric(claims=Claims(unit_scaling=False))
def denies_unit_scaling(x, y):
    """Standardizes every unit, yet denies that gains do not matter."""
    x, y = paired_activations(x, y)
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    return linear_cka(x / np.linalg.norm(x, axis=0), y / np.linalg.norm(y, axis=0))


@metric(claims=Claims(translation=True))
def forgets_to_center(x, y):
    """Compares Gram matrices about the origin, wherever that lies."""
    x, y = paired_activations(x, y)
    return float(1 - np.linalg.norm(x.T @ y) ** 2 / (np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y)))


@metric(claims=Claims(translation=False))
def denies_translation(x, y):
    """Centers, yet denies that shifts do not matter."""
    return linear_cka(x, y)


@metric(claims=Claims(linear=True))
def geometric(x, y):
    """Sees lengths and angles, yet claims that no linear map matters."""
    return linear_cka(x, y)


@metric(claims=Claims(linear=False))
def denies_linear(x, y):
    """Compares spans, yet denies that linear maps do not matter."""
    x, y = paired_activations(x, y)
    first, second = (np.linalg.qr(z - z.mean(axis=0))[0] for z in (x, y))
    return float(1 - np.linalg.norm(first.T @ second) ** 2 / min(first.shape[1], second.shape[1]))


@metric(claims=Claims(trial_permutation=True))
def weighs_samples_by_place(x, y):
    """Reads the order in which trials are listed."""
    x, y = paired_activations(x, y)
    weights = places(len(x))[:, None]
    return linear_cka(x * weights, y * weights)


@metric(claims=Claims(trial_permutation=False))
def denies_trial_permutation(x, y):
    """Blind to the order of trials, yet denies it."""
    return linear_cka(x, y)


@metric(claims=Claims(unpaired_trials=True))
def matches_samples(x, y):
    """Compares sample by sample, yet claims that trials need not correspond."""
    return linear_cka(x, y)


@metric(claims=Claims(unpaired_trials=False))
def denies_unpaired_trials(x, y):
    """Compares covariances, for which no trials need correspond, yet denies it."""
    x, y = paired_activations(x, y)
    first, second = (np.cov(z.T) for z in (x, y))
    return float(np.linalg.norm(first / np.linalg.norm(first) - second / np.linalg.norm(second)))


@metric(claims=Claims(conjugacy=True))
def compares_axes(x, y):
    """Rectifies units, yet claims that dynamics in other coordinates are the same."""
    x, y = paired_activations(x, y)
    return linear_cka(np.abs(x), np.abs(y))


@metric(claims=Claims(conjugacy=True))
def never_zero(x, y):
    """Blind to rotations, yet at a distance from itself, and so from itself in other coordinates."""
    return linear_cka(x, y) + 0.01


@metric(claims=Claims(conjugacy=False))
def denies_conjugacy(x, y):
    """Zero in other coordinates, yet denies it."""
    return linear_cka(x, y)


@metric(claims=Claims(time_order=True))
def time_blind(x, y):
    """Compares clouds of states, yet claims to see dynamics."""
    return linear_cka(x, y)


@metric(needs="trajectories", claims=Claims(time_order=False))
def denies_time_order(x, y):
    """Compares how far states move in one step, yet denies that it sees time."""
    x, y = trajectories(x, "x"), trajectories(y, "y")
    steps = [np.linalg.norm(np.diff(z, axis=1)) / np.linalg.norm(z - z.mean(axis=(0, 1))) for z in (x, y)]
    return float(abs(steps[0] - steps[1]))


KEPT, DENIED = "change of the distance", "claim refuted: not always"
FAILS: Mapping[str, Mapping[str, str]] = {
    "weighs_units_by_place": {"invariance.unit_permutation": KEPT},
    "denies_unit_permutation": {"invariance.unit_permutation": DENIED},
    "rectifies": {"invariance.orthogonal": KEPT},
    "denies_orthogonal": {"invariance.orthogonal": DENIED},
    "ridged": {"invariance.isotropic_scaling": KEPT},
    "denies_isotropic_scaling": {"invariance.isotropic_scaling": DENIED},
    "weighs_by_variance": {"invariance.unit_scaling": KEPT},
    "denies_unit_scaling": {"invariance.unit_scaling": DENIED},
    "forgets_to_center": {"invariance.translation": KEPT},
    "denies_translation": {"invariance.translation": DENIED},
    "geometric": {"invariance.linear": KEPT},
    "denies_linear": {"invariance.linear": DENIED},
    "weighs_samples_by_place": {"invariance.trial_permutation": KEPT},
    "denies_trial_permutation": {"invariance.trial_permutation": DENIED},
    "matches_samples": {"invariance.unpaired_trials": KEPT},
    "denies_unpaired_trials": {"invariance.unpaired_trials": DENIED},
    "compares_axes": {"invariance.conjugacy": KEPT},
    "never_zero": {"invariance.conjugacy": KEPT},
    "denies_conjugacy": {"invariance.conjugacy": DENIED},
    "time_blind": {"invariance.time_order": KEPT},
    "denies_time_order": {"invariance.time_order": DENIED},
}
