"""The HTML reports: well formed, whole without a network, and nothing in them but what is meant to be markup."""

import itertools
import re
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest

from metric_harness import matrix_figures
from metric_harness.comparison import compare, read_report, read_scorecard
from metric_harness.records import Comparison
from metric_harness.report_formats.html import HtmlFormat, Plot
from tests.hostile import TEXTS, card

REPORTS = Path(__file__).parents[1] / "reports"
"""The committed cards."""
VOID = {"meta", "link", "img", "br", "hr", "input", "wbr"}
HEADINGS = ("h1", "h2", "h3")


class Page(HTMLParser):
    """Reads a page and remembers its elements, its text, and what was opened and never closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.mistakes: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.mistakes.append(tag)

    def handle_data(self, data):
        if self.open[-1:] != ["style"]:
            self.texts.append(data)

    def attributes(self, name: str) -> list[str]:
        return [found[name] or "" for _, found in self.elements if name in found]


def words(text: str) -> str:
    return " ".join(text.split())


def pages(text: str) -> list[tuple[str, Page]]:
    """Return a card's page and a comparison's, as text and as read."""
    comparison = compare([card(text), card(text, "another"), card(text, "third <b>")])
    rendered = HtmlFormat().render(card(text)), HtmlFormat().render_comparison(comparison)
    return [(page, Page(page)) for page in rendered]


@pytest.fixture(scope="module", params=["plain", *TEXTS], ids=range(len(TEXTS) + 1))
def given(request: pytest.FixtureRequest) -> tuple[str, list[tuple[str, Page]]]:
    return request.param, pages(request.param)


def test_every_element_is_closed_in_order(given):
    for _, page in given[1]:
        assert (page.open, page.mistakes) == ([], [])


def test_identifiers_are_unique_and_every_reference_within_the_page_leads_somewhere(given):
    for text, page in given[1]:
        ids = page.attributes("id")
        assert [name for name, n in Counter(ids).items() if n > 1] == []
        led = [value[1:] for name in ("href", "xlink:href") for value in page.attributes(name)]
        led += [target for value in page.attributes("clip-path") for target in re.findall(r"url\(#(.*?)\)", value)]
        led += page.attributes("aria-labelledby")
        assert set(led) <= set(ids), text


def test_nothing_runs_and_nothing_is_loaded(given):
    for _, page in given[1]:
        names = Counter(tag for tag, _ in page.elements)
        assert not {"script", "img", "link", "iframe", "object", "image", "foreignobject"} & set(names)
        assert (names["h1"], names["title"], names["style"]) == (1, 1, 1)
        attributes = [(key, value) for _, found in page.elements for key, value in found.items()]
        assert not [key for key, _ in attributes if key.startswith("on") or key in ("src", "srcset", "srcdoc")]
        assert all((value or "").startswith("#") for key, value in attributes if key.endswith("href"))


def test_the_style_sheet_is_untouched_and_asks_for_nothing(given):
    styles = {text[text.index("<style>") : text.index("</style>")] for text, _ in given[1]}
    assert len(styles) == 1
    assert not re.search(r"url\(|@import|http", styles.pop())


def test_hostile_text_is_shown_as_it_is(given):
    text, found = given
    for _, page in found:
        assert words(text) in words("".join(page.texts))


def test_headings_follow_each_other_and_every_table_and_plot_is_named(given):
    for _, page in given[1]:
        levels = [HEADINGS.index(tag) for tag, _ in page.elements if tag in HEADINGS]
        assert levels[0] == 0
        assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
        names = Counter(tag for tag, _ in page.elements)
        assert names["table"] == names["caption"] > 0
        assert names["svg"] == len([1 for _, found in page.elements if found.get("role") == "img"])
        assert all(found.get("scope") for tag, found in page.elements if tag == "th")
        assert all(found["aria-label"] for _, found in page.elements if found.get("role") in ("img", "group"))
        assert names["main"] == names["header"] == names["footer"] == names["nav"] == 1


def test_an_outcome_is_told_in_words_and_not_by_color_alone():
    (_, page), _ = pages("plain")
    text = words("".join(page.texts))
    for word in ("passed", "failed, exempt", "undecided", "not applicable", "not run", "crashed", "error"):
        assert word in text


def test_a_card_of_every_kind_of_measurement_has_its_plots():
    (text, page), _ = pages("plain")
    assert text.count("could not be drawn") == 0
    n_plots = Counter(tag for tag, _ in page.elements)["svg"]
    # Distance, accuracy and score over their grids, the sensitivity profile, and a matrix.
    assert n_plots == 5


@pytest.mark.parametrize(("width", "is_wide"), [(499, False), (736, True)])
def test_a_plot_with_many_columns_is_shown_in_its_full_width(width, is_wide):
    assert Plot(f'<svg viewBox="0 0 {width} 300">', "words", "caption").is_wide is is_wide


def test_the_page_of_many_metrics_has_one_wide_plot_and_that_of_one_metric_none():
    comparison = read_report(REPORTS / "comparison.json")
    assert isinstance(comparison, Comparison)
    many = HtmlFormat().render_comparison(comparison)
    assert many.count('<figure class="wide">') == 1
    assert '<figure class="wide">' not in HtmlFormat().render(read_scorecard(REPORTS / "cka" / "scorecard.json"))


def test_a_plot_that_fails_leaves_a_note_and_loses_nothing_else(monkeypatch):
    def broken(*_: object) -> None:
        raise RuntimeError("<b>no ink</b>")

    monkeypatch.setattr(matrix_figures, "matrix_figure", broken)
    text = HtmlFormat().render(card())
    assert "This plot could not be drawn (RuntimeError: &lt;b&gt;no ink&lt;/b&gt;)." in text
    assert Counter(tag for tag, _ in Page(text).elements)["svg"] == 4


def test_a_web_address_of_an_issue_is_a_link_and_nothing_else_is():
    text = HtmlFormat().render(card())
    assert "javascript:alert(1)" in text
    assert 'href="javascript' not in text


def test_only_rendering_loads_what_draws():
    code = (
        "import sys; from metric_harness.session import report_format; report_format('html');"
        "print(sorted({'matplotlib', 'jinja2'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
