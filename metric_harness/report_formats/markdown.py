"""Markdown: the scorecard and the comparison for people, as GitHub renders it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar, cast, final

import pandas as pd

from metric_harness.interfaces import AbstractReportFormat
from metric_harness.published import FAILED, beside_published
from metric_harness.records import CaseRecord, Change, Comparison, Observation, Outcome, Plain, Scorecard

WORDS = {
    Outcome.PASSED: "passed",
    Outcome.FAILED: "**failed**",
    Outcome.ERROR: "**error**",
    Outcome.CRASHED: "**crashed**",
    Outcome.XPASSED: "**passed against its exemption**",
    Outcome.XFAILED: "failed, exempt",
    Outcome.INCONCLUSIVE: "undecided",
    Outcome.NOT_APPLICABLE: "not applicable",
    Outcome.NOT_RUN: "not run",
}


@final
class MarkdownFormat(AbstractReportFormat):
    """Verdict first, then the evidence of every case, then claims, settings and environment."""

    suffix: ClassVar[str] = "md"

    def render(self, card: Scorecard) -> str:
        """Return one metric's scorecard as Markdown."""
        sections = [
            _head(card),
            _cases_table(card),
            _baseline_section(card),
            _exemptions_section(card),
            _published_section(card),
            _claims_section(card),
            _settings_section(card),
            "## Evidence",
            *(_evidence(case) for case in card.cases if case.outcome is not Outcome.NOT_RUN),
            _environment(card),
        ]
        return "\n\n".join(section for section in sections if section) + "\n"

    def render_comparison(self, comparison: Comparison) -> str:
        """Return the comparison as Markdown."""
        rows = [
            {"case": case.id, "tier": case.tier}
            | {name: _scored(case.outcomes[name], case.scores[name]) for name in comparison.metrics}
            for case in comparison.cases
        ]
        seconds = [
            {"metric": _safe(name), "pass rate": f"{comparison.pass_rates[name]:.0%}"}
            | {"seconds": f"{sum(case.seconds[name] for case in comparison.cases):.1f}"}
            for name in comparison.metrics
        ]
        suite = comparison.suite
        sections = [
            "# Comparison of metrics",
            f"Suite {suite.version}, profile {suite.profile}, seed {comparison.seed}, {suite.n_cases} cases. "
            "All metrics saw the same data; the number behind an outcome is the case's score in [0, 1]."
            + ("" if comparison.complete else " **Partial run.**"),
            _table(seconds),
            "## Case by case",
            _table(rows),
            _published_comparison(comparison),
        ]
        return "\n\n".join(section for section in sections if section) + "\n"


def _safe(text: object) -> str:
    """Return text that Markdown and the HTML around it show as it is."""
    escaped = re.sub(r"([\\`*_\[\]|#])", r"\\\1", str(text).replace("&", "&amp;").replace("<", "&lt;"))
    return escaped.replace("\n", "<br>")


def _table(rows: Iterable[Mapping[str, object]]) -> str:
    frame = pd.DataFrame(list(rows))
    return frame.to_markdown(index=False, disable_numparse=True)


def _number(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "" if value is None else _safe(value)
    return f"{value:.4g}"


def _shown(value: Plain) -> str:
    if isinstance(value, list):
        return ", ".join(_shown(item) if not isinstance(item, list) else f"[{_shown(item)}]" for item in value)
    return "none" if value is None else _number(value)


def _scored(outcome: Outcome, score: float | None) -> str:
    return WORDS[outcome] if score is None else f"{WORDS[outcome]} {score:.2f}"


def _head(card: Scorecard) -> str:
    counts = ", ".join(f"{n} {WORDS[Outcome(o)].strip('*')}" for o, n in card.summary.outcomes.items() if n)
    suite, run = card.suite, card.run
    lines = [
        f"# Scorecard of {_safe(card.metric.name)}",
        f"{suite.n_cases} cases: {counts}. Pass rate {card.summary.pass_rate:.0%} of the applicable cases, "
        f"coverage {card.summary.coverage:.0%}." + ("" if run.complete else " **Partial run.**"),
        f"Suite {suite.version}, profile {suite.profile}, seed {run.seed}; {run.started}, "
        f"{run.duration_s:.1f} s; source {_safe(card.metric.source)}; settings "
        + (", ".join(f"{k} = {_shown(v)}" for k, v in card.metric.settings.items()) or "none")
        + ".",
        f"```\n{run.command}\n```",
    ]
    return "\n\n".join(lines)


def _cases_table(card: Scorecard) -> str:
    rows = [
        {
            "case": f"[{case.id}](#{case.id.replace('.', '')})",
            "tier": case.tier,
            "outcome": WORDS[case.outcome],
            "score": _number(case.score),
            "seconds": f"{case.duration_s:.2f}",
            "distances": case.metric_calls,
        }
        for case in card.cases
    ]
    return "## Cases\n\n" + _table(rows)


def _baseline_section(card: Scorecard) -> str:
    if card.baseline is None:
        return ""
    verdict = f"**{len(card.baseline.worse)} worse**" if card.baseline.worse else "nothing got worse"
    rows = [
        {
            "case": change.id,
            "change": change.change.value.replace("_", " "),
            "before": WORDS[change.before] if change.before else "",
            "now": WORDS[change.after] if change.after else "",
            "detail": _safe(change.detail),
        }
        for change in card.baseline.changes
        if change.change is not Change.UNCHANGED
    ]
    head = f"## Against the baseline\n\n{_safe(card.baseline.path)}: {verdict}, "
    head += f"{card.baseline.count(Change.UNCHANGED)} of {len(card.baseline.changes)} cases unchanged."
    return "\n\n".join([head, *([_table(rows)] if rows else [])])


def _exemptions_section(card: Scorecard) -> str:
    rows = [
        {
            "case": case.id,
            "outcome": WORDS[case.outcome],
            "reason": _safe(case.exemption.reason),
            "issue": _safe(case.exemption.issue or ""),
            "until": (case.exemption.until or "") + (", expired" if case.exemption.expired else ""),
        }
        for case in card.cases
        if case.exemption is not None
    ]
    return "## Exemptions\n\n" + _table(rows) if rows else ""


def _evidence(case: CaseRecord) -> str:
    parts = [f"### {case.id}", f"{WORDS[case.outcome]}, {case.tier}, version {case.version}."]
    if case.bound:
        parts.append(f"Bound: {_safe(case.bound)}.")
    if case.message:
        parts.append(f"```\n{case.message}\n```")
    own = {n: v for n, v in case.measurements.items() if not n.startswith(("published ", "at ", "settings "))}
    rows = [
        {"measured": _safe(name), "value": _shown(value), "95 % interval": _shown(own[f"{name} interval"])}
        if f"{name} interval" in own
        else {"measured": _safe(name), "value": _shown(value), "95 % interval": ""}
        for name, value in own.items()
        if not name.endswith(" interval")
    ]
    if rows:
        parts.append(_table(rows))
    return "\n\n".join(parts)


PROTOCOL = (
    "The reference study's own protocol (arXiv 2410.24070) run by this code: independent initial points, explicit "
    "Euler, no moment matching, its noise levels and weights, no self pairs. Measured only; the verdicts come from "
    "the fair form of each experiment. Intervals are the jackknife's over recordings, 95 %. Where networks "
    "are compared, they are this package's, and not the study's."
)


def _published_section(card: Scorecard) -> str:
    rows = beside_published(card.metric.name, [(case.id, case.measurements) for case in card.cases])
    failures = [
        f"Not measured in {case.id}: {_safe(case.measurements[FAILED])}"
        for case in card.cases
        if FAILED in case.measurements
    ]
    if not rows and not failures:
        return ""
    return "\n\n".join(["## Published against measured", PROTOCOL, *_published_table(rows), *failures])


def _published_comparison(comparison: Comparison) -> str:
    if not comparison.published:
        return ""
    return "\n\n".join(["## Published against measured", PROTOCOL, *_published_table(comparison.published)])


def _published_table(rows: Sequence[Mapping[str, Plain]]) -> list[str]:
    """Return the table, and below it the reasons for what is not within .01, each once."""
    if not rows:
        return []
    shown = [{key: _shown(value) for key, value in row.items() if key != "why"} for row in rows]
    reasons: dict[str, list[str]] = {}
    for row in rows:
        if row["agreement"] != "within .01":
            label = " ".join(str(row[key]) for key in ("metric", "case") if key in row)
            why = str(row["why"] or "no reason is known")
            reasons.setdefault(why, []).append(label)
    notes = [f"- {_safe(', '.join(dict.fromkeys(where)))}: {_safe(why)}." for why, where in reasons.items()]
    return [_table(shown), *(["Why not within .01:", "\n".join(notes)] if notes else [])]


def _claims_section(card: Scorecard) -> str:
    claims = {name: value for name, value in card.metric.claims.items() if isinstance(value, bool | None)}
    words = {True: "yes", False: "no", None: "not claimed"}
    rows: list[dict[str, str]] = []
    for name in sorted(claims):
        seen = card.metric.observed.get(name)
        rows.append(
            {
                "claim": _safe(name),
                "claimed": words[claims[name]],
                "observed": "not tested" if seen is None else _held(seen),
                "worst deviation": "" if seen is None else f"{seen.deviation:.3g}",
            }
        )
    floor, limits = card.metric.claims["numerical_floor"], card.metric.claims["value_range"]
    note = f"Numerical floor {_shown(floor)}; value range {_shown(limits)}."
    return f"## Claims\n\n{_table(rows)}\n\n{note}"


def _held(seen: Observation) -> str:
    return "holds" if seen.observed else "violated"


def _settings_section(card: Scorecard) -> str:
    rows: list[dict[str, str]] = []
    for case in card.cases:
        holds, fails = (case.measurements.get(f"settings that {word}") for word in ("hold", "do not hold"))
        if isinstance(holds, list) and isinstance(fails, list):
            flips = bool(fails) if case.outcome is Outcome.PASSED else bool(holds)
            near = {n.partition(": ")[0][3:]: v for n, v in case.measurements.items() if n.startswith("at ")}
            rows.append(
                {"case": case.id, "outcome": WORDS[case.outcome]}
                | {label: _number(value) for label, value in near.items()}
                | {"fragile": "**yes**" if flips else "no"}
            )
    if not rows:
        return ""
    return (
        "## Neighboring settings\n\n"
        "Each case's headline number with one setting moved next door, measured on part of the data. A verdict "
        "that such a step would turn round is fragile.\n\n" + _table(rows)
    )


def _environment(card: Scorecard) -> str:
    environment = card.environment
    packages = cast("dict[str, Plain]", environment["packages"])
    versions = ", ".join(f"{name} {version}" for name, version in packages.items() if version)
    return (
        f"---\n\nPython {environment['python']} on {environment['platform']}; {versions}.  \n"
        f"Results digest `{card.results_digest}`."
    )
