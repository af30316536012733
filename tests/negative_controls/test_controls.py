"""Every case fails a wrong metric for the reason it names, and passes a right one.

Each file of controls says in `FAILS` which cases catch its metrics and with which words. The suite runs as it does for
a user: from an installed wheel, in an empty folder, with warnings as errors; over one file at a time, once, whichever
worker asks first. The tests read the scorecards.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

import brittle
import broken
import bystanders
import careless
import elsewhere
import half_blind
import honest
import impostors
import liars
import misnamed
import oracle
import pytest
import rare
import right_metrics
import summaries
import timeless
import tiring
import transformed
import undeceived
import unfit

from metric_harness import catalogue
from tests import installed
from tests.workers import once, shared_folder

FILES = (
    *(summaries, liars, broken, half_blind, bystanders, careless),
    *(unfit, transformed, elsewhere, brittle, honest, rare, tiring, timeless, impostors, misnamed),
)
Words: TypeAlias = str | tuple[str, ...]
"""What a message must say; several words for a case that must find several faults of one control."""
CONTROLS = [pytest.param(file, name, id=name) for file in FILES for name in file.FAILS]
WRONG = [pytest.param(file, name, id=name) for file in FILES for name, fails in file.FAILS.items() if fails]
DECLARED: Mapping[str, Mapping[str, Words]] = {name: fails for file in FILES for name, fails in file.FAILS.items()}
CASES = [case.id for case in catalogue.cases()]
VALIDITY = [case.id for case in catalogue.cases() if case.tier == "validity"]
DYNAMICAL = (
    "metric-harness::dynamics::test_planted_conjugacy",
    "metric-harness::dynamics::test_optimizer_budget",
    "metric-harness::invariance::test_conjugacy",
)
"""Cases that only an iterative metric of dynamics passes."""
GRADUAL = "metric-harness::learning::test_gradual"
"""The case that asks for what the outputs of networks do."""

Card = Mapping[str, Mapping[str, Any]]
"""The entry of each case in one metric's scorecard, by case id."""
Reports = Callable[..., Mapping[str, Path]]


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory, binaries: Path) -> Reports:
    """Run the suite under a name, or wait for the worker that does; return the scorecards by metric."""

    def paths(name: str, *arguments: str) -> Mapping[str, Path]:
        folder = shared_folder(tmp_path_factory) / f"controls-{name}"
        once(folder, lambda empty: run_suite(binaries, empty, arguments))
        return {path.parent.name: path for path in folder.glob("reports/*/scorecard*.json")}

    return paths


@pytest.fixture(scope="session")
def controls(reports: Reports) -> Callable[[ModuleType], Mapping[str, Card]]:
    """Return the cards of one file of controls."""
    return lambda file: read_cards(reports(file.__name__, *options(file)))


@pytest.fixture(scope="session")
def right(reports: Reports) -> Mapping[str, Card]:
    """Return the cards of the right metrics."""
    file = right_metrics.__file__
    own = [f"--metric={file}:{name}" for name in ("linear_cka", "LaggedCovariances", "LaggedSpectra", "LaggedTraces")]
    built_in = [f"--metric={name}" for name in right_metrics.BUILT_IN]
    runs = reports("right", *own, *built_in) | reports("right-dsa", "--metric=dsa", *DYNAMICAL)
    undeceiving = [*(f"--metric={name}" for name in right_metrics.UNDECEIVED), "--metric-group=misleading"]
    undeceiving += [f"--metric={undeceived.__file__}:{name}" for name in undeceived.NAMES]
    runs |= reports("right-misleading", *undeceiving)
    return read_cards(runs | reports("right-oracle", f"--metric={oracle.__file__}:outputs", GRADUAL))


def options(file: ModuleType) -> Sequence[str]:
    """Return what asks for the controls of a file, and for the groups that it names if it does not name all."""
    groups = [f"--metric-group={group}" for group in getattr(file, "GROUPS", ())]
    return [*(f"--metric={file.__file__}:{name}" for name in file.FAILS), *groups]


def run_suite(binaries: Path, folder: Path, arguments: Iterable[str]) -> None:
    """Run the installed suite in a folder, in a process of its own."""
    fast = ["-p", "no:cacheprovider", "--metric-profile=smoke", "--metric-format=json"]
    command = [str(binaries / "python"), "-m", "pytest", "-q", "-W", "error", *fast, *arguments]
    done = installed.run(command, folder)
    assert done.returncode in (0, 1), done.stdout + done.stderr


def read_cards(paths: Mapping[str, Path]) -> Mapping[str, Card]:
    return {name: read_card(path) for name, path in paths.items()}


def read_card(path: Path) -> Card:
    return {case["id"]: case for case in json.loads(path.read_text(encoding="utf-8"))["cases"]}


def with_outcome(card: Card, *outcomes: str) -> set[str]:
    return {case_id for case_id, case in card.items() if case["outcome"] in outcomes}


def require_control(case_id: str, declared: Mapping[str, Mapping[str, Words]]) -> None:
    """Refuse a case that no control is declared to fail."""
    assert any(case_id in fails for fails in declared.values()), (
        f"no control fails {case_id}; add to tests/negative_controls a wrong metric that it must catch, "
        "with the words of its message in FAILS"
    )


def require_right_metric(case_id: str, cards: Mapping[str, Card]) -> None:
    """Refuse a case that no right metric passes."""
    outcomes = {name: card[case_id]["outcome"] for name, card in cards.items() if case_id in card}
    assert "passed" in outcomes.values(), (
        f"no right metric passes {case_id} ({outcomes}); add one to tests/negative_controls/right_metrics.py, "
        "or the case asks for the impossible"
    )


@pytest.mark.parametrize(("file", "name"), WRONG)
def test_a_control_is_failed_by_the_declared_cases_for_the_declared_reasons(controls, file, name):
    card, declared = controls(file)[name], file.FAILS[name]
    for case_id, words in declared.items():
        assert card[case_id]["outcome"] == "failed", (case_id, card[case_id]["message"])
        for part in [words] if isinstance(words, str) else words:
            assert part in card[case_id]["message"], case_id


@pytest.mark.parametrize(("file", "name"), CONTROLS)
def test_a_control_is_failed_by_no_other_case(controls, right, file, name):
    excused = set(VALIDITY) if name in getattr(file, "FRESH", ()) else set()
    if core := getattr(file, "CORE", None):
        excused = with_outcome(right[core], "failed")
    failed = with_outcome(controls(file)[name], "failed")
    assert failed - excused <= set(file.FAILS[name])


@pytest.mark.parametrize(("file", "name"), CONTROLS)
def test_only_a_control_without_answers_ends_in_errors(controls, file, name):
    card = controls(file)[name]
    words = getattr(file, "ERRORS", {}).get(name)
    erred = with_outcome(card, "error")
    if words is None:
        assert not erred
        return
    assert with_outcome(card, "passed", "inconclusive") == set()
    assert erred
    assert all(words in card[case_id]["message"] for case_id in erred)


@pytest.mark.parametrize("name", rare.FAILS)
def test_the_corpus_alone_would_pass_a_rare_liar(controls, name):
    for case_id in rare.FAILS[name]:
        assert controls(rare)[name][case_id]["measurements"]["worst deviation on the corpus"] <= rare.FLOOR


@pytest.mark.parametrize("name", brittle.FAILS)
def test_a_control_gets_one_verdict_from_one_process_and_from_two_workers(reports, name):
    serial, parallel = (
        json.loads(reports(run, *options(brittle), *workers)[name].read_text(encoding="utf-8"))
        for run, workers in ((brittle.__name__, ()), ("workers", ("-n", "2")))
    )
    assert (serial["run"]["workers"], parallel["run"]["workers"]) == (0, 2)
    assert serial["results_digest"] == parallel["results_digest"]


@pytest.mark.parametrize("case_id", CASES)
def test_a_case_fails_some_control(case_id):
    require_control(case_id, DECLARED)


@pytest.mark.parametrize("case_id", CASES)
def test_a_case_passes_some_right_metric(right, case_id):
    require_right_metric(case_id, right)


def test_a_case_without_a_control_is_refused():
    with pytest.raises(AssertionError, match=r"no control fails made\.up; add to tests/negative_controls"):
        require_control("made.up", DECLARED)


def test_a_case_that_no_right_metric_passes_is_refused():
    cards = {"linear_cka": {"made.up": {"outcome": "inconclusive"}}}
    with pytest.raises(AssertionError, match=r"no right metric passes made\.up \(\{'linear_cka': 'inconclusive'\}\)"):
        require_right_metric("made.up", cards)


def test_what_the_controls_declare_are_cases():
    assert {case_id for fails in DECLARED.values() for case_id in fails} <= set(CASES)


@pytest.mark.parametrize("case_id", VALIDITY)
@pytest.mark.parametrize("name", [*summaries.TRIVIAL, "constant"])
def test_a_trivial_summary_fails_every_validity_case(controls, name, case_id):
    file, control = asked(controls, name, case_id)
    assert controls(file)[control][case_id]["outcome"] == "failed"


@pytest.mark.parametrize("case_id", VALIDITY)
@pytest.mark.parametrize("name", summaries.FRESH)
def test_random_numbers_pass_no_validity_case_twice(controls, reports, name, case_id):
    file, control = asked(controls, name, case_id)
    outcome = controls(file)[control][case_id]["outcome"]
    if outcome == "passed":
        # By the error that a 95 % interval has, chance passes a case of one demand in one run of 40.
        again = f"--metric={file.__file__}:{control}", "metric-harness::{}::test_{}".format(*case_id.split("."))
        outcome = read_cards(reports(f"{control}-{case_id}", *again))[control][case_id]["outcome"]
    assert outcome in ("failed", "inconclusive")


def asked(controls, name: str, case_id: str) -> tuple[ModuleType, str]:
    """Return the file and the name of a summary, or of its impostor where its claims keep a case from being asked."""
    if controls(summaries)[name][case_id]["outcome"] == "not_applicable":
        return impostors, f"named_{name}"
    return summaries, name
