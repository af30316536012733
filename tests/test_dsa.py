"""DSA recovers linear dynamics, ignores what it claims to ignore, and refuses what it cannot judge."""

import doctest

import numpy as np
import pytest

from metric_harness import conjugacy
from metric_harness.arrays import Array
from metric_harness.corpora import fixed_corpus
from metric_harness.errors import (
    DegenerateInputError,
    NonFiniteError,
    NotConvergedError,
    SettingError,
    ShapeError,
)
from metric_harness.interfaces import ComparesOperators
from metric_harness.metrics import dsa as module
from metric_harness.metrics.dsa import DSA
from metric_harness.seeding import generator

FLOOR = DSA.claims.numerical_floor


def rng(*path: str | int) -> np.random.Generator:
    return generator(11, "test_dsa", *path)


def linear(operator: Array, n_trials: int = 20, n_times: int = 30) -> Array:
    """Iterate x ← A x from random states."""
    states = [rng("linear").standard_normal((n_trials, len(operator)))]
    for _ in range(n_times - 1):
        states.append(states[-1] @ operator.T)
    return np.stack(states, axis=1)


@pytest.fixture(scope="module")
def corpus() -> list[Array]:
    return list(fixed_corpus(rng("corpus")))


@pytest.fixture(scope="module")
def rotation() -> Array:
    return np.linalg.qr(rng("rotation").standard_normal((4, 4)))[0]


def test_operator_of_a_linear_system_has_its_eigenvalues() -> None:
    operator = np.array([[0.95, 0.2, 0.0], [-0.2, 0.95, 0.1], [0.0, 0.0, 0.8]])
    found = DSA(n_delays=1, delay_interval=1, rank=3).operator(linear(operator))
    expected = np.sort_complex(np.linalg.eigvals(operator))
    np.testing.assert_allclose(np.sort_complex(np.linalg.eigvals(found)), expected, atol=1e-10)


def test_delays_recover_eigenvalues_of_unseen_dimensions() -> None:
    operator = np.array([[0.9, 0.3, 0.0], [-0.3, 0.9, 0.2], [0.1, 0.0, 0.8]])
    seen = linear(operator)[:, :, :1]
    found = DSA(n_delays=6, delay_interval=2, rank=3).operator(seen)
    expected = np.sort_complex(np.linalg.eigvals(operator))
    np.testing.assert_allclose(np.sort_complex(np.linalg.eigvals(found)), expected, atol=1e-8)


@pytest.mark.parametrize("n_units", [2, 30, 200, 500])
@pytest.mark.parametrize("way", ["products", "decomposition"])
def test_operator_is_the_least_squares_map_of_left_singular_vectors(
    n_units: int, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if way == "decomposition":
        monkeypatch.setattr(module, "_FLATTEST", 1.0)
    x = rng("wide", n_units).standard_normal((18, 42, n_units))
    windows = [np.concatenate([trial[:40], trial[2:]], axis=1) for trial in x]
    vectors = np.linalg.svd(np.concatenate(windows), full_matrices=False)[0][:, :4].reshape(18, 40, 4)
    expected = np.linalg.lstsq(vectors[:, :-1].reshape(-1, 4), vectors[:, 1:].reshape(-1, 4), rcond=None)[0].T
    found = DSA(n_delays=2, delay_interval=2, rank=4).operator(x)
    np.testing.assert_allclose(np.diag(found), np.diag(expected), atol=1e-10)
    # A coordinate may be flipped, which changes signs beside the diagonal.
    np.testing.assert_allclose(np.abs(found), np.abs(expected), atol=1e-10)


def late(size: float) -> Array:
    """Return a recording of which one source, heard in all units, is of this size but at the last times."""
    sources = rng("late").standard_normal((40, 12, 3))
    sources[:, :-1, 2] *= size
    return sources @ rng("late", "units").standard_normal((3, 3))


def test_a_coordinate_that_hardly_has_successors_is_still_fitted() -> None:
    x = late(1e-5)  # squared, of the size of rounding
    vectors = np.linalg.svd(x.reshape(-1, 3), full_matrices=False)[0].reshape(40, 12, 3)
    expected = np.linalg.lstsq(vectors[:, :-1].reshape(-1, 3), vectors[:, 1:].reshape(-1, 3), rcond=None)[0].T
    found = DSA(n_delays=1, delay_interval=1, rank=3).operator(x)
    np.testing.assert_allclose(np.abs(found), np.abs(expected), rtol=1e-9)


def test_a_coordinate_without_successors_is_refused() -> None:
    with pytest.raises(
        DegenerateInputError, match=r"x: the windows that have a successor span 2 dimensions; .* rank=3"
    ):
        DSA(n_delays=1, delay_interval=1, rank=3).operator(late(0.0))


def test_windows_never_cross_trials() -> None:
    # One long trial cut in two: the operator must not see the jump, so it stays exact.
    operator = np.array([[0.9, 0.3], [-0.3, 0.9]])
    x = linear(operator, n_trials=2, n_times=12)
    x[1] *= -7.0
    found = DSA(n_delays=2, delay_interval=3, rank=2).operator(x)
    expected = np.sort_complex(np.linalg.eigvals(operator))
    np.testing.assert_allclose(np.sort_complex(np.linalg.eigvals(found)), expected, atol=1e-10)


def test_identical_recordings_are_at_zero(corpus: list[Array]) -> None:
    assert max(DSA().distance(x, x.copy()) for x in corpus) <= FLOOR


@pytest.mark.parametrize("change", ["rotation", "permutation", "scale", "trials", "padding"])
def test_distance_ignores_what_it_claims_to_ignore(corpus: list[Array], rotation: Array, change: str) -> None:
    x, y = corpus[0], corpus[1]
    changed = {
        "rotation": y @ rotation,
        "permutation": y[:, :, [2, 0, 3, 1]],
        "scale": 37.0 * y,
        "trials": y[::-1],
        "padding": np.concatenate([y, np.zeros_like(y[:, :, :2])], axis=2),
    }[change]
    assert DSA().distance(y, changed) <= FLOOR
    assert abs(DSA().distance(x, changed) - DSA().distance(x, y)) <= FLOOR


@pytest.mark.parametrize("change", ["shift", "unit_scaling", "linear", "time"])
def test_distance_moves_with_what_it_does_not_claim_to_ignore(corpus: list[Array], change: str) -> None:
    y = corpus[1]
    changed = {
        "shift": y + 5.0,
        "unit_scaling": y * np.array([1.0, 10.0, 0.1, 3.0]),
        "linear": y @ rng("linear map").standard_normal((4, 4)),
        "time": y[:, rng("time").permutation(y.shape[1])],
    }[change]
    assert DSA().distance(y, changed) > 1e-3


def test_distance_is_symmetric_and_batches_agree_with_single_pairs(corpus: list[Array]) -> None:
    dsa = DSA(n_delays=10, delay_interval=1, rank=8)
    matrix = dsa.distances(corpus)
    np.testing.assert_array_equal(matrix, matrix.T)
    assert matrix[np.triu_indices(6, 1)].min() > 1e-3
    assert matrix.max() <= np.pi
    assert dsa.distance(corpus[4], corpus[2]) == pytest.approx(matrix[2, 4], abs=1e-10)


def test_recordings_may_differ_in_trials_times_and_units(corpus: list[Array]) -> None:
    x, y = corpus[0], corpus[1][:7, :120, :3]
    assert 0 < DSA().distance(x, y) < np.pi


def test_each_recording_is_decomposed_once(corpus: list[Array], monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    original = DSA.operator

    def counted(self: DSA, x: Array, name: str = "x") -> Array:
        calls.append(name)
        return original(self, x, name)

    monkeypatch.setattr(DSA, "operator", counted)
    DSA(n_delays=5, delay_interval=1, rank=4).distances(corpus[:3])
    assert calls == ["recording 0", "recording 1", "recording 2"]


def test_operators_of_any_size_can_be_compared() -> None:
    dsa = DSA()
    assert isinstance(dsa, ComparesOperators)
    a = rng("operators").standard_normal((2, 3, 3))
    q = np.linalg.qr(rng("frame").standard_normal((3, 3)))[0]
    found = dsa.operator_distances([*a, q @ a[0] @ q.T], [(0, 2), (0, 1), (2, 1)])
    assert found[0] < 1e-9
    assert found[1] == pytest.approx(found[2], abs=1e-9)
    assert dsa.operator_distances([], []).shape == (0,)


@pytest.mark.parametrize(
    ("x", "settings", "message"),
    [
        (np.ones((5, 100, 3)), {}, "constant over its 500 samples"),
        (np.zeros((5, 100, 3)), {}, "constant over its 500 samples"),
        (rng("a").standard_normal((5, 40, 3)), {"n_delays": 20, "delay_interval": 3},
         "40 time steps; needed at least 59 .* Lower one of them, or record longer trials"),
        (rng("b").standard_normal((1, 12, 9)), {"n_delays": 2, "delay_interval": 1, "rank": 15},
         "1 trials with 10 steps .* needed at least rank=15 of both"),
        (rng("c").standard_normal((9, 50, 2)), {"n_delays": 3, "delay_interval": 1, "rank": 7},
         "3 x 2 entries each; needed at least rank=7"),
        (linear(np.array([[0.9, 0.3], [-0.3, 0.9]])), {"n_delays": 5, "delay_interval": 1, "rank": 3},
         "numerical rank 2; needed rank=3. Lower the rank to 2 or less"),
        (np.eye(2)[:, None, :] * np.array([1.0, 0.0, 0.0])[:, None],
         {"n_delays": 1, "delay_interval": 1, "rank": 2}, "its operator is zero"),
    ],
)  # fmt: skip
def test_data_that_determine_no_operator_are_refused(x: Array, settings: dict[str, int], message: str) -> None:
    with pytest.raises(DegenerateInputError, match=message):
        DSA(**settings).distance(x, x)


def test_invalid_arrays_are_refused() -> None:
    x = rng("valid").standard_normal((5, 100, 3))
    with pytest.raises(ShapeError, match="trials, time, units"):
        DSA().distance(x, x[0])
    with pytest.raises(NonFiniteError, match="recording 1 holds 1500 NaN"):
        DSA().distance(x, x * np.nan)
    with pytest.raises(ShapeError, match="square matrices of one size"):
        DSA().operator_distances([np.eye(2), np.eye(3)], [(0, 1)])


def test_an_alignment_that_did_not_converge_is_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def unfinished(a: Array, b: Array, *, n_rounds: int, device: str) -> conjugacy.Alignment:
        return conjugacy.Alignment(np.zeros(len(a)), np.arange(len(b)) != 1)

    monkeypatch.setattr(conjugacy, "align", unfinished)
    with pytest.raises(NotConvergedError, match=r"1 of 2 alignments did not converge, first \(0, 1\)"):
        DSA().operator_distances([np.eye(2), np.eye(2)], [(0, 0), (0, 1)])


def test_settings_below_one_are_refused() -> None:
    with pytest.raises(SettingError, match="rank is 0; needed 1 or more"):
        DSA(rank=0)


def test_published_settings_are_those_of_the_study() -> None:
    assert DSA().as_published("regimes") == DSA(n_delays=33, delay_interval=6, rank=20)
    assert {DSA().as_published(name) for name in ("mixing", "noise", "composition")} == {
        DSA(n_delays=33, delay_interval=6, rank=50)
    }
    assert DSA().as_published("unknown") == DSA()


@pytest.mark.parametrize("dsa", [DSA(), DSA(n_delays=1, delay_interval=1, rank=1)])
def test_each_neighbor_differs_in_one_setting(dsa: DSA) -> None:
    own = (dsa.n_delays, dsa.delay_interval, dsa.rank)
    for near in dsa.neighbors():
        theirs = (near.n_delays, near.delay_interval, near.rank)
        assert sum(a != b for a, b in zip(own, theirs, strict=True)) == 1


def test_example_in_the_docstring_holds() -> None:
    assert doctest.testmod(module, extraglobs={"np": np}).failed == 0
