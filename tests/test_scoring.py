"""From records to counts: fixed denominators, worst outcomes, digests that ignore time."""

import dataclasses

import pytest

from metric_harness import catalogue, scoring
from metric_harness.records import CaseRecord, MetricInfo, Outcome, SuiteInfo, digest, plain, to_json

SUITE = SuiteInfo(version="1", profile="smoke", n_cases=2)
METRIC = MetricInfo(name="m", source="built in", settings={}, claims={}, observed={})


def record(outcome: Outcome, **fields: object) -> CaseRecord:
    return CaseRecord(
        **({"id": "noise.floor", "version": 1, "group": "noise", "tier": "validity"} | {"outcome": outcome} | fields)
    )


def test_a_case_that_did_not_run_counts_as_not_passed():
    summary = scoring.summarize(
        [
            record(Outcome.PASSED),
            record(Outcome.NOT_RUN),
            record(Outcome.NOT_APPLICABLE),
            record(Outcome.FAILED),
        ]
    )
    # One of three applicable cases passed; three of four ran.
    assert summary.pass_rate == pytest.approx(1 / 3)
    assert summary.coverage == 0.75


def test_the_worst_outcome_of_several_parameters_stands_for_the_case():
    parts = [
        scoring.Part(parameters="n10", record=record(Outcome.PASSED, score=1.0, measurements={"d": 1})),
        scoring.Part(parameters="n3", record=record(Outcome.FAILED, score=0.2, measurements={"d": 2}, message="no")),
    ]
    merged = scoring.merge(parts)
    assert merged.outcome is Outcome.FAILED
    assert merged.score == 0.2
    assert merged.measurements == {"d[n10]": 1, "d[n3]": 2}
    assert merged.message == "[n3] no"


def test_a_volatile_measurement_keeps_its_parameters():
    timed = record(Outcome.PASSED, measurements={"s": 0.1, "d": 1}, volatile=["s"])
    assert scoring.merge([scoring.Part(parameters="n3", record=timed)]).volatile == ["s[n3]"]
    assert scoring.merge([scoring.Part(parameters="", record=timed)]).volatile == ["s"]


@pytest.mark.parametrize(
    ("outcomes", "together"),
    [
        ([Outcome.PASSED, Outcome.NOT_APPLICABLE], Outcome.PASSED),
        ([Outcome.NOT_APPLICABLE, Outcome.NOT_APPLICABLE], Outcome.NOT_APPLICABLE),
        ([Outcome.PASSED, Outcome.NOT_RUN], Outcome.NOT_RUN),
        ([Outcome.NOT_APPLICABLE, Outcome.INCONCLUSIVE], Outcome.INCONCLUSIVE),
        ([Outcome.FAILED, Outcome.CRASHED], Outcome.CRASHED),
    ],
)
def test_a_parameter_that_does_not_apply_takes_no_case_out_of_the_denominator(outcomes, together):
    parts = [scoring.Part(parameters=str(k), record=record(outcome)) for k, outcome in enumerate(outcomes)]
    assert scoring.merge(parts).outcome is together


def test_every_outcome_has_one_place_in_the_order_of_badness():
    assert [o for o in Outcome if o.is_failure] == [
        Outcome.XPASSED,
        Outcome.FAILED,
        Outcome.ERROR,
        Outcome.CRASHED,
    ]
    assert Outcome.PASSED.rank < Outcome.INCONCLUSIVE.rank < Outcome.NOT_RUN.rank < Outcome.FAILED.rank


def test_the_digest_ignores_time_and_nothing_else():
    case = record(Outcome.PASSED, measurements={"d": 0.5})
    first = digest(SUITE, 1, METRIC, [case])
    assert digest(SUITE, 1, METRIC, [dataclasses.replace(case, duration_s=9.0, metric_s=8.0)]) == first
    assert digest(SUITE, 2, METRIC, [case]) != first
    assert digest(SUITE, 1, METRIC, [dataclasses.replace(case, measurements={"d": 0.5000001})]) != first
    assert digest(SUITE, 1, METRIC, [dataclasses.replace(case, metric_calls=3)]) != first


def test_the_digest_ignores_what_a_volatile_measurement_says_but_not_that_it_is_one():
    timed = record(Outcome.PASSED, measurements={"s": 0.1, "d": 1}, volatile=["s"])
    first = digest(SUITE, 1, METRIC, [timed])
    assert digest(SUITE, 1, METRIC, [dataclasses.replace(timed, measurements={"s": 0.2, "d": 1})]) == first
    assert digest(SUITE, 1, METRIC, [dataclasses.replace(timed, measurements={"s": 0.1, "d": 2})]) != first
    assert digest(SUITE, 1, METRIC, [dataclasses.replace(timed, volatile=[])]) != first


def test_json_is_strict_and_sorted():
    assert to_json({"b": 1, "a": [Outcome.FAILED, None]}) == '{\n  "a": [\n    "failed",\n    null\n  ],\n  "b": 1\n}\n'
    with pytest.raises(ValueError, match="needed a finite number"):
        to_json({"a": float("nan")})
    with pytest.raises(TypeError, match="object cannot be recorded"):
        plain(object())


def test_the_catalogue_knows_every_case_by_its_file():
    cases = catalogue.cases()
    assert len(cases) >= 13
    for case in cases:
        group, claim = case.id.split(".")
        assert case.path == f"{group}/test_{claim}.py"
        assert case.title.endswith(".")
        for heading in ("Why it matters:", "Given:", "Measured:", "Verdict:", "Negative controls:"):
            assert heading in case.explanation, f"{case.id} lacks '{heading}'"
