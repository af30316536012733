"""The Markdown reports: curves as tables, and cells that no hostile text breaks."""

import re

import pytest

from metric_harness.comparison import compare
from metric_harness.evidence import Curve, Matrix
from metric_harness.report_formats.markdown import MarkdownFormat
from tests.hostile import TEXTS, card

FENCE = re.compile(r"^(`{3,})\n.*?^\1$", re.DOTALL | re.MULTILINE)


def tables(text: str) -> list[list[str]]:
    """Return the tables of a report, as lines, the code blocks left out."""
    found: list[list[str]] = [[]]
    for line in FENCE.sub("", text).splitlines():
        if line.startswith("|"):
            found[-1].append(line)
        elif found[-1]:
            found.append([])
    return [lines for lines in found if lines]


def n_cells(line: str) -> int:
    return len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) - 1


@pytest.mark.parametrize("text", ["plain", *TEXTS], ids=range(len(TEXTS) + 1))
def test_no_text_breaks_a_table_or_a_code_block(text):
    comparison = compare([card(text, "one"), card(text)])
    for report in (MarkdownFormat().render(card(text)), MarkdownFormat().render_comparison(comparison)):
        found = tables(report)
        assert found
        for lines in found:
            assert re.fullmatch(r"[|:-]+", lines[1])
            assert {n_cells(line) for line in lines} == {n_cells(lines[1])}
        assert "<" not in FENCE.sub("", report).replace("<br>", "")


def rendered(*lines: str) -> str:
    return re.sub(" +", " ", "\n".join(lines))


def test_a_curve_is_a_table_with_a_column_for_each_place():
    text = rendered(MarkdownFormat().render(card()))
    assert "| dose | 1 | 2 | 4 |" in text
    assert "| distance plain | 0.1 | none | 0.3 |" in text
    assert "| distance plain, 95 % interval | 0, 0.2 | 0.1, 0.2 | 0.2, 0.4 |" in text
    assert "| group | plain | other |" in text


def test_a_matrix_is_a_table_with_its_labels_on_both_sides():
    text = rendered(MarkdownFormat().render(card()))
    assert "| mean distance | plain | second | third |" in text
    assert "| second | 1 | | 1.5 |" in text


def test_a_long_curve_stands_upright_and_a_wide_matrix_is_left_to_other_formats(monkeypatch):
    from metric_harness.report_formats import markdown

    n = markdown.WIDEST + 1
    curve = Curve(quantity="AUC", x="dose", grid=[*map(float, range(n))], values=[0.5] * n)
    matrix = Matrix(quantity="d", labels=["a"] * n, rows=[[0.0] * n] * n)
    found = markdown.evidence(card().cases[0])
    monkeypatch.setattr(
        markdown, "evidence", lambda _: type(found)(numbers=found.numbers, curves=[curve], matrices=[matrix])
    )
    text = rendered(MarkdownFormat().render(card()))
    assert "| dose | AUC |" in text
    assert "| 12 | 0.5 |" in text
    assert "| d | a |" not in text


def test_a_comparison_has_scores_claims_and_advice():
    text = rendered(MarkdownFormat().render_comparison(compare([card(name="one"), card(name="two")])))
    assert "| group | one | two |" in text
    assert "| noise | 0.25; 1 of 7 | 0.25; 1 of 7 |" in text
    assert "| symmetric | yes / violated | yes / violated |" in text
    assert "| The recordings are noisy | none | none | one, two: noise.crashed crashed;" in text
