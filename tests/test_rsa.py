"""RSA over time points, against SciPy's correlation distance and Spearman, and examples worked by hand."""

import dataclasses

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr

from metric_harness.arrays import Array, Trajectories
from metric_harness.errors import DegenerateInputError, NonFiniteError, SettingError, ShapeError
from metric_harness.metrics import rsa as module
from metric_harness.metrics.rsa import RSA
from metric_harness.seeding import generator
from metric_harness.transforms import random_orthogonal

FLOOR = RSA.claims.numerical_floor
EUCLIDEAN = RSA(dissimilarity="euclidean")


def rng(*path: str | int) -> np.random.Generator:
    return generator(59, "test_rsa", *path)


def normal(*shape: int, path: str = "x") -> Trajectories:
    return rng("normal", path).standard_normal(shape)


def textbook(x: Trajectories, y: Trajectories, dissimilarity: str) -> float:
    first, second = (pdist(z.mean(axis=0), dissimilarity) for z in (x, y))
    return 1 - float(spearmanr(first, second).statistic)


@pytest.mark.parametrize("dissimilarity", ["correlation", "euclidean"])
@pytest.mark.parametrize(("n_times", "n_x", "n_y"), [(30, 4, 4), (30, 3, 9), (100, 50, 5), (3, 3, 3), (4, 3, 4)])
def test_rsa_is_one_minus_scipys_spearman_of_scipys_distances(n_times, n_x, n_y, dissimilarity):
    x, y = normal(7, n_times, n_x), normal(5, n_times, n_y, path="y")
    for other in (y, np.concatenate([x, 0.3 * x[..., :1] ** 2], axis=-1)):
        found = RSA(dissimilarity=dissimilarity).distance(x, other)
        assert found == pytest.approx(textbook(x, other, dissimilarity), abs=1e-12)


def test_conditions_beyond_the_setting_are_evenly_spaced_times():
    x, y = normal(5, 150, 4), normal(5, 150, 4, path="y")
    chosen = [0, 50, 99, 149]  # 149/3 = 49.7 and 99.3
    found = RSA(n_conditions=4).distance(x, y)
    assert found == pytest.approx(textbook(x[:, chosen], y[:, chosen], "correlation"), abs=1e-12)
    assert RSA(n_conditions=150).distance(x, y) == RSA(n_conditions=1000).distance(x, y)


ARROWS = np.array([[[1.0, -1, 0], [1, 0, -1], [0, 1, -1]]])
"""Patterns 60° apart: correlations of 12, 13, 23 are 1/2, -1/2, 1/2, and squared lengths of differences 2, 6, 2."""


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        # Ranks (1.5, 3, 1.5) about their mean 2: (-1, 2, -1)/2, of squared norm 3/2.
        ([0, 1, 2], 0.0),
        ([2, 1, 0], 0.0),
        # (3, 1.5, 1.5): (2, -1, -1)/2; the product -3/4 over 3/2.
        ([0, 2, 1], 1.5),
        ([1, 0, 2], 1.5),
    ],
)
@pytest.mark.parametrize("dissimilarity", ["correlation", "euclidean"])
def test_three_patterns_with_a_tie_are_what_the_hand_computes(order, expected, dissimilarity):
    metric = RSA(dissimilarity=dissimilarity)
    assert metric.distance(ARROWS, ARROWS[:, order]) == pytest.approx(expected, abs=1e-14)
    assert metric.distance(5 * ARROWS[:, order], ARROWS) == pytest.approx(expected, abs=1e-14)


def on_a_line(*places: float) -> Trajectories:
    return np.array(places)[None, :, None]


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        # Distances of 12, 13, 23 in x are 1, 3, 2. In y 2, 3, 1: Σd² = 2, 1 - ρ = 6 · 2 / 24.
        ((0.0, 2.0, 3.0), 0.5),
        # 3, 1, 2: Σd² = 8.
        ((0.0, 3.0, 1.0), 2.0),
        # 1, 2, 3: Σd² = 2.
        ((0.0, 1.0, -2.0), 0.5),
        # 10, 30, 20 and the mirror image.
        ((5.0, -5.0, -25.0), 0.0),
    ],
)
def test_three_places_on_a_line_are_what_the_hand_computes(places, expected):
    assert EUCLIDEAN.distance(on_a_line(0, 1, 3), on_a_line(*places)) == pytest.approx(expected, abs=1e-14)


def test_the_triangle_inequality_breaks():
    # Distances 1 3 2, 2 3 1 and 3 2 1: .5 + .5 < 1.5.
    x, y, z = on_a_line(0, 1, 3), on_a_line(0, 2, 3), on_a_line(0, 3, 2)
    found = [EUCLIDEAN.distance(x, y), EUCLIDEAN.distance(y, z), EUCLIDEAN.distance(x, z)]
    assert found == pytest.approx([0.5, 0.5, 1.5], abs=1e-14)


@pytest.mark.parametrize("n_times", [5, 40, 150])
def test_what_is_claimed_to_change_nothing_changes_nothing(n_times):
    x, y = normal(6, n_times, 4), normal(6, n_times, 4, path="y")
    q = random_orthogonal(4, rng("q"))
    for metric in (RSA(), EUCLIDEAN):
        expected = metric.distance(x, y)
        for changed in (
            1e-6 * y,
            37 * y,
            1e100 * y,
            y[..., [2, 0, 3, 1]],
            y[[3, 0, 5, 1, 2, 4]],
            np.repeat(y, 2, axis=0),
        ):
            assert metric.distance(x, changed) == pytest.approx(expected, abs=1e-14)
    for changed in (y @ q, np.add(y, [5.0, -3, 1, 0]), y - 1e6):
        assert EUCLIDEAN.distance(x, changed) == pytest.approx(EUCLIDEAN.distance(x, y), abs=1e-14)
        assert EUCLIDEAN.distance(y, changed) <= FLOOR


def test_the_claims_follow_the_dissimilarity():
    assert (RSA().claims.orthogonal, RSA().claims.translation) == (False, False)
    assert (EUCLIDEAN.claims.orthogonal, EUCLIDEAN.claims.translation) == (True, True)
    assert RSA().claims is RSA.claims
    back = dataclasses.replace(EUCLIDEAN, dissimilarity="correlation")
    assert back.claims == RSA.claims
    assert back == RSA()


def test_shuffling_the_times_of_both_matters_only_to_the_choice_of_times():
    x, y = normal(5, 60, 4), normal(5, 60, 4, path="y")
    order = rng("order").permutation(60)
    assert RSA().distance(x[:, order], y[:, order]) == pytest.approx(RSA().distance(x, y), abs=1e-14)
    assert abs(RSA(n_conditions=20).distance(x[:, order], y[:, order]) - RSA(n_conditions=20).distance(x, y)) > 1e-3
    assert RSA().distance(x, x[:, order]) > 0.5


def test_two_units_leave_signs_only_and_rounding_does_not_rank_them():
    # Across two units a correlation is 1 or -1, to rounding: conditions fall into two classes.
    x = normal(1, 30, 2)
    x[..., 0] = x[..., 1] + np.where(np.arange(30) % 3 == 0, 1, -1) * np.abs(normal(1, 30, path="gap"))
    scaled = x * rng("scale").uniform(0.5, 2, (1, 30, 1)) + normal(1, 30, 1, path="shift")
    assert RSA().distance(x, scaled) == 0


@pytest.mark.parametrize("noise", [0.0, 1e-15, 1e-13])
def test_dissimilarities_that_rounding_alone_sets_apart_are_tied(noise):
    # 1, 1, 2 up to noise; without the tie a flip of the first two moves d by 1/2 and more.
    assert EUCLIDEAN.distance(on_a_line(0, 1, 2), on_a_line(0, 1 + noise, 2)) == 0
    assert EUCLIDEAN.distance(on_a_line(0, 1, 2), on_a_line(0, 1 + 1e-9, 2)) > 0.1


@pytest.mark.parametrize(
    ("values", "ranks"),
    [
        ([3.0, 1.0, 2.0], [3, 1, 2]),
        ([1.0, 1.0, 0.5, 1.0], [3, 3, 1, 3]),
        ([1.0, 1.0 + 1e-12, 2.0], [1.5, 1.5, 3]),
        ([0.0, 0.0, 0.0], [2, 2, 2]),
        # Ties are of neighbors in order, and reach through them.
        ([1.0, 1 + 0.9e-10, 1 + 1.8e-10, 1.5], [2, 2, 2, 4]),
    ],
)
def test_ties_share_their_average_rank(values, ranks):
    assert module._tied_ranks(np.array(values)).tolist() == ranks


def test_a_flipped_pair_of_neighbors_moves_the_distance_by_no_more_than_the_docstring_says():
    m = 4950
    own = rng("ranks").permutation(m).astype(float)
    other = np.arange(m, dtype=float)
    flipped = other.copy()
    # The worst flip: neighbors in one order that are first and last in the other.
    first, last = int(np.argmin(own)), int(np.argmax(own))
    flipped[[first, last]] = other[[last, first]]

    def distance(a: Array, b: Array) -> float:
        return 1 - float(spearmanr(a, b).statistic)

    step = abs(distance(own, flipped) - distance(own, other)) / abs(other[first] - other[last])
    assert 0.99 * 12 / m**2 < step <= 12 / m**2 < FLOOR


def test_a_batch_ranks_each_used_recording_once(monkeypatch):
    calls: list[str] = []
    original = RSA._ranks

    def counted(self: RSA, x: Array, name: str) -> Array:
        calls.append(name)
        return original(self, x, name)

    xs = [normal(3 + k, 20, 3 + k, path=str(k)) for k in range(4)]
    pairs = [(0, 2), (2, 3), (3, 0)]
    expected = [RSA().distance(xs[i], xs[j]) for i, j in pairs]
    monkeypatch.setattr(RSA, "_ranks", counted)
    assert RSA().pair_distances(xs, pairs).tolist() == expected
    assert calls == ["recording 0", "recording 2", "recording 3"]


def quiet_at(x: Trajectories, time: int) -> Trajectories:
    """Return a recording whose trials cancel at one time, up to rounding."""
    x = x.copy()
    x[:, time] = 0.1 * np.array([1, -1, 3, -3, 7, -7])[:, None] * np.array([1.0, 2.0, 3.0, 4.0])
    return x


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (normal(6, 20, 1), "20 of 20 patterns are constant across the 1 units, first that of condition 0"),
        (np.ones((6, 20, 4)), "20 of 20 patterns are constant across the 4 units"),
        (np.zeros((6, 20, 4)), "is zero at all 20 conditions"),
        (quiet_at(normal(6, 20, 4), 7), "1 of 20 patterns are constant across the 4 units, first that of condition 7"),
        (np.tile([1.0, 2.0, 4.0, 0.3], (6, 20, 1)), "all 190 pairs of conditions are equally dissimilar"),
        (np.eye(20)[None] * 3, "all 190 pairs of conditions are equally dissimilar"),
    ],
)
def test_what_has_no_order_of_dissimilarities_is_refused_by_name(bad, message):
    good = normal(6, 20, 4, path="good")
    with pytest.raises(DegenerateInputError, match=f"x.*{message}"):
        RSA().distance(bad, good)
    with pytest.raises(DegenerateInputError, match=f"y.*{message}"):
        RSA().distance(good, bad)
    with pytest.raises(DegenerateInputError, match=f"recording 1.*{message}"):
        RSA().pair_distances([good, bad], [(0, 1)])


def test_too_few_or_other_times_are_refused():
    with pytest.raises(DegenerateInputError, match="x has 2 times; needed at least 3 conditions"):
        RSA().distance(normal(6, 2, 4), normal(6, 2, 4, path="y"))
    for call in (RSA().distance, lambda x, y: RSA().pair_distances([x, y], [(0, 1)])):
        with pytest.raises(ShapeError, match="x has 20 times and y has 19"):
            call(normal(6, 20, 4), normal(6, 19, 4))
        with pytest.raises(ShapeError, match="needed 3 axes"):
            call(normal(6, 20, 4), normal(20, 4))
        with pytest.raises(NonFiniteError, match="480 NaN"):
            call(normal(6, 20, 4), normal(6, 20, 4) * np.nan)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_conditions": 2}, "n_conditions is 2; needed 3 or more"),
        ({"dissimilarity": "cosine"}, "dissimilarity is 'cosine'; needed one of correlation, euclidean"),
    ],
)
def test_impossible_settings_are_refused(settings, message):
    with pytest.raises(SettingError, match=message):
        RSA(**settings)


def test_the_neighbors_differ_also_at_the_fewest_conditions():
    assert [near.n_conditions for near in RSA(n_conditions=3).neighbors()] == [4, 3]
    assert [near.n_conditions for near in RSA().neighbors()] == [133, 266, 200]
