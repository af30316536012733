"""Metrics that theory says are right, so that every case is seen to be passed by something honest.

None knows the data of a case. Each states which cases it must pass, and why; the meta-test asks
only that every case is passed by at least one of these or of the built-in metrics.
"""

import dataclasses
from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np

from metric_harness.arrays import Activations, Array, Trajectories, centered, paired_activations, trajectories
from metric_harness.errors import DegenerateInputError
from metric_harness.interfaces import AbstractMetric, Claims, Needs, metric

PAIRED = Claims(symmetric=True, identity=True, deterministic=True, unpaired_trials=False, time_order=False)
UNPAIRED = Claims(symmetric=True, identity=True, deterministic=True, unpaired_trials=True, unequal_trials=True)
BUILT_IN = ("cka", "procrustes")
"""Built-in metrics to ask about every case; DSA is asked only about what it alone passes, for its cost."""
UNDECEIVED = ("debiased_cka", "cca")
"""Built-in metrics to ask about the group `misleading`: the one is free of bias, the other counts weak components."""


@metric(claims=PAIRED)
def linear_cka(x: Activations, y: Activations) -> float:
    """1 - CKA: right wherever trials correspond; quadratic at zero, so that little noise moves it little."""
    x, y = paired_activations(x, y)
    n_units, states = x.shape[1], np.hstack([centered(x, "x"), centered(y, "y")])
    # By the largest entry first, for squares of very small and very large ones leave the range of float64.
    for part in (slice(None, n_units), slice(n_units, None)):
        states[:, part] /= np.abs(states[:, part]).max()
    gram = states.T @ states
    within = np.linalg.norm(gram[:n_units, :n_units]) * np.linalg.norm(gram[n_units:, n_units:])
    return max(0.0, float(1 - np.linalg.norm(gram[:n_units, n_units:]) ** 2 / within))


class LaggedMetric(AbstractMetric):
    """Distance of features of the lagged covariances C_k = E[x(t) x(t + k)ᵀ].

    For a linear system with propagator A and covariance one, C_k = (Aᵀ)ᵏ: the lags carry its dynamics
    and nothing else. They are averages over time and trials: no trials need to correspond, white noise
    adds nothing to them, and those of a composite are close to the mean over its motifs, whatever their order
    (close only, for each composite is normalized and whitened as a whole).
    """

    needs: ClassVar[Needs] = "trajectories"
    claims: ClassVar[Claims] = UNPAIRED
    lags: ClassVar[tuple[int, ...]] = (1, 2, 4, 8, 16, 32)

    def features(self, covariances: Array) -> Array:
        """Return what of the covariances, shape (lags, units, units), is compared."""
        return covariances

    def distance(self, x: Trajectories, y: Trajectories) -> float:
        """Return the Euclidean distance of the features."""
        return float(self.pair_distances([x, y], [(0, 1)])[0])

    def pair_distances(self, xs: Sequence[Trajectories], pairs: Sequence[tuple[int, int]]) -> Array:
        """Return the distances of chosen pairs, the features of each recording computed once."""
        features = [self.features(self.lagged(trajectories(x))).ravel() for x in xs]
        return np.array([np.linalg.norm(features[i] - features[j]) for i, j in pairs])

    def lagged(self, x: Trajectories) -> Array:
        """Return the covariances at each lag, shape (lags, units, units)."""
        if x.shape[1] <= max(self.lags):
            raise DegenerateInputError(f"{x.shape[1]} times; needed more than the longest lag, {max(self.lags)}.")
        x = x - x.mean(axis=(0, 1))
        return np.array(
            [np.tensordot(x[:, :-k], x[:, k:], axes=((0, 1), (0, 1))) / x[:, k:, 0].size for k in self.lags]
        )


@final
class LaggedCovariances(LaggedMetric):
    """Right for regimes, mixing, shared motifs and noise, with and without paired trials; not for new coordinates."""


@final
class LaggedSpectra(LaggedMetric):
    """Right for planted conjugacy: C_k becomes Q C_k Qᵀ in other coordinates and keeps its singular values."""

    def features(self, covariances: Array) -> Array:
        """Return the singular values of each covariance."""
        return np.linalg.svd(covariances, compute_uv=False)


@final
class LaggedTraces(LaggedMetric):
    """Right for partial observation: the mean autocorrelation over axes is close to that over some of them.

    Right for blind spots too: a trace is the same in all orthogonal coordinates, and shuffled time has none left.
    """

    claims: ClassVar[Claims] = dataclasses.replace(UNPAIRED, conjugacy=True, time_order=True)

    def features(self, covariances: Array) -> Array:
        """Return the mean of the diagonal of each covariance."""
        return np.trace(covariances, axis1=1, axis2=2) / covariances.shape[-1]
