"""Right metrics for the group `misleading`, each for the case that most metrics of the field fail."""

import numpy as np
from right_metrics import PAIRED, linear_cka

from metric_harness.arrays import centered, paired_activations, trajectories
from metric_harness.confounds import category_code, design, scalar_code
from metric_harness.interfaces import metric

N_LATENTS = 3
"""Components that are kept of a population."""
HOLDS = 0.2
"""Share of what the category has beyond the aligned scalar from which a population counts as one that holds it."""
NAMES = ("increments", "leading_components", "category_held")


@metric(needs="trajectories", claims=PAIRED)
def increments(x, y):
    """Compares steps instead of positions; those of independent walks are independent samples."""
    return linear_cka(*(np.diff(trajectories(z), axis=1).reshape(-1, z.shape[-1]) for z in (x, y)))


@metric(claims=PAIRED)
def leading_components(x, y):
    """Compares the spaces of the leading components, which are the latents' whatever the number of units."""
    bases = [np.linalg.svd(centered(z, "x"), full_matrices=False)[0][:, :N_LATENTS] for z in paired_activations(x, y)]
    return max(0.0, 1 - float(np.linalg.norm(bases[0].T @ bases[1]) ** 2) / N_LATENTS)


@metric(needs="trajectories", claims=PAIRED)
def category_held(x, y):
    """Knows the design of misleading.confound, and compares whether recordings hold the category itself."""
    x, y = trajectories(x, "x"), trajectories(y, "y")
    known = design()
    if x.shape[1] != len(known.categories):
        return linear_cka(x.reshape(-1, x.shape[-1]), y.reshape(-1, y.shape[-1]))
    return float(abs(_holds(x, known) - _holds(y, known)))


def _holds(x, known):
    """Return whether what the category has beyond the aligned scalar is linear in the mean over trials."""
    scalar, category = scalar_code(known.aligned), category_code(known.categories)
    residual = category - scalar @ np.linalg.lstsq(scalar, category, rcond=None)[0]
    states = x.mean(axis=0) - x.mean(axis=(0, 1))
    states = np.hstack([states, scalar])
    left = residual - states @ np.linalg.lstsq(states, residual, rcond=None)[0]
    return 1 - np.sum(left**2) / np.sum(residual**2) > HOLDS
