"""Centered kernel alignment as the package torch-cka computes it."""

import contextlib
import dataclasses
import threading
from collections.abc import Generator, Iterable
from typing import Any, ClassVar, final

import numpy as np

from metric_harness import arrays, optional
from metric_harness.arrays import Activations
from metric_harness.errors import DegenerateInputError, ShapeError
from metric_harness.interfaces import AbstractMetric, Claims, Needs

DISTRIBUTION = "torch-cka"
FEWEST = 4
"""Samples without which the estimate divides by zero."""
_TURNS = threading.Lock()


@final
@dataclasses.dataclass(frozen=True)
class TorchCKA(AbstractMetric):
    """torch-cka: one minus linear CKA from unbiased estimates in single precision, 0 for equal geometry.

    d(x, y) = 1 - HSIC(K, L) / √(HSIC(K, K) HSIC(L, L)) with Gram matrices K, L without their diagonals; the formula is
    that of `metric_harness.metrics.debiased_cka`.

    Input: x, y of shape (samples, units), at least 4 samples, paired row by row; units may differ.
    Output: float in [0, 2]; 1 on average for independent recordings.
    Claims: invariant to rotating, reflecting and permuting units and to one common scale; to reordering the samples of
        both, so it is blind to the order of time; symmetric.
        Triangle inequality: violated, since 1 - cos θ grows like θ².
    Does not claim: invariance to scaling units separately or to invertible linear maps. To shifts: the formula is
        invariant, but the package centers nothing and sums in single precision. At 100 samples, a shift of 10
        standard deviations moves d by 4e-3, one of 100 by 0.4, and at 1000 the package stops with an assertion.
    Numerical floor: 1e-5; single precision, whose rounding grows as the square of a recording's mean over its spread.
        Measured under rotation, scales and reordering of the fixed corpus: below 2e-7.
    Cost: samples² x units.
    Raises: ShapeError or NonFiniteError for invalid arrays; DegenerateInputError if a recording is constant, has fewer
        than 4 samples, or an HSIC of its own that comes out negative; MetricUnavailableError when it is made without
        torch-cka.
    Source: the package torch-cka 0.21 by A. Subramanian (PyPI), after Nguyen, Raghu, Kornblith (2021), "Do Wide and
        Deep Networks Learn the Same Things?", arXiv 2010.15327, equation 3. Adapted in: it compares models on data
        loaders, so each recording is the one batch of an identity module; a loader of its own keeps torch's global
        generator untouched, and the progress bar is silenced, one thread at a time. Each recording is divided by its
        largest entry, which the formula does not see, so that fourth powers stay in range.

    Example:
        >>> x, y = np.array([[1.0], [-1], [0], [0]]), np.array([[1.0], [0], [-1], [0]])
        >>> # K_12 = -1 and L_13 = -1 alone: HSIC(K, L) ∝ -1/3, HSIC(K, K) = HSIC(L, L) ∝ 2/3; the cosine is -1/2.
        >>> round(TorchCKA().distance(x, y), 5)
        1.5
    """

    needs: ClassVar[Needs] = "activations"
    family: ClassVar[str] = "debiased linear CKA"
    claims: ClassVar[Claims] = Claims(
        symmetric=True,
        identity=True,
        triangle=False,
        deterministic=True,
        unit_permutation=True,
        orthogonal=True,
        isotropic_scaling=True,
        unit_scaling=False,
        linear=False,
        trial_permutation=True,
        unpaired_trials=False,
        unequal_units=True,
        unequal_trials=False,
        time_order=False,
        value_range=(0.0, 2.0),
        numerical_floor=1e-5,
    )

    def __post_init__(self) -> None:
        _package()

    def distance(self, x: Activations, y: Activations) -> float:
        """Return one minus the package's alignment; see the class."""
        first, second = arrays.paired_activations(x, y)
        if len(first) < FEWEST:
            raise DegenerateInputError(f"x and y have {len(first)} samples; needed {FEWEST} or more. Record more.")
        for array, name in ((first, "x"), (second, "y")):
            arrays.centered(array, name)  # refuses what is constant
        # Rounding may leave the cosine beyond 1.
        return min(2.0, max(0.0, 1.0 - _alignment(first, second)))

    def named_value(self, distance: float) -> float:
        """Return debiased CKA."""
        return 1 - distance


@final
class _OneBatch(list[Any]):
    """What the package needs of a data loader: batches, their number, and a data set with a name."""

    def __init__(self, batches: Iterable[Any]) -> None:
        super().__init__(batches)
        self.dataset = "recording"


def _alignment(x: Activations, y: Activations) -> float:
    import torch

    tensors = [torch.tensor(z / np.abs(z).max(), dtype=torch.float32) for z in (x, y)]
    batches = [_OneBatch([(tensor,)]) for tensor in tensors]
    with _no_progress_bar(), torch.no_grad():
        comparison = _package().CKA(torch.nn.Identity(), torch.nn.Identity(), "x", "y", device="cpu")
        try:
            comparison.compare(*batches)
        except AssertionError as error:
            raise DegenerateInputError(
                f"the package found an HSIC that is not positive ({error}); needed samples that differ by more than "
                "single precision resolves. Center the recordings, or record more."
            ) from error
    value = comparison.export()["CKA"]
    if value.shape != (1, 1):
        raise ShapeError(f"the package compared {tuple(value.shape)} layers; needed one of each recording.")
    return float(value[0, 0])


@contextlib.contextmanager
def _no_progress_bar() -> Generator[None, None, None]:
    module = optional.imported("torch_cka.cka", DISTRIBUTION)
    with _TURNS:
        shown = module.tqdm
        vars(module).update(tqdm=_silent)
        try:
            yield
        finally:
            vars(module).update(tqdm=shown)


def _silent(batches: Iterable[Any], **_: object) -> Iterable[Any]:
    return batches


def _package() -> Any:
    return optional.imported("torch_cka", DISTRIBUTION, holds=("CKA",))
