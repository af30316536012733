"""Markdown: the scorecard and the comparison for people, as GitHub renders it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar, cast, final

import pandas as pd

from metric_harness import (
    architecture_findings,
    architecture_rows,
    architecture_tables,
    comparison_tables,
    scorecard_tables,
)
from metric_harness.evidence import evidence, on_one_grid
from metric_harness.evidence_tables import curves_table, matrix_table, numbers_table
from metric_harness.interfaces import AbstractReportFormat
from metric_harness.published import FAULTS_OF_MAMBA
from metric_harness.records import CaseRecord, Change, Comparison, Outcome, Plain, Scorecard
from metric_harness.tables import Alert, CaseLink, Cell, Table, Verdict
from metric_harness.wording import WORDS, ran, reused

WIDEST = 12
"""Columns beyond which a curve is set upright, and a matrix is left to the other formats."""
ALARMING = (Outcome.FAILED, Outcome.ERROR, Outcome.CRASHED, Outcome.XPASSED)
"""Outcomes in bold."""


@final
class MarkdownFormat(AbstractReportFormat):
    """Verdict first, then the evidence of every case, then claims, settings and environment."""

    suffix: ClassVar[str] = "md"

    def render(self, card: Scorecard) -> str:
        """Return one metric's scorecard as Markdown."""
        rows = scorecard_tables.published_rows(card)
        sections = [
            _head(card),
            _section("Cases", "", scorecard_tables.cases_table(card)),
            _baseline_section(card),
            _section("Exemptions", "", scorecard_tables.exemptions_table(card)),
            _published_section(rows, scorecard_tables.published_failures(card)),
            _section("Claims", "", scorecard_tables.claims_table(card)),
            _safe(scorecard_tables.claims_note(card)),
            _section("Neighboring settings", scorecard_tables.NEIGHBORS, scorecard_tables.settings_table(card)),
            "## Evidence",
            *(_evidence(case) for case in card.cases if ran(case)),
            _environment(card),
        ]
        return _joined(sections) + "\n"

    def render_comparison(self, comparison: Comparison) -> str:
        """Return the comparison as Markdown."""
        suite = comparison.suite
        sections = [
            "# Comparison of metrics",
            f"Suite {_safe(suite.version)}, profile {suite.profile}, networks of "
            f"{_safe(scorecard_tables.network_words(suite.network))}, seed {comparison.seed}, {suite.n_cases} cases. "
            "All metrics saw the same data; the number behind an outcome is the case's score in [0, 1]."
            + ("" if comparison.complete else " **Partial run.**"),
            _drawn(comparison_tables.totals_table(comparison)),
            _section("Which metric to use when", comparison_tables.ADVICE, comparison_tables.advice_table(comparison)),
            _section("Case by case", "", comparison_tables.cases_table(comparison)),
            _section("Scores by tier and group", comparison_tables.SCORES, comparison_tables.groups_table(comparison)),
            _section(
                "What moves each metric", comparison_tables.PROFILES, comparison_tables.profiles_table(comparison)
            ),
            _section("Claims", "Claimed / observed.", comparison_tables.claims_table(comparison)),
            _published_section(comparison.published, []),
        ]
        return _joined(sections) + "\n"

    def render_architecture(self, cards: Sequence[Scorecard]) -> str:
        """Return what metrics say of an architecture as Markdown."""
        rows, contrasts = architecture_rows.rows_of(cards), architecture_rows.contrasts_of(cards)
        suite = cards[0].suite
        sections = [
            f"# What training changes in {_safe(suite.network.name)}",
            f"**{_safe(architecture_findings.answer(rows, contrasts))}**",
            f"Suite {_safe(suite.version)}, profile {suite.profile}, networks of "
            f"{_safe(scorecard_tables.network_words(suite.network))}, seed {cards[0].run.seed}.",
            _fenced(cards[0].run.command),
            _bulleted("What this shows", architecture_findings.shows(rows, contrasts)),
            _bulleted("What this does not show", architecture_findings.shows_not(rows)),
            _section(
                "What the networks have learnt", architecture_tables.LEARNT, architecture_tables.learnt_table(rows)
            ),
            _section(
                "Before and after pretraining", architecture_tables.PRETRAINING, architecture_tables.change_table(rows)
            ),
            _drawn(architecture_tables.tests_table(rows)),
            _section("The scales of architectures", architecture_tables.SCALE, architecture_tables.scale_table(rows)),
            _section("Beyond input weights", architecture_tables.NEEDED, architecture_tables.needs_table(rows)),
            _section("Beside a leaky RNN", architecture_tables.CONTRAST, architecture_tables.contrast_table(contrasts)),
            _section("Across architectures", architecture_tables.ACROSS_NOTE, architecture_tables.across_table(cards)),
            _section(
                "The reference study's numbers", architecture_tables.STUDY, architecture_tables.published_table(rows)
            ),
            _bulleted("Known faults of the study's Mamba numbers", [f"{f}: {so}." for f, so in FAULTS_OF_MAMBA]),
        ]
        return _joined(sections) + "\n"


def _bulleted(title: str, items: Iterable[str]) -> str:
    return _joined([f"## {title}", "\n".join(f"- {_safe(item)}" for item in items)])


def _joined(sections: Iterable[str]) -> str:
    return "\n\n".join(section for section in sections if section)


def _safe(text: object) -> str:
    """Return text that Markdown and the HTML around it show as it is, on one line."""
    plain = str(text).replace("&", "&amp;").replace("<", "&lt;")
    # An underscore within a word emphasizes nothing.
    escaped = re.sub(r"([\\`*\[\]|#~$]|(?<![^\W_])_|_(?![^\W_]))", r"\\\1", plain)
    return "<br>".join(escaped.splitlines())


def _fenced(text: str) -> str:
    """Return text as it is, within a fence longer than any that it holds."""
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{text}\n{fence}"


def _cell(cell: Cell) -> str:
    if isinstance(cell, CaseLink):
        return f"[{_safe(cell)}](#{cell.id.replace('.', '')})"
    if isinstance(cell, Verdict) and cell.outcome in ALARMING:
        return f"**{WORDS[cell.outcome]}**" + str(cell).removeprefix(WORDS[cell.outcome])
    return f"**{_safe(cell)}**" if isinstance(cell, Alert) else _safe(cell)


def _drawn(table: Table) -> str:
    frame = pd.DataFrame([[_cell(cell) for cell in row] for row in table.rows], columns=[*map(_safe, table.columns)])
    return frame.to_markdown(index=False, disable_numparse=True)


def _section(title: str, note: str, table: Table | None) -> str:
    return "" if table is None else _joined([f"## {title}", note, _drawn(table)])


def _head(card: Scorecard) -> str:
    counts = ", ".join(f"{n} {WORDS[o]}" for o in Outcome if (n := card.summary.outcomes.get(o.value, 0)))
    suite, run = card.suite, card.run
    lines = [
        f"# Scorecard of {_safe(card.metric.name)}",
        f"{suite.n_cases} cases: {counts}. Pass rate {card.summary.pass_rate:.0%} of the applicable cases, "
        f"coverage {card.summary.coverage:.0%}." + ("" if run.complete else " **Partial run.**"),
        f"Suite {_safe(suite.version)}, profile {suite.profile}, networks of "
        f"{_safe(scorecard_tables.network_words(suite.network))}, seed {run.seed}; {_safe(run.started)}, "
        f"{run.duration_s:.1f} s; source {_safe(card.metric.source)}; settings "
        f"{_safe(scorecard_tables.own_settings(card))}. {reused(run)}".rstrip(),
        _fenced(run.command),
    ]
    return _joined(lines)


def _baseline_section(card: Scorecard) -> str:
    if card.baseline is None:
        return ""
    verdict = f"**{len(card.baseline.worse)} worse**" if card.baseline.worse else "nothing got worse"
    head = f"## Against the baseline\n\n{_safe(card.baseline.path)}: {verdict}, "
    head += f"{card.baseline.count(Change.UNCHANGED)} of {len(card.baseline.changes)} cases unchanged."
    table = scorecard_tables.baseline_table(card)
    return _joined([head, "" if table is None else _drawn(table)])


def _evidence(case: CaseRecord) -> str:
    parts = [f"### {case.id}", f"{WORDS[case.outcome]}, {case.tier}, version {case.version}."]
    if case.bound:
        parts.append(f"Bound: {_safe(case.bound)}.")
    if case.message:
        parts.append(_fenced(case.message))
    found = evidence(case)
    numbers = numbers_table(case.id, found.numbers)
    tables = [] if numbers is None else [numbers]
    for curves in on_one_grid(found.curves):
        table = curves_table(case.id, curves)
        tables.append(table if len(table.columns) <= WIDEST + 1 else table.transposed())
    tables += [matrix_table(case.id, matrix) for matrix in found.matrices if len(matrix.labels) <= WIDEST]
    return _joined([*parts, *map(_drawn, tables)])


def _published_section(rows: Sequence[Mapping[str, Plain]], failures: Sequence[str]) -> str:
    """Return the study's numbers, and below them the reasons for what is not within .01, each once."""
    table = scorecard_tables.published_table(rows)
    if table is None and not failures:
        return ""
    notes = [
        f"- {_safe(', '.join(where))}: {_safe(why)}." for why, where in scorecard_tables.published_notes(rows).items()
    ]
    return _joined(
        [
            "## Published against measured",
            scorecard_tables.PROTOCOL,
            "" if table is None else _drawn(table),
            *(["Why not within .01:", "\n".join(notes)] if notes else []),
            *map(_safe, failures),
        ]
    )


def _environment(card: Scorecard) -> str:
    environment = card.environment
    packages = cast("dict[str, Plain]", environment.get("packages") or {})
    versions = ", ".join(f"{_safe(name)} {_safe(version)}" for name, version in packages.items() if version)
    return (
        f"---\n\nPython {_safe(environment.get('python'))} on {_safe(environment.get('platform'))}; {versions}.  \n"
        f"Results digest `{card.results_digest}`."
    )
