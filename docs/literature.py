"""Writes `docs/literature.md`: what papers report of metrics, beside what the scorecards in `reports/` found.

Outcomes, numbers and intervals are read from the scorecards. Written by hand is only what papers report, as the outcome
that it means for a case, and why a card may disagree.

Run: python docs/literature.py
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from metric_harness import catalogue
from metric_harness.comparison import read_scorecard
from metric_harness.files import write_whole
from metric_harness.records import CaseRecord, Outcome, Plain, Scorecard
from metric_harness.wording import WORDS, number

DOCS = Path(__file__).parent
REPORTS = DOCS.parent / "reports"
GROUPS = ("dynamics", "misleading")
PASSED, FAILED = Outcome.PASSED, Outcome.FAILED
COLUMNS: Mapping[str, str] = {
    "dsa": "dsa/scorecard.json",
    "official DSA": "smoke/dsa_metric/scorecard.partial.json",
    "official DSA, 10 delays": "smoke/10_delays/dsa_metric/scorecard.partial.json",
    "cka": "cka/scorecard.json",
    "debiased_cka": "debiased_cka/scorecard.json",
    "procrustes": "procrustes/scorecard.json",
    "rsa": "rsa/scorecard.json",
    "cca": "cca/scorecard.json",
}
"""Scorecard of each column, below the folder of reports."""
DSA = ("dsa", "official DSA", "official DSA, 10 delays")
"""Columns that what is reported of DSA is about."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Report:
    """What a paper reports that bears on a case, and the outcome that it means for the metrics that it is about."""

    words: str
    source: str
    outcomes: Mapping[str, Outcome]


OSTROW = "Ostrow et al. 2023, arXiv 2306.10168"
DAVARI = "Davari et al. 2022, arXiv 2210.16156"
CLOOS = "Cloos et al. 2024, arXiv 2407.07059"
KORNBLITH = "Kornblith et al. 2019, arXiv 1905.00414"
REPORTED: Mapping[str, Sequence[Report]] = {
    "dynamics.planted_conjugacy": (
        Report(
            words="DSA of orthogonal conjugates is 0, by its definition",
            source=OSTROW,
            outcomes=dict.fromkeys(DSA, PASSED),
        ),
    ),
    "dynamics.equal_averages": (
        Report(
            words="DSA tells bistable, line and point attractors with equal condition averages apart",
            source=f"{OSTROW}, figure 3",
            outcomes=dict.fromkeys(DSA, PASSED),
        ),
    ),
    "dynamics.deformation": (
        Report(
            words="DSA stays flat while a ring attractor's tuning is deformed",
            source=f"{OSTROW}, figure 4",
            outcomes=dict.fromkeys(DSA, PASSED),
        ),
    ),
    "dynamics.topology": (
        Report(
            words="DSA jumps where a ring becomes a line",
            source=f"{OSTROW}, figure 4",
            outcomes=dict.fromkeys(DSA, PASSED),
        ),
    ),
    "misleading.null_bias": (
        Report(
            words="CKA of independent data rises with units per sample, debiased CKA does not",
            source="Murphy, Zylberberg and Fyshe 2024, arXiv 2405.01012",
            outcomes={"cka": FAILED, "debiased_cka": PASSED},
        ),
        Report(
            words="CCA means nothing with more dimensions than samples",
            source=KORNBLITH,
            outcomes={"cca": FAILED},
        ),
    ),
    "misleading.outlier": (
        Report(
            words="one sample moves CKA at will, by a known form, which the case asks for",
            source=DAVARI,
            outcomes={"cka": PASSED},
        ),
    ),
    "misleading.subset_translation": (
        Report(
            words="moving a subset of samples lowers CKA by a known form, which the case asks for",
            source=DAVARI,
            outcomes={"cka": PASSED},
        ),
    ),
    "misleading.weak_variable": (
        Report(
            words="recordings with high CKA may lack the task's variables",
            source=CLOOS,
            outcomes={"cka": FAILED},
        ),
    ),
    "misleading.dominant_variance": (
        Report(
            words="CKA does not see that most components are deleted",
            source="Ding, Denain and Steinhardt 2021, arXiv 2108.01661",
            outcomes={"cka": FAILED},
        ),
    ),
    "misleading.confound": (
        Report(
            words="a confound mimics RSA's similarity and hides it",
            source="Dujmović et al. 2022, doi 10.1101/2022.04.05.487135",
            outcomes={"rsa": FAILED},
        ),
    ),
    "misleading.unit_sampling": (
        Report(
            words="CKA rises with the number of recorded units, and correcting for few samples does not help",
            source="Chun et al. 2025, arXiv 2502.15104",
            outcomes={"cka": FAILED, "debiased_cka": FAILED},
        ),
        Report(
            words="CCA means nothing with more dimensions than samples",
            source=KORNBLITH,
            outcomes={"cca": FAILED},
        ),
    ),
    "misleading.task_scores": (
        Report(
            words="CKA and Procrustes tell trained networks from untrained ones and follow their behavior",
            source="Bo et al. 2024, arXiv 2411.14633",
            outcomes={"cka": PASSED, "procrustes": PASSED},
        ),
    ),
    "misleading.inequalities": (
        Report(
            words="theorems bind CKA, the Procrustes angle and mean CCA",
            source="Harvey et al. 2024, arXiv 2311.11436",
            outcomes={"cka": PASSED, "procrustes": PASSED, "cca": PASSED},
        ),
    ),
}
"""What papers report, by case; cases that are not here have no report of one of these metrics."""
WHY: Mapping[str, str] = {
    "dynamics.equal_averages": "recordings last 2 units of time here, in which the switch takes place, and 100 in the "
    "authors' notebook; five worlds leave a wide interval",
    "dynamics.deformation": "the paper shows a flat curve; the case bounds the largest deformation by a tenth of the "
    "line's distance",
    "dynamics.topology": "the paper morphs the connections of 100 neurons and reads the transition off the result; "
    "here it is known, and the nearly closed gate, passed slowly, is a change of speed before it",
    "misleading.weak_variable": "the paper optimizes data to reach a high CKA; here the weakest component of given "
    "recordings is shuffled, and private variability decides what recording anew does",
    "misleading.dominant_variance": "the paper asks how much of a network must go before CKA's value drops; the case "
    "asks whether the drop exceeds what recording anew does, and a small one may",
}
"""What may explain, by case, that a card says something else than a paper; none of it is tested."""
HEAD = """# What papers report, and what was found

The cases of the groups `dynamics` and `misleading`, written by `python docs/literature.py` from the scorecards in
[`reports`](../reports/comparison.md). The official DSA (package dsa-metric, score `wasserstein`) is too slow for the
profile `standard`; its cards are in [`reports/smoke`](../reports/smoke), on less data. Its settings are
20 delays by 3 and rank 15, as held-out forecasts chose (`benchmarks/dsa_settings.py`), which is how the package's
tutorial recommends to choose. With several trials the package refuses windows of more entries than there are windows
and says to reduce the delays: 10 is the next smaller number of the grid that was chosen from.

A cell says what the card found, and in brackets how that stands to what a paper reports, put as the outcome that the
case then has. No brackets: no paper that we know of reports on this metric in this respect.
"""


def main(folder: Path = DOCS) -> None:
    """Write the page into a folder."""
    cards = {name: read_scorecard(REPORTS / path) for name, path in COLUMNS.items()}
    found = {name: {case.id: case for case in card.cases} for name, card in cards.items()}
    chosen = [case.id for case in catalogue.cases() if case.id.partition(".")[0] in GROUPS]
    parts = [HEAD, _editions(cards), *_outcomes(chosen, found), "", _tally(found), "", "## Reports\n", *_reports(), ""]
    parts += _differences(found)
    print(write_whole(folder / "literature.md", "\n".join(parts) + "\n"))


def _editions(cards: Mapping[str, Scorecard]) -> str:
    """Return which suite and profile each column is of."""
    columns: dict[str, list[str]] = {}
    for name, card in cards.items():
        columns.setdefault(f"suite {card.suite.version}, profile {card.suite.profile}", []).append(name)
    return "Cards: " + "; ".join(f"{edition}: {', '.join(names)}" for edition, names in columns.items()) + ".\n"


def _outcomes(chosen: Sequence[str], found: Mapping[str, Mapping[str, CaseRecord]]) -> Iterator[str]:
    """Yield the lines of the table of outcomes."""
    yield f"| case | {' | '.join(found)} |"
    yield "|---" * (len(found) + 1) + "|"
    for case_id in chosen:
        yield f"| {case_id} | {' | '.join(_cell(case_id, name, cards.get(case_id)) for name, cards in found.items())} |"


def _cell(case_id: str, metric: str, case: CaseRecord | None) -> str:
    """Return what was found, and beside it what was reported."""
    if case is None:
        return "not asked"
    reported = expected(case_id, metric)
    if case.outcome is Outcome.NOT_APPLICABLE or reported is None:
        return WORDS[case.outcome]
    said = "as reported" if case.outcome is reported else f"reported: {WORDS[reported]}"
    return f"{WORDS[case.outcome]} ({said})"


def _tally(found: Mapping[str, Mapping[str, CaseRecord]]) -> str:
    """Return how many of the reported results were found."""
    asked = [(case.outcome, reported) for _, _, case, reported in _comparable(found)]
    same = sum(outcome is reported for outcome, reported in asked)
    undecided = sum(outcome is Outcome.INCONCLUSIVE for outcome, _ in asked)
    refused = sum(outcome is Outcome.ERROR for outcome, _ in asked)
    others = len(asked) - same - undecided - refused
    return (
        f"Of {len(asked)} reported results, {same} are on the cards, {undecided} undecided, {others} otherwise; in "
        f"{refused} the metric refused the recordings, which is an error."
    )


def _comparable(
    found: Mapping[str, Mapping[str, CaseRecord]],
) -> Iterator[tuple[str, str, CaseRecord, Outcome]]:
    """Yield case, metric, result and reported outcome wherever something is reported of a case that asked."""
    for case_id in REPORTED:
        for metric, cards in found.items():
            case, reported = cards.get(case_id), expected(case_id, metric)
            if case is not None and reported is not None and case.outcome is not Outcome.NOT_APPLICABLE:
                yield case_id, metric, case, reported


def expected(case_id: str, metric: str) -> Outcome | None:
    """Return the outcome that the reported result means for a metric; None if nothing is reported."""
    of_case = (report.outcomes.get(metric) for report in REPORTED.get(case_id, ()))
    return next((outcome for outcome in of_case if outcome is not None), None)


def _reports() -> Iterator[str]:
    """Yield the lines of the table of what is reported."""
    yield "| case | reported | source | the case then ends for |\n|---|---|---|---|"
    for case_id, reports in REPORTED.items():
        for report in reports:
            ends = "; ".join(
                f"{', '.join(m for m, o in report.outcomes.items() if o is outcome)}: {WORDS[outcome]}"
                for outcome in dict.fromkeys(report.outcomes.values())
            )
            yield f"| {case_id} | {report.words} | {report.source} | {ends} |"


def _differences(found: Mapping[str, Mapping[str, CaseRecord]]) -> Iterator[str]:
    """Yield the section of what was reported and not found, each with its numbers and intervals."""
    yield "## Where the cards do not say what was reported\n"
    for case_id, metric, case, reported in _comparable(found):
        if case.outcome is not reported:
            yield f"- **{case_id}, {metric}**: {WORDS[case.outcome]}, reported: {WORDS[reported]}. {evidence_of(case)}"
            # A refusal says itself what the metric needs.
            if case.outcome is not Outcome.ERROR and case_id in WHY:
                yield f"  A possible reason, not tested: {WHY[case_id]}."


def evidence_of(case: CaseRecord) -> str:
    """Return the numbers that a case rests on: the findings of its message, or what its bound names where it passed."""
    lines = [line.strip() for line in case.message.splitlines() if line.strip()]
    told = [line for line in lines if not line.startswith(("claim ", "hint:"))]
    sentences = ["; ".join(told or _named_by_the_bound(case))]
    if isinstance(fragile := case.measurements.get("settings that do not hold"), list) and fragile:
        sentences.append(f"Neighboring settings at which it does not hold: {', '.join(map(str, fragile))}")
    return "".join(f"{sentence.rstrip('.')}. " for sentence in sentences if sentence).strip()


def _named_by_the_bound(case: CaseRecord) -> Iterator[str]:
    """Yield each measurement with an interval that a case's bound is about."""
    for name, value in case.measurements.items():
        interval = case.measurements.get(f"{name} interval")
        if name in case.bound and isinstance(interval, list):
            yield f"{name} = {number(value)} [{_ends(interval)}]"


def _ends(interval: Sequence[Plain]) -> str:
    return ", ".join(map(number, interval))


if __name__ == "__main__":
    main()
