"""A bound holds, fails or straddles; a verdict follows."""

import json

import numpy as np
import pytest

from metric_harness.adapter import MetricUnderTest, adapt
from metric_harness.checks import (
    ClaimFailedError,
    ClaimInconclusiveError,
    NotApplicableError,
    Recorder,
    Standing,
    above,
    at_least,
    at_most,
    below,
    decide,
    decide_faults,
    refuse_unpaired,
)
from metric_harness.interfaces import Claims, metric
from metric_harness.statistics import Estimate


@pytest.mark.parametrize(
    ("finding", "standing"),
    [
        (at_least("q", 0.9, 0.9, "o"), Standing.HOLDS),
        (above("q", 0.9, 0.9, "o"), Standing.FAILS),
        (at_most("q", 0.1, 0.1, "o"), Standing.HOLDS),
        (below("q", 0.1, 0.1, "o"), Standing.FAILS),
        (at_least("q", Estimate(0.92, 0.91, 0.93), 0.9, "o"), Standing.HOLDS),
        (at_least("q", Estimate(0.92, 0.85, 0.99), 0.9, "o"), Standing.STRADDLES),
        (at_least("q", Estimate(0.8, 0.7, 0.89), 0.9, "o"), Standing.FAILS),
        (below("q", Estimate(0.05, 0.01, 0.2), 0.1, "o"), Standing.STRADDLES),
    ],
)
def test_a_bound_must_hold_over_the_whole_interval(finding, standing):
    assert finding.standing is standing


def test_one_broken_bound_refutes_whatever_else_holds():
    measure = Recorder()
    with pytest.raises(ClaimFailedError) as caught:
        decide(
            measure,
            "water is dry",
            [
                at_least("a", 1.0, 0.9, "theorem"),
                at_least("b", Estimate(0.9, 0.8, 1.0), 0.9, "null"),
                at_least("c", 0.2, 0.9, "control"),
            ],
            hint="touch it",
        )
    assert str(caught.value) == (
        "claim refuted: water is dry\n  c = 0.2 is not at least 0.9 (control)\n  hint: touch it"
    )
    assert measure.bound == "a at least 0.9 (theorem); b at least 0.9 (null); c at least 0.9 (control)"
    assert measure.score == pytest.approx(1 / 3)


def test_a_straddling_bound_is_undecided():
    with pytest.raises(ClaimInconclusiveError, match="claim undecided: water is dry"):
        decide(Recorder(), "water is dry", [below("a", Estimate(0.1, 0.0, 0.2), 0.1, "null")], hint="wait")


def test_holding_bounds_return_quietly():
    decide(Recorder(), "water is wet", [above("a", 2, 1, "theorem")], hint="none needed")


def test_a_verdict_needs_a_bound():
    with pytest.raises(ValueError, match="no findings"):
        decide(Recorder(), "nothing", [], hint="")


def test_the_recorder_keeps_plain_json():
    measure = Recorder()
    measure("scalar", np.float64(0.5))
    measure("vector", np.arange(3))
    measure("estimate", Estimate(1.0, 0.5, 1.5))
    assert json.loads(json.dumps(measure.measurements)) == {
        "scalar": 0.5,
        "vector": [0, 1, 2],
        "estimate": 1.0,
        "estimate interval": [0.5, 1.5],
    }


def test_a_volatile_measurement_is_kept_and_named_as_such():
    measure = Recorder()
    measure("distance", 1.0)
    measure.volatile("seconds", Estimate(1.0, 0.5, 1.5))
    assert measure.measurements == {"distance": 1.0, "seconds": 1.0, "seconds interval": [0.5, 1.5]}
    assert measure.volatile_names == ["seconds", "seconds interval"]


def test_a_single_fault_refutes_and_is_named():
    measure = Recorder()
    with pytest.raises(ClaimFailedError) as caught:
        decide_faults(measure, "water is dry", ["rain: wet"], asked=4, origin="theorem", hint="touch it")
    assert str(caught.value) == "claim refuted: water is dry\n  rain: wet\n  hint: touch it"
    assert measure.bound == "faults = 0 of 4 (theorem)"
    assert measure.score == 0.75
    assert measure.measurements == {"asked": 4, "faults": ["rain: wet"]}


def test_no_fault_is_a_pass_with_the_full_score():
    measure = Recorder()
    decide_faults(measure, "water is wet", [], asked=4, origin="theorem", hint="")
    assert measure.score == 1


@pytest.mark.parametrize("value", [np.nan, np.inf, [1.0, np.nan]])
def test_the_recorder_refuses_what_json_cannot_hold(value):
    with pytest.raises(ValueError, match="needed a finite number"):
        Recorder()("bad", value)


def test_a_name_is_measured_once():
    measure = Recorder()
    measure("a", 1)
    with pytest.raises(ValueError, match="measured twice"):
        measure("a", 2)


def test_a_curve_is_recorded_under_the_names_by_which_reports_know_it():
    measure = Recorder()
    measure("doses", [0.1, 1.0])
    measure.curve("accuracy drop", "dose", iter([Estimate(0.1, 0.0, 0.2), Estimate(0.5, 0.4, 0.6)]))
    assert measure.measurements == {
        "doses": [0.1, 1.0],
        "accuracy drop by dose": [0.1, 0.5],
        "accuracy drop intervals by dose": [[0.0, 0.2], [0.4, 0.6]],
    }


@pytest.mark.parametrize(
    ("needs", "claims", "asked"),
    [
        ("trajectories", Claims(unpaired_trials=True, time_order=True), False),
        ("trajectories", Claims(unpaired_trials=True), False),
        ("trajectories", Claims(unpaired_trials=True, time_order=False), True),
        ("activations", Claims(unpaired_trials=True), True),
        ("trajectories", Claims(time_order=True), True),
        ("activations", Claims(), True),
    ],
)
def test_only_a_metric_of_dynamics_alone_is_not_asked_about_pairs(needs, claims, asked):
    subject = MetricUnderTest("it", adapt(metric(needs=needs, claims=claims)(lambda x, y: 0.0)))
    if asked:
        refuse_unpaired(subject)
    else:
        with pytest.raises(NotApplicableError, match="claims to need no paired samples"):
            refuse_unpaired(subject)
