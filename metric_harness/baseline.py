"""What got better, what got worse, and what moved since an earlier scorecard; pure functions of two scorecards.

A case is compared with itself only: equal id and equal version. It got worse when it stands lower than before: passed,
then undecided, then failed; what does not apply any more, or did not run, can't stand in for what passed.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import numpy as np

from metric_harness import catalogue
from metric_harness.comparison import read_scorecard
from metric_harness.errors import BaselineError
from metric_harness.records import (
    SCHEMA_VERSION,
    Baseline,
    CaseChange,
    CaseRecord,
    Change,
    NetworkInfo,
    Outcome,
    Plain,
    Scorecard,
    digest,
)

STANDING: Mapping[Outcome, int] = {
    Outcome.PASSED: 3,
    Outcome.XPASSED: 3,
    Outcome.INCONCLUSIVE: 2,
    Outcome.NOT_APPLICABLE: 1,
    Outcome.XFAILED: 0,
    Outcome.FAILED: 0,
    Outcome.ERROR: 0,
    Outcome.CRASHED: 0,
}
"""How well an outcome speaks for a metric; one that did not run has no standing. Not to apply is less than to be
undecided, for a withdrawn claim must not hide what it claimed; and more than to fail."""
MOST_NAMED = 3
"""Measurements that a line about drift names."""


def read_baselines(
    paths: Sequence[Path], metrics: Sequence[str], profile: str, seed: int, network: NetworkInfo
) -> Mapping[str, tuple[Path, Scorecard]]:
    """Load the scorecards that a run is to be compared with; return path and scorecard by metric.

    Args:
        paths: JSON files of scorecards, one for each metric of the run, or none.
        metrics: report names of the metrics in the run.
        profile: of the run.
        seed: root seed of the run.
        network: the architecture of the run.

    Raises:
        ScorecardError: if a file is missing, unreadable, or of an unknown schema.
        BaselineError: if one is partial, holds no case, or rests on another profile, seed or architecture, or if the
            metrics are not those of the run.
    """
    if not paths:
        return {}
    cards = [(path, read_scorecard(path)) for path in paths]
    for path, card in cards:
        _require_comparable(path, card, profile, seed)
        _require_network(path, card.suite.network, network)
    names = [card.metric.name for _, card in cards]
    if sorted(names) != sorted(metrics):
        raise BaselineError(
            f"the baseline is of {', '.join(names)}, the run is of {', '.join(metrics)}; needed one "
            "scorecard of each metric."
        )
    return dict(zip(names, cards, strict=True))


def _require_comparable(path: Path, card: Scorecard, profile: str, seed: int) -> None:
    if not card.cases:
        raise BaselineError(f"{path} holds no case; needed a full scorecard. Generate it again.")
    if not card.run.complete:
        raise BaselineError(
            f"{path} is of a partial run, {card.summary.coverage:.0%} of the cases; needed a full one. "
            "Run the metric without -k, --metric-group and the like."
        )
    ids = [case.id for case in card.cases]
    twice = sorted({case_id for case_id in ids if ids.count(case_id) > 1})
    if len(ids) != card.suite.n_cases or twice:
        wrong = f"holds {', '.join(twice)} twice" if twice else f"holds {len(ids)} of {card.suite.n_cases} cases"
        raise BaselineError(f"{path} {wrong}; needed each case of its suite once. Generate it again.")
    # Earlier schemas took the digest of other keys.
    found = digest(card.suite, card.run.seed, card.metric, card.cases)
    if card.schema_version == SCHEMA_VERSION and card.results_digest != found:
        raise BaselineError(
            f"{path} says that its results have the digest {card.results_digest[:12]}, they have {found[:12]}; needed "
            "results as a run wrote them. Generate it again."
        )
    for what, before, now in (("profile", card.suite.profile, profile), ("seed", card.run.seed, seed)):
        if before != now:
            raise BaselineError(f"{path} is of {what} {before}, the run of {now}; needed the same.")


def _require_network(path: Path, before: NetworkInfo, now: NetworkInfo) -> None:
    if before.is_that_of(now):
        return
    if before.name != now.name:
        raise BaselineError(f"{path} is of networks {before.name}, the run of {now.name}; needed the same.")
    raise BaselineError(
        f"{path} is of networks {before.name} {dict(before.settings)}, zoo {before.zoo}, the run of "
        f"{dict(now.settings)}, zoo {now.zoo}; needed the same. Generate the baseline again."
    )


def judged(before: Scorecard, after: Scorecard, path: Path) -> Baseline:
    """Return every case's change since an earlier scorecard, the worst first, then by id."""
    old, new = ({case.id: case for case in card.cases} for card in (before, after))
    floor = cast(float, after.metric.claims.get("numerical_floor") or 0.0)
    drift = {case.id: case.drift for case in catalogue.cases()}
    changes = [
        _change(case_id, old.get(case_id), new.get(case_id), drift.get(case_id, 0.0), floor)
        for case_id in sorted({*old, *new})
    ]
    order = list(Change)
    return Baseline(
        path=str(path),
        results_digest=before.results_digest,
        changes=sorted(changes, key=lambda change: order.index(change.change)),
    )


def _change(
    case_id: str, before: CaseRecord | None, after: CaseRecord | None, drift: float, floor: float
) -> CaseChange:
    kind, detail = _kind(before, after, drift, floor)
    return CaseChange(
        id=case_id,
        change=kind,
        before=before.outcome if before else None,
        after=after.outcome if after else None,
        detail=detail,
    )


def _kind(before: CaseRecord | None, after: CaseRecord | None, drift: float, floor: float) -> tuple[Change, str]:
    if before is None:
        return Change.NEW, ""
    if after is None:
        return Change.REMOVED, "the suite has no case of this id any more; a renamed case is one removed and one new"
    if after.outcome is Outcome.NOT_RUN or before.outcome is Outcome.NOT_RUN:
        return Change.INCOMPARABLE, after.message or before.message
    if before.version != after.version:
        return Change.VERSION_CHANGED, f"version {before.version} then, {after.version} now: another question"
    risen = STANDING[after.outcome] - STANDING[before.outcome]
    if risen:
        return (Change.FIXED, "") if risen > 0 else (Change.REGRESSED, after.message.partition("\n")[0])
    drifted = drifts(before, after, drift, floor)
    if drifted:
        more = f" and {len(drifted) - MOST_NAMED} more" if len(drifted) > MOST_NAMED else ""
        return Change.DRIFTED, "; ".join(drifted[:MOST_NAMED]) + more
    return Change.UNCHANGED, ""


def drifts(before: CaseRecord, after: CaseRecord, drift: float, floor: float) -> list[str]:
    """Return the measurements that moved, each with both values; what differs from run to run anyway is left out.

    Args:
        before: the case then.
        after: the case now.
        drift: change that counts as none, relative to the value.
        floor: absolute change that counts as none, the metric's numerical floor.
    """
    volatile = {*before.volatile, *after.volatile}
    names = [name for name in sorted({*before.measurements, *after.measurements}) if name not in volatile]
    found: list[str] = []
    for name in names:
        old, new = before.measurements.get(name), after.measurements.get(name)
        if not _same(old, new, drift, floor):
            found.append(f"{name}: {_shown(old)} then, {_shown(new)} now")
    return found


def _same(old: Plain, new: Plain, tolerance: float, floor: float) -> bool:
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(_same(a, b, tolerance, floor) for a, b in zip(old, new, strict=True))
    if _is_number(old) and _is_number(new):
        return bool(np.isclose(cast(float, old), cast(float, new), rtol=tolerance, atol=floor))
    return old == new


def _is_number(value: Plain) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(value: Plain) -> str:
    return f"{value:.6g}" if _is_number(value) else str(value)


def change_lines(metric: str, baseline: Baseline) -> list[str]:
    """Return what a person reads of the changes: counts, then a line for each case that is not as it was."""
    counts = [f"{n} {change.value.replace('_', ' ')}" for change in Change if (n := baseline.count(change))]
    lines = [f"{metric} against {baseline.path}: {', '.join(counts)}"]
    for change in baseline.changes:
        if change.change is Change.UNCHANGED:
            continue
        ends = [outcome.value.replace("_", " ") if outcome else "absent" for outcome in (change.before, change.after)]
        became = ends[0] if ends[0] == ends[1] else f"{ends[0]} -> {ends[1]}"
        detail = f": {change.detail}" if change.detail else ""
        lines.append(f"  {change.change.value.replace('_', ' ')}  {change.id}  {became}{detail}")
    return lines
