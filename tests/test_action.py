"""The composite action: its steps are run as a runner would, in somebody's repository with a base branch."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from metric_harness.annotations import annotation_lines
from metric_harness.comparison import read_scorecard
from metric_harness.records import Outcome
from tests.installed import dependencies, environment
from tests.whole_cards import write_as_whole

ROOT = Path(__file__).parents[1]
ACTION: Mapping[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS: list[Mapping[str, Any]] = ACTION["runs"]["steps"]
GOOD = """
import numpy as np
from metric_harness.arrays import centered, paired_activations


def f(x, y):
    x, y = paired_activations(x, y)
    x, y = (z / np.abs(z).max() for z in (centered(x, "x"), centered(y, "y")))
    return 1 - np.linalg.norm(x.T @ y) ** 2 / np.linalg.norm(x.T @ x) / np.linalg.norm(y.T @ y)
"""
BAD = GOOD + "\n\nTRUE = f\n\n\ndef f(x, y):\n    x[...] = 0 * x + x\n    np.random.random()\n    return TRUE(x, y)\n"
GROUP = "--metric-group=contract"


class Runner:
    """What GitHub's runner provides: inputs, files for outputs and summary, and one step after the other."""

    def __init__(self, folder: Path, repository: Path, python: Path) -> None:
        self.repository, self.files = repository, {n: folder / n for n in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        self.temporary = folder / "temp"
        self.temporary.mkdir(parents=True)
        self.python = python
        self.variables = environment()

    def run(self, base: str = "", harness: Path | None = None, **inputs: str) -> tuple[int, str]:
        """Run the steps; return the status of the last one run, and what was printed.

        Args:
            base: the branch that a pull request is against; empty outside of one.
            harness: what the first step installs; without it the environment has the wheel, and that step is left out.
            inputs: of the action.
        """
        given = {name: str(how.get("default", "")) for name, how in ACTION["inputs"].items()}
        given |= {"python": str(self.python), **inputs}
        shared = self.variables | {
            "RUNNER_TEMP": str(self.temporary),
            "GITHUB_BASE_REF": base,
            **{name: str(path) for name, path in self.files.items()},
        }
        printed = ""
        filled = {f"inputs.{name}": value for name, value in given.items()} | {"github.action_path": str(harness)}
        for step in STEPS if harness else STEPS[1:]:
            own = {k: re.sub(r"\$\{\{ ([\w.]+) \}\}", lambda m: filled[m[1]], v) for k, v in step["env"].items()}
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
                cwd=self.repository,
                env=shared | own,
                capture_output=True,
                text=True,
                check=False,
            )
            printed += done.stdout + done.stderr
            if done.returncode:
                return done.returncode, printed
        return 0, printed

    def summary(self) -> str:
        return self.files["GITHUB_STEP_SUMMARY"].read_text(encoding="utf-8")


def git(folder: Path, *words: str) -> None:
    identity = ["-c", "user.name=someone", "-c", "user.email=someone@example.org"]
    variables = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    subprocess.run(["git", *identity, *words], cwd=folder, env=variables, check=True, capture_output=True)


@pytest.fixture
def runner(tmp_path: Path, binaries: Path) -> Runner:
    """A runner in a clone, whose origin has the branch `main` with a good metric."""
    origin, clone = tmp_path / "origin", tmp_path / "clone"
    origin.mkdir()
    (origin / "mine.py").write_text(GOOD, encoding="utf-8")
    git(origin, "init", "--quiet", "--initial-branch=main")
    git(origin, "add", ".")
    git(origin, "commit", "--quiet", "-m", "a metric")
    git(tmp_path, "clone", "--quiet", str(origin), "clone")
    return Runner(tmp_path / "runner", clone, binaries / "python")


def test_the_first_step_installs_the_action_itself():
    assert '-m pip install --quiet "$HARNESS"' in STEPS[0]["run"]
    assert STEPS[0]["env"]["HARNESS"] == "${{ github.action_path }}"


def test_every_step_runs_in_an_environment_that_has_never_seen_the_harness(runner, binaries, tmp_path):
    (wheel,) = binaries.parents[1].glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "fresh")], check=True, capture_output=True)
    runner.python = tmp_path / "fresh/bin/python"
    runner.variables["PYTHONPATH"] = str(dependencies(tmp_path / "dependencies"))
    asked = {"metric": "mine.py:f", "profile": "smoke", "options": f"{GROUP} -k purity"}
    status, printed = runner.run(**asked)
    assert status != 0
    assert "unrecognized arguments: --metric=mine.py:f" in printed, "the harness was there before it was installed"
    status, printed = runner.run(harness=wheel, **asked)
    assert status == 0, printed
    shown = subprocess.run(
        [str(runner.python), "-c", "import metric_harness; print(metric_harness.__file__)"],
        cwd=tmp_path,
        env=runner.variables,
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.startswith(str(tmp_path / "fresh"))
    assert runner.summary().startswith("# Scorecard of f\n")
    card = read_scorecard(runner.repository / "reports/f/scorecard.partial.json")
    assert [case.id for case in card.cases if case.outcome is Outcome.PASSED] == ["contract.purity"]


def test_an_installation_that_fails_ends_the_job(runner, tmp_path):
    (tmp_path / "broken.whl").write_text("no archive", encoding="utf-8")
    status, _ = runner.run(harness=tmp_path / "broken.whl", metric="mine.py:f", profile="smoke", options=GROUP)
    assert status != 0
    assert not (runner.repository / "reports").exists()


def test_every_input_is_described_and_used():
    used = set(re.findall(r"\$\{\{ inputs\.(\w+) \}\}", yaml.safe_dump(ACTION)))
    assert used == set(ACTION["inputs"])
    assert all(how["description"] for how in ACTION["inputs"].values())
    assert not any("${{" in step["run"] for step in STEPS), "an input inside a script could be run as code"


def test_a_failure_is_annotated_and_the_summary_holds_the_card(runner):
    (runner.repository / "mine.py").write_text(BAD, encoding="utf-8")
    status, printed = runner.run(metric="mine.py:f", profile="smoke", options=f"{GROUP} -k purity")
    assert status == 1
    assert re.search(r"^::error title=contract\.purity \(f\)::claim refuted.*%0A", printed, flags=re.MULTILINE)
    assert runner.summary().startswith("# Scorecard of f\n")
    assert "scorecard=reports/f/scorecard.partial.json" in runner.files["GITHUB_OUTPUT"].read_text()
    assert "metric_harness.outcome" in (runner.repository / "reports/junit.xml").read_text()


def test_a_pull_request_is_held_against_the_card_of_its_base_branch(runner):
    status, _ = runner.run(metric="mine.py:f", profile="smoke", options=f"{GROUP} -k purity")
    assert status == 0
    keep_as_baseline(runner)
    (runner.repository / "mine.py").write_text(BAD, encoding="utf-8")
    (runner.repository / "baseline.json").write_text("moved by the pull request itself", encoding="utf-8")
    arguments = {
        "metric": "mine.py:f",
        "profile": "smoke",
        "options": f"{GROUP} -k purity",
        "baseline": "baseline.json",
    }
    status, printed = runner.run(base="main", **arguments)
    assert status == 1
    assert "::error title=contract.purity regressed (f)::" in printed
    assert "## Against the baseline" in runner.summary()
    (runner.repository / "mine.py").write_text(GOOD, encoding="utf-8")
    status, printed = runner.run(base="main", **arguments)
    assert status == 0, printed
    assert "::notice title=f against its baseline::" in printed


def test_a_base_branch_without_a_card_is_told(runner):
    status, printed = runner.run(
        base="main", metric="mine.py:f", profile="smoke", options=f"{GROUP} -k purity", baseline="baseline.json"
    )
    assert status == 0
    assert "::notice title=metric_harness::main has no baseline.json yet" in printed


def test_options_may_take_several_lines_and_quotes(runner):
    (runner.repository / "mine.py").write_text(GOOD, encoding="utf-8")
    (runner.repository / "exempt.toml").write_text("", encoding="utf-8")
    options = f'{GROUP}\n-k "purity and contract"\n--metric-exempt=exempt.toml'
    status, printed = runner.run(metric="mine.py:f", profile="smoke", options=options)
    assert status == 0, printed
    card = read_scorecard(runner.repository / "reports/f/scorecard.partial.json")
    assert [case.id for case in card.cases if case.outcome is not Outcome.NOT_RUN] == ["contract.purity"]
    assert "--metric-exempt=exempt.toml" in card.run.command


def keep_as_baseline(runner: Runner) -> None:
    """Commit the card of the last run to the base branch, as if its one case were the suite."""
    origin = runner.repository.parent / "origin"
    card = json.loads((runner.repository / "reports/f/scorecard.partial.json").read_text(encoding="utf-8"))
    card["run"]["complete"] = True
    card["cases"] = [case for case in card["cases"] if case["outcome"] != "not_run"]
    write_as_whole(card, origin / "baseline.json")
    git(origin, "add", ".")
    git(origin, "commit", "--quiet", "-m", "its card")


def test_hostile_text_cannot_leave_its_annotation():
    card = read_scorecard(ROOT / "tests/cards/1.1.json")
    hostile = [line for line in annotation_lines(card) if "\n" in line or "\r" in line]
    assert hostile == []
    assert all(line.startswith("::error title=") for line in annotation_lines(card))
