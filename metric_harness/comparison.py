"""From several scorecards to one comparison; refuses cards that did not see the same data."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from metric_harness.card_checks import checked
from metric_harness.errors import ScorecardError
from metric_harness.evidence import sensitivity
from metric_harness.group_scores import scores_by
from metric_harness.published import beside_published
from metric_harness.records import (
    SCHEMA_VERSION,
    Baseline,
    CaseChange,
    CaseRecord,
    Change,
    ComparedCase,
    Comparison,
    Exemption,
    GroupScore,
    MetricInfo,
    NetworkInfo,
    Observation,
    Outcome,
    Plain,
    RunInfo,
    Scorecard,
    SuiteInfo,
    Summary,
)


def compare(cards: Sequence[Scorecard]) -> Comparison:
    """Line up the scorecards of several metrics, case by case.

    Raises:
        ScorecardError: if there are fewer than two, a name occurs twice, or the cards differ in suite
            version, profile, network, cases or seed, so that their numbers do not rest on the same data.
    """
    if len(cards) < 2:
        raise ScorecardError(f"{len(cards)} scorecard given; needed at least two to compare.")
    names = [card.metric.name for card in cards]
    if len(set(names)) < len(names):
        raise ScorecardError(f"scorecards of {names}; needed different metric names.")
    _require_same_data(cards)
    by_metric = [{case.id: case for case in card.cases} for card in cards]
    return Comparison(
        schema_version=SCHEMA_VERSION,
        suite=cards[0].suite,
        seed=cards[0].run.seed,
        complete=all(card.run.complete for card in cards),
        metrics=names,
        digests={card.metric.name: card.results_digest for card in cards},
        pass_rates={card.metric.name: card.summary.pass_rate for card in cards},
        cases=[_compared(names, [cases[c.id] for cases in by_metric]) for c in cards[0].cases],
        published=[{"metric": card.metric.name, **row} for card in cards for row in _published(card)],
        claims={card.metric.name: card.metric.claims for card in cards},
        observed={card.metric.name: card.metric.observed for card in cards},
        groups={card.metric.name: scores_by(card.cases, lambda case: case.group) for card in cards},
        tiers={card.metric.name: scores_by(card.cases, lambda case: case.tier) for card in cards},
        **_profiles(cards),
    )


def _profiles(cards: Sequence[Scorecard]) -> dict[str, Any]:
    """Return the sensitivity profiles of those metrics that have one, and all changes in them by kind."""
    parts = {card.metric.name: sensitivity(card.cases) for card in cards}
    kinds: dict[str, dict[str, None]] = {}
    for curve in (curve for curves in parts.values() for curve in curves):
        kinds.setdefault(curve.x, {}).update(dict.fromkeys(map(str, curve.grid)))
    return {
        "profiles": {
            name: {str(place): value for c in curves for place, value in zip(c.grid, c.values, strict=True)}
            for name, curves in parts.items()
            if curves
        },
        "profiled": {kind: list(changes) for kind, changes in kinds.items()},
    }


def _published(card: Scorecard) -> list[dict[str, Plain]]:
    return beside_published(card.metric.name, [(case.id, case.measurements) for case in card.cases])


def _require_same_data(cards: Sequence[Scorecard]) -> None:
    first = cards[0]
    for card in cards[1:]:
        pairs = {
            "network": (first.suite.network, card.suite.network),
            "suite": (first.suite, card.suite),
            "seed": (first.run.seed, card.run.seed),
            "cases": ([(c.id, c.version) for c in first.cases], [(c.id, c.version) for c in card.cases]),
        }
        for what, (one, other) in pairs.items():
            if one != other:
                raise ScorecardError(
                    f"the scorecards of {first.metric.name} and {card.metric.name} differ in {what}: "
                    f"{one} and {other}. Run both with the same suite, profile, network and seed."
                )


def _compared(names: Sequence[str], records: Sequence[CaseRecord]) -> ComparedCase:
    first = records[0]
    return ComparedCase(
        id=first.id,
        version=first.version,
        group=first.group,
        tier=first.tier,
        outcomes=dict(zip(names, [r.outcome for r in records], strict=True)),
        scores=dict(zip(names, [r.score for r in records], strict=True)),
        seconds=dict(zip(names, [r.duration_s for r in records], strict=True)),
        metric_s=dict(zip(names, [r.metric_s for r in records], strict=True)),
    )


def read_scorecard(path: Path) -> Scorecard:
    """Load a scorecard from its JSON file.

    Raises:
        ScorecardError: if the file is missing, is not a scorecard, or has an unknown schema version.
    """
    content = _content(path)
    try:
        return _scorecard(content)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ScorecardError(f"{path} is not a scorecard: {type(error).__name__} {error}.") from error


def read_report(path: Path) -> Scorecard | Comparison:
    """Load a scorecard or a comparison from its JSON file.

    Raises:
        ScorecardError: if the file is missing, is neither, or has an unknown schema version.
    """
    content = _content(path)
    if "metrics" not in content:
        return read_scorecard(path)
    try:
        return _comparison(content)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ScorecardError(f"{path} is not a comparison: {type(error).__name__} {error}.") from error


def _content(path: Path) -> dict[str, Any]:
    """Return what a JSON file of a known schema version holds."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ScorecardError(f"cannot read {path}: {error.strerror}. Give the path of a scorecard.json.") from error
    except (ValueError, RecursionError) as error:
        raise ScorecardError(f"{path} is not JSON: {error}. Generate the scorecard again.") from error
    version = cast(Any, content).get("schema_version") if isinstance(content, dict) else None
    if not isinstance(version, str) or version.partition(".")[0] != SCHEMA_VERSION.partition(".")[0]:
        raise ScorecardError(
            f"{path} has schema version {version!r}; this release reads {SCHEMA_VERSION}. Generate it again."
        )
    return cast("dict[str, Any]", content)


def _comparison(content: dict[str, Any]) -> Comparison:
    checked(content, "report")
    restored: dict[str, Any] = {
        "suite": _suite(content["suite"]),
        "cases": [_compared_case(case) for case in content["cases"]],
        "observed": {metric: _observed(seen) for metric, seen in content.get("observed", {}).items()},
    }
    for key in ("groups", "tiers"):
        restored[key] = {
            metric: {name: GroupScore(**score) for name, score in scores.items()}
            for metric, scores in content.get(key, {}).items()
        }
    return Comparison(**(content | restored))


def _suite(given: object) -> SuiteInfo:
    content = checked(given, "suite")
    restored: dict[str, Any] = {"network": NetworkInfo(**content.get("network", {}))}
    return SuiteInfo(**(content | restored))


def _compared_case(content: dict[str, Any]) -> ComparedCase:
    restored: dict[str, Any] = {"outcomes": {metric: Outcome(o) for metric, o in content["outcomes"].items()}}
    return ComparedCase(**(content | restored))


def _observed(content: dict[str, Any]) -> dict[str, Observation]:
    return {claim: Observation(**seen) for claim, seen in content.items()}


def _scorecard(content: dict[str, Any]) -> Scorecard:
    checked(checked(content, "report"), "scorecard")
    metric = dict(checked(content["metric"], "metric"))
    checked(metric["claims"], "claims")
    metric["observed"] = _observed(metric["observed"])
    cases = [_case(case) for case in content["cases"]]
    return Scorecard(
        schema_version=content["schema_version"],
        suite=_suite(content["suite"]),
        run=RunInfo(**checked(content["run"], "run")),
        environment=content["environment"],
        metric=MetricInfo(**metric),
        summary=Summary(**checked(content["summary"], "summary")),
        cases=cases,
        results_digest=content["results_digest"],
        baseline=_baseline(content.get("baseline")),
    )


def _baseline(content: dict[str, Any] | None) -> Baseline | None:
    if content is None:
        return None
    changes = [
        CaseChange(
            id=change["id"],
            change=Change(change["change"]),
            before=Outcome(change["before"]) if change["before"] else None,
            after=Outcome(change["after"]) if change["after"] else None,
            detail=change["detail"],
        )
        for change in content["changes"]
    ]
    return Baseline(path=content["path"], results_digest=content["results_digest"], changes=changes)


def _case(given: object) -> CaseRecord:
    name = str(cast("dict[str, Any]", given).get("id", "")) if isinstance(given, dict) else ""
    content = checked(cast(object, given), "case", f"case {name}")
    restored: dict[str, Any] = {"outcome": Outcome(content["outcome"])}
    if content.get("exemption"):
        restored["exemption"] = Exemption(**content["exemption"])
    return CaseRecord(**(content | restored))
