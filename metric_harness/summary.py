"""The verdict on one screen: a line for every case, a column for every metric."""

from collections.abc import Sequence
from pathlib import Path

from tabulate import tabulate

from metric_harness.records import CaseRecord, Outcome, Scorecard
from metric_harness.wording import reason

PREREQUISITE = "contract.value"
"""The case without which no other can be answered; when it fails, equal errors are told once."""
ALSO_TOLD = (Outcome.XFAILED, Outcome.INCONCLUSIVE)
"""Outcomes that are no failures and whose reason is printed all the same."""
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


def summary_lines(cards: Sequence[Scorecard], written: Sequence[Path], *, verbose: bool = False) -> list[str]:
    """Return the summary of a run: the table of cases, the totals, the failures, the files.

    Args:
        cards: one of each metric, with the same cases.
        written: the files of the reports.
        verbose: whether cases that apply to no metric have lines of their own; else they are counted in one.
    """
    names = [card.metric.name for card in cards]
    asked = [
        cases
        for cases in zip(*(card.cases for card in cards), strict=True)
        if any(case.outcome is not Outcome.NOT_RUN for case in cases)
    ]
    applying = asked if verbose else [cases for cases in asked if not _are_foreign(cases)]
    rows = [[cases[0].id, cases[0].tier, *map(_cell, cases)] for cases in applying]
    table = tabulate(rows, headers=["case", "tier", *names], disable_numparse=True).splitlines()
    lines = [*table, *_counted(len(asked) - len(applying)), ""]
    for card in cards:
        lines += [_totals(card), *_reasons(card), *_expired(card), ""]
    return lines + _files(written)


def _are_foreign(cases: Sequence[CaseRecord]) -> bool:
    """Return whether a case applies to no metric of the run."""
    return all(case.outcome is Outcome.NOT_APPLICABLE for case in cases)


def _counted(n_foreign: int) -> list[str]:
    noun, verb, them = ("case", "applies", "it") if n_foreign == 1 else ("cases", "apply", "them")
    return [f"{n_foreign} {noun} {verb} to no metric of this run; -v lists {them}"] if n_foreign else []


def _cell(case: CaseRecord) -> str:
    symbol = SYMBOLS[case.outcome]
    return symbol if case.score is None else f"{symbol} {case.score:.2f}"


def _totals(card: Scorecard) -> str:
    counts = [f"{n} {outcome.replace('_', ' ')}" for outcome, n in card.summary.outcomes.items() if n]
    partial = "" if card.run.complete else "; partial run"
    kept = f"; {card.run.reused} distances from the cache" if card.run.reused else ""
    return f"{card.metric.name}: {', '.join(counts)}; pass rate {card.summary.pass_rate:.0%}{partial}{kept}"


def _reasons(card: Scorecard) -> list[str]:
    """Return why cases did not pass; what merely repeats the prerequisite's failure is counted, not told again."""
    told = [case for case in card.cases if case.outcome.is_failure or case.outcome in ALSO_TOLD]
    root = next((case for case in told if case.id == PREREQUISITE), None)
    if root is None:
        return [line for case in told for line in _lines_of(case)]
    failures = [case for case in told if case.outcome.is_failure and case is not root]
    lines: list[str] = []
    for first, *others in _alike([root, *failures]):
        lines += _lines_of(first)
        if others:
            subject = "case" if len(others) == 1 else "cases"
            lines.append(f"    {len(others)} further {subject} ended in the same error")
    return lines + [line for case in told if case not in (root, *failures) for line in _lines_of(case)]


def _alike(cases: Sequence[CaseRecord]) -> list[list[CaseRecord]]:
    """Return the cases grouped by reason, the first one's group first."""
    groups: dict[str, list[CaseRecord]] = {}
    for case in cases:
        told = reason(case)
        # The prerequisite puts the recordings that it asked about before the reason.
        same = next((known for known in groups if known.endswith(told)), told)
        groups.setdefault(same, []).append(case)
    return list(groups.values())


def _lines_of(case: CaseRecord) -> list[str]:
    if case.outcome is Outcome.XPASSED:
        return [f"  {line}" for line in case.message.splitlines()]
    exempt = f"exempt ({case.exemption.reason}): " if case.exemption and not case.outcome.is_failure else ""
    return [_shortened(f"  {case.id}: {exempt}{reason(case)}")]


def _expired(card: Scorecard) -> list[str]:
    found = [(case.id, case.exemption) for case in card.cases if case.exemption is not None and case.exemption.expired]
    return [_shortened(f"  {i}: its exemption ({e.reason}) ended {e.until}; it counts again") for i, e in found]


def _shortened(text: str) -> str:
    return text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"


def _files(written: Sequence[Path]) -> list[str]:
    folders: dict[Path, list[str]] = {}
    for path in written:
        folders.setdefault(path.parent, []).append(path.name)
    return [f"written: {folder}/{{{','.join(names)}}}" for folder, names in folders.items()]
