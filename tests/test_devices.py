"""Operators are aligned on another device as they are on the processor, and one that is not there is refused."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch

from metric_harness import conjugacy, devices, summits
from metric_harness.arrays import Array
from metric_harness.ascent import Effort, climb
from metric_harness.errors import SettingError
from metric_harness.metrics.dsa import DSA
from metric_harness.seeding import generator

NO_GPU = not torch.cuda.is_available()


def gaussian(n_matrices: int, n: int, *path: str | int) -> Array:
    return generator(7, "devices", *path, n).standard_normal((n_matrices, n, n)) / np.sqrt(n)


def rotations(n_matrices: int, n: int) -> Array:
    return np.linalg.qr(gaussian(n_matrices, n, "rotation"))[0]


@pytest.mark.parametrize("n", [1, 2, 5])
def test_torch_finds_the_angles_that_numpy_finds(n: int) -> None:
    a, b = gaussian(6, n, "a"), gaussian(6, n, "b")
    here, there = conjugacy.align(a, b), conjugacy.align(a, b, device="torch-cpu")
    np.testing.assert_allclose(there.angles, here.angles, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(there.converged, here.converged)


@pytest.mark.parametrize("n", [10, 15, 20])
def test_torch_finds_the_angles_that_numpy_finds_where_rounding_does_not_decide(
    n: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # In single precision another order of sums leads to another summit in one of six pairs of size 20.
    monkeypatch.setattr(summits, "_PRECISION", "float64")
    a, b = gaussian(6, n, "a"), gaussian(6, n, "b")
    here, there = conjugacy.align(a, b), conjugacy.align(a, b, device="torch-cpu")
    np.testing.assert_allclose(there.angles, here.angles, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(there.converged, here.converged)


@pytest.mark.parametrize("n", [3, 31, 50])
def test_conjugates_are_at_angle_zero_on_torch(n: int) -> None:
    a, q = gaussian(3, n, "planted"), rotations(3, n)
    result = conjugacy.align(a, q @ a @ q.swapaxes(1, 2), device="torch-cpu")
    assert result.converged.all()
    assert result.angles.max() < 1e-9


@pytest.mark.parametrize("n", [15, 50])
def test_one_step_of_a_climb_leads_torch_where_it_leads_numpy(n: int) -> None:
    # Over a whole climb rounding may grow until it decides between summits; over a step it cannot.
    given = gaussian(8, n, "a"), gaussian(8, n, "b"), rotations(8, n)
    effort = Effort(1, 1e-12, 60)
    here = climb(*given, effort)
    there = [devices.on_host(x) for x in climb(*(torch.tensor(x) for x in given), effort)]
    for mine, theirs in zip(here, there, strict=True):
        np.testing.assert_allclose(theirs, mine, rtol=0, atol=1e-9)


def test_portions_of_the_work_change_no_angle_on_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = gaussian(7, 6, "a"), gaussian(7, 6, "b")
    whole = conjugacy.align(a, b, device="torch-cpu").angles
    monkeypatch.setattr(conjugacy, "ON_CPU", conjugacy.ON_CPU._replace(n_entries=1000))
    np.testing.assert_allclose(conjugacy.align(a, b, device="torch-cpu").angles, whole, rtol=0, atol=1e-9)


def test_no_array_on_a_device_has_more_entries_than_is_stated(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    climbed = summits.climbed

    def seen(a: Any, b: Any, starts: Any, effort: Effort, n_entries: int) -> Any:
        sizes.append(starts.shape[0] * starts.shape[1] * starts.shape[2] ** 2)
        return climbed(a, b, starts, effort, n_entries)

    monkeypatch.setattr(summits, "climbed", seen)
    monkeypatch.setattr(conjugacy, "ON_CPU", conjugacy.ON_CPU._replace(n_entries=3200))
    conjugacy.align(gaussian(9, 6, "a"), gaussian(9, 6, "b"), device="torch-cpu")
    # Four pairs with their 21 starts each have 3024 entries; five would have 3780.
    assert max(sizes) == 3024


def test_starts_of_a_wider_search_begin_with_those_of_a_narrower_one() -> None:
    narrow, wide = summits.ON_CPU.n_starts, summits.ON_GPU.n_starts
    np.testing.assert_array_equal(summits._starts(wide, 5)[:narrow], summits._starts(narrow, 5))


def test_dsa_passes_its_device_on(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def aligned(a: Array, b: Array, *, n_rounds: int, device: str) -> conjugacy.Alignment:
        asked.append(device)
        return conjugacy.Alignment(np.zeros(len(a)), np.ones(len(a), dtype=bool))

    monkeypatch.setattr(conjugacy, "align", aligned)
    dsa = DSA(device="torch-cpu")
    for metric in (dsa, dsa.as_published("regimes"), *dsa.neighbors()):
        metric.operator_distances([np.eye(2)], [(0, 0)])
    assert set(asked) == {"torch-cpu"}


@pytest.mark.parametrize("device", ["gpu", "cuda:", "cuda:x", "", "mps"])
def test_a_device_of_another_name_is_refused(device: str) -> None:
    with pytest.raises(SettingError, match="needed 'cpu', 'cuda'"):
        DSA(device=device)


@pytest.mark.skipif(not NO_GPU, reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_refused() -> None:
    with pytest.raises(SettingError, match=r"device is 'cuda:1', but torch .* sees 0 GPUs; .* Set device=cpu"):
        DSA(device="cuda:1")


def test_a_device_without_torch_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(SettingError, match=r"torch cannot be imported.* Install it, or set device=cpu"):
        DSA(device="cuda")


@pytest.mark.skipif(NO_GPU, reason="there is no GPU")
def test_a_gpu_finds_conjugates() -> None:
    a, q = gaussian(3, 20, "planted"), rotations(3, 20)
    assert conjugacy.align(a, q @ a @ q.swapaxes(1, 2), device="cuda").angles.max() < 1e-9


def test_dsa_on_the_processor_needs_no_torch() -> None:
    code = (
        "import sys, numpy as np; from metric_harness.metrics.dsa import DSA; "
        "DSA().operator_distances([np.eye(2)], [(0, 0)]); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
