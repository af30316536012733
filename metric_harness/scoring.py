"""From case records to a scorecard; pure functions."""

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from metric_harness.exemptions import Entry
from metric_harness.records import (
    SCHEMA_VERSION,
    CaseInfo,
    CaseRecord,
    MetricInfo,
    Outcome,
    Plain,
    RunInfo,
    Scorecard,
    SuiteInfo,
    Summary,
    digest,
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Part:
    """A case's record for one parameter set; `parameters` is empty for a case without parameters."""

    parameters: str
    record: CaseRecord


def not_run(case: CaseInfo, message: str = "not selected in this run") -> CaseRecord:
    """Return the record of a case that did not run."""
    return CaseRecord(
        id=case.id,
        version=case.version,
        group=case.group,
        tier=case.tier,
        outcome=Outcome.NOT_RUN,
        message=message,
    )


def merge(parts: Sequence[Part]) -> CaseRecord:
    """Return one record for a case that ran over several parameters.

    The worst outcome and the lowest score stand for the case; measurements carry their parameters;
    messages of every part that did not pass are kept. The case is not applicable only if no part is.
    """
    ordered = sorted(parts, key=lambda part: part.parameters)
    applicable = [part for part in ordered if part.record.outcome is not Outcome.NOT_APPLICABLE]
    worst = max(applicable or ordered, key=lambda part: part.record.outcome.rank).record
    scores = [p.record.score for p in ordered if p.record.score is not None]
    return dataclasses.replace(
        worst,
        score=min(scores, default=None),
        measurements={_named(name, p): value for p in ordered for name, value in p.record.measurements.items()},
        volatile=[_named(name, p) for p in ordered for name in p.record.volatile],
        message="\n".join(_labelled(p) for p in ordered if p.record.message),
        duration_s=sum(p.record.duration_s for p in ordered),
        metric_calls=sum(p.record.metric_calls for p in ordered),
        metric_s=sum(p.record.metric_s for p in ordered),
    )


def exempted(record: CaseRecord, entry: Entry) -> CaseRecord:
    """Return the record with its exemption; one that passed on every parameter passed unexpectedly."""
    record = dataclasses.replace(record, exemption=entry.exemption)
    if record.outcome is not Outcome.PASSED or entry.exemption.expired:
        return record
    return dataclasses.replace(record, outcome=Outcome.XPASSED, message=entry.unexpected_pass())


def _named(measurement: str, part: Part) -> str:
    return f"{measurement}[{part.parameters}]" if part.parameters else measurement


def _labelled(part: Part) -> str:
    return f"[{part.parameters}] {part.record.message}" if part.parameters else part.record.message


def summarize(cases: Sequence[CaseRecord]) -> Summary:
    """Return the counts over all cases of the suite.

    `pass_rate` is passed over applicable cases, of which those that did not run count as not passed;
    `coverage` is the share of all cases that ran to an outcome.
    """
    counts = Counter(case.outcome.value for case in cases)
    applicable = len(cases) - counts[Outcome.NOT_APPLICABLE.value]
    ran = len(cases) - counts[Outcome.NOT_RUN.value]
    return Summary(
        outcomes={outcome.value: counts[outcome.value] for outcome in Outcome},
        pass_rate=counts[Outcome.PASSED.value] / applicable if applicable else 0.0,
        coverage=ran / len(cases) if cases else 0.0,
        by_group=_tally(cases, lambda case: case.group),
        by_tier=_tally(cases, lambda case: case.tier),
    )


def _tally(cases: Iterable[CaseRecord], key: Callable[[CaseRecord], str]) -> dict[str, dict[str, int]]:
    tally: dict[str, dict[str, int]] = {}
    for case in cases:
        row = tally.setdefault(key(case), {})
        row[case.outcome.value] = row.get(case.outcome.value, 0) + 1
    return tally


def scorecard(
    *,
    suite: SuiteInfo,
    run: RunInfo,
    environment: Mapping[str, Plain],
    metric: MetricInfo,
    cases: Sequence[CaseRecord],
) -> Scorecard:
    """Return the scorecard of one metric, its cases sorted by id."""
    ordered = sorted(cases, key=lambda case: case.id)
    return Scorecard(
        schema_version=SCHEMA_VERSION,
        suite=suite,
        run=run,
        environment=environment,
        metric=metric,
        summary=summarize(ordered),
        cases=ordered,
        results_digest=digest(suite, run.seed, metric, ordered),
    )
