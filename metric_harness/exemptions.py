"""The file after `--metric-exempt`: which cases may fail, for which reason, and until when.

    [[exempt]]
    case = "contract.symmetry"
    reason = "the published definition favors its first argument"
    issue = "https://example.org/issues/7"  # optional
    until = 2030-12-31                      # optional, the last day
    metric = "mine"                         # optional; default: every metric of the run

Nothing in it is taken on trust: an unknown case or key, a missing reason or a repeated entry is a mistake.
"""

import dataclasses
import datetime
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast, final

from metric_harness import catalogue
from metric_harness.errors import ExemptionError, UnknownCaseError
from metric_harness.records import Exemption

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

KEYS = ("case", "reason", "issue", "until", "metric")
HEADER = re.compile(r"\s*\[\[\s*(exempt|\"exempt\"|'exempt')\s*\]\]")


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class Entry:
    """One exemption, whom it concerns, and where it stands in the file."""

    case: str
    metric: str | None
    exemption: Exemption
    place: str

    def concerns(self, metric: str) -> bool:
        """Return whether the entry is meant for this metric."""
        return self.metric in (None, metric)

    def unexpected_pass(self) -> str:
        """Return what to do now that the case passes."""
        others = "" if self.metric else '\nIf another metric still needs it, add metric = "NAME" to it instead.'
        return f"unexpected pass: {self.case} passes in spite of its exemption. Delete {self.place}{others}"


@final
@dataclasses.dataclass(frozen=True)
class Exemptions:
    """The entries of one file; none without a file."""

    entries: Sequence[Entry] = ()

    def of(self, metric: str, case: str) -> Entry | None:
        """Return the entry for a metric's case, expired or not."""
        return next((e for e in self.entries if e.case == case and e.concerns(metric)), None)

    def for_other_metrics(self, metrics: Sequence[str]) -> list[str]:
        """Return the names in the file that no metric of the run bears."""
        return sorted({e.metric for e in self.entries if e.metric is not None and e.metric not in metrics})


def read_exemptions(path: Path, cwd: Path, today: datetime.date) -> Exemptions:
    """Read an exemption file.

    Args:
        path: the TOML file, as it was typed.
        cwd: folder that a relative path starts from.
        today: the date that `until` is held against.

    Raises:
        ExemptionError: if the file is unreadable, is not TOML, or an entry is wrong.
    """
    try:
        text = (cwd / path).read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except OSError as error:
        raise ExemptionError(f"--metric-exempt: cannot read {path}: {error.strerror}. Give a TOML file.") from error
    except ValueError as error:  # not UTF-8, or not TOML
        raise ExemptionError(f"--metric-exempt: {path} is not TOML: {error}.") from error
    tables = content.get("exempt", [])
    unknown = sorted(set(content) - {"exempt"})
    if unknown or not isinstance(tables, list):
        got = f"the top-level keys {unknown}" if unknown else "'exempt' as a single table"
        raise ExemptionError(f"--metric-exempt: {path} has {got}; needed only entries headed [[exempt]].")
    places = _places(path, text, cast(list[object], tables))
    entries: list[Entry] = []
    for number, (table, place) in enumerate(zip(cast(list[object], tables), places, strict=True), start=1):
        try:
            entries.append(_entry(table, place, today))
        except (ExemptionError, UnknownCaseError) as error:
            raise ExemptionError(f"--metric-exempt: {path}, entry {number}: {error}") from None
    _require_unique(path, entries)
    return Exemptions(entries)


def _entry(table: object, place: str, today: datetime.date) -> Entry:
    if not isinstance(table, dict):
        raise ExemptionError(f"got {table!r}; needed a table with the keys {', '.join(KEYS)}.")
    fields = cast(dict[str, Any], table)
    unknown = sorted(set(fields) - set(KEYS))
    if unknown:
        raise ExemptionError(f"unknown keys {unknown}; needed only {', '.join(KEYS)}.")
    for key in ("case", "reason"):
        if key not in fields:
            raise ExemptionError(f"{key} is missing; needed case and reason.")
    for key in set(fields) - {"until"}:
        if not isinstance(fields[key], str) or not fields[key].strip():
            raise ExemptionError(f"{key} is {fields[key]!r}; needed a text that says something.")
    issue, until = fields.get("issue"), fields.get("until")
    if issue is not None and not re.match(r"https?://\S+$", issue):
        raise ExemptionError(f"issue is {issue!r}; needed an address that begins with https://.")
    if until is not None and type(until) is not datetime.date:
        raise ExemptionError(f"until is {until!r}; needed a date without quotes, such as 2030-12-31.")
    exemption = Exemption(
        reason=fields["reason"].strip(),
        issue=issue,
        until=until.isoformat() if until else None,
        expired=until is not None and until < today,
    )
    case = catalogue.case(fields["case"])
    return Entry(case=case.id, metric=fields.get("metric"), exemption=exemption, place=place)


def _require_unique(path: Path, entries: Sequence[Entry]) -> None:
    for k, entry in enumerate(entries):
        for other in entries[:k]:
            if entry.case == other.case and (entry.metric is None or other.concerns(entry.metric)):
                raise ExemptionError(f"--metric-exempt: {path} exempts {entry.case} twice; delete one of the entries.")


def _places(path: Path, text: str, tables: Sequence[object]) -> list[str]:
    """Return where each entry stands: its lines, or its case if the file is not written as [[exempt]] blocks."""
    lines = text.splitlines()
    starts = [number for number, line in enumerate(lines) if HEADER.match(line)]
    blocks = [_block(lines[start:end]) for start, end in zip(starts, [*starts, len(lines)][1:], strict=True)]
    if [_parsed(block) for block in blocks] != list(tables):
        return [f"the entry number {number} of {path}." for number in range(1, len(tables) + 1)]
    return [
        f"lines {start + 1}-{start + len(block)} of {path}:\n" + "\n".join(f"    {line}" for line in block)
        for start, block in zip(starts, blocks, strict=True)
    ]


def _block(lines: Sequence[str]) -> list[str]:
    """Return lines without the blank lines and comments at their end, which belong to what follows."""
    last = max(k for k, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#"))
    return list(lines[: last + 1])


def _parsed(block: Sequence[str]) -> object:
    try:
        return tomllib.loads("\n".join(block))["exempt"][0]
    except (ValueError, LookupError, TypeError):
        return None
