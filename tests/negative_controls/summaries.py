"""Controls that see no more than a trivial summary of a recording, or nothing at all."""

from collections.abc import Mapping

import numpy as np

from metric_harness.arrays import activations, paired_activations
from metric_harness.interfaces import Claims, metric

TRIVIAL = ("norm", "mean", "variance", "covariance_spectrum")
"""The summaries that moment matching must take from every validity case."""
SUMMARY = Claims(symmetric=True, identity=True, deterministic=True, unpaired_trials=True, time_order=True)
"""Claims that put a control before every case, whether it deserves them or not; so does a budget of steps that none
takes."""


@metric(claims=SUMMARY, budget="n_steps")
def norm(x, y, n_steps=1):
    """Difference of Frobenius norms."""
    x, y = paired_activations(x, y)
    return abs(np.linalg.norm(x) - np.linalg.norm(y)) / np.sqrt(x.size)


@metric(claims=SUMMARY, budget="n_steps")
def mean(x, y, n_steps=1):
    """Distance of mean states."""
    x, y = paired_activations(x, y)
    return float(np.linalg.norm(x.mean(axis=0) - y.mean(axis=0)))


@metric(claims=SUMMARY, budget="n_steps")
def variance(x, y, n_steps=1):
    """Difference of total variances."""
    x, y = paired_activations(x, y)
    return abs(x.var(axis=0).sum() - y.var(axis=0).sum())


@metric(claims=SUMMARY, budget="n_steps")
def covariance_spectrum(x, y, n_steps=1):
    """Distance of the sorted eigenvalues of the covariances."""
    centered = [z - z.mean(axis=0) for z in paired_activations(x, y)]
    spectra = [np.linalg.eigvalsh(z.T @ z / len(z)) for z in centered]
    return float(np.linalg.norm(spectra[0] - spectra[1]))


@metric(claims=SUMMARY, budget="n_steps")
def sample_count(x, y, n_steps=1):
    """Compares how many samples there are."""
    return float(abs(len(activations(x, "x")) - len(activations(y, "y"))))


@metric(claims=Claims(symmetric=True, deterministic=True, unpaired_trials=True, time_order=True), budget="n_steps")
def constant(x, y, n_steps=1):
    """The same answer to everything valid."""
    paired_activations(x, y)
    return 0.5


@metric(claims=SUMMARY, budget="n_steps")
def random(x, y, n_steps=1):
    """A fresh uniform number, from a generator of its own."""
    paired_activations(x, y)
    return np.random.default_rng().random()


DECEIVED = {
    "misleading.dominant_variance": "effect of half = 0 ",
    "misleading.row_shuffle": "margin",
    "misleading.sensitivity": "smallest range over worlds = 0 ",
    "misleading.spurious_agreement": "smallest range over worlds = 0 ",
    "misleading.task_scores": "area under precision and recall",
    "misleading.unit_sampling": "AUC at 1000 units",
    "misleading.weak_variable": "effect = 0 ",
}
"""What the cases of the group `misleading` say to it that ask every metric; the others ask `impostors`."""
BLIND = DECEIVED | {
    "attractor.regimes": "AUC = 0.5",
    "attractor.regimes_unpaired": "AUC = 0.5",
    "attractor.mixing": "share of graded pairs = 0 ",
    "attractor.shared_motifs": "step from 0 to 1 shared = 0 ",
    "attractor.motif_order": "unrelated minus reordered = 0 ",
    "noise.floor": "smallest range over worlds = 0 ",
    "noise.discriminability": "AUC at noise 0.001 = 0.5",
    "noise.recurrent": "AUC at noise 0.001 = 0.5",
    "noise.sample_size": "smallest range over worlds = 0 ",
    "dynamics.blind_spots": "time shuffled beyond recorded anew = 0 ",
    "dynamics.deformation": "largest deformation beyond a tenth",
    "dynamics.equal_averages": "nearest-neighbor accuracy = 0.2727 ",
    "dynamics.optimizer_budget": "spread of distances = ",
    "dynamics.partial_observation": "correlation with 2 observed = 0 ",
    "dynamics.planted_conjugacy": "is not below",
    "dynamics.time_shuffle": "shuffled beyond ten times another recording = ",
    "dynamics.topology": "jump beyond five median steps = 0 ",
    "dynamics.trial_pooling": "smallest change by recording anew = 0 ",
    "learning.shared_subtasks": "p of the trend",
    "learning.gradual": "share of approaching networks = 0 ",
    "learning.within": "share of ordered trainings = 0 ",
    "learning.behavior": "permutation p = 1 ",
    "learning.task_epochs": "permutation p in stimulus = 1 ",
    "architecture.across": "smallest range over worlds = 0 ",
    "architecture.recurrent_change": "smallest range over worlds = 0 ",
    "ablation.relevant_units": "share of networks = 0 ",
    "ablation.dose": "share of ordered networks = 0 ",
    "ablation.readout_null": "share of networks = 0",
    "ablation.recurrence": "share of networks = 0 ",
}
"""What every validity case says to a metric that sees no difference between moment-matched recordings."""
TIMELESS = BLIND | {"invariance.time_order": "change of the distance"}
"""The same, for a metric that claims beside that to see the order of time."""
FAILS: Mapping[str, Mapping[str, str]] = {
    "norm": TIMELESS,
    "mean": TIMELESS,
    "variance": TIMELESS,
    "covariance_spectrum": TIMELESS,
    "sample_count": BLIND | {"contract.value": "spread = 0 ", "contract.bad_input": "unmatched samples: returned"},
    "constant": TIMELESS | {"contract.value": "spread = 0 "},
    "random": {
        "contract.determinism": "worst difference in this process",
        "contract.identity": "self-distance = ",
        "contract.layout": "differs by",
        "contract.transport": "unpickled: answers differ",
        "contract.symmetry": "change of the distance",
        "invariance.unpaired_trials": "change of the distance",
    },
}
FRESH = ("random",)
"""Controls whose numbers differ from run to run: no validity case may pass them, failed or inconclusive."""
