"""A comparison as tables: totals, cases, groups, claims, and which metric to use when."""

from collections.abc import Mapping

from metric_harness.guidance import advise
from metric_harness.records import Comparison, GroupScore
from metric_harness.tables import Cell, Share, Table, Verdict

SCORES = (
    "The mean score of the cases that apply, with Student's 95 % interval over these cases, and how many of them "
    "passed. A case that ended in an error counts as zero; scores that are all alike have no interval. Fewer cases "
    "apply to some metrics than to others, and a few make a wide interval."
)
ADVICE = (
    "Derived from the results by rule: a metric is listed if it broke no contract, makes the claims that the question "
    "takes, and passed every case that it rests on; undecided, if none of these failed and some straddle their bound."
)
PROFILES = (
    "How much of its range each change of a recording moves a metric: 0 is nothing, 1 is as far as another "
    "dynamical regime. Most questions are not about the nuisances; which of the signals counts depends on the question."
)
CLAIMS = {True: "yes", False: "no", None: "none"}


def totals_table(comparison: Comparison) -> Table:
    """Return pass rate and seconds of every metric."""
    rows: list[list[Cell]] = [
        [name, f"{comparison.pass_rates[name]:.0%}", f"{sum(case.seconds[name] for case in comparison.cases):.1f}"]
        for name in comparison.metrics
    ]
    return Table(title="Totals", columns=["metric", "pass rate", "seconds"], rows=rows)


def cases_table(comparison: Comparison) -> Table:
    """Return every case with a column for each metric."""
    rows: list[list[Cell]] = [
        [case.id, case.tier, *(Verdict(case.outcomes[name], case.scores[name]) for name in comparison.metrics)]
        for case in comparison.cases
    ]
    return Table(title="Case by case", columns=["case", "tier", *comparison.metrics], rows=rows)


def groups_table(comparison: Comparison) -> Table | None:
    """Return every metric's scores by tier and group; None for a comparison from before schema 1.3."""
    scores: dict[str, Mapping[str, GroupScore]] = {
        name: {**comparison.tiers.get(name, {}), **comparison.groups.get(name, {})} for name in comparison.metrics
    }
    kinds = [
        *sorted({tier for found in comparison.tiers.values() for tier in found}, reverse=True),
        *sorted({group for found in comparison.groups.values() for group in found}),
    ]
    rows: list[list[Cell]] = [
        [kind, *(_scored(scores[name].get(kind)) for name in comparison.metrics)] for kind in kinds
    ]
    title = "Scores by tier and group"
    return Table(title=title, columns=["group", *comparison.metrics], rows=rows) if rows else None


def _scored(score: GroupScore | None) -> Cell:
    if score is None:
        return ""
    return Share(score.score, score.low, score.high, f"{score.n_passed} of {score.n_cases}")


def profiles_table(comparison: Comparison) -> Table | None:
    """Return for every change how much of its range each metric is moved by; None where no card tells."""
    metrics = [name for name in comparison.metrics if name in comparison.profiles]
    rows: list[list[Cell]] = [
        [change, kind, *(_share(comparison.profiles[name], change) for name in metrics)]
        for kind, changes in comparison.profiled.items()
        for change in changes
    ]
    return Table(title="What moves each metric", columns=["change", "kind", *metrics], rows=rows) if rows else None


def _share(profile: Mapping[str, float | None], change: str) -> str:
    value = profile.get(change)
    # Shares that only rounding makes differ from zero, or from minus zero, read as zero.
    return "refused" if value is None else f"{round(value, 2) + 0.0:.2f}"


def claims_table(comparison: Comparison) -> Table | None:
    """Return for every claim what each metric says, and what was seen; None where no card tells."""
    names = sorted({name for claims in comparison.claims.values() for name, v in claims.items() if _is_claim(v)})
    rows: list[list[Cell]] = [
        [name, *(_claim(comparison, metric, name) for metric in comparison.metrics)] for name in names
    ]
    title = "Claims, claimed and observed"
    return Table(title=title, columns=["claim", *comparison.metrics], rows=rows) if rows else None


def _is_claim(value: object) -> bool:
    return value is None or isinstance(value, bool)


def _claim(comparison: Comparison, metric: str, name: str) -> str:
    claims, observed = comparison.claims.get(metric, {}), comparison.observed.get(metric, {})
    if name not in claims or not _is_claim(claims[name]):
        return ""
    claimed = claims[name]
    seen = "not tested" if name not in observed else "holds" if observed[name].observed else "violated"
    return f"{CLAIMS[claimed if isinstance(claimed, bool) else None]} / {seen}"


def advice_table(comparison: Comparison) -> Table | None:
    """Return which metric to use when; None if no case that tells has run."""
    rows: list[list[Cell]] = [
        [
            advice.question.text,
            ", ".join(advice.yes) or "none",
            ", ".join(advice.undecided) or "none",
            _told(advice.no),
            ", ".join(advice.cases),
        ]
        for advice in advise(comparison)
    ]
    columns = ["when", "use", "undecided", "not, and why", "rests on"]
    return Table(title="Which metric to use when", columns=columns, rows=rows) if rows else None


def _told(no: Mapping[str, str]) -> str:
    """Return the metrics that do not meet a need, those with one reason together."""
    reasons: dict[str, list[str]] = {}
    for metric, why in no.items():
        reasons.setdefault(why, []).append(metric)
    return "\n".join(f"{', '.join(metrics)}: {why}" for why, metrics in reasons.items()) or "none"
