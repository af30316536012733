"""Overlap of nearest neighbors, against a search of all pairs and examples worked by hand."""

import itertools

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from metric_harness.arrays import Trajectories
from metric_harness.errors import DegenerateInputError, SettingError, ShapeError
from metric_harness.metrics.jaccard import Jaccard
from metric_harness.seeding import generator
from metric_harness.transforms import random_orthogonal

FLOOR = Jaccard.claims.numerical_floor


def rng(*path: str | int) -> np.random.Generator:
    return generator(89, "test_jaccard", *path)


def normal(*shape: int, path: str = "x") -> Trajectories:
    return rng("normal", path).standard_normal(shape)


def textbook(x: Trajectories, y: Trajectories, k: int, dissimilarity: str) -> float:
    """Return one minus the mean overlap of the k nearest by SciPy's distances between all pairs; without ties only."""
    neighborhoods: list[list[set[int]]] = []
    for z in (x, y):
        states = z.reshape(-1, z.shape[-1])
        distances = cdist(states, states, dissimilarity)
        np.fill_diagonal(distances, np.inf)
        neighborhoods.append([set(row[:k].tolist()) for row in np.argsort(distances, axis=1)])
    return 1 - float(np.mean([len(a & b) / len(a | b) for a, b in zip(*neighborhoods, strict=True)]))


@pytest.mark.parametrize("dissimilarity", ["cosine", "euclidean"])
@pytest.mark.parametrize(
    ("shape", "n_x", "n_y", "k"), [((10, 30), 3, 3, 10), ((1, 90), 2, 7, 5), ((40, 1), 30, 2, 1), ((3, 4), 3, 3, 10)]
)
def test_jaccard_is_the_mean_overlap_of_the_nearest_of_all(shape, n_x, n_y, k, dissimilarity):
    x, y = 2 + normal(*shape, n_x), normal(*shape, n_y, path="y") - 1
    metric = Jaccard(k=k, dissimilarity=dissimilarity)
    for other in (y, np.concatenate([x, 0.5 * y], axis=-1)):
        assert metric.distance(x, other) == pytest.approx(textbook(x, other, k, dissimilarity), abs=1e-14)


def unit(*values: float) -> Trajectories:
    return np.array(values, dtype=float)[None, :, None]


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        # Nearest to 0 1 3 7 are 1 0 1 2, counted from 0; to 0 1 7 3 they are 1 0 3 1: two of four agree.
        (unit(0, 1, 3, 7), unit(0, 1, 7, 3), 0.5),
        (unit(0, 1, 3, 7), 5 - 2 * unit(0, 1, 3, 7), 0.0),
        # 1 is as far from 0 as from 2, and has both: overlaps 1, 1/2, 0 and 1.
        (unit(0, 1, 2, 4), unit(0, 1, 3, 4), 1 - (1 + 0.5 + 0 + 1) / 4),
        # Twins are each other's neighbor, and both 9 are that of 5: samples 3 and 4, then 1 and 4.
        (unit(0, 0, 5, 9, 9), unit(0, 9, 5, 0, 9), 1 - (0 + 0 + 1 / 3 + 0 + 0) / 5),
    ],
)
def test_overlaps_on_a_line_are_what_the_hand_computes(x, y, expected):
    metric = Jaccard(k=1, dissimilarity="euclidean")
    assert metric.distance(x, y) == pytest.approx(expected, abs=1e-14)
    assert metric.distance(y, x) == pytest.approx(expected, abs=1e-14)


def test_directions_on_a_circle_are_neighbors_whatever_their_lengths():
    angles, lengths = np.array([0.0, 0.1, 0.3, 0.6, 1.0]), np.array([1.0, 50, 2, 1e-3, 7])
    x = np.stack([np.cos(angles), np.sin(angles)], axis=-1)[None]
    assert Jaccard(k=1).distance(x, x * lengths[None, :, None]) == 0
    assert Jaccard(k=1, dissimilarity="euclidean").distance(x, x * lengths[None, :, None]) > 0


@pytest.mark.parametrize("dissimilarity", ["cosine", "euclidean"])
def test_states_on_a_lattice_keep_their_tied_neighbors_in_any_coordinates(dissimilarity):
    lattice = np.array(list(itertools.product([1.0, 2, 3, 4], repeat=3)))[None]
    y = normal(1, 64, 3)
    metric = Jaccard(k=3, dissimilarity=dissimilarity)
    expected = metric.distance(lattice, y)
    for k in range(10):
        turned = 37 * lattice @ random_orthogonal(3, rng("turn", k))
        assert metric.distance(lattice, turned) == 0
        assert metric.distance(turned, y) == pytest.approx(expected, abs=FLOOR)


def test_no_detour_is_shorter():
    xs = [normal(2, 12, 2, path=str(k)) for k in range(8)]
    xs += [0.5 * (xs[0] + xs[1]), 0.9 * xs[0] + 0.1 * xs[1]]
    matrix = Jaccard(k=4).distances(xs)
    for i, j, via in itertools.permutations(range(len(xs)), 3):
        assert matrix[i, j] <= matrix[i, via] + matrix[via, j] + FLOOR


def test_independent_recordings_are_as_far_as_chance_has_it():
    # Of k neighbors among n - 1 others k² / (n - 1) are shared by chance: an overlap of about k / (2 n).
    x, y = normal(1, 2000, 3), normal(1, 2000, 3, path="y")
    assert Jaccard(k=40).distance(x, y) == pytest.approx(1 - 40 / (2 * 2000), abs=2e-3)


def test_long_recordings_are_compared_at_evenly_spaced_times_of_every_trial():
    x, y = normal(5, 150, 4), normal(5, 150, 4, path="y")
    expected = Jaccard().distance(x[:, [25, 75, 125]], y[:, [25, 75, 125]])
    assert Jaccard(n_samples=19).distance(x, y) == expected


@pytest.mark.parametrize(("shape", "n_units"), [((10, 60), 3), ((4, 10), 39), ((2, 6), 100), ((20, 1), 2)])
def test_rotating_scaling_and_where_claimed_shifting_change_nothing(shape, n_units):
    x, turn = normal(*shape, n_units), random_orthogonal(n_units, rng("rotation"))
    order = rng("order").permutation(len(x))
    for metric, shift in ((Jaccard(), 0.0), (Jaccard(dissimilarity="euclidean"), 40.0)):
        y = normal(*shape, n_units, path="y")
        assert metric.distance(x, 1e3 * (x @ turn) + shift) == 0
        assert metric.distance(x[order], y[order]) == pytest.approx(metric.distance(x, y), abs=FLOOR)
    assert (Jaccard().claims.translation, Jaccard(dissimilarity="euclidean").claims.translation) == (False, True)


@pytest.mark.parametrize("dissimilarity", ["cosine", "euclidean"])
@pytest.mark.parametrize("scale", [1e-300, 1e-12, 1e12, 1e300])
def test_scales_near_the_limits_of_floats_change_nothing(scale, dissimilarity):
    x, y, metric = normal(5, 10, 3), normal(5, 10, 4, path="y"), Jaccard(dissimilarity=dissimilarity)
    assert metric.distance(scale * x, y) == metric.distance(x, y)


def test_states_that_all_but_a_few_share_are_no_trouble():
    x = normal(4, 300, 3)
    x[:, 20:] = x[0, 0]
    assert Jaccard().distance(x, 2 * x @ random_orthogonal(3, rng("stuck"))) == 0
    assert 0 < Jaccard().distance(x, normal(4, 300, 3, path="y")) < 1


@pytest.mark.parametrize(
    ("metric", "x", "error", "message"),
    [
        (Jaccard(), np.ones((3, 5, 2)), DegenerateInputError, "x is constant over its 15 samples"),
        (Jaccard(), normal(3, 4, 2)[:, :3], DegenerateInputError, "9 samples; needed more than 11"),
        (Jaccard(), np.zeros((3, 5, 2)), DegenerateInputError, "x is constant over its 15 samples"),
        (Jaccard(), normal(3, 5, 2) * np.arange(5)[:, None], DegenerateInputError, "3 of 15 samples are zero, first"),
        (Jaccard(), np.abs(normal(3, 5, 1)) * [1, 2.5], DegenerateInputError, "15 samples lie in one direction"),
        (Jaccard(dissimilarity="euclidean"), np.full((3, 5, 2), 0.1), DegenerateInputError, "x is constant"),
    ],
)
def test_what_has_no_neighbors_is_refused(metric, x, error, message):
    with pytest.raises(error, match=message):
        metric.distance(x, normal(*x.shape, path="y"))


def test_unpaired_samples_are_refused():
    with pytest.raises(ShapeError, match="x has 3 trials of 5 times and y has 3 of 4"):
        Jaccard().distance(normal(3, 5, 2), normal(3, 4, 2))


def test_a_batch_is_its_pairs_and_refuses_what_they_refuse():
    xs = [normal(3, 10, 2 + k, path=str(k)) for k in range(4)]
    pairs = [(0, 2), (2, 3), (3, 0)]
    assert Jaccard().pair_distances(xs, pairs).tolist() == [Jaccard().distance(xs[i], xs[j]) for i, j in pairs]
    with pytest.raises(DegenerateInputError, match="recording 1 is constant"):
        Jaccard().pair_distances([normal(3, 5, 2), np.ones((3, 5, 2))], [(0, 1)])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"k": 0}, "k is 0; needed 1 or more"),
        ({"k": 10, "n_samples": 11}, "n_samples is 11; needed 12 or more"),
        ({"dissimilarity": "manhattan"}, "dissimilarity is 'manhattan'; needed one of cosine, euclidean"),
    ],
)
def test_settings_without_a_meaning_are_refused(settings, message):
    with pytest.raises(SettingError, match=message):
        Jaccard(**settings)
