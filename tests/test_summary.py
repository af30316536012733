"""The summary of a run on the terminal: which cases have a line of their own, and which are counted."""

import dataclasses

import pytest

from metric_harness.records import Outcome, Scorecard
from metric_harness.summary import summary_lines
from tests.hostile import card


def foreign(n: int, name: str | None = None) -> Scorecard:
    """A scorecard whose first n cases do not apply."""
    full = card(name=name)
    cases = [
        dataclasses.replace(case, outcome=Outcome.NOT_APPLICABLE if k < n else Outcome.PASSED, score=None)
        for k, case in enumerate(full.cases)
    ]
    return dataclasses.replace(full, cases=cases)


def rows(lines: list[str]) -> int:
    """Return how many cases the table lists, below its head and the rule."""
    return lines.index("") - 2 - sum("-v lists" in line for line in lines)


@pytest.mark.parametrize(
    ("n", "words"),
    [(1, "1 case applies to no metric of this run; -v lists it"), (3, "3 cases apply to no metric of this run; -v")],
)
def test_cases_that_apply_to_no_metric_are_counted_in_one_line(n, words):
    lines = summary_lines([foreign(n)], [])
    assert next(line for line in lines if "no metric" in line).startswith(words)
    assert rows(lines) == len(Outcome) - n
    assert not [line for line in lines if "n/a" in line]


def test_a_case_that_applies_to_one_of_two_metrics_keeps_its_line():
    lines = summary_lines([foreign(3), foreign(1, "another")], [])
    assert rows(lines) == len(Outcome) - 1
    assert sum("n/a" in line for line in lines) == 2


def test_a_talkative_run_lists_every_case():
    lines = summary_lines([foreign(3)], [], verbose=True)
    assert rows(lines) == len(Outcome)
    assert not [line for line in lines if "no metric" in line]


def test_nothing_is_said_where_every_case_applies():
    assert not [line for line in summary_lines([foreign(0)], []) if "no metric" in line]
