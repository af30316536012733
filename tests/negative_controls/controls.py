"""Deliberately wrong metrics, each with the cases that must catch it and the reason they must give.

`FAILS` maps a control to {case id: words that the case's message must contain}. The meta-test holds
both directions: these cases fail the control for that reason, and no other case does.
"""

from collections.abc import Mapping

import numpy as np

from metric_harness.arrays import centered, paired_activations, trajectories
from metric_harness.interfaces import Claims, metric

BLIND = {
    "attractor.regimes": "AUC = 0.5",
    "attractor.regimes_unpaired": "AUC = 0.5",
    "attractor.mixing": "share of graded pairs = 0 ",
    "attractor.shared_motifs": "step from 0 to 1 shared = 0 ",
    "attractor.motif_order": "unrelated minus reordered = 0 ",
    "noise.floor": "smallest range over worlds = 0 ",
    "noise.discriminability": "AUC at noise 0.001 = 0.5",
    "dynamics.planted_conjugacy": "is not below 0 ",
}
"""What every validity case says to a metric that sees no difference between moment-matched recordings."""
SUMMARY = Claims(symmetric=True, identity=True, deterministic=True, unpaired_trials=True, time_order=True)
"""Claims that put a control before every case, whether it deserves them or not."""


@metric(claims=SUMMARY)
def norm(x, y):
    """Difference of Frobenius norms."""
    x, y = paired_activations(x, y)
    return abs(np.linalg.norm(x) - np.linalg.norm(y)) / np.sqrt(x.size)


@metric(claims=SUMMARY)
def mean(x, y):
    """Distance of mean states."""
    x, y = paired_activations(x, y)
    return float(np.linalg.norm(x.mean(axis=0) - y.mean(axis=0)))


@metric(claims=SUMMARY)
def variance(x, y):
    """Difference of total variances."""
    x, y = paired_activations(x, y)
    return abs(x.var(axis=0).sum() - y.var(axis=0).sum())


@metric(claims=SUMMARY)
def covariance_spectrum(x, y):
    """Distance of the sorted eigenvalues of the covariances."""
    x, y = paired_activations(x, y)
    spectra = [np.linalg.eigvalsh(np.cov(z.T)) for z in (x, y)]
    return float(np.linalg.norm(spectra[0] - spectra[1]))


@metric(claims=Claims(symmetric=True, deterministic=True, unpaired_trials=True, time_order=True))
def constant(x, y):
    """The same answer to everything valid."""
    paired_activations(x, y)
    return 0.5


@metric(claims=SUMMARY)
def random(x, y):
    """A fresh uniform number, from a generator of its own."""
    paired_activations(x, y)
    return np.random.default_rng().random()


def cka(x, y):
    """Linear CKA as a dissimilarity, the honest core of the liars below."""
    x, y = paired_activations(x, y)
    x, y = centered(x, "x"), centered(y, "y")
    cross = np.linalg.norm(x.T @ y) ** 2
    return max(0.0, 1 - cross / np.linalg.norm(x.T @ x) / np.linalg.norm(y.T @ y))


HONEST = Claims(symmetric=True, identity=True, deterministic=True, unpaired_trials=False, time_order=False)


@metric(claims=HONEST)
def asymmetric(x, y):
    """Claims symmetry, yet weighs its first argument."""
    return cka(x, y) * (1 + 0.01 * abs(float(np.mean(x))))


@metric(claims=Claims(symmetric=False, identity=True, deterministic=True))
def denies_symmetry(x, y):
    """Symmetric, yet claims not to be."""
    return (cka(x, y) + cka(y, x)) / 2


@metric(claims=HONEST)
def offset(x, y):
    """Claims d(x, x) = 0, yet never goes below .01."""
    return cka(x, y) + 0.01


@metric(claims=Claims(symmetric=True, identity=False, deterministic=True))
def denies_identity(x, y):
    """Zero on itself, yet claims not to be."""
    return cka(x, y)


@metric(claims=HONEST)
def global_generator(x, y):
    """Subsamples units with weights from NumPy's global generator."""
    x, y = paired_activations(x, y)
    weights = 1 + np.random.random(x.shape[1])  # noqa: NPY002 - the fault under test
    return cka(x * weights, y * weights)


@metric(claims=HONEST)
def hash_order(x, y):
    """Weighs units by the hash of a text, which differs from process to process."""
    x, y = paired_activations(x, y)
    weights = np.array([1 + hash(f"unit {i}") % 7 for i in range(x.shape[1])])
    return cka(x * weights, y * weights)


@metric(claims=Claims(symmetric=True, identity=True, deterministic=False))
def denies_determinism(x, y):
    """Deterministic, yet claims not to be."""
    return cka(x, y)


@metric(claims=HONEST)
def drops_bad_rows(x, y):
    """Leaves out samples that are not finite instead of refusing them."""
    kept = np.isfinite(x).all(axis=-1) & np.isfinite(y).all(axis=-1)
    return cka(x[kept], y[kept])


@metric(claims=HONEST)
def truncates(x, y):
    """Cuts the longer recording to the shorter one's length."""
    n = min(len(x), len(y))
    return cka(x[:n], y[:n])


@metric(claims=HONEST)
def not_a_number(x, y):
    """Answers NaN to everything valid."""
    paired_activations(x, y)
    return float("nan")


@metric(claims=HONEST)
def refuses_all(x, y):
    """Raises whatever it is given."""
    raise ValueError("not today")


@metric(
    needs="trajectories",
    claims=Claims(symmetric=None, identity=True, deterministic=True, unpaired_trials=True),
)
def one_start(x, y):
    """Compares fitted linear dynamics, aligned by gradient steps from the identity alone."""
    x, y = trajectories(x, "x"), trajectories(y, "y")
    a, b = _operator(x), _operator(y)
    c = np.eye(len(a))
    for _ in range(200):
        gradient = (a.T @ c @ b + a @ c @ b.T) @ c.T
        step = 0.1 * (gradient - gradient.T)
        c = np.linalg.solve(np.eye(len(a)) - step, np.eye(len(a)) + step) @ c
    cosine = np.sum(a * (c @ b @ c.T)) / np.linalg.norm(a) / np.linalg.norm(b)
    return float(np.arccos(np.clip(cosine, -1, 1)))


def _operator(x):
    before, after = x[:, :-1].reshape(-1, x.shape[-1]), x[:, 1:].reshape(-1, x.shape[-1])
    return np.linalg.lstsq(before, after, rcond=None)[0].T


FAILS: Mapping[str, Mapping[str, str]] = {
    "norm": BLIND,
    "mean": BLIND,
    "variance": BLIND,
    "covariance_spectrum": BLIND,
    "constant": BLIND | {"contract.value": "spread = 0 "},
    "random": {},
    "asymmetric": {"contract.symmetry": "worst deviation"},
    "denies_symmetry": {"contract.symmetry": "not always"},
    "offset": {"contract.identity": "worst deviation = 0.01"},
    "denies_identity": {"contract.identity": "not always"},
    "global_generator": {"contract.determinism": "worst difference in this process"},
    "hash_order": {"contract.determinism": "difference in a fresh process"},
    "denies_determinism": {"contract.determinism": "a metric declared random varies"},
    "drops_bad_rows": {"contract.bad_input": "NaN in y: returned"},
    "truncates": {"contract.bad_input": "unmatched samples: returned"},
    "not_a_number": {},
    "refuses_all": {},
    "one_start": {"dynamics.planted_conjugacy": "largest distance of conjugate trajectories"},
}
