"""Which metric to use when: what the cases of a comparison say on a scientist's questions, by rule alone.

A question rests on cases of the suite and on claims. A metric answers it with yes if it makes the claims and was seen
to keep them, if it broke no contract, and if every case that the question rests on passed; a case of tier `validity`
that does not apply to the metric speaks against it. It is undecided if some of these cases are, and none failed. No
metric is named here: the answers follow from the results, and change with them.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias, final

from metric_harness.records import ComparedCase, Comparison, Outcome

Answer: TypeAlias = Literal["yes", "undecided", "no"]

CONTRACT = "contract."
"""Cases that every answer rests on, as far as they apply and ran."""


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class Question:
    """What somebody needs of a metric.

    Attributes:
        text: the need in words.
        cases: ids of the cases it rests on; one that ends in a dot stands for its whole group.
        claims: what the metric has to claim.
    """

    text: str
    cases: Sequence[str]
    claims: Sequence[str] = ()


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class Advice:
    """The metrics that meet a need, those of which it is not decided, and the others with the reason."""

    question: Question
    cases: Sequence[str]
    yes: Sequence[str]
    undecided: Sequence[str]
    no: Mapping[str, str]


QUESTIONS = (
    Question(text="The recordings are noisy", cases=["noise."]),
    Question(text="There are more units than samples", cases=["misleading.null_bias"]),
    Question(text="Populations have different numbers of recorded units", cases=["misleading.unit_sampling"]),
    Question(text="Samples are correlated in time", cases=["misleading.autocorrelation"]),
    Question(text="Something else drives both recordings", cases=["misleading.confound"]),
    Question(text="The variable of interest has little variance", cases=["misleading.weak_variable"]),
    Question(
        text="Trials do not correspond",
        cases=["attractor.regimes_unpaired", "invariance.unpaired_trials"],
        claims=["unpaired_trials"],
    ),
    Question(
        text="Dynamics matter, and not only the states visited",
        cases=["dynamics.", "invariance.time_order", "invariance.conjugacy"],
        claims=["time_order"],
    ),
    Question(text="Dynamical regimes are to be told apart", cases=["attractor.regimes"]),
    Question(
        text="Shared parts of a computation are to be graded",
        cases=["attractor.mixing", "attractor.motif_order", "attractor.shared_motifs"],
    ),
    Question(
        text="Networks are followed while they learn",
        cases=["learning.gradual", "learning.shared_subtasks", "learning.within"],
    ),
    Question(text="Distances are to reflect behavior", cases=["learning.behavior", "learning.task_epochs"]),
    Question(text="Lesions are to be graded by what they do", cases=["ablation."]),
    Question(
        text="Populations differ in size and orientation",
        cases=["contract.sizes", "invariance.orthogonal"],
        claims=["unequal_units", "orthogonal"],
    ),
    Question(
        text="Distances are to enter clustering or embedding",
        cases=["contract.symmetry", "contract.identity", "contract.triangle"],
        claims=["symmetric", "identity", "triangle"],
    ),
)
"""The questions, from data at hand to what is done with the distances."""


def advise(comparison: Comparison) -> list[Advice]:
    """Return the advice on every question of which the comparison has a case that ran."""
    found: list[Advice] = []
    for question in QUESTIONS:
        cases = [case for case in comparison.cases if _rests_on(question, case.id)]
        if any(map(_ran, cases)):
            found.append(_advice(comparison, question, cases))
    return found


def _advice(comparison: Comparison, question: Question, cases: Sequence[ComparedCase]) -> Advice:
    answers = {metric: _answer(comparison, question, cases, metric) for metric in comparison.metrics}
    return Advice(
        question=question,
        cases=[case.id for case in cases],
        yes=[metric for metric, (answer, _) in answers.items() if answer == "yes"],
        undecided=[metric for metric, (answer, _) in answers.items() if answer == "undecided"],
        no={metric: why for metric, (answer, why) in answers.items() if answer == "no"},
    )


def _answer(
    comparison: Comparison, question: Question, cases: Sequence[ComparedCase], metric: str
) -> tuple[Answer, str]:
    """Return the answer for one metric, and what stands against it."""
    claims, observed = comparison.claims.get(metric, {}), comparison.observed.get(metric, {})
    for claim in question.claims:
        if claims.get(claim) is not True:
            return "no", f"does not claim {claim}"
        if claim in observed and not observed[claim].observed:
            return "no", f"breaks its claim {claim}"
    contract = [case for case in comparison.cases if case.id.startswith(CONTRACT) and case not in cases]
    needed = [case for case in contract if case.outcomes[metric] not in (Outcome.NOT_APPLICABLE, Outcome.NOT_RUN)]
    needed += [case for case in cases if case.tier != "required" or case.outcomes[metric] is not Outcome.NOT_APPLICABLE]
    against = [case for case in needed if not _is_open(case, metric)]
    if against:
        return "no", "; ".join(f"{case.id} {case.outcomes[metric].value.replace('_', ' ')}" for case in against)
    is_open = any(case.outcomes[metric] is not Outcome.PASSED for case in needed)
    return ("undecided" if is_open else "yes"), ""


def _rests_on(question: Question, case_id: str) -> bool:
    return any(case_id == named or (named.endswith(".") and case_id.startswith(named)) for named in question.cases)


def _ran(case: ComparedCase) -> bool:
    return any(outcome is not Outcome.NOT_RUN for outcome in case.outcomes.values())


def _is_open(case: ComparedCase, metric: str) -> bool:
    return case.outcomes[metric] in (Outcome.PASSED, Outcome.INCONCLUSIVE)
