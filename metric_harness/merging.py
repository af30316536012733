"""Joins the partial scorecards of one metric, as the shards of a CI job leave them, into one; pure functions."""

import dataclasses
from collections.abc import Mapping, Sequence

from metric_harness.errors import ScorecardError
from metric_harness.records import CaseRecord, Observation, Outcome, RunInfo, Scorecard, plain, repeatable
from metric_harness.scoring import scorecard


def merge(cards: Sequence[Scorecard]) -> Scorecard:
    """Return one scorecard that holds every case from the card in which it ran.

    Coverage, counts and digest are computed anew; the digest is that of an undivided run. A case that ran in several
    cards must have come out the same. A case of which every card ran only some parameters counts as not run. What a
    shard made of a baseline is dropped, for it judged a part; compare the merged card.

    Args:
        cards: at least two, of one metric with the same settings, claims, suite, profile, seed and packages.

    Raises:
        ScorecardError: if there are fewer than two, they are not of one run, or they contradict each other.
    """
    if len(cards) < 2:
        raise ScorecardError(f"{len(cards)} scorecard given; needed at least two to merge.")
    for card in cards[1:]:
        _require_one_run(cards[0], card)
    cases = [_ran([case for card in cards for case in card.cases if case.id == known.id]) for known in cards[0].cases]
    return scorecard(
        suite=cards[0].suite,
        run=_run([card.run for card in cards], complete=all(case.outcome is not Outcome.NOT_RUN for case in cases)),
        environment=cards[0].environment,
        metric=dataclasses.replace(cards[0].metric, observed=_observed(cards)),
        cases=cases,
    )


def missing(card: Scorecard) -> list[str]:
    """Return the ids of the cases that did not run."""
    return [case.id for case in card.cases if case.outcome is Outcome.NOT_RUN]


def _require_one_run(first: Scorecard, other: Scorecard) -> None:
    for what, ours, theirs in zip(_IDENTITY, _identity(first), _identity(other), strict=True):
        if ours != theirs:
            raise ScorecardError(
                f"the scorecards differ in {what}: {_difference(ours, theirs)}. Merge shards of one run: the same "
                "metric, options and packages."
            )


_IDENTITY = ("metric", "suite, profile or number of cases", "seed", "packages", "Python", "cases", "schema version")
"""Names of what `_identity` returns."""


def _identity(card: Scorecard) -> Sequence[object]:
    metric = dataclasses.replace(card.metric, observed={})
    cases = {case.id: case.version for case in card.cases}
    packages, python = (card.environment.get(key) for key in ("packages", "python"))
    return metric, card.suite, card.run.seed, packages, python, cases, card.schema_version


def _difference(ours: object, theirs: object) -> str:
    """Return both sides, of records and mappings only the entries that differ."""
    mine, others = _entries(ours), _entries(theirs)
    unequal = sorted(key for key in mine.keys() | others.keys() if mine.get(key) != others.get(key))
    return "; ".join(f"{key}{mine.get(key)} and {others.get(key)}" for key in unequal)


def _entries(value: object) -> Mapping[str, object]:
    found = plain(value)
    return {f"{key} ": item for key, item in found.items()} if isinstance(found, dict) else {"": found}


def _ran(records: Sequence[CaseRecord]) -> CaseRecord:
    """Return the record of the card in which a case ran, or of the first if none did."""
    ran = [record for record in records if record.outcome is not Outcome.NOT_RUN]
    for record in ran[1:]:
        if plain(repeatable(record)) != plain(repeatable(ran[0])):
            raise ScorecardError(
                f"two scorecards hold different results of {record.id}: {ran[0].outcome.value} and "
                f"{record.outcome.value}, or unequal measurements. Merge shards of one run."
            )
    return (ran or records)[0]


def _run(runs: Sequence[RunInfo], *, complete: bool) -> RunInfo:
    return RunInfo(
        started=min(run.started for run in runs),
        duration_s=round(sum(run.duration_s for run in runs), 3),
        complete=complete,
        command="\n".join(run.command for run in runs),
        seed=runs[0].seed,
        workers=max(run.workers for run in runs),
        reused=sum(run.reused for run in runs),
    )


def _observed(cards: Sequence[Scorecard]) -> Mapping[str, Observation]:
    return {claim: seen for card in cards for claim, seen in card.metric.observed.items()}
