"""Contrasts of distances by class and by level, on matrices small enough for the hand."""

import itertools

import numpy as np
import pytest

from metric_harness import contrasts
from metric_harness.arrays import Array
from metric_harness.contrasts import ClassContrast, TrendContrast
from metric_harness.seeding import generator

T_95 = 12.706204736
"""Student's t(.975) with one degree of freedom, tan(.475 π)."""
LABELS = [0, 0, 1, 1]


def rng(*path: str | int) -> np.random.Generator:
    return generator(43, "test_contrasts", *path)


def matrix(*upper: float, diagonal: float = 1e9) -> Array:
    """Return the symmetric matrix with this upper triangle, row by row, and huge self pairs."""
    n = round((1 + np.sqrt(1 + 8 * len(upper))) / 2)
    full = np.zeros((n, n))
    full[np.triu_indices(n, 1)] = upper
    full += full.T
    np.fill_diagonal(full, diagonal)
    return full


# Pairs (0,1) (0,2) (0,3) (1,2) (1,3) (2,3); the first and the last are within a class.
CLASS_WORLDS = [matrix(1, 3, 4, 5, 6, 2), matrix(2, 3, 3, 5, 5, 4)]


def by_class(matrices: list[Array], labels: object = LABELS, floor: float = 1e-9) -> ClassContrast:
    return contrasts.class_contrast(matrices, labels, floor=floor, n_permutations=99, rng=rng("null"))


def test_same_class_follows_the_order_of_off_diagonal():
    assert contrasts.same_class(LABELS).tolist() == [True, False, False, False, False, True]
    assert contrasts.same_class(["b", "a", "b"]).tolist() == [False, True, False]


def test_class_contrast_averages_over_worlds_what_each_world_shows():
    found = by_class(CLASS_WORLDS)
    # World 1: 1 and 2 below 3 4 5 6, AUC 1. World 2: 2 below all of 3 3 5 5, 4 below two: 6 of 8.
    assert found.auc.value == pytest.approx((1 + 0.75) / 2)
    # Within 1.5 and 3, across 4.5 and 4: mean ± t · |difference| / 2.
    assert found.within.value == pytest.approx(2.25)
    assert found.within.high - found.within.low == pytest.approx(2 * T_95 * 0.75)
    assert found.across.value == pytest.approx(4.25)
    assert found.across.high - found.across.low == pytest.approx(2 * T_95 * 0.25)


def test_the_interval_of_an_auc_stays_within_0_and_1():
    found = by_class(CLASS_WORLDS)
    assert (found.auc.low, found.auc.high) == (0.0, 1.0)


def test_the_class_null_permutes_labels_over_items():
    # Of the three ways to split four items in halves only the given one reaches the observed AUC of 7.5 in 8
    # (of the means 1.5, 3 against 3, 3.5, 5, 5.5); the others have 2.5 and 2.
    assert by_class(CLASS_WORLDS).p == pytest.approx(1 / 3)
    assert by_class(CLASS_WORLDS, [1, 1, 0, 0]).p == pytest.approx(1 / 3)
    assert by_class(CLASS_WORLDS, [0, 1, 0, 1]).p == pytest.approx(2 / 3)
    assert by_class(CLASS_WORLDS, [0, 1, 1, 0]).p == 1.0


def test_differences_below_the_floor_are_ties():
    noisy = [matrix(*(0.3 + 1e-7 * np.arange(6))), matrix(*(0.3 + 1e-7 * np.arange(6)))]
    assert by_class(noisy, floor=1e-5).auc.value == 0.5
    assert by_class(noisy, floor=1e-5).p == 1.0
    # Above the floor they count: 0 and 1 below all of 2 4 5, 3 below two, so 8 of 9.
    assert by_class(noisy, [0, 0, 0, 1], floor=1e-5).auc.value == 0.5
    assert by_class(noisy, [0, 0, 0, 1], floor=1e-9).auc.value == pytest.approx(8 / 9)


def test_both_directions_of_an_asymmetric_distance_count():
    # Within pairs 0 and 2 average to 1, below 3; either direction alone would give 0 or 2 as its mean.
    lopsided = matrix(0, 3, 3, 3, 3, 0)
    lopsided[1, 0] = lopsided[3, 2] = 2
    assert by_class([lopsided, lopsided]).within.value == 1.0


@pytest.mark.parametrize("diagonal", [0.0, -1e12, 1e12])
def test_self_pairs_enter_no_contrast(diagonal):
    classes = [matrix(*m[np.triu_indices(4, 1)], diagonal=diagonal) for m in CLASS_WORLDS]
    assert by_class(classes) == by_class(CLASS_WORLDS)
    np.testing.assert_equal(vars(by_level(TREND_WORLDS)), vars(by_level(with_diagonal(TREND_WORLDS, diagonal))))


def with_diagonal(matrices: list[Array], value: float) -> list[Array]:
    return [matrix(*m[np.triu_indices(len(m), 1)], diagonal=value) for m in matrices]


# Levels of the pairs (0,1) (0,2) (0,3) (1,2) (1,3) (2,3); the fifth pair has none.
LEVELS = matrix(0, 1, 1, 2, -1, 0, diagonal=7).astype(int)
TREND_WORLDS = [matrix(4, 3, 1, 1, 99, 6), matrix(8, 4, 6, 1, -99, 10)]


def by_level(matrices: list[Array], levels: Array = LEVELS, floor: float = 1e-9) -> TrendContrast:
    return contrasts.trend_contrast(matrices, [levels] * len(matrices), floor=floor, n_permutations=99, rng=rng("null"))


def test_trend_contrast_has_the_mean_of_each_level_and_the_steps_between():
    found = by_level(TREND_WORLDS)
    assert found.levels == [0, 1, 2]
    # World 1: (4 + 6)/2, (3 + 1)/2, 1. World 2: (8 + 10)/2, (4 + 6)/2, 1.
    assert found.table.tolist() == [[5, 2, 1], [9, 5, 1]]
    assert [mean.value for mean in found.means] == [7, 3.5, 1]
    # Steps 3 and 4, then 1 and 4: mean ± t · |difference| / 2.
    assert [step.value for step in found.steps] == [3.5, 2.5]
    assert [step.high - step.low for step in found.steps] == pytest.approx([T_95 * 1, T_95 * 3])


@pytest.mark.parametrize("fifth", [0, -1])
def test_the_trend_null_permutes_items_of_the_level_matrix(fifth):
    # Mantel's test for all 4! orders: minus the covariance of distance and level over the pairs that have a level.
    levels = matrix(0, 1, 2, 1, fifth, 2).astype(int)
    world = matrix(4, 3, 1, 2, 6, 5)
    upper = np.triu_indices(4, 1)

    def statistic(order: tuple[int, ...]) -> float:
        level = levels[np.ix_(order, order)][upper]
        return -np.cov(world[upper][level >= 0], level[level >= 0], bias=True)[0, 1]

    null = np.array([statistic(order) for order in itertools.permutations(range(4))])
    expected = (null >= null[0] - 1e-9).mean()
    assert 0 < expected < 0.7
    assert by_level([world] * 2, levels).p == pytest.approx(expected)


def test_a_planted_trend_reaches_the_smallest_p():
    levels = np.add.outer(np.arange(8), np.arange(8))
    worlds = [20.0 - levels + rng("planted", k).normal(0, 0.1, (8, 8)) for k in range(2)]
    assert by_level(worlds, levels).p == 1 / 100
    assert by_level([-world for world in worlds], levels).p == 1.0


def test_levels_may_differ_from_world_to_world():
    other = matrix(2, 1, 1, 0, -1, 0).astype(int)
    found = contrasts.trend_contrast(
        [TREND_WORLDS[0]] * 2, [LEVELS, other], floor=1e-9, n_permutations=9, rng=rng("null")
    )
    # Under the other levels 4 is at level 2, and (1 + 6)/2 at level 0.
    assert found.table.tolist() == [[5, 2, 1], [3.5, 2, 4]]


def test_trends_average_both_directions_and_round_to_the_floor():
    lopsided = matrix(4, 3, 1, 1, 99, 6)
    lopsided[1, 0], lopsided[0, 1] = 3.0, 5.0
    assert by_level([lopsided] * 2).table.tolist() == [[5, 2, 1]] * 2
    # Rounded to multiples of 4, half to even: 4 → 4, 6 → 8; 3 → 4, 1 → 0; 1 → 0.
    assert by_level([TREND_WORLDS[0]] * 2, floor=4.0).table.tolist() == [[6, 2, 0]] * 2


def noise_worlds(trial: int, n: int) -> list[Array]:
    raw = rng("noise", trial).random((2, n, n))
    return list(raw + raw.swapaxes(1, 2))


@pytest.mark.parametrize("kind", ["enumerated classes", "drawn classes", "trend"])
def test_p_is_uniform_where_labels_say_nothing(kind):
    labels = [0, 0, 0, 0, 1, 1, 1, 1] if kind == "enumerated classes" else [0, 1, 2, 3] * 3
    n = len(labels)
    levels = rng("levels").integers(0, 4, (n, n))
    levels = np.triu(levels) + np.triu(levels, 1).T

    def one(trial: int) -> float:
        shared = {"floor": 1e-9, "n_permutations": 19, "rng": rng("p", trial)}
        if kind == "trend":
            return contrasts.trend_contrast(noise_worlds(trial, n), [levels] * 2, **shared).p
        return contrasts.class_contrast(noise_worlds(trial, n), labels, **shared).p

    ps = np.array([one(trial) for trial in range(150)])
    # Half of the 70 arrangements are mirror images of the others: p is a multiple of 1/35, or of 1/20 where drawn.
    step = 35 if kind == "enumerated classes" else 20
    for q in (np.floor(np.array([0.1, 0.25, 0.5, 0.75]) * step) / step).tolist():
        # Binomial(150, q) within 4 standard errors.
        assert abs((ps <= q + 1e-9).mean() - q) < 4 * np.sqrt(q * (1 - q) / 150), q


def test_a_level_that_is_absent_from_one_world_is_refused():
    levels = np.array([[0, 0, 1], [0, 0, 1], [1, 1, 0]])
    with pytest.raises(ValueError, match=r"world 1 has no pair at level \[1\]"):
        contrasts.trend_contrast(
            [np.ones((3, 3))] * 2,
            [levels, np.zeros_like(levels)],
            floor=0.0,
            n_permutations=9,
            rng=np.random.default_rng(0),
        )


def test_classes_may_be_named_in_words():
    matrix = np.array([[0.0, 1, 5, 5], [1, 0, 5, 5], [5, 5, 0, 1], [5, 5, 1, 0]])
    found = [
        contrasts.class_contrast([matrix] * 2, labels, floor=0.0, n_permutations=9, rng=np.random.default_rng(0))
        for labels in (list("aabb"), [7, 7, 3, 3])
    ]
    assert found[0] == found[1]
    # Of 4! / (2! 2!) = 6 arrangements, the observed one and the one with the names exchanged separate perfectly.
    assert found[0].p == pytest.approx(2 / 6)


def test_neighbor_accuracy_counts_nearest_items_of_the_own_class():
    # 0 is nearest to 1 (own), 1 to 2 (other), 2 to 1 (other), 3 to 2 (own).
    places = np.array([0.0, 2.0, 3.0, 5.0])
    matrix = np.abs(places[:, None] - places)
    assert contrasts.neighbor_accuracy(matrix, [0, 0, 1, 1]) == 0.5


def test_equally_near_neighbors_share_the_vote():
    # All at one distance: of the three others one is of the own class.
    assert contrasts.neighbor_accuracy(np.ones((4, 4)), [0, 0, 1, 1]) == pytest.approx(1 / 3)


def test_silhouette_is_worked_by_hand():
    # Places 0, 1 | 4, 6: a = 1, 1, 2, 2 and b = 5, 4, 3.5, 5.5; mean of 4/5, 3/4, 1.5/3.5, 3.5/5.5.
    places = np.array([0.0, 1.0, 4.0, 6.0])
    matrix = np.abs(places[:, None] - places)
    expected = np.mean([4 / 5, 3 / 4, 1.5 / 3.5, 3.5 / 5.5])
    assert contrasts.silhouette(matrix, ["a", "a", "b", "b"]) == pytest.approx(expected)
    assert contrasts.silhouette(np.zeros((4, 4)), [0, 0, 1, 1]) == 0.0
