"""The files a run leaves: complete or absent, valid, and the same twice."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import jsonschema
import pytest

from metric_harness.cli import schema

SMOKE = "--metric-profile=smoke"
CONTRACT = "--metric-group=contract"


def strict(text: str) -> dict:
    def refuse(token: str) -> None:
        raise AssertionError(f"{token} is not strict JSON")

    return json.loads(text, parse_constant=refuse)


@pytest.fixture
def reports(repository):
    return repository.path / "reports"


def test_a_full_run_writes_a_complete_valid_card(run, reports):
    run("--metric=mymetrics:good", SMOKE)
    card = strict((reports / "good" / "scorecard.json").read_text())
    jsonschema.validate(card, json.loads(schema()))
    assert card["run"]["complete"]
    assert card["suite"]["n_cases"] == len(card["cases"]) == sum(card["summary"]["outcomes"].values())
    assert [case["id"] for case in card["cases"]] == sorted(case["id"] for case in card["cases"])
    assert (reports / "good" / "scorecard.md").read_text().startswith("# Scorecard of good")
    assert "<title>Scorecard of good</title>" in (reports / "good" / "scorecard.html").read_text()
    assert not list(reports.rglob("*partial*"))


def test_a_partial_run_never_overwrites_a_complete_card(run, reports):
    run("--metric=mymetrics:good", CONTRACT)
    assert {path.name for path in (reports / "good").iterdir()} == {
        "scorecard.partial.html",
        "scorecard.partial.json",
        "scorecard.partial.md",
    }
    card = strict((reports / "good" / "scorecard.partial.json").read_text())
    jsonschema.validate(card, json.loads(schema()))
    assert not card["run"]["complete"]


def test_every_case_of_the_contract_says_on_which_data_it_was_decided(run, reports):
    run("--metric=mymetrics:good", SMOKE, CONTRACT)
    card = strict((reports / "good" / "scorecard.partial.json").read_text())
    digests = {case["id"]: case["measurements"]["corpus"] for case in card["cases"] if case["group"] == "contract"}
    assert all(re.fullmatch("[0-9a-f]{16}", digest) for digest in digests.values())
    assert len(set(digests.values())) == len(digests)


def test_several_metrics_are_compared(run, reports):
    run("--metric=mymetrics:good", "--metric=mymetrics:nan", "--metric=cka", CONTRACT)
    comparison = strict((reports / "comparison.partial.json").read_text())
    assert comparison["metrics"] == ["good", "nan", "cka"]
    value = next(case for case in comparison["cases"] if case["id"] == "contract.value")
    assert value["outcomes"] == {"good": "passed", "nan": "failed", "cka": "passed"}
    table = " ".join((reports / "comparison.partial.md").read_text().split())
    assert "| contract.value | required | passed 1.00 | **failed** | passed 1.00 |" in table
    assert "<h1>Comparison of 3 metrics</h1>" in (reports / "comparison.partial.html").read_text()
    assert set(comparison["claims"]) == set(comparison["groups"]) == {"good", "nan", "cka"}


def test_folder_and_formats_can_be_chosen(run, repository):
    run("--metric=cka", CONTRACT, "--metric-reports=out/here", "--metric-format=json")
    assert [path.name for path in (repository.path / "out/here/cka").iterdir()] == ["scorecard.partial.json"]


def test_the_digest_is_equal_between_runs_and_with_workers(repository, reports):
    digests = set()
    for workers in ([], [], ["-n2"]):
        repository.runpytest_subprocess("--metric=mymetrics:good", SMOKE, *workers)
        digests.add(strict((reports / "good" / "scorecard.json").read_text())["results_digest"])
    assert len(digests) == 1


def test_another_seed_is_other_data(repository, reports):
    digests = set()
    for seed in (1, 2):
        repository.runpytest_subprocess("--metric=mymetrics:good", CONTRACT, f"--metric-seed={seed}")
        digests.add(strict((reports / "good" / "scorecard.partial.json").read_text())["results_digest"])
    assert len(digests) == 2


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_killing_a_run_leaves_no_truncated_report(repository, reports, how):
    command = [sys.executable, "-m", "pytest", "--metric=mymetrics:sleeps", CONTRACT]
    process = subprocess.Popen(command, cwd=repository.path, stdout=subprocess.PIPE, env=os.environ.copy())
    assert process.stdout is not None
    # The header is printed before the first case, which then sleeps.
    while b"metric-harness" not in process.stdout.readline():
        pass
    time.sleep(1.5)
    process.send_signal(how)
    process.communicate(timeout=30)
    for path in reports.rglob("*.json"):
        strict(path.read_text())
    expected = {f"scorecard.partial.{suffix}" for suffix in ("html", "json", "md")} if how is signal.SIGINT else set()
    assert {path.name for path in reports.rglob("*") if path.is_file()} == expected


def test_junit_gets_scalar_properties(run, repository):
    run("--metric=mymetrics:good", CONTRACT, "--junitxml=junit.xml")
    text = (repository.path / "junit.xml").read_text()
    assert '<property name="metric_harness.id" value="contract.value"' in text
    assert '<property name="metric_harness.outcome" value="passed"' in text
    assert "{" not in text.replace("metric_harness", "")
