"""The page that sets many metrics side by side: verdicts as signs with words, and its widths in a browser."""

import json
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from metric_harness.comparison import compare, read_report
from metric_harness.records import Comparison, Outcome
from metric_harness.report_formats.html import MOST_NAMED, SIGNS, HtmlFormat
from metric_harness.wording import WORDS
from tests.hostile import TEXTS, card
from tests.test_html_page import REPORTS, Page, words

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
MEASURED = """<pre id="measured"></pre><script>{
const cells = document.querySelector(".cells"), head = cells.querySelector("thead th:last-child");
cells.scrollTop = 400;
cells.scrollLeft = 100;
const box = cells.getBoundingClientRect(), top = head.getBoundingClientRect().top - box.top;
const left = cells.querySelector("tbody th").getBoundingClientRect().left - box.left;
document.getElementById("measured").textContent = JSON.stringify({
  page: document.documentElement.scrollWidth - innerWidth, cells: cells.scrollWidth - cells.clientWidth, top, left,
  advice: Math.max(...[...document.querySelectorAll(".stacked td")].map(td => td.offsetWidth / innerWidth)),
});
}</script>"""
"""Writes how far the page and its table of verdicts are wider than what shows them, and where its heads stay."""


@pytest.fixture(scope="module", params=["plain", TEXTS[1], TEXTS[5], TEXTS[8]], ids=range(4))
def hostile(request: pytest.FixtureRequest) -> tuple[str, Page]:
    """Texts that close an attribute, that no line holds, and that a template could take for its own."""
    text = request.param
    cards = [card(text, *([f"metric {k} {text}"] if k else [])) for k in range(MOST_NAMED + 2)]
    return text, Page(HtmlFormat().render_comparison(compare(cards)))


@pytest.fixture(scope="module")
def board() -> Comparison:
    comparison = read_report(REPORTS / "comparison.json")
    assert isinstance(comparison, Comparison)
    return comparison


@pytest.fixture(scope="module")
def rendered(board: Comparison) -> str:
    """The page of the committed comparison."""
    return HtmlFormat().render_comparison(board)


def test_the_page_of_many_metrics_is_well_formed_and_shows_names_as_they_are(hostile):
    text, page = hostile
    assert (page.open, page.mistakes) == ([], [])
    assert words(text) in words("".join(page.texts))
    assert all(found.get("scope") for tag, found in page.elements if tag == "th")
    assert not {"script", "img"} & {tag for tag, _ in page.elements}


def test_every_sign_has_its_word_beside_it(board, rendered):
    found = Counter(re.findall(r'aria-hidden="true">(.)</span><span class="hidden">(.*?)</span>', rendered))
    expected = Counter(outcome for case in board.cases for outcome in case.outcomes.values())
    assert found == {(SIGNS[outcome], WORDS[outcome]): n for outcome, n in expected.items()}


def test_the_legend_tells_those_outcomes_that_occur(board, rendered):
    legend = re.search(r'<ul class="counts legend">(.*?)</ul>', rendered, re.DOTALL)
    assert legend is not None
    told = {outcome for outcome in Outcome if f'"verdict {outcome.value}"' in legend[1]}
    assert told == {outcome for case in board.cases for outcome in case.outcomes.values()}


def test_a_few_metrics_have_their_verdicts_in_words():
    few = HtmlFormat().render_comparison(compare([card(), card("plain", "another")]))
    assert '<div class="scroll pinned heat"' in few
    assert 'class="upright"' not in few


def test_each_answer_of_the_advice_says_what_it_answers(rendered):
    page = Page(rendered)
    labels = [found["data-label"] for tag, found in page.elements if tag == "td" and "data-label" in found]
    answers = ["use", "undecided", "not, and why", "rests on"]
    assert labels[:4] == answers
    assert all(part == answers for part in [labels[k : k + 4] for k in range(0, len(labels), 4)])


@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
@pytest.mark.parametrize("width", [1200, 390])
def test_all_metrics_fit_a_desk_and_a_phone_scrolls_the_table_alone(rendered, tmp_path, width):
    measured = _measured(tmp_path, rendered, width)
    assert measured["page"] == 0
    assert (measured["cells"] == 0) is (width == 1200)
    # A border's width: the head and the first column stay where they are while the rest is scrolled.
    assert max(abs(measured["top"]), abs(measured["left"])) <= 2
    if width == 390:
        assert measured["advice"] > 0.85, "on a phone an answer takes the whole width"


def _measured(folder: Path, page: str, width: int) -> dict[str, float]:
    path = folder / "page.html"
    path.write_text(page.replace("</body>", MEASURED + "</body>"), encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--window-size={width},800", "--hide-scrollbars"]
    done = subprocess.run(
        [str(BROWSER), *options, f"--user-data-dir={folder / 'profile'}", "--dump-dom", path.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    found = re.search(r'<pre id="measured">(.+?)</pre>', done.stdout)
    assert found is not None, done.stderr
    return json.loads(found[1])
