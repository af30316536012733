"""The study's numbers are found by name, once, and set beside a run's by subtraction."""

import collections
import math
import typing

import numpy as np
import pytest

from metric_harness import published
from metric_harness.curriculum import GROUPS
from metric_harness.published import PUBLISHED
from testcases.learning import test_behavior as behavior
from testcases.learning import test_shared_subtasks as shared_subtasks


def test_each_quantity_has_one_number_per_metric():
    counts = collections.Counter((number.quantity, number.metric) for number in PUBLISHED)
    assert {key: n for key, n in counts.items() if n > 1} == {}


def test_a_quantity_belongs_to_one_experiment():
    pairs = {(number.quantity, number.experiment) for number in PUBLISHED}
    assert len(pairs) == len({quantity for quantity, _ in pairs})


def test_every_number_says_how_it_became_known_and_lies_in_its_metrics_range():
    assert {number.provenance for number in PUBLISHED} == {"exact", "read", "recomputed"}
    assert {number.experiment for number in PUBLISHED} == set(typing.get_args(published.Experiment))
    assert {number.metric for number in PUBLISHED} == set(published.METRICS)
    for number in PUBLISHED:
        if number.quantity.startswith("slope"):
            assert -1 < number.value < 1
            continue
        top = math.pi if number.metric == "dsa" and "AUC" not in number.quantity else 1.0
        assert 0 < number.value < top, number


@pytest.mark.parametrize(
    ("quantity", "metric", "value", "provenance"),
    [
        ("mean within regimes", "dsa", 0.2205, "exact"),
        ("mean within regimes", "cka", 0.7935, "exact"),
        ("mean within regimes", "procrustes", 0.6714, "recomputed"),
        ("AUC of within against across", "dsa", 0.971, "recomputed"),
        ("noise 0.01 (September)", "procrustes", 0.054, "read"),
        ("weight 0.25", "cka", 0.2236, "exact"),
        ("weight 0.25", "procrustes", 0.173, "recomputed"),
        ("3 shared", "dsa", 0.505, "recomputed"),
        ("0 in place", "cka", 0.8854, "exact"),
        ("2 in place", "dsa", 0.498, "read"),
        ("untrained to master", "dsa", 0.607, "exact"),
        ("pretrain_frozen to master", "procrustes", 0.415, "exact"),
        ("slope on difference in accuracy", "cka", -0.0752, "exact"),
    ],
)
def test_a_number_is_found_by_quantity_and_metric(quantity, metric, value, provenance):
    found = published.find_published(quantity, metric)
    assert found is not None
    assert (found.quantity, found.metric, found.value, found.provenance) == (quantity, metric, value, provenance)


@pytest.mark.parametrize(
    ("quantity", "metric"), [("0 in place", "procrustes"), ("weight 1", "rsa"), ("weight", "cka"), ("", "cka")]
)
def test_what_the_study_does_not_have_is_not_found(quantity, metric):
    assert published.find_published(quantity, metric) is None


@pytest.mark.parametrize(
    ("experiment", "quantities"),
    [
        (
            "regimes",
            [
                "mean within regimes",
                "mean across regimes",
                "AUC of within against across",
                "mean of one attractor to two stable",
                "mean of one attractor to two unstable",
                "mean of two stable to two unstable",
            ],
        ),
        ("mixing", ["weight 1", "weight 0.5", "weight 0.25"]),
        ("composition", ["1 shared", "2 shared", "3 shared", "0 in place", "1 in place", "2 in place"]),
    ],
)
def test_quantities_come_in_the_studys_order_without_repetition(experiment, quantities):
    assert published.published_quantities(experiment) == quantities


def test_the_cases_of_learning_measure_every_published_quantity():
    distances = {group: np.array([0.1, 0.3]) for group in GROUPS} | {"pretrain_anti_frozen": np.array([0.6, 1.8])}
    found = shared_subtasks.published(distances)
    assert {*found, behavior.SLOPE} == set(published.published_quantities("learning"))
    # Four groups of five at a mean of .2, one at 1.2: the pool's mean is .4, its seeds are at .2 and .6.
    pooled = found["partial pretraining to master"]
    assert (pooled.value, pooled.standard_error, pooled.n_pairs) == (pytest.approx(0.4), pytest.approx(0.2), 2)


@pytest.mark.parametrize(
    ("measured", "interval", "expected"),
    [
        (0.504, None, "within .01"),
        (0.491, (0.6, 0.7), "within .01"),
        (0.520, (0.49, 0.55), "within the interval"),
        (0.520, (0.5, 0.54), "within the interval"),
        (0.520, (0.51, 0.53), "differs"),
        (0.480, (0.47, 0.49), "differs"),
        (0.520, None, "differs"),
    ],
)
def test_agreement_is_a_hundredth_or_the_interval(measured, interval, expected):
    assert published.agreement(0.5, measured, interval) == expected


CASES = [
    (
        "attractor.mixing",
        {
            "weight 1": 0.9,
            "published weight 1": 0.6,
            "published weight 1 interval": [0.55, 0.65],
            "published weight 0.5": 0.39,
            "published weight 0.25": None,
        },
    ),
    ("noise.floor", {"published protocol: error": "no", "published unheard of": 0.1}),
    (
        "attractor.regimes_unpaired",
        {"published mean within regimes": 0.8025, "published mean across regimes": 1},
    ),
]


def test_published_numbers_stand_beside_measured_ones_in_the_order_of_the_cases():
    rows = published.beside_published("cka", CASES)
    # CKA's published numbers are .5603, .3834, .7935 and .8905.
    expected = [
        ("attractor.mixing", "weight 1", 0.5603, 0.6, [0.55, 0.65], 0.0397, "within the interval"),
        ("attractor.mixing", "weight 0.5", 0.3834, 0.39, None, 0.0066, "within .01"),
        ("attractor.regimes_unpaired", "mean within regimes", 0.7935, 0.8025, None, 0.009, "within .01"),
        ("attractor.regimes_unpaired", "mean across regimes", 0.8905, 1.0, None, 0.1095, "differs"),
    ]
    keys = ("case", "quantity", "published", "measured", "interval", "difference", "agreement")
    assert [tuple(row[key] for key in keys[:5]) for row in rows] == [row[:5] for row in expected]
    assert [row["difference"] for row in rows] == pytest.approx([row[5] for row in expected])
    assert [row["agreement"] for row in rows] == [row[6] for row in expected]
    assert {row["provenance"] for row in rows} == {"exact"}


def test_a_difference_is_explained_only_where_there_is_one():
    for row in published.beside_published("cka", CASES):
        known = published.why_different(str(row["quantity"]), "cka")
        assert row["why"] == ("" if row["agreement"] == "within .01" else known)


def test_a_metric_that_the_study_does_not_treat_gets_no_rows():
    assert published.beside_published("rsa", CASES) == []
    assert published.why_different("weight 1", "rsa") == ""


def test_notes_are_about_the_studys_experiments_and_metrics():
    for experiment, metric in published.NOTES:
        assert experiment in typing.get_args(published.Experiment)
        assert metric in ("", *published.METRICS)
