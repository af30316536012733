"""What a measurement's name makes of it: a curve, a matrix, or a number."""

import pytest

from metric_harness.evidence import Curve, Number, evidence, on_one_axis, on_one_grid, plurals, sensitivity
from metric_harness.records import CaseRecord, Outcome


def of(measurements) -> CaseRecord:
    return CaseRecord(
        id="noise.floor", version=1, group="noise", tier="validity", outcome=Outcome.PASSED, measurements=measurements
    )


def test_a_list_by_x_over_the_list_of_x_is_a_curve_with_its_intervals_and_breakdown():
    found = evidence(
        of(
            {
                "AUC by noise level": [1.0, 0.9, None],
                "AUC intervals by noise level": [[0.9, 1.0], [0.8, 1.0], [0.4, 0.6]],
                "breakdown noise level": 0.3,
                "noise levels": [0.1, 0.2, 0.4],
            }
        )
    )
    (curve,) = found.curves
    assert curve == Curve(
        quantity="AUC",
        x="noise level",
        grid=[0.1, 0.2, 0.4],
        values=[1.0, 0.9, None],
        intervals=[(0.9, 1.0), (0.8, 1.0), (0.4, 0.6)],
        breakdown=0.3,
    )
    assert found.numbers == [Number(name="breakdown noise level", value=0.3)]


@pytest.mark.parametrize(
    ("x", "grid"),
    [
        ("weight", "weights"),
        ("number of shared motifs", "numbers of shared motifs"),
        ("difference in accuracy", "differences in accuracy"),
        ("frequency", "frequencies"),
        ("delay", "delays"),
        ("share of training", "shares of training"),
    ],
)
def test_a_grid_has_the_plural_of_what_it_counts(x, grid):
    assert grid in plurals(x)
    (curve,) = evidence(of({f"mean distance by {x}": [1.0, 2.0], grid: [3, 4]})).curves
    assert (curve.x, curve.grid) == (x, [3, 4])


def test_a_grid_may_hold_labels_and_then_nothing_breaks_down():
    (curve,) = evidence(
        of({"accuracy by group": [0.5, 0.9], "groups": ["untrained", "master"], "breakdown group": 1.0})
    ).curves
    assert curve.grid == ["untrained", "master"]
    assert curve.breakdown is None


def test_curves_of_a_case_with_parameters_meet_within_their_brackets():
    found = evidence(
        of({"AUC by dose[n3]": [1.0], "AUC by dose[n5]": [0.5], "doses[n3]": [0], "doses[n5]": [1], "p[n3]": 0.1})
    )
    assert [(curve.quantity, curve.x, curve.grid) for curve in found.curves] == [
        ("AUC[n3]", "dose", [0]),
        ("AUC[n5]", "dose", [1]),
    ]
    assert [number.name for number in found.numbers] == ["p[n3]"]


@pytest.mark.parametrize(
    "measurements",
    [
        {"AUC by dose": [1.0, 2.0], "doses": [1.0]},
        {"AUC by dose": [1.0]},
        {"AUC by dose": [], "doses": []},
        {"AUC by dose": 1.0, "doses": [1.0]},
        {"AUC by dose": ["a"], "doses": [1.0]},
        {"AUC by dose": [True], "doses": [1.0]},
        {"AUC by dose": [1.0], "doses": [[1.0]]},
        {"AUC by dose": [1.0], "doses": [1.0, "a"]},
        {"AUC by dose": [1.0], "doses": "1"},
    ],
)
def test_what_only_looks_like_a_curve_stays_as_it_is(measurements):
    found = evidence(of(measurements))
    assert found.curves == []
    assert {number.name: number.value for number in found.numbers} == measurements


def test_intervals_that_do_not_fit_are_no_intervals():
    found = evidence(of({"AUC by dose": [1.0], "doses": [1.0], "AUC intervals by dose": [[0.0, 1.0], [0.0, 1.0]]}))
    assert found.curves[0].intervals is None
    assert [number.name for number in found.numbers] == ["AUC intervals by dose"]


def test_a_square_list_of_lists_with_labels_is_a_matrix():
    found = evidence(
        of({"mean distance matrix": [[None, 1.0], [1.0, None]], "mean distance matrix labels": ["a", "b"]})
    )
    assert found.matrices[0].quantity == "mean distance"
    assert found.matrices[0].labels == ["a", "b"]
    assert found.numbers == []


@pytest.mark.parametrize("rows", [[[1.0, 2.0]], [], [[1.0], [2.0]], [["a", "b"], ["c", "d"]], 1.0])
def test_a_matrix_that_does_not_fit_its_labels_is_none(rows):
    assert evidence(of({"d matrix": rows, "d matrix labels": ["a", "b"]})).matrices == []


def test_a_number_keeps_its_interval_and_what_has_a_section_of_its_own_stays_out():
    found = evidence(
        of(
            {
                "gap": 0.1,
                "gap interval": [0.0, 0.2],
                "lonely interval": [0.0, 0.2],
                "published noise": 1.0,
                "at rank=3: gap": 0.2,
                "settings that hold": [],
            }
        )
    )
    assert found.numbers == [
        Number(name="gap", value=0.1, interval=(0.0, 0.2)),
        Number(name="lonely interval", value=[0.0, 0.2]),
    ]


def test_a_table_holds_a_grid_and_a_plot_one_unit_of_it():
    curves = evidence(
        of(
            {
                "accuracy drop by dose": [0.0, 0.5],
                "largest distance by dose": [0.0, 0.5],
                "mean distance by dose": [0.0, 0.1],
                "doses": [0, 1],
                "AUC by level": [1.0],
                "levels": ["a"],
            }
        )
    ).curves
    assert [[curve.quantity for curve in group] for group in on_one_grid(curves)] == [
        ["accuracy drop", "largest distance", "mean distance"],
        ["AUC"],
    ]
    assert [[curve.quantity for curve in group] for group in on_one_axis(curves)] == [
        ["accuracy drop"],
        ["largest distance", "mean distance"],
        ["AUC"],
    ]


def test_shares_of_the_range_over_labels_are_a_profile_whichever_cases_measured_them():
    nuisances = {"share of its range by nuisance": [0.1, 0.2], "nuisances": ["rotation", "noise"]}
    signals = {"share of its range by signal": [0.9], "signals": ["speed"]}
    doses = {"share of its range by dose": [0.1, 0.2], "doses": [1, 2]}
    parts = sensitivity([of(nuisances), of(doses), of(signals | {"speed": 1.0})])
    assert [(part.x, part.grid) for part in parts] == [("nuisance", ["rotation", "noise"]), ("signal", ["speed"])]
    (dose,) = evidence(of(doses)).curves
    assert not dose.is_profile
