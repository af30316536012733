"""`--metric-cache`: a second run finds the answers of the first, and says the same."""

import pytest

ASKING = """
import os
import time

import mymetrics


def counted(x, y):
    with open("asked.txt", "a") as stream:
        stream.write(os.environ.get("PYTEST_CURRENT_TEST", "") + "\\n")
    time.sleep(0.001)
    return mymetrics.good(x, y)
"""
ARGUMENTS = ("--metric=asking.py:counted", "--metric-profile=smoke", "--metric-format=json")
CASES = ("metric-harness::learning::test_gradual", "metric-harness::contract::test_symmetry")


@pytest.fixture
def asked(repository):
    """Return how many distances each group was asked for since the last time."""
    repository.makepyfile(asking=ASKING)
    path = repository.path / "asked.txt"

    def count() -> dict[str, int]:
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return {group: sum(f"::{group}::" in line for line in lines) for group in ("learning", "contract")}

    return count


def test_a_second_run_asks_less_and_finds_the_same(run, card, asked):
    without = run(*ARGUMENTS, *CASES)
    first_digest, plainly = card("counted")["results_digest"], asked()
    found = []
    for _ in range(2):
        result = run(*ARGUMENTS, *CASES, "--metric-cache")
        found.append((result.ret, card("counted"), asked()))
    (first_status, first, first_asked), (second_status, second, second_asked) = found
    assert without.ret == first_status == second_status
    assert first["results_digest"] == second["results_digest"] == first_digest
    assert first_asked == plainly
    assert second_asked == {"learning": 0, "contract": plainly["contract"]}
    assert plainly["contract"] > 0
    (case,) = (case for case in second["cases"] if case["id"] == "learning.gradual")
    assert first["run"]["reused"] == 0
    assert second["run"]["reused"] == case["metric_calls"] > 0
    assert case["metric_s"] > 0.001 * case["metric_calls"]
    result.stdout.fnmatch_lines([f"*; {second['run']['reused']} distances from the cache"])


def test_a_cache_that_is_turned_off_by_the_environment_is_a_mistake(run, monkeypatch):
    monkeypatch.setenv("METRIC_HARNESS_CACHE", "")
    result = run("--metric=cka", "--metric-cache")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*--metric-cache needs a folder*METRIC_HARNESS_CACHE*"])
