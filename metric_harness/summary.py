"""The verdict on one screen: a line for every case, a column for every metric."""

from collections.abc import Sequence
from pathlib import Path

from tabulate import tabulate

from metric_harness.records import CaseRecord, Outcome, Scorecard

WIDTH = 100
"""Columns that a line of the summary may take."""
SYMBOLS = {
    Outcome.PASSED: "pass",
    Outcome.FAILED: "FAIL",
    Outcome.ERROR: "ERROR",
    Outcome.CRASHED: "CRASHED",
    Outcome.XPASSED: "XPASS",
    Outcome.XFAILED: "xfail",
    Outcome.INCONCLUSIVE: "undecided",
    Outcome.NOT_APPLICABLE: "n/a",
    Outcome.NOT_RUN: "not run",
}


def summary_lines(cards: Sequence[Scorecard], written: Sequence[Path]) -> list[str]:
    """Return the summary of a run: the table of cases, the totals, the failures, the files."""
    names = [card.metric.name for card in cards]
    rows = [
        [cases[0].id, cases[0].tier, *map(_cell, cases)]
        for cases in zip(*(card.cases for card in cards), strict=True)
        if any(case.outcome is not Outcome.NOT_RUN for case in cases)
    ]
    table = tabulate(rows, headers=["case", "tier", *names], disable_numparse=True).splitlines()
    lines = [*table, ""]
    for card in cards:
        lines += [_totals(card), *_reasons(card), ""]
    return lines + _files(written)


def _cell(case: CaseRecord) -> str:
    symbol = SYMBOLS[case.outcome]
    return symbol if case.score is None else f"{symbol} {case.score:.2f}"


def _totals(card: Scorecard) -> str:
    counts = [f"{n} {outcome.replace('_', ' ')}" for outcome, n in card.summary.outcomes.items() if n]
    partial = "" if card.run.complete else "; partial run"
    return f"{card.metric.name}: {', '.join(counts)}; pass rate {card.summary.pass_rate:.0%}{partial}"


def _reasons(card: Scorecard) -> list[str]:
    shown = (Outcome.FAILED, Outcome.ERROR, Outcome.CRASHED, Outcome.XPASSED, Outcome.INCONCLUSIVE)
    return [_shortened(f"  {case.id}: {_reason(case)}") for case in card.cases if case.outcome in shown]


def _reason(case: CaseRecord) -> str:
    """Return the line of a message that says most: the first finding, or else the first line."""
    lines = [line.strip() for line in case.message.splitlines() if line.strip()]
    if not lines:
        return case.outcome.value
    return lines[1] if lines[0].startswith("claim ") and len(lines) > 1 else lines[0]


def _shortened(text: str) -> str:
    return text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"


def _files(written: Sequence[Path]) -> list[str]:
    folders: dict[Path, list[str]] = {}
    for path in written:
        folders.setdefault(path.parent, []).append(path.name)
    return [f"written: {folder}/{{{','.join(names)}}}" for folder, names in folders.items()]
