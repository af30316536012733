"""Controls that measure something real, and miss what some cases ask for."""

import zlib
from collections.abc import Mapping, Sequence
from typing import ClassVar, final

import numpy as np
from right_metrics import PAIRED, UNPAIRED, LaggedMetric, linear_cka

from metric_harness.arrays import paired_activations, trajectories
from metric_harness.interfaces import AbstractMetric, Claims, metric

SEES_TIME = Claims(symmetric=True, identity=True, deterministic=True, unpaired_trials=False, time_order=True)
"""Claims of a metric that compares trial by trial and is to be asked about dynamics too."""


MOST_UNITS, N_COMPONENTS = 60, 10
"""Units from which on an alignment is of components only, and how many."""


@metric(claims=SEES_TIME)
def coordinates(x, y):
    """Compares unit by unit, so that a rotation of the units makes another system."""
    x, y = paired_activations(x, y)
    return float(np.linalg.norm(x - y)) / np.sqrt(x.size)


@metric(claims=PAIRED)
def saturating(x, y):
    """Reaches its largest value at a tenth of the way, so that all that differs differs equally."""
    return min(linear_cka(x, y), 0.1)


@metric(claims=PAIRED)
def sums(x, y):
    """Sums over samples what it should average, so that it grows with their number."""
    return linear_cka(x, y) * len(x)


@metric(needs="trajectories", claims=SEES_TIME)
def jerk(x, y):
    """Compares third differences of neighboring samples, which are mostly noise."""
    x, y = (np.diff(trajectories(z), n=3, axis=1).reshape(-1, z.shape[-1]) for z in (x, y))
    return linear_cka(x, y)


@metric(needs="trajectories", claims=Claims(symmetric=True, identity=True, deterministic=True, unpaired_trials=True))
def first_states(x, y):
    """Claims to need no correspondence of trials, yet compares the states that they start from, one by one."""
    x, y = paired_activations(trajectories(x, "x")[:, 0], trajectories(y, "y")[:, 0])
    return float(np.linalg.norm(x - y)) / np.sqrt(x.size)


@final
class TimeShuffled(LaggedMetric):
    """Shuffles the samples before it compares lagged covariances: the dynamics are gone, chance is left."""

    def lagged(self, x):
        order = np.random.default_rng(zlib.crc32(x.tobytes())).permutation(x[..., 0].size)
        return super().lagged(x.reshape(-1, x.shape[-1])[order].reshape(x.shape))


@final
class OneStart(AbstractMetric):
    """Compares fitted linear dynamics, aligned by gradient steps from the identity alone."""

    needs: ClassVar = "trajectories"
    claims: ClassVar = UNPAIRED
    budget: ClassVar = "n_steps"
    n_steps = 100

    def distance(self, x, y):
        return float(self.pair_distances([x, y], [(0, 1)])[0])

    def pair_distances(self, xs: Sequence, pairs: Sequence[tuple[int, int]]):
        operators = np.array([_operator(_narrowed(trajectories(x))) for x in xs])
        a, b = (operators[list(side)] for side in zip(*pairs, strict=True))
        c = eye = np.eye(a.shape[-1])
        for _ in range(self.n_steps):
            gradient = (_t(a) @ c @ b + a @ c @ _t(b)) @ _t(c)
            step = 0.1 * (gradient - _t(gradient))
            c = np.linalg.solve(eye - step, eye + step) @ c
        return _angles(a, c @ b @ _t(c))


def _narrowed(x):
    """Return the leading components of a recording of many units, whose operators would take minutes to align."""
    if x.shape[-1] <= MOST_UNITS:
        return x
    axes = np.linalg.svd(x.reshape(-1, x.shape[-1]), full_matrices=False)[2]
    return x @ axes[:N_COMPONENTS].T


def _operator(x):
    before, after = (part.reshape(-1, x.shape[-1]) for part in (x[:, :-1], x[:, 1:]))
    return np.linalg.lstsq(before, after, rcond=None)[0].T


def _t(matrices):
    return matrices.swapaxes(-1, -2)


def _angles(a, b):
    inner, first, second = (np.sum(left * right, axis=(1, 2)) for left, right in ((a, b), (a, a), (b, b)))
    return np.arccos(np.clip(inner / np.sqrt(first * second), -1, 1))


FAILS: Mapping[str, Mapping[str, str]] = {
    "coordinates": {
        "misleading.autocorrelation": "power",
        "misleading.confound": "smallest range over worlds",
        "misleading.dominant_variance": "correlation",
        "misleading.task_scores": "area under",
        "misleading.unit_sampling": "AUC at 1000 units",
        "misleading.weak_variable": "effect",
        "dynamics.deformation": "largest deformation beyond a tenth",
        "dynamics.topology": "jump beyond every other step",
        "ablation.dose": "sign test p",
        "ablation.readout_null": "share of networks",
        "ablation.relevant_units": "share of networks",
        "dynamics.planted_conjugacy": "is not below",
        "invariance.time_order": "change of the distance",
        "noise.floor": "gap",
        "learning.behavior": "permutation p",
        "learning.shared_subtasks": "p of the trend",
        "learning.task_epochs": "permutation p in stimulus",
        "learning.gradual": "share of approaching networks",
    },
    "saturating": {
        "architecture.recurrent_change": "AUC of copies",
        "misleading.confound": "smallest range over worlds = 0 ",
        "misleading.dominant_variance": "correlation",
        "misleading.null_bias": "similarity at 10 units",
        "misleading.row_shuffle": "margin = 0 ",
        "misleading.task_scores": "area under",
        "misleading.unit_sampling": "slope",
        "ablation.readout_null": "share of networks",
        "contract.value": "spread = 0 ",
        "invariance.unpaired_trials": "claim refuted: not always",
        "attractor.mixing": "share of graded pairs",
        "attractor.motif_order": "unrelated minus reordered",
        "attractor.regimes": "AUC",
        "attractor.shared_motifs": "step from 0 to 1 shared",
        "noise.discriminability": "AUC at noise 0.03",
        "noise.floor": "gap",
        "learning.behavior": "permutation p",
        "learning.shared_subtasks": "p of the trend",
        "learning.task_epochs": "permutation p in delay",
        "learning.gradual": "share of approaching networks = 0 ",
    },
    "sums": {
        "misleading.autocorrelation": "false-positive rate",
        "misleading.confound": "excess mimicry",
        "misleading.null_bias": "similarity at 0.1 units",
        "misleading.unit_sampling": "slope",
        "noise.sample_size": "bias across regimes",
    },
    "jerk": {
        "misleading.confound": "excess mimicry",
        "misleading.null_bias": "similarity at 0.1 units",
        "misleading.task_scores": "area under",
        "misleading.unit_sampling": "AUC at 1000 units",
        "dynamics.topology": "jump beyond every other step",
        "ablation.readout_null": "share of networks",
        "attractor.mixing": "share of graded pairs",
        "attractor.motif_order": "permutation p",
        "noise.discriminability": "AUC at noise",
        "noise.floor": "AUC of copies",
        "architecture.across": "AUC of copies",
        "architecture.recurrent_change": "AUC of copies",
        "learning.behavior": "permutation p",
        "learning.shared_subtasks": "p of the trend",
        "learning.task_epochs": "permutation p in stimulus",
        "learning.gradual": "share of approaching networks",
        "misleading.sensitivity": "AUC of the same again",
        "noise.sample_size": "AUC of copies at 5 trials",
    },
    "first_states": {
        "misleading.dominant_variance": "effect of half",
        "misleading.task_scores": "area under",
        "misleading.unit_sampling": "AUC at 1000 units",
        "misleading.weak_variable": "effect",
        "dynamics.deformation": "largest deformation beyond a tenth",
        "dynamics.equal_averages": "nearest-neighbor accuracy",
        "dynamics.time_shuffle": "shuffled beyond ten times another recording",
        "ablation.dose": "sign test p",
        "ablation.readout_null": "share of networks",
        "attractor.regimes_unpaired": "AUC",
        "dynamics.planted_conjugacy": "is not below",
        "invariance.unpaired_trials": "change of the distance",
        "learning.behavior": "permutation p",
        "learning.task_epochs": "permutation p in stimulus",
        "learning.within": "share of ordered trainings",
        "learning.gradual": "share of approaching networks",
    },
    "TimeShuffled": {
        "misleading.dominant_variance": "correlation",
        "misleading.task_scores": "area under",
        "misleading.unit_sampling": "AUC at 1000 units",
        "misleading.weak_variable": "effect",
        "dynamics.deformation": "largest deformation beyond a tenth",
        "dynamics.equal_averages": "nearest-neighbor accuracy",
        "dynamics.partial_observation": "correlation with 2 observed",
        "dynamics.time_shuffle": "shuffled beyond ten times another recording",
        "dynamics.topology": "jump beyond five median steps",
        "ablation.dose": "share of ordered networks",
        "ablation.readout_null": "share of networks",
        "ablation.recurrence": "share of networks",
        "ablation.relevant_units": "share of networks",
        "attractor.mixing": "share of graded pairs",
        "attractor.motif_order": "permutation p",
        "attractor.regimes": "AUC",
        "attractor.regimes_unpaired": "AUC",
        "attractor.shared_motifs": "permutation p",
        "dynamics.planted_conjugacy": "is not below",
        "invariance.unpaired_trials": "change of the distance",
        "noise.discriminability": "AUC at noise 0.001",
        "noise.floor": "AUC of copies",
        "architecture.across": "AUC of copies",
        "architecture.recurrent_change": "AUC of copies",
        "learning.behavior": "permutation p",
        "learning.shared_subtasks": "p of the trend",
        "learning.task_epochs": "permutation p in stimulus",
        "learning.within": "share of ordered trainings",
        "learning.gradual": "share of approaching networks",
        "misleading.spurious_agreement": "AUC of repeated against unrelated",
        "noise.recurrent": "AUC at noise 0.001",
        "noise.sample_size": "smallest range over worlds",
    },
    "OneStart": {
        "misleading.dominant_variance": "correlation",
        "misleading.task_scores": "area under",
        "misleading.weak_variable": "effect",
        "dynamics.equal_averages": "nearest-neighbor accuracy",
        "dynamics.optimizer_budget": "largest change",
        "ablation.readout_null": "share of networks",
        "contract.degenerate": "zeros, x: the metric returned nan",
        "contract.sizes": "one sample: the metric returned nan",
        "dynamics.planted_conjugacy": "is not below",
        "learning.task_epochs": "permutation p in stimulus",
        "learning.within": "share of ordered trainings",
        "learning.gradual": "share of approaching networks",
    },
}
