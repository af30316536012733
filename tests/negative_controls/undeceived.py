"""Right metrics for the group `misleading`, each for the case that most metrics of the field fail."""

import numpy as np
from right_metrics import PAIRED, linear_cka

from metric_harness.arrays import centered, paired_activations, trajectories
from metric_harness.confounds import category_code, design, scalar_code
from metric_harness.interfaces import metric

N_LATENTS = 3
"""Components that are kept of a population."""
HOLDS = 0.2
"""Share of a population's average responses that the category explains if the population holds it."""
NAMES = ("increments", "leading_components", "category_held")


@metric(needs="trajectories", claims=PAIRED)
def increments(x, y):
    """Compares steps instead of positions; those of independent walks are independent samples."""
    return linear_cka(*(np.diff(trajectories(z), axis=1).reshape(-1, z.shape[-1]) for z in (x, y)))


@metric(claims=PAIRED)
def leading_components(x, y):
    """Asks for the direction that the spaces of the leading components share best, which few units show, too."""
    bases = [_leading(centered(z, "x")) for z in paired_activations(x, y)]
    return max(0.0, 1 - float(np.linalg.norm(bases[0].T @ bases[1], 2))) ** 2


def _leading(x):
    """Return the leading left singular vectors, from the smaller of the two products."""
    if x.shape[1] < len(x):
        return np.linalg.qr(x @ np.linalg.eigh(x.T @ x)[1][:, -N_LATENTS:])[0]
    return np.linalg.eigh(x @ x.T)[1][:, -N_LATENTS:]


@metric(needs="trajectories", claims=PAIRED)
def category_held(x, y):
    """Knows the design of misleading.confound, and compares whether recordings hold the category itself."""
    x, y = trajectories(x, "x"), trajectories(y, "y")
    known = design()
    if x.shape[1] != len(known.categories):
        return linear_cka(x.reshape(-1, x.shape[-1]), y.reshape(-1, y.shape[-1]))
    return float(_holds(x, known) != _holds(y, known))


def _holds(x, known):
    """Return whether the category explains a recording, and does so better than the scalar that goes along with it."""
    states = x.mean(axis=0) - x.mean(axis=(0, 1))
    category, scalar = (
        np.linalg.norm(code.T @ states) ** 2 / len(states) / np.linalg.norm(states) ** 2
        for code in (category_code(known.categories), scalar_code(known.aligned))
    )
    return category > max(HOLDS, scalar)
