"""A scorecard as workflow commands, which GitHub shows beside the run and the changed files.

Source: GitHub Docs, "Workflow commands for GitHub Actions" (form of a command, and the escapes of its parts).
"""

from typing import Literal, TypeAlias

from metric_harness.records import Change, Scorecard

Level: TypeAlias = Literal["error", "warning", "notice"]


def annotation_lines(card: Scorecard) -> list[str]:
    """Return one command for each case that fails; with a baseline, for what got worse or drifted, and the counts."""
    name = card.metric.name
    if card.baseline is None:
        return [_command("error", f"{c.id} ({name})", c.message) for c in card.cases if c.outcome.is_failure]
    messages = {case.id: case.message for case in card.cases}
    lines: list[str] = []
    for change in card.baseline.changes:
        told = change.detail or messages.get(change.id, "")
        if change.change.is_worse:
            lines.append(_command("error", f"{change.id} {change.change.value} ({name})", told))
        elif change.change is Change.DRIFTED:
            lines.append(_command("warning", f"{change.id} drifted ({name})", told))
    counts = ", ".join(f"{card.baseline.count(c)} {c.value}" for c in Change if card.baseline.count(c))
    return [*lines, _command("notice", f"{name} against its baseline", counts)]


def _command(level: Level, title: str, message: str) -> str:
    return f"::{level} title={_property(title)}::{_data(message or title)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
