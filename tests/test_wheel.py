"""The built wheel carries everything: it validates a metric from an empty directory, far from this checkout."""

import json
from pathlib import Path

import pytest

from tests.installed import run

MINE = """
import numpy as np
from metric_harness.arrays import centered, paired_activations


def f(x, y):
    x, y = paired_activations(x, y)
    x, y = (z / np.abs(z).max() for z in (centered(x, "x"), centered(y, "y")))
    return 1 - np.linalg.norm(x.T @ y) ** 2 / np.linalg.norm(x.T @ x) / np.linalg.norm(y.T @ y)
"""
STRICT = """
[pytest]
python_files = spec_*.py
python_functions = should_*
addopts = --strict-markers --strict-config
filterwarnings = error
"""


def test_the_wheel_is_what_runs(binaries, tmp_path):
    shown = run([str(binaries / "python"), "-c", "import metric_harness; print(metric_harness.__file__)"], tmp_path)
    assert shown.stdout.startswith(str(binaries.parent))


@pytest.mark.parametrize("ini", ["", STRICT], ids=["empty directory", "strict repository"])
def test_a_metric_is_validated_far_from_the_checkout(binaries, tmp_path, ini):
    (tmp_path / "mine.py").write_text(MINE)
    if ini:
        (tmp_path / "pytest.ini").write_text(ini)
        (tmp_path / "spec_own.py").write_text("def should_stay_out(): raise SystemError")
    assert_validated(binaries, tmp_path)


def test_a_notebook_validates_a_metric_by_a_call(binaries, tmp_path):
    (tmp_path / "mine.py").write_text(MINE)
    call = (
        "import mine, metric_harness\n"
        "card = metric_harness.validate(mine.f, profile='smoke', groups=['contract'], reports='out')\n"
        "print(card.metric.name, sum(case.outcome.value == 'passed' for case in card.cases))"
    )
    done = run([str(binaries / "python"), "-W", "error", "-c", call], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    name, n_passed = done.stdout.split()[-2:]
    assert name == "f"
    assert int(n_passed) > 5
    assert "could not be drawn" not in (tmp_path / "out/f/scorecard.partial.html").read_text(encoding="utf-8")


def test_a_repository_may_hold_its_environment(binaries):
    folder = binaries.parents[1]
    (folder / "mine.py").write_text(MINE)
    (folder / "conftest.py").write_text("def pytest_collection_modifyitems(items): assert items")
    assert_validated(binaries, folder)


def assert_validated(binaries: Path, folder: Path) -> None:
    """Run the suite on `mine.py:f` in a folder, and check the scorecard that it leaves there."""
    command = [str(binaries / "python"), "-m", "pytest", "--metric=mine.py:f", "--metric-profile=smoke"]
    done = run(command, folder)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    card = json.loads((folder / "reports/f/scorecard.json").read_text())
    assert card["run"]["complete"]
    assert "could not be drawn" not in (folder / "reports/f/scorecard.html").read_text(encoding="utf-8")
    assert card["summary"]["by_tier"]["required"].get("failed", 0) == 0
    assert card["summary"]["outcomes"]["error"] == 0
    assert (done.returncode == 1) == (card["summary"]["outcomes"]["failed"] > 0)


def test_the_console_script_knows_cases_and_schema(binaries, tmp_path):
    listed = run([str(binaries / "metric-harness"), "list"], tmp_path)
    assert "noise.discriminability" in listed.stdout
    assert json.loads(run([str(binaries / "metric-harness"), "schema"], tmp_path).stdout)["title"]
