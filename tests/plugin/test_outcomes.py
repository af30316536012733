"""A metric that misbehaves gets outcomes with reasons, and never costs the report."""

import json

import pytest

SMOKE = ("--metric-profile=smoke", "--metric-group=contract")
REASONS = {
    "raises": "the metric raised RuntimeError: the battery is empty (at mymetrics.py",
    "nan": "the metric returned nan",
    "array": "the metric returned a ndarray of shape (3,)",
    "sleeps": "timeout: the case took longer than 1 s",
}


@pytest.mark.parametrize("name", REASONS)
def test_a_broken_metric_gets_reasons_and_a_card(run, card, name):
    result = run(f"--metric=mymetrics:{name}", *SMOKE, "--metric-timeout=1")
    assert result.ret == 1
    assert "Traceback" not in result.stdout.str() + result.stderr.str()
    cases = [case for case in card(name)["cases"] if case["group"] == "contract"]
    assert {case["outcome"] for case in cases} <= {"failed", "error", "passed"}
    reasons = [case["message"] for case in cases if case["outcome"] != "passed"]
    assert len(reasons) >= 4
    assert all(REASONS[name] in reason for reason in reasons)


def test_a_random_metric_fails_determinism_without_claiming_anything(run, card):
    assert run("--metric=mymetrics:random", *SMOKE).ret == 1
    outcomes = {case["id"]: case["outcome"] for case in card("random")["cases"]}
    assert outcomes["contract.determinism"] == "failed"


def test_a_failure_shows_value_bound_origin_hint_and_rerun(run):
    result = run("--metric=mymetrics:random", *SMOKE)
    result.stdout.fnmatch_lines(
        [
            "claim refuted: equal inputs give the equal number",
            "*worst difference in this process = * is not at most 1e-06 (the metric's numerical floor)",
            "*hint: seed a generator*",
            "*rerun: pytest --metric=mymetrics:random --metric-profile=smoke *::test_determinism",
        ]
    )


def test_the_rerun_command_runs_just_that_case(run, repository):
    result = run("--metric=mymetrics:random", *SMOKE)
    line = next(line for line in result.stdout.lines if "rerun:" in line and "determinism" in line)
    again = repository.runpytest_subprocess(*line.split("rerun: pytest ")[1].split())
    again.assert_outcomes(failed=1)


@pytest.mark.parametrize(
    ("words", "scheduler"), [((), "WorkStealingScheduling"), (("--dist=loadfile",), "LoadFileScheduling")]
)
def test_idle_workers_take_cases_from_others_unless_another_order_is_asked_for(repository, words, scheduler):
    chosen = ("metric-harness::contract::test_value", "metric-harness::contract::test_range")
    result = repository.runpytest_subprocess("-n2", "-v", *words, "--metric=mymetrics:random", *SMOKE[:1], *chosen)
    result.stdout.fnmatch_lines([f"*scheduling tests via {scheduler}*"])


def test_a_dying_process_is_a_crash_with_the_case_named(repository):
    # xdist gives up after a few lost workers, unless told to replace as many as there are cases.
    result = repository.runpytest_subprocess("-n2", "--max-worker-restart=40", "--metric=mymetrics:dies", *SMOKE)
    assert result.ret == 1
    path = repository.path / "reports" / "dies" / "scorecard.partial.json"
    outcomes = {case["id"]: case["outcome"] for case in json.loads(path.read_text())["cases"]}
    assert outcomes["contract.value"] == "crashed"
