"""A scorecard as tables: cases, claims, settings, exemptions, what changed, and what was published."""

from collections.abc import Mapping, Sequence

from metric_harness.published import FAILED, beside_published
from metric_harness.records import Change, NetworkInfo, Outcome, Plain, Scorecard
from metric_harness.tables import Alert, CaseLink, Cell, Link, Table, Verdict
from metric_harness.wording import number, ran, shown

PROTOCOL = (
    "The reference study's own protocol (arXiv 2410.24070) run by this code: independent initial points, explicit "
    "Euler, no moment matching, its noise levels and weights, no self pairs. Measured only; the verdicts come from "
    "the fair form of each experiment. Intervals are the jackknife's over recordings, 95 %. Where networks "
    "are compared, they are this package's, and not the study's."
)
NEIGHBORS = (
    "Each case's headline number with one setting moved next door, measured on part of the data. A verdict "
    "that such a step would turn round is fragile."
)


def network_words(network: NetworkInfo) -> str:
    """Return the architecture whose networks were compared, with its settings."""
    settings = ", ".join(f"{name} = {shown(value)}" for name, value in network.settings.items())
    return f"{network.name} ({settings})" if settings else network.name


def cases_table(card: Scorecard) -> Table:
    """Return every case with its outcome and its cost."""
    rows = [
        [
            CaseLink(case.id) if ran(case) else case.id,
            case.tier,
            Verdict(case.outcome),
            "" if case.score is None else f"{case.score:.4g}",
            f"{case.duration_s:.2f}",
            str(case.metric_calls),
        ]
        for case in card.cases
    ]
    return Table(title="Cases", columns=["case", "tier", "outcome", "score", "seconds", "distances"], rows=rows)


def groups_table(card: Scorecard) -> Table:
    """Return how many cases of each group ended how."""
    seen = [outcome for outcome in Outcome if card.summary.outcomes.get(outcome.value)]
    rows = [
        [group, *(str(counts.get(outcome.value, 0)) for outcome in seen)]
        for group, counts in card.summary.by_group.items()
    ]
    return Table(title="Outcomes by group", columns=["group", *(str(Verdict(o)) for o in seen)], rows=rows)


def baseline_table(card: Scorecard) -> Table | None:
    """Return the cases that changed since the baseline; None if there is no baseline or no change."""
    if card.baseline is None:
        return None
    rows: list[list[Cell]] = [
        [
            change.id,
            change.change.value.replace("_", " "),
            Verdict(change.before) if change.before else "",
            Verdict(change.after) if change.after else "",
            change.detail,
        ]
        for change in card.baseline.changes
        if change.change is not Change.UNCHANGED
    ]
    columns = ["case", "change", "before", "now", "detail"]
    return Table(title="Changes since the baseline", columns=columns, rows=rows) if rows else None


def exemptions_table(card: Scorecard) -> Table | None:
    """Return the exempt cases with their reasons; None if there are none."""
    rows: list[list[Cell]] = [
        [
            case.id,
            Verdict(case.outcome),
            case.exemption.reason,
            Link(case.exemption.issue) if case.exemption.issue else "",
            (case.exemption.until or "") + (", expired" if case.exemption.expired else ""),
        ]
        for case in card.cases
        if case.exemption is not None
    ]
    columns = ["case", "outcome", "reason", "issue", "until"]
    return Table(title="Exemptions", columns=columns, rows=rows) if rows else None


def published_rows(card: Scorecard) -> list[dict[str, Plain]]:
    """Return the study's numbers beside those of a scorecard."""
    return beside_published(card.metric.name, [(case.id, case.measurements) for case in card.cases])


def published_table(rows: Sequence[Mapping[str, Plain]]) -> Table | None:
    """Return the study's numbers beside the measured ones; None if there are none."""
    if not rows:
        return None
    columns = [key for key in rows[0] if key != "why"]
    return Table(
        title="Published against measured",
        columns=columns,
        rows=[[shown(row[column]) for column in columns] for row in rows],
    )


def published_notes(rows: Sequence[Mapping[str, Plain]]) -> dict[str, list[str]]:
    """Return the reasons for what is not within .01, each with the places that it holds for."""
    reasons: dict[str, list[str]] = {}
    for row in rows:
        if row["agreement"] != "within .01":
            label = " ".join(str(row[key]) for key in ("metric", "case") if key in row)
            places = reasons.setdefault(str(row["why"] or "no reason is known"), [])
            places += [] if label in places else [label]
    return reasons


def published_failures(card: Scorecard) -> list[str]:
    """Return a sentence for each protocol that could not be repeated."""
    return [
        f"Not measured in {case.id}: {shown(case.measurements[FAILED])}"
        for case in card.cases
        if FAILED in case.measurements
    ]


def claims_table(card: Scorecard) -> Table:
    """Return what the metric claims, and what was seen of it."""
    claims = {name: value for name, value in card.metric.claims.items() if isinstance(value, bool | None)}
    words = {True: "yes", False: "no", None: "not claimed"}
    rows: list[list[Cell]] = []
    for name in sorted(claims):
        seen = card.metric.observed.get(name)
        held = "not tested" if seen is None else "holds" if seen.observed else "violated"
        broken = seen is not None and claims[name] is not None and claims[name] is not seen.observed
        rows.append(
            [
                name,
                words[claims[name]],
                Alert(held) if broken else held,
                "" if seen is None else f"{seen.deviation:.3g}",
            ]
        )
    return Table(title="Claims", columns=["claim", "claimed", "observed", "worst deviation"], rows=rows)


def claims_note(card: Scorecard) -> str:
    """Return the numerical floor and the range that the metric states."""
    claims = card.metric.claims
    floor, limits = (shown(claims.get(name)) for name in ("numerical_floor", "value_range"))
    return f"Numerical floor {floor}; value range {limits}."


def settings_table(card: Scorecard) -> Table | None:
    """Return each case's headline number at neighboring settings; None if none was asked."""
    found: list[tuple[str, Outcome, dict[str, str], bool]] = []
    for case in card.cases:
        holds, fails = (case.measurements.get(f"settings that {word}") for word in ("hold", "do not hold"))
        if isinstance(holds, list) and isinstance(fails, list):
            flips = bool(fails) if case.outcome is Outcome.PASSED else bool(holds)
            near = {n.partition(": ")[0][3:]: v for n, v in case.measurements.items() if n.startswith("at ")}
            found.append((case.id, case.outcome, {label: number(value) for label, value in near.items()}, flips))
    labels = list(dict.fromkeys(label for _, _, near, _ in found for label in near))
    rows: list[list[Cell]] = [
        [case_id, Verdict(outcome), *(near.get(label, "") for label in labels), Alert("yes") if flips else "no"]
        for case_id, outcome, near, flips in found
    ]
    columns = ["case", "outcome", *labels, "fragile"]
    return Table(title="Neighboring settings", columns=columns, rows=rows) if rows else None


def environment_table(card: Scorecard) -> Table:
    """Return interpreter, platform, packages and the state of the repository."""
    packages, git = card.environment.get("packages"), card.environment.get("git")
    rows: list[list[Cell]] = [[name, shown(card.environment.get(name))] for name in ("python", "platform")]
    for prefix, found in (("", packages), ("git ", git)):
        for name, value in found.items() if isinstance(found, dict) else ():
            rows.append([f"{prefix}{name}", shown(value)])
    return Table(title="Environment", columns=["what", "version"], rows=rows)


def own_settings(card: Scorecard) -> str:
    """Return the metric's settings on one line."""
    return ", ".join(f"{name} = {shown(value)}" for name, value in card.metric.settings.items()) or "none"
