"""`--metric-baseline`: only what got worse fails, nothing passes by not running, and a bad file is told beforehand."""

import json
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest

from metric_harness.cli import schema
from tests.whole_cards import write_as_whole

ARGUMENTS = ("--metric-profile=smoke", "-k", "value or purity")
VALUE, PURITY = "contract.value", "contract.purity"

Doctor = Callable[[dict[str, Any]], None]
EARLIER: dict[str, str] = {}
"""Cards that an earlier test made, as text, by metric: the same run would give the same again."""


@pytest.fixture
def baseline(repository, run, card):
    """Write `baseline.json`: the card of a metric over two cases as if they were the suite, changed by a function.

    Its number of cases and its digest are made to agree with what the function leaves.
    """

    def write(metric: str, doctor: Doctor = lambda content: None) -> None:
        if metric not in EARLIER:
            run(f"--metric=mymetrics:{metric}", *ARGUMENTS)
            EARLIER[metric] = json.dumps(card(metric))
        content = json.loads(EARLIER[metric])
        content["cases"] = [case for case in content["cases"] if case["outcome"] != "not_run"]
        content["run"]["complete"] = True
        doctor(content)
        write_as_whole(content, repository.path / "baseline.json")

    return write


@pytest.fixture
def gated(run):
    """Run a metric against the baseline."""
    return lambda metric, *more: run(f"--metric=mymetrics:{metric}", "--metric-baseline=baseline.json", *more)


def test_a_card_that_was_cut_or_edited_is_exit_4(baseline, gated, repository):
    baseline("good")
    path = repository.path / "baseline.json"
    whole = json.loads(path.read_text(encoding="utf-8"))
    (repository.path / "reports/good/scorecard.partial.json").unlink(missing_ok=True)
    path.write_text(json.dumps(whole | {"cases": whole["cases"][:1]}), encoding="utf-8")
    assert_refused(gated("good", *ARGUMENTS), "*holds 1 of 2 cases*needed each case of its suite once*", repository)
    pretend_failed = [case | {"outcome": "failed"} for case in whole["cases"]]
    path.write_text(json.dumps(whole | {"cases": pretend_failed}), encoding="utf-8")
    assert_refused(gated("good", *ARGUMENTS), "*have the digest *, they have *as a run wrote them*", repository)


def by_id(content: dict[str, Any]) -> dict[str, Any]:
    return {case["id"]: case for case in content["cases"]}


def pretend_passed(content: dict[str, Any]) -> None:
    for case in content["cases"]:
        case["outcome"] = "passed"


def test_what_is_as_it_was_passes_and_is_on_the_card(baseline, gated, card):
    baseline("good")
    result = gated("good", *ARGUMENTS)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["good against *baseline.json: * new, 2 unchanged"])
    jsonschema.validate(card("good"), json.loads(schema()))
    changes = {change["id"]: change["change"] for change in card("good")["baseline"]["changes"]}
    assert changes[VALUE] == changes[PURITY] == "unchanged"


def test_a_failure_that_was_there_before_fails_nothing(baseline, gated):
    baseline("random")
    result = gated("random", *ARGUMENTS)
    assert result.ret == 0
    result.assert_outcomes(passed=1, failed=1)
    assert "Traceback" not in result.stdout.str()


def test_a_regression_fails_and_is_named(baseline, gated, card, repository):
    baseline("random", pretend_passed)
    result = gated("random", *ARGUMENTS)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["  regressed  contract.purity  passed -> failed: claim refuted: *"])
    text = (repository.path / "reports/random/scorecard.partial.md").read_text(encoding="utf-8")
    assert "## Against the baseline" in text
    assert "**1 worse**" in text


def test_a_case_that_is_gone_fails_even_if_one_of_another_name_passes(baseline, gated):
    def rename(content):
        by_id(content)[PURITY]["id"] = "contract.repeatability"

    baseline("good", rename)
    result = gated("good", *ARGUMENTS)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["  removed  contract.repeatability  passed -> absent: *renamed*"])


def test_a_case_that_is_simply_gone_fails(baseline, gated):
    baseline("good", lambda content: content["cases"].append({**content["cases"][0], "id": "contract.forgotten"}))
    result = gated("good", *ARGUMENTS)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["  removed  contract.forgotten  passed -> absent: *"])


def test_a_new_case_that_fails_stops_nothing(baseline, gated):
    def forget(content):
        content["cases"] = [case for case in content["cases"] if case["id"] != PURITY]

    baseline("random", forget)
    result = gated("random", *ARGUMENTS)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["  new  contract.purity  absent -> failed"])


def test_another_version_of_a_case_is_listed_and_stops_nothing(baseline, gated):
    def renew(content):
        by_id(content)[PURITY]["version"] = 99

    baseline("random", renew)
    result = gated("random", *ARGUMENTS)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["  version changed  contract.purity*version 99 then*"])


def test_drift_is_shown_and_stops_nothing(baseline, gated):
    def move(content):
        by_id(content)[VALUE]["measurements"]["corpus"] = "of another world"

    baseline("good", move)
    result = gated("good", *ARGUMENTS)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["  drifted  contract.value  passed: corpus: of another world then, * now"])


@pytest.mark.parametrize("selection", [("-k", "value"), ("--deselect=metric-harness::contract::test_purity[good]",)])
def test_nothing_passes_by_not_running(baseline, gated, selection):
    baseline("good")
    result = gated("good", *ARGUMENTS[:1], "--metric-group=contract", *selection)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["  incomparable  contract.purity  passed -> not run: *"])


def test_a_process_that_dies_never_passes(baseline, gated, workers, repository):
    def rename(content):
        content["metric"]["name"] = "dies"

    baseline("good", rename)
    result = gated("dies", *ARGUMENTS, *(["--max-worker-restart=4"] if workers else []))
    if not workers:
        # No report can outlive the only process; its status is the system's own.
        assert result.ret not in (0, 1, 4, 5)
        assert not (repository.path / "reports/dies/scorecard.partial.json").exists()
        return
    assert result.ret == 1
    result.stdout.fnmatch_lines(["  regressed  contract.value  passed -> crashed*"])


def test_the_gate_does_not_excuse_the_users_own_tests(baseline, gated, repository):
    baseline("good")
    path = repository.makepyfile(test_own="def test_own_value(): assert False")
    assert gated("good", *ARGUMENTS, path).ret == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "*cannot read *baseline.json: No such file*"),
        ("", "*baseline.json is not JSON*"),
        ("{", "*baseline.json is not JSON*"),
        ("[" * 200_000, "*baseline.json is not JSON*"),
        ('{"schema_version": "9.0"}', "*schema version '9.0'; this release reads*"),
    ],
)
def test_a_bad_file_is_exit_4_before_the_first_case(gated, repository, content, words):
    if content is not None:
        (repository.path / "baseline.json").write_text(content, encoding="utf-8")
    assert_refused(gated("good", *ARGUMENTS), words, repository)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda content: content["run"].update(complete=False), "*is of a partial run*needed a full one*"),
        (lambda content: content.update(cases=[]), "*holds no case*"),
        (lambda content: content["cases"].append(content["cases"][0]), "*holds contract.* twice*"),
        (lambda content: content["run"].update(complete="false"), "*complete of run is str; needed bool*"),
        (
            lambda content: content["cases"][0].update(measurements="abc"),
            "*measurements of case * is str; needed dict*",
        ),
        (lambda content: content["cases"][0].update(volatile=None), "*volatile of case * is NoneType; needed list*"),
        (lambda content: content["cases"][0].update(id=["a"]), "*id of case * is list; needed str*"),
        (lambda content: content["metric"].update(claims=[]), "*claims of metric is list; needed dict*"),
        (lambda content: content["metric"]["claims"].update(numerical_floor="a"), "*numerical_floor of claims is str*"),
        (lambda content: content.update(cases={}), "*cases of report is dict; needed list*"),
        (lambda content: content["suite"].update(profile="paper"), "*is of profile paper, the run of smoke*"),
        (lambda content: content["metric"].update(name="other"), "*baseline is of other, the run is of good*"),
    ],
)
def test_a_card_that_cannot_be_compared_is_exit_4(baseline, gated, repository, change, words):
    baseline("good", change)
    (repository.path / "reports/good/scorecard.partial.json").unlink(missing_ok=True)
    assert_refused(gated("good", *ARGUMENTS), words, repository)


def assert_refused(result: pytest.RunResult, words: str, repository: pytest.Pytester) -> None:
    assert result.ret == 4
    pytest.LineMatcher(result.stdout.lines + result.stderr.lines).fnmatch_lines([words])
    assert "Traceback" not in result.stdout.str() + result.stderr.str()
    assert not (repository.path / "reports/good/scorecard.partial.json").exists()
