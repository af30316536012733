"""What the README shows works as it stands."""

import datetime
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from metric_harness.exemptions import KEYS, read_exemptions, tomllib
from metric_harness.plugin import OPTIONS
from tests.installed import run

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_the_two_commands_set_up_by_themselves_and_ci_executes_both():
    main_job, tests, *_ = blocks("bash")
    assert all(command.startswith("python3 -m venv .venv && .venv/bin/pip install") for command in (main_job, tests))
    assert main_job.strip().endswith(".venv/bin/pytest --metric=cka")
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "grep '^python3 -m venv' README.md" in script
    assert all(f"commands[{k}]" in script for k in (0, 1))


def test_the_metric_of_the_readme_ends_in_a_scorecard(tmp_path):
    (tmp_path / "my.py").write_text(blocks("python")[0], encoding="utf-8")
    (command,) = (block.strip() for block in blocks("bash") if "my.py" in block)
    done = run(command.replace(".venv/bin/pytest", f"{sys.executable} -m pytest -p metric_harness.plugin"), tmp_path)
    assert "metric conformance" in done.stdout, done.stdout + done.stderr
    card = json.loads((tmp_path / "reports" / "f" / "scorecard.json").read_text(encoding="utf-8"))
    assert card["run"]["complete"]
    assert {case["outcome"] for case in card["cases"] if case["tier"] == "required"} <= {"passed", "not_applicable"}


def test_a_function_of_ten_lines_is_enough():
    assert len(blocks("python")[0].strip().splitlines()) <= 10


def test_the_exemptions_of_the_readme_are_accepted(tmp_path):
    (tmp_path / "exempt.toml").write_text(blocks("toml")[0], encoding="utf-8")
    (entry,) = read_exemptions(tmp_path / "exempt.toml", tmp_path, datetime.date(2026, 1, 1)).entries
    assert set(tomllib.loads(blocks("toml")[0])["exempt"][0]) == set(KEYS)
    assert not entry.exemption.expired


def test_the_lines_for_a_notebook_give_the_outcomes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my.py").write_text(blocks("python")[0], encoding="utf-8")
    (lines,) = (block for block in blocks("python") if "validate(" in block)
    names: dict[str, Any] = {}
    exec(lines.replace('profile="smoke"', 'profile="smoke", groups=["contract"]'), names)
    assert names["card"].summary.outcomes["failed"] == 0
    assert names["card"].summary.outcomes["passed"] >= 3


def test_every_option_that_is_shown_exists():
    shown = set(re.findall(r"--metric[a-z-]*", README))
    assert shown <= {*OPTIONS, "--metric-list"}


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_every_link_leads_to_a_file(target):
    assert (ROOT / target).exists()
