"""How outcomes, numbers and reasons read in every report."""

from collections.abc import Mapping

from metric_harness.records import CaseRecord, Outcome, Plain, RunInfo

WORDS: Mapping[Outcome, str] = {
    Outcome.PASSED: "passed",
    Outcome.FAILED: "failed",
    Outcome.ERROR: "error",
    Outcome.CRASHED: "crashed",
    Outcome.XPASSED: "passed against its exemption",
    Outcome.XFAILED: "failed, exempt",
    Outcome.INCONCLUSIVE: "undecided",
    Outcome.NOT_APPLICABLE: "not applicable",
    Outcome.NOT_RUN: "not run",
}


def number(value: Plain) -> str:
    """Return a number to four digits, text as it is, and nothing for nothing."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "" if value is None else str(value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def shown(value: Plain) -> str:
    """Return any measurement on one line."""
    if isinstance(value, list):
        return ", ".join(f"[{shown(item)}]" if isinstance(item, list) else shown(item) for item in value)
    if isinstance(value, dict):
        return "; ".join(f"{name}: {shown(item)}" for name, item in value.items())
    return "none" if value is None else number(value)


def reason(case: CaseRecord) -> str:
    """Return the line of a case's message that says most: the first finding, or else the first line."""
    lines = [line.strip() for line in case.message.splitlines() if line.strip()]
    if not lines:
        return WORDS[case.outcome]
    return lines[1] if lines[0].startswith("claim ") and len(lines) > 1 else lines[0]


def reused(run: RunInfo) -> str:
    """Return a sentence on the answers that an earlier run had given; empty if there are none."""
    return f"{run.reused} distances are answers of an earlier run, with their cost then." if run.reused else ""


def ran(case: CaseRecord) -> bool:
    """Return whether a case ran, so that there is something to show of it."""
    return case.outcome is not Outcome.NOT_RUN
