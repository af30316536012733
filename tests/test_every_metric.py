"""Every metric of the package is written to the rules, and is what it claims to be on the fixed corpus."""

import dataclasses
import doctest
import importlib
import inspect
import pickle

import numpy as np
import pytest

from metric_harness import catalogue, resolution
from metric_harness.adapter import MetricUnderTest, settings_of
from metric_harness.arrays import Array, Trajectories
from metric_harness.corpora import fixed_corpus
from metric_harness.errors import MetricError
from metric_harness.interfaces import AbstractMetric, Claims, ComparesOperators
from metric_harness.seeding import generator
from metric_harness.statistics import unique_pairs
from metric_harness.transforms import random_orthogonal

NAMES = catalogue.implementations("metrics")
SLOW = {
    "repsim_cka": "7 s a pair on the corpus, as its cost is cubic in samples; tests/test_bridges.py has a smaller one"
}
HEADINGS = ("Input", "Output", "Claims", "Numerical floor", "Cost", "Raises", "Source", "Example")
EXPERIMENTS = ("regimes", "noise", "mixing", "composition", "learning", "no such experiment")


def rng(*path: str | int) -> np.random.Generator:
    return generator(31, "test_every_metric", *path)


CORPUS = fixed_corpus(rng("corpus"))
PAIRS = unique_pairs(len(CORPUS))


def made(name: str) -> AbstractMetric:
    return catalogue.load("metrics", name, AbstractMetric)()


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    if lacks := resolution.missing(request.param):
        pytest.skip(f"{request.param}{lacks}")
    return request.param


@pytest.fixture
def subject(name: str) -> MetricUnderTest:
    if name in SLOW:
        pytest.skip(f"{name}: {SLOW[name]}")
    return MetricUnderTest(name, made(name))


def test_a_metric_is_a_final_frozen_dataclass_named_like_its_file(name):
    bare = made(name)
    assert type(bare).__name__.lower() == name.replace("_", "")
    assert "@final\n" in inspect.getsource(type(bare))
    assert bare == made(name)
    with pytest.raises(dataclasses.FrozenInstanceError):
        bare.needs = "activations"


def test_a_batch_may_be_divided_where_the_metric_says_so(subject):
    looped = type(subject.bare).pair_distances is AbstractMetric.pair_distances
    if not type(subject.bare).separable:
        assert looped, "say `separable = True` if each pair gets the number that it gets alone"
        return
    few = PAIRS[:7]
    whole = subject.pair_distances(CORPUS, few)
    parts = [subject.pair_distances(CORPUS, few[k : k + 3]) for k in range(0, len(few), 3)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    np.testing.assert_array_equal(subject.pair_distances(CORPUS, few[::-1])[::-1], whole)


def test_the_docstring_has_every_heading_once_and_in_order(name):
    lines = (inspect.getdoc(type(made(name))) or "").splitlines()
    found = [line.partition(":")[0] for line in lines if line.partition(":")[0] in HEADINGS and ":" in line]
    assert tuple(found) == HEADINGS


def test_the_docstring_names_the_floor_that_is_claimed(name):
    bare = made(name)
    text = (inspect.getdoc(type(bare)) or "").partition("\nNumerical floor: ")[2]
    assert float(text.partition(";")[0]) == bare.claims.numerical_floor


def test_the_example_in_the_docstring_runs_and_holds(name):
    module = importlib.import_module(f"metric_harness.metrics.{name}")
    result = doctest.testmod(module, extraglobs={"np": np})
    assert result.attempted >= 2
    assert result.failed == 0


def test_needs_and_claims_are_declared_on_the_class(name):
    cls = type(made(name))
    assert vars(cls)["needs"] in ("activations", "trajectories")
    assert isinstance(vars(cls)["claims"], Claims)


def permuted(y: Trajectories) -> Trajectories:
    return y[..., [2, 0, 3, 1]]


def rotated(y: Trajectories) -> Trajectories:
    return y @ random_orthogonal(4, rng("rotation"))


def reflected(y: Trajectories) -> Trajectories:
    return y * [1.0, 1.0, -1.0, 1.0]


CHANGES = {
    "unit_permutation": [permuted],
    "orthogonal": [rotated, reflected],
    "isotropic_scaling": [lambda y: 37.0 * y, lambda y: y / 1000],
    "unit_scaling": [lambda y: y * [1.0, 10.0, 0.1, 3.0]],
    "translation": [lambda y: np.add(y, [5.0, -3.0, 1.0, 0.0])],
    "linear": [lambda y: y @ rng("linear").standard_normal((4, 4))],
}
"""Changes of one of the two recordings, whichever, by the claim that they do not matter."""


def moved_by(subject: MetricUnderTest, change) -> float:
    """Return how far a change of either recording moves the distance, at most, over the corpus."""
    n, changed = len(CORPUS), [change(y) for y in CORPUS]
    before = PAIRS + [(i, i) for i in range(n)]
    after = [(i, n + j) for i, j in before] + [(n + i, j) for i, j in before]
    values = subject.pair_distances([*CORPUS, *changed], before + after)
    return float(np.abs(values[len(before) :].reshape(2, -1) - values[: len(before)]).max())


@pytest.mark.parametrize("claim", CHANGES)
def test_what_is_claimed_of_a_change_of_units_is_so(subject, claim):
    claimed = getattr(subject.claims, claim)
    deviation = max(moved_by(subject, change) for change in CHANGES[claim])
    if claimed is True:
        assert deviation <= subject.floor
    elif claimed is False:
        assert deviation > 100 * subject.floor


def test_self_distances_are_at_most_the_floor_where_identity_is_claimed(subject):
    own = [subject.distance(x, x.copy()) for x in CORPUS]
    if subject.claims.identity is True:
        assert max(np.abs(own)) <= subject.floor
    elif subject.claims.identity is False:
        assert max(np.abs(own)) > subject.floor


def test_symmetry_is_as_claimed(subject):
    forward, backward = np.split(subject.pair_distances(CORPUS, PAIRS + [(j, i) for i, j in PAIRS]), 2)
    deviation = np.abs(forward - backward).max()
    assert subject.claims.symmetric is None or (deviation <= subject.floor) == subject.claims.symmetric


def test_reordering_the_trials_of_both_matters_as_claimed(subject):
    order = rng("trials").permutation(len(CORPUS[0]))
    deviation = np.abs(
        subject.pair_distances([x[order] for x in CORPUS], PAIRS) - subject.pair_distances(CORPUS, PAIRS)
    ).max()
    claimed = subject.claims.trial_permutation
    assert claimed is None or (deviation <= subject.floor) == claimed


def test_distances_of_different_recordings_lie_in_the_claimed_range_above_the_floor(subject):
    values = subject.pair_distances(CORPUS, PAIRS)
    low, high = subject.claims.value_range or (-np.inf, np.inf)
    assert values.min() >= low
    assert values.max() <= high
    assert np.ptp(values) > 100 * subject.floor


def test_the_triangle_inequality_holds_where_it_is_claimed(subject):
    matrix = subject.distances(CORPUS)
    excess = (matrix[:, None, :] - matrix[:, :, None] - matrix[None, :, :]).max()
    assert excess <= subject.floor or subject.claims.triangle is not True


def test_shuffling_time_moves_the_distance_as_claimed(subject):
    order = rng("time").permutation(CORPUS[0].shape[1])
    deviation = np.abs(
        subject.pair_distances([x[:, order] for x in CORPUS], PAIRS) - subject.pair_distances(CORPUS, PAIRS)
    ).max()
    claimed = subject.claims.time_order
    assert claimed is None or (deviation > subject.floor) == claimed


def answers(subject: MetricUnderTest, x: Trajectories, y: Trajectories) -> bool:
    try:
        return np.isfinite(subject.distance(x, y))
    except MetricError:
        return False


def test_unequal_units_are_answered_or_refused_as_claimed(subject):
    answered = answers(subject, CORPUS[0], CORPUS[1][..., :3]) and answers(subject, CORPUS[0][..., :2], CORPUS[1])
    assert subject.claims.unequal_units in (None, answered)


def test_unequal_trials_are_answered_or_refused_as_claimed(subject):
    answered = answers(subject, CORPUS[0], CORPUS[1][:7]) and answers(subject, CORPUS[0][:7], CORPUS[1])
    assert subject.claims.unequal_trials in (None, answered)


def test_silent_units_change_nothing_where_unequal_units_are_accepted_and_rotations_do_not_matter(subject):
    # Padding then only embeds the states in a larger space. A correlation across units counts silent ones.
    if subject.claims.unequal_units is True and subject.claims.orthogonal is True:
        padded = np.concatenate([CORPUS[1], np.zeros_like(CORPUS[1][..., :2])], axis=-1)
        deviation = subject.distance(CORPUS[0], padded) - subject.distance(CORPUS[0], CORPUS[1])
        assert abs(deviation) <= subject.floor


def test_inputs_are_left_untouched(subject):
    x, y = subject.prepared(CORPUS[0]), subject.prepared(CORPUS[1])
    subject.bare.distance(x, y)
    subject.bare.pair_distances([x, y], [(0, 1), (1, 0)])
    np.testing.assert_array_equal(x, subject.prepared(CORPUS[0]))
    np.testing.assert_array_equal(y, subject.prepared(CORPUS[1]))


def test_read_only_and_strided_inputs_give_the_same_number(subject):
    x, y = subject.prepared(CORPUS[0]), subject.prepared(CORPUS[1])
    expected = subject.bare.distance(x, y)
    strided = np.repeat(y, 2, axis=-1)[..., ::2]
    x.flags.writeable = strided.flags.writeable = False
    assert subject.bare.distance(x, strided) == pytest.approx(expected, abs=subject.floor)
    assert subject.bare.distance(np.asfortranarray(x), strided) == pytest.approx(expected, abs=subject.floor)


def test_a_batch_is_the_single_pairs_whatever_else_is_in_it(subject):
    pairs = [(4, 2), (2, 4), (0, 0), (4, 2)]
    batch = subject.pair_distances(CORPUS, pairs)
    single = [subject.distance(CORPUS[i], CORPUS[j]) for i, j in pairs]
    np.testing.assert_allclose(batch, single, rtol=0, atol=subject.floor)
    assert subject.pair_distances(CORPUS, []).shape == (0,)


def test_the_same_question_gets_the_same_bits(subject):
    assert subject.distance(CORPUS[0], CORPUS[1]) == subject.distance(CORPUS[0], CORPUS[1])


def bad_inputs() -> dict[str, Array]:
    holes = CORPUS[1].copy()
    holes[3, 5, 2] = np.nan
    infinite = CORPUS[1].copy()
    infinite[3, 5, 2] = np.inf
    return {"NaN": holes, "infinity": infinite, "constant": np.full_like(CORPUS[1], 2.5), "text": holes.astype(str)}


@pytest.mark.parametrize("kind", ["NaN", "infinity", "constant", "text", "no samples", "no units", "one axis"])
def test_bad_input_is_refused_on_either_side_with_an_invalid_input_error(subject, kind):
    x = subject.prepared(CORPUS[0])
    shapes = {"no samples": x[:0], "no units": x[..., :0], "one axis": x.ravel()}
    bad = shapes[kind] if kind in shapes else bad_inputs()[kind].reshape(x.shape)
    for pair in ((x, bad), (bad, x)):
        with pytest.raises(MetricError, match=r"raised (ShapeError|NonFiniteError|DegenerateInputError)"):
            subject.answer(*pair)


def test_a_pickled_metric_comes_back_equal_with_its_settings(name):
    for bare in (made(name), *made(name).neighbors()):
        again = pickle.loads(pickle.dumps(bare))
        assert again == bare
        assert hash(again) == hash(bare)
        assert settings_of(again) == settings_of(bare)


def test_each_neighbor_differs_in_one_setting_and_from_every_other(name):
    own = settings_of(made(name))
    neighbors = [settings_of(near) for near in made(name).neighbors()]
    assert all(sum(near[key] != own[key] for key in own) == 1 for near in neighbors)
    assert len({tuple(near.items()) for near in neighbors}) == len(neighbors)
    # A metric with settings shows its verdicts beside them.
    assert bool(own) == bool(neighbors)


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_the_published_settings_are_a_metric_of_the_same_class(name, experiment):
    published = made(name).as_published(experiment)
    assert type(published) is type(made(name))
    assert published.as_published(experiment) == published
    if experiment == "no such experiment":
        assert published == made(name)


def test_a_metric_that_compares_operators_finds_equal_ones_at_zero_and_others_not(subject):
    if isinstance(subject.bare, ComparesOperators):
        a, b = rng("operators").standard_normal((2, 5, 5))
        found = subject.operator_distances([a, b, a.copy()], [(0, 2), (0, 1)])
        assert found[0] <= subject.floor
        assert found[1] > 100 * subject.floor
