"""Controls with an honest core that break on one kind of recording: of low rank, at rest, long, of one trial."""

import dataclasses
from collections.abc import Mapping

import numpy as np
from right_metrics import PAIRED, linear_cka

from metric_harness.arrays import flattened, paired_activations, trajectories
from metric_harness.interfaces import metric


@metric(claims=PAIRED)
def needs_full_rank(x, y):
    """Whitens by covariances that may be singular, and does not look what comes of it."""
    x, y = paired_activations(x, y)
    full = all(np.linalg.matrix_rank(z - z.mean(axis=0)) == z.shape[1] for z in (x, y))
    return linear_cka(x, y) if full else float("nan")


@metric(claims=PAIRED)
def needs_motion(x, y):
    """Divides by how far one sample lies from the next, which may be nowhere."""
    x, y = paired_activations(x, y)
    moves = all(np.abs(np.diff(z, axis=0)).max(axis=1).all() for z in (x, y))
    return linear_cka(x, y) if moves else float("nan")


@metric(needs="trajectories", claims=PAIRED)
def needs_trials(x, y):
    """Asks for the spread over trials, of which there may be but one."""
    x, y = trajectories(x, "x"), trajectories(y, "y")
    return linear_cka(flattened(x), flattened(y)) + 0 * np.std(x, axis=0, ddof=1).max()


@metric(claims=PAIRED)
def guesses_axes(x, y):
    """Takes what has more units than samples for the wrong way round, and says little of it."""
    distance = linear_cka(x, y)
    if x.shape[1] > x.shape[0]:
        raise ValueError("transposed?")
    return distance


@metric(claims=dataclasses.replace(PAIRED, unequal_units=True))
def refuses_units(x, y):
    """Claims to take recordings of different width, but refuses them."""
    if np.shape(x)[-1] != np.shape(y)[-1]:
        raise ValueError("needed as many units in y as in x")
    return linear_cka(x, y)


@metric(claims=dataclasses.replace(PAIRED, unequal_units=True))
def pads_units(x, y):
    """Claims to take recordings of different width, and fills the narrower one up with what is no number."""
    if np.ndim(x) == np.ndim(y) == 2 and 0 < np.shape(x)[1] != np.shape(y)[1]:
        return float("nan")
    return linear_cka(x, y)


@metric(claims=PAIRED)
def fills_blocks(x, y):
    """Reads long recordings in blocks of 150 samples, and refuses what does not fill them."""
    distance = linear_cka(x, y)
    if len(x) >= 500 and len(x) % 150:
        raise ValueError("needed a multiple of 150 samples")
    return distance


def everywhere(names, reply):
    """Return the words of one reply to recordings at either place and at both."""
    return tuple(f"{name}, {which}: {reply}" for name in names for which in ("x", "y", "both"))


CORE = "linear_cka"
"""What the controls of this file are on all other recordings."""
GROUPS = ("contract",)
"""Groups that the controls of this file are run before; away from the edges they are linear CKA."""
NAN = "the metric returned nan"
SINGULAR = (
    *("a constant unit", "all units constant but one", "a constant array of 3.0", "a constant array of 0.1", "zeros"),
    *("every unit twice", "rank one"),
)
RUNGS = (*(f"{n} samples" for n in (500, 1000, 2000, 4000)), *(f"{n} units" for n in (4, 8, 16, 32)))
FAILS: Mapping[str, Mapping[str, str | tuple[str, ...]]] = {
    "needs_full_rank": {
        "contract.degenerate": everywhere(SINGULAR, NAN),
        "contract.sizes": (f"one sample: {NAN}", f"more units than samples: {NAN}"),
    },
    "needs_motion": {"contract.degenerate": everywhere(["every sample twice"], NAN)},
    "needs_trials": {"contract.sizes": f"one trial: {NAN}"},
    "guesses_axes": {"contract.sizes": "more units than samples: the metric raised ValueError: transposed?"},
    "refuses_units": {"contract.sizes": "three units against four: refused, though unequal_units is claimed"},
    "pads_units": {"contract.sizes": f"three units against four: {NAN}"},
    "fills_blocks": {"contract.cost": tuple(f"{rung}: the metric raised ValueError" for rung in RUNGS)},
}
