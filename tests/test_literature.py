"""The page on what papers report is written from the committed scorecards, and compares what it says it does."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

from metric_harness import catalogue
from metric_harness.records import CaseRecord, Outcome

ROOT = Path(__file__).parents[1]
PAGE = SimpleNamespace(**runpy.run_path(str(ROOT / "docs" / "literature.py")))


def case(outcome, **details):
    return CaseRecord(
        id="misleading.null_bias", version=1, group="misleading", tier="validity", outcome=outcome, **details
    )


def test_the_page_is_written_from_the_committed_scorecards(tmp_path):
    PAGE.main(tmp_path)
    written = (tmp_path / "literature.md").read_text(encoding="utf-8")
    assert written == (ROOT / "docs" / "literature.md").read_text(encoding="utf-8"), "run python docs/literature.py"


def test_every_case_of_both_groups_has_a_row():
    written = (ROOT / "docs" / "literature.md").read_text(encoding="utf-8")
    chosen = [c.id for c in catalogue.cases() if c.id.startswith(("dynamics.", "misleading."))]
    assert len(chosen) > 20
    for case_id in chosen:
        assert f"\n| {case_id} | " in written


def test_reports_are_about_cases_and_metrics_that_there_are():
    known = {c.id for c in catalogue.cases()}
    assert set(PAGE.REPORTED) <= known
    for reports in PAGE.REPORTED.values():
        metrics = [metric for report in reports for metric in report.outcomes]
        assert set(metrics) <= set(PAGE.COLUMNS)
        assert len(metrics) == len(set(metrics)), "two reports about one metric"
    assert set(PAGE.WHY) <= set(PAGE.REPORTED)


def test_what_differs_from_a_report_stands_with_its_interval_or_its_refusal():
    written = (ROOT / "docs" / "literature.md").read_text(encoding="utf-8")
    lines = [line for line in written.splitlines() if line.startswith("- **")]
    assert lines
    for line in lines:
        assert "[" in line or "needed" in line, line


@pytest.mark.parametrize(
    ("metric", "outcome", "expected"),
    [
        ("cka", Outcome.FAILED, "failed (as reported)"),
        ("cka", Outcome.PASSED, "passed (reported: failed)"),
        ("cka", Outcome.INCONCLUSIVE, "undecided (reported: failed)"),
        ("cka", Outcome.NOT_APPLICABLE, "not applicable"),
        ("debiased_cka", Outcome.FAILED, "failed (reported: passed)"),
        ("rsa", Outcome.FAILED, "failed"),
    ],
)
def test_a_cell_compares_the_outcome_with_the_report(metric, outcome, expected):
    assert PAGE._cell("misleading.null_bias", metric, case(outcome)) == expected


def test_a_case_that_a_card_does_not_have_was_not_asked():
    assert PAGE._cell("misleading.null_bias", "cka", None) == "not asked"


def test_the_numbers_of_a_passed_case_are_those_of_its_bound():
    measured = {"slope": 0.5, "slope interval": [0.25, 0.75], "other": 1.0, "other interval": [0.0, 2.0]}
    passed = case(Outcome.PASSED, measurements=measured, bound="slope at most 1 (fixed)")
    assert PAGE.evidence_of(passed) == "slope = 0.5 [0.25, 0.75]."


def test_the_numbers_of_another_case_are_those_of_its_message():
    message = "claim undecided: flat\n  slope = 0.5 [0.25, 0.75] may be below 0.6 (fixed)\n  hint: look"
    fragile = {"settings that do not hold": ["rank=20"]}
    found = PAGE.evidence_of(case(Outcome.INCONCLUSIVE, message=message, measurements=fragile))
    assert found == (
        "slope = 0.5 [0.25, 0.75] may be below 0.6 (fixed). Neighboring settings at which it does not hold: rank=20."
    )
