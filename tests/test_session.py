"""One run's memory: what came back, what did not, and what that makes of the card."""

from collections.abc import Callable
from typing import Any

import pytest

from metric_harness import catalogue, scoring, session
from metric_harness.records import CaseRecord, Outcome, Scorecard, plain
from metric_harness.seeding import DEFAULT_SEED

Finish = Callable[..., Scorecard]


@pytest.fixture
def finish(tmp_path) -> Finish:
    """Let every case pass, but for one whose parts are given, and return the card."""

    def card(case_id: str, parts: dict[str, Outcome], n_parts: int) -> Scorecard:
        asked = session.request(
            metrics=["cka"],
            settings=[],
            groups=[],
            profile="smoke",
            seed=DEFAULT_SEED,
            timeout=None,
            reports=tmp_path,
            formats=[],
            command="",
            root=tmp_path,
            cwd=tmp_path,
        )
        run = session.RunSession(asked)
        for case in catalogue.cases():
            outcomes = parts if case.id == case_id else {"": Outcome.PASSED}
            for parameters, outcome in outcomes.items():
                run.receive(payload(scoring.not_run(case, ""), outcome, parameters, max(n_parts, len(outcomes))))
        return run.scorecards(workers=0)[0]

    def payload(record: CaseRecord, outcome: Outcome, parameters: str, n_parts: int) -> dict[str, Any]:
        return {
            "metric": "cka",
            "parameters": parameters,
            "n_parts": n_parts if parameters else 1,
            "n_reused": 0,
            "record": dict(plain(record)) | {"outcome": outcome.value},
            "observed": {},
            "counterexample": {},
        }

    return card


@pytest.mark.parametrize(
    ("parts", "outcome", "complete"),
    [
        ({"n3": Outcome.PASSED, "n10": Outcome.PASSED}, Outcome.PASSED, True),
        ({"n3": Outcome.PASSED}, Outcome.NOT_RUN, False),
        ({"n3": Outcome.FAILED}, Outcome.FAILED, False),
        ({"n3": Outcome.FAILED, "n10": Outcome.NOT_RUN}, Outcome.FAILED, False),
        ({}, Outcome.NOT_RUN, False),
    ],
)
def test_a_card_is_complete_only_with_every_set_of_parameters(finish, parts, outcome, complete):
    card = finish("noise.floor", parts, n_parts=2)
    assert {case.id: case.outcome for case in card.cases}["noise.floor"] is outcome
    assert card.run.complete is complete
    assert sum(card.summary.outcomes.values()) == card.suite.n_cases == len(catalogue.cases())


def test_what_is_missing_of_a_case_is_said(finish):
    card = finish("noise.floor", {"n3": Outcome.PASSED}, n_parts=3)
    assert {case.id: case.message for case in card.cases}["noise.floor"] == "2 of its sets of parameters did not run"
