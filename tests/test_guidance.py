"""Which metric to use when follows from outcomes and claims, and from nothing else."""

import pytest

from metric_harness import catalogue
from metric_harness.guidance import QUESTIONS, Advice, advise
from metric_harness.records import ComparedCase, Comparison, Observation, Outcome, SuiteInfo

METRIC = "mine"


def compared(outcomes: dict[str, Outcome], claims=None, observed=None) -> Comparison:
    cases = [
        ComparedCase(
            id=case_id,
            version=1,
            group=case_id.partition(".")[0],
            tier="required" if case_id.startswith(("contract", "invariance")) else "validity",
            outcomes={METRIC: outcome},
            scores={METRIC: None},
            seconds={METRIC: 0.0},
        )
        for case_id, outcome in outcomes.items()
    ]
    return Comparison(
        schema_version="1.3",
        suite=SuiteInfo(version="1", profile="smoke", n_cases=len(cases)),
        seed=1,
        complete=True,
        metrics=[METRIC],
        digests={},
        pass_rates={},
        cases=cases,
        published=[],
        claims={METRIC: claims or {}},
        observed={METRIC: observed or {}},
    )


def on_noise(floor: Outcome, auc: Outcome, contract: Outcome = Outcome.PASSED) -> Advice:
    (advice,) = advise(compared({"contract.value": contract, "noise.floor": floor, "noise.discriminability": auc}))
    return advice


@pytest.mark.parametrize(
    ("floor", "auc", "answer"),
    [
        (Outcome.PASSED, Outcome.PASSED, "yes"),
        (Outcome.PASSED, Outcome.INCONCLUSIVE, "undecided"),
        (Outcome.INCONCLUSIVE, Outcome.INCONCLUSIVE, "undecided"),
        (Outcome.FAILED, Outcome.INCONCLUSIVE, "no"),
        (Outcome.PASSED, Outcome.XFAILED, "no"),
        (Outcome.PASSED, Outcome.NOT_APPLICABLE, "no"),
        (Outcome.PASSED, Outcome.NOT_RUN, "no"),
        (Outcome.PASSED, Outcome.ERROR, "no"),
    ],
)
def test_a_metric_meets_a_need_only_if_every_case_passed(floor, auc, answer):
    advice = on_noise(floor, auc)
    assert advice.cases == ["noise.floor", "noise.discriminability"]
    assert {"yes": advice.yes, "undecided": advice.undecided, "no": list(advice.no)}[answer] == [METRIC]
    assert len([*advice.yes, *advice.undecided, *advice.no]) == 1


def test_a_metric_that_broke_a_contract_meets_no_need():
    advice = on_noise(Outcome.PASSED, Outcome.PASSED, contract=Outcome.FAILED)
    assert advice.no == {METRIC: "contract.value failed"}


@pytest.mark.parametrize("contract", [Outcome.NOT_APPLICABLE, Outcome.NOT_RUN])
def test_a_contract_that_was_not_asked_stands_against_nobody(contract):
    assert on_noise(Outcome.PASSED, Outcome.PASSED, contract=contract).yes == [METRIC]


@pytest.mark.parametrize(
    ("claimed", "held", "why"),
    [
        (True, True, None),
        (None, True, "does not claim unpaired_trials"),
        (False, False, "does not claim unpaired_trials"),
        (True, False, "breaks its claim unpaired_trials"),
    ],
)
def test_a_need_may_take_a_claim_that_is_made_and_kept(claimed, held, why):
    seen = {"unpaired_trials": Observation(claimed=claimed, observed=held, deviation=0.0)}
    (advice,) = advise(
        compared({"attractor.regimes_unpaired": Outcome.PASSED}, claims={"unpaired_trials": claimed}, observed=seen)
    )
    assert (advice.yes, advice.no) == (([METRIC], {}) if why is None else ([], {METRIC: why}))


def test_a_question_without_a_case_is_not_answered():
    assert advise(compared({"attractor.regimes": Outcome.NOT_RUN})) == []


def test_no_question_names_a_metric_and_most_rest_on_cases_of_the_suite():
    text = " ".join(question.text.lower() for question in QUESTIONS)
    assert not [name for name in catalogue.implementations("metrics") if name in text.split()]
    ids = [case.id for case in catalogue.cases()]
    answered = [
        q for q in QUESTIONS if any(i == c or i.startswith(c) for c in q.cases for i in ids if c[-1] == "." or i == c)
    ]
    assert len(answered) >= len(QUESTIONS) - 1
