"""Every format writes every card and every comparison, whatever they hold, and twice the same."""

import pytest

from metric_harness import catalogue
from metric_harness.comparison import compare
from metric_harness.interfaces import AbstractReportFormat
from metric_harness.session import report_format
from tests.hostile import TEXTS, card

FORMATS = catalogue.implementations("report_formats")


@pytest.fixture(params=FORMATS)
def subject(request: pytest.FixtureRequest) -> AbstractReportFormat:
    return report_format(request.param)


def test_the_formats_by_default_are_those_of_the_folder():
    assert FORMATS == ["html", "json", "markdown"]


@pytest.mark.parametrize("text", ["plain", *TEXTS], ids=range(len(TEXTS) + 1))
def test_a_card_is_written_whatever_it_holds(subject, text):
    assert subject.render(card(text)).endswith("\n")


def test_the_same_card_is_the_same_text_twice(subject):
    assert subject.render(card(TEXTS[0])) == subject.render(card(TEXTS[0]))


def test_a_comparison_is_written_whatever_it_holds_and_twice_the_same(subject):
    comparison = compare([card(TEXTS[0], name) for name in TEXTS])
    once = subject.render_comparison(comparison)
    assert once == subject.render_comparison(comparison)
    assert once.endswith("\n")
