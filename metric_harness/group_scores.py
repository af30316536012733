"""From cases to one score for each group and each tier."""

from collections.abc import Callable, Mapping, Sequence

from metric_harness.records import CaseRecord, GroupScore, Outcome

LEFT_OUT = (Outcome.NOT_APPLICABLE, Outcome.NOT_RUN)
"""Outcomes that say nothing of the metric."""


def scores_by(cases: Sequence[CaseRecord], key: Callable[[CaseRecord], str]) -> Mapping[str, GroupScore]:
    """Return the score of each group of cases that has one to which the metric applies, in the order of the cases."""
    groups: dict[str, list[CaseRecord]] = {}
    for case in cases:
        if case.outcome not in LEFT_OUT:
            groups.setdefault(key(case), []).append(case)
    return {name: _score(members) for name, members in groups.items()}


def _score(cases: Sequence[CaseRecord]) -> GroupScore:
    # Here, for SciPy takes longer to import than all that a mistake in the options needs.
    from metric_harness.statistics import mean_interval

    scores = [case.score or 0.0 for case in cases]
    # Scores that are all alike have no scatter, from which an interval would follow.
    interval = mean_interval(scores, limits=(0, 1)) if len(set(scores)) > 1 else None
    return GroupScore(
        score=sum(scores) / len(scores),
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        n_passed=sum(case.outcome is Outcome.PASSED for case in cases),
        n_cases=len(cases),
    )
