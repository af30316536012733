"""HTML: the scorecard and the comparison as one file each, for a browser without a network."""

import dataclasses
import functools
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, ClassVar, cast, final

from metric_harness import (
    __version__,
    architecture_findings,
    architecture_rows,
    architecture_tables,
    catalogue,
    comparison_tables,
    scorecard_tables,
)
from metric_harness.drawing import Figure
from metric_harness.errors import MetricHarnessError
from metric_harness.evidence import Curve, evidence, on_one_axis, on_one_grid
from metric_harness.evidence_tables import curves_table, matrix_table, numbers_table
from metric_harness.interfaces import AbstractReportFormat
from metric_harness.published import FAULTS_OF_MAMBA
from metric_harness.records import CaseInfo, CaseRecord, Change, Comparison, Outcome, Scorecard
from metric_harness.tables import Table, Verdict
from metric_harness.trade_off import trade_off_of
from metric_harness.wording import WORDS, ran, reason, reused

SIGNS: Mapping[Outcome, str] = {
    Outcome.PASSED: "✓",
    Outcome.FAILED: "✕",
    Outcome.ERROR: "!",
    Outcome.CRASHED: "!",
    Outcome.XPASSED: "‼",
    Outcome.XFAILED: "⊘",
    Outcome.INCONCLUSIVE: "?",
    Outcome.NOT_APPLICABLE: "·",
    Outcome.NOT_RUN: "○",
}
SETTLED = (Outcome.PASSED, Outcome.NOT_APPLICABLE, Outcome.NOT_RUN)
"""Outcomes that are not told again among the findings, and whose evidence is folded."""
MOST_NAMED = 6
"""Metrics whose verdicts fit side by side as words; those of more are signs below upright names."""
NUMERIC = re.compile(r"[-\d.,\s\[\]%e+]*")


@final
class HtmlFormat(AbstractReportFormat):
    """Verdict first, then what did not pass, then tables and the evidence with its plots; no script, nothing loaded."""

    suffix: ClassVar[str] = "html"

    def render(self, card: Scorecard) -> str:
        """Return one metric's scorecard as a page."""
        return _page("scorecard.html", _scorecard_view(card))

    def render_comparison(self, comparison: Comparison) -> str:
        """Return the comparison as a page."""
        return _page("comparison.html", _comparison_view(comparison))

    def render_architecture(self, cards: Sequence[Scorecard]) -> str:
        """Return what metrics say of an architecture as a page."""
        return _page("architecture.html", _architecture_view(cards))


WIDE = 500.0
"""Points, above which a plot is shown in its full width, and scrolls where the page is narrower."""


@final
@dataclasses.dataclass(frozen=True)
class Plot:
    """A plot as markup, what it shows in words, and its caption; without markup, the words say why."""

    svg: str
    words: str
    caption: str

    @property
    def is_wide(self) -> bool:
        """Whether it needs more than a column's width for its letters to be read."""
        box = re.search(r'viewBox="0 0 ([\d.]+)', self.svg)
        return box is not None and float(box[1]) > WIDE


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class Shown:
    """What the page shows of one case."""

    case: CaseRecord
    open: bool
    title: str
    asked: list[tuple[str, str]]
    plots: list[Plot]
    tables: list[Table]


@cache
def _environment() -> Any:
    import jinja2

    environment: Any = jinja2.Environment(
        autoescape=True,
        loader=jinja2.PackageLoader("metric_harness", "data/templates"),
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.globals |= {
        "anchor": _anchor,
        "kind_of": _kind_of,
        "notes": architecture_tables,
        "network_words": scorecard_tables.network_words,
        "numeric_columns": _numeric_columns,
        "protocol": scorecard_tables.PROTOCOL,
        "ran": ran,
        "reason": reason,
        "release": __version__,
        "signs": SIGNS,
        "verdict_of": _verdict_of,
        "words": WORDS,
    }
    return environment


def _page(template: str, view: Mapping[str, object]) -> str:
    return cast(str, _environment().get_template(template).render(view)).strip() + "\n"


def _scorecard_view(card: Scorecard) -> dict[str, object]:
    rows = scorecard_tables.published_rows(card)
    groups: dict[str, list[CaseRecord]] = {}
    for case in card.cases:
        groups.setdefault(case.group, []).append(case)
    return {
        "card": card,
        "sentence": _sentence(card),
        "settings": scorecard_tables.own_settings(card),
        "reused": reused(card.run),
        "tally": [(outcome, n) for outcome in Outcome if (n := card.summary.outcomes.get(outcome.value, 0))],
        "groups": groups,
        "findings": [case for case in card.cases if case.outcome not in SETTLED],
        "cases_table": scorecard_tables.cases_table(card),
        "changes": scorecard_tables.baseline_table(card),
        "n_unchanged": 0 if card.baseline is None else card.baseline.count(Change.UNCHANGED),
        "exemptions": scorecard_tables.exemptions_table(card),
        "claims": scorecard_tables.claims_table(card),
        "claims_note": scorecard_tables.claims_note(card),
        "neighbors": scorecard_tables.settings_table(card),
        "neighbors_note": scorecard_tables.NEIGHBORS,
        "published": scorecard_tables.published_table(rows),
        "notes": scorecard_tables.published_notes(rows),
        "failures": scorecard_tables.published_failures(card),
        "evidence": [_shown(case) for case in card.cases if ran(case)],
        "environment": scorecard_tables.environment_table(card),
    }


def _comparison_view(comparison: Comparison) -> dict[str, object]:
    trade_off = trade_off_of(comparison)
    caption = "Validity against cost: up and to the left is better. Bars are 95 % intervals over cases."
    return {
        "comparison": comparison,
        "totals": comparison_tables.totals_table(comparison),
        "trade_off": None if trade_off is None else _plotted(lambda: trade_off("trade-off"), caption),
        "advice": comparison_tables.advice_table(comparison),
        "advice_note": comparison_tables.ADVICE,
        "cases": comparison_tables.cases_table(comparison),
        "many": len(comparison.metrics) > MOST_NAMED,
        "outcomes": [o for o in Outcome if any(o in case.outcomes.values() for case in comparison.cases)],
        "groups": comparison_tables.groups_table(comparison),
        "scores_note": comparison_tables.SCORES,
        "profiles": comparison_tables.profiles_table(comparison),
        "profiles_note": comparison_tables.PROFILES,
        "profiles_plot": _matrix_of_profiles(comparison),
        "claims": comparison_tables.claims_table(comparison),
        "published": scorecard_tables.published_table(comparison.published),
        "notes": scorecard_tables.published_notes(comparison.published),
    }


def _architecture_view(cards: Sequence[Scorecard]) -> dict[str, object]:
    rows, contrasts = architecture_rows.rows_of(cards), architecture_rows.contrasts_of(cards)
    return {
        "suite": cards[0].suite,
        "seed": cards[0].run.seed,
        "command": cards[0].run.command,
        "digests": {card.metric.name: card.results_digest for card in cards if architecture_rows.asked(card)},
        "answer": architecture_findings.answer(rows, contrasts),
        "shows": architecture_findings.shows(rows, contrasts),
        "shows_not": architecture_findings.shows_not(rows),
        "change": architecture_tables.change_table(rows),
        "learnt": architecture_tables.learnt_table(rows),
        "tests": architecture_tables.tests_table(rows),
        "needs": architecture_tables.needs_table(rows),
        "contrast": architecture_tables.contrast_table(contrasts),
        "scale": architecture_tables.scale_table(rows),
        "across": architecture_tables.across_table(cards),
        "published": architecture_tables.published_table(rows),
        "faults": FAULTS_OF_MAMBA,
        "forests": _forests(rows),
        "courses": _courses(rows),
    }


def _forests(rows: Sequence[architecture_rows.Row]) -> dict[str, Plot]:
    """Return the interval plots of the architecture page by their places; what has no numbers is left out."""
    from metric_harness.forest_figures import forest_figure

    margin = (-architecture_tables.MARGIN, architecture_tables.MARGIN)
    difference = (
        "Full minus untrained, distances to the master, with 95 % intervals over seeds; the band counts as none"
    )
    asked: dict[str, tuple[Any, str, str, tuple[float, float] | None]] = {
        "unit": (architecture_tables.differences(rows), "share of the across-regime mean", difference, margin),
        "own": (architecture_tables.own_differences(rows), "share of unrelated networks' distance", difference, margin),
        "needs": (
            architecture_tables.needs(rows),
            "share of unrelated networks' distance",
            "Change with all weights free minus change with input weights alone, with 95 % intervals over seeds",
            None,
        ),
    }
    return {
        name: _plotted(functools.partial(forest_figure, entries, quantity, f"forest-{name}", band), caption)
        for name, (entries, quantity, caption, band) in asked.items()
        if entries
    }


def _courses(rows: Sequence[architecture_rows.Row]) -> list[Plot]:
    """Return a plot of the courses of training for each metric."""
    from metric_harness.curve_figures import curve_figure

    caption = "distance of each checkpoint to the last, with 95 % intervals over seeds"
    metrics = dict.fromkeys(row.metric for row in rows)
    courses = {metric: [c for row in rows if row.metric == metric for c in row.courses] for metric in metrics}
    return [
        _plotted(functools.partial(curve_figure, some, f"course-{k}"), f"By {metric}: {caption}")
        for k, (metric, some) in enumerate(courses.items())
        if some
    ]


def _sentence(card: Scorecard) -> str:
    """Return the verdict in one sentence: how many cases passed, and whether every required one did."""
    applicable = [case for case in card.cases if case.outcome is not Outcome.NOT_APPLICABLE]
    required = [case for case in applicable if case.tier == "required"]
    n_passed, n_required = (sum(case.outcome is Outcome.PASSED for case in some) for some in (applicable, required))
    kept = "all" if n_required == len(required) else f"{n_required} of"
    text = f"{n_passed} of {len(applicable)} cases that apply passed"
    return f"{text}, among them {kept} {len(required)} required ones." if required else f"{text}."


def _shown(case: CaseRecord) -> Shown:
    info = _known(case)
    found = evidence(case)
    name = _anchor(case.id)
    numbers = numbers_table(case.id, found.numbers)
    return Shown(
        case=case,
        open=case.outcome not in SETTLED,
        title=info.title if info else "",
        asked=_asked(info) if info else [],
        plots=[
            *(_curve_plot(c, f"{name}-curve-{k}") for k, c in enumerate(on_one_axis(_plotted_alone(found.curves)))),
            *_profile_plot([curve for curve in found.curves if curve.is_profile], f"{name}-profile"),
            *(_matrix_plot(matrix, f"{name}-matrix-{k}") for k, matrix in enumerate(found.matrices)),
        ],
        tables=[
            *(curves_table(case.id, curves) for curves in on_one_grid(found.curves)),
            *(matrix_table(case.id, matrix) for matrix in found.matrices),
            *([] if numbers is None else [numbers]),
        ],
    )


def _curve_plot(curves: Any, name: str) -> Plot:
    from metric_harness.curve_figures import curve_figure

    intervals = any(curve.intervals is not None for curve in curves)
    quantity = curves[0].quantity if len(curves) == 1 else curves[0].unit
    caption = f"{quantity} by {curves[0].x}" + (", with 95 % intervals" if intervals else "")
    return _plotted(lambda: curve_figure(curves, name), caption)


def _plotted_alone(curves: Sequence[Curve]) -> list[Curve]:
    return [curve for curve in curves if not curve.is_profile]


def _profile_plot(curves: Sequence[Curve], name: str) -> list[Plot]:
    from metric_harness.profile_figures import profile_figure

    caption = "What moves the metric, as a share of its range, with 95 % intervals; 1 is as far as another regime"
    return [_plotted(lambda: profile_figure(curves, name), caption)] if curves else []


def _matrix_of_profiles(comparison: Comparison) -> Plot | None:
    from metric_harness.profile_figures import profiles_figure

    caption = "What moves each metric, as a share of its range; hatched is a change that the metric refuses"
    return _plotted(lambda: profiles_figure(comparison, "profiles"), caption) if comparison.profiles else None


def _matrix_plot(matrix: Any, name: str) -> Plot:
    from metric_harness.matrix_figures import matrix_figure

    return _plotted(
        lambda: matrix_figure(matrix, name), f"{matrix.quantity} of all pairs, in the order of the tree above"
    )


def _plotted(draw: Callable[[], Figure], caption: str) -> Plot:
    """Return a plot; one that cannot be drawn leaves a note in its place, for the report must not be lost with it."""
    import markupsafe

    try:
        figure = draw()
    except Exception as error:
        return Plot("", f"This plot could not be drawn ({type(error).__name__}: {error}).", caption)
    return Plot(markupsafe.Markup(figure.svg), figure.words, caption)


def _known(case: CaseRecord) -> CaseInfo | None:
    """Return what this release's suite says of a case; None of one that it does not have in this version."""
    try:
        info = catalogue.case(case.id)
    except MetricHarnessError:
        return None
    return info if info.version == case.version else None


def _asked(info: CaseInfo) -> list[tuple[str, str]]:
    """Return the paragraphs of a case's explanation, each with its label."""
    parts = re.split(r"(?m)^([A-Z][\w ]+): ", info.explanation)[1:]
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return [(label, " ".join(text.split())) for label, text in [*pairs, ("Source", info.source)]]


def _kind_of(cell: object) -> str:
    return type(cell).__name__


def _verdict_of(case: CaseRecord) -> Verdict:
    return Verdict(case.outcome, case.score)


def _anchor(case_id: str) -> str:
    return "case-" + re.sub(r"[^\w-]+", "-", case_id)


def _numeric_columns(table: Table) -> list[bool]:
    columns: list[list[object]] = [list(column) for column in zip(*table.rows, strict=True)]
    return [all(isinstance(c, str) and NUMERIC.fullmatch(c) for c in column) and any(column) for column in columns]
