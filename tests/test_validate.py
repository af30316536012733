"""`metric_harness.validate`: the engine and the card of the command line, and a caller who notices nothing."""

import dataclasses
import functools
import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

import metric_harness
from metric_harness.comparison import read_scorecard
from metric_harness.errors import SettingError, UnknownMetricError, UsageError
from metric_harness.interfaces import AbstractMetric, Claims
from metric_harness.metrics.cka import CKA
from metric_harness.records import Outcome, Scorecard
from metric_harness.validation import validate

CONTRACT = functools.partial(validate, profile="smoke", groups=["contract"])
FILE = """
import neighbor
from metric_harness.metrics.cka import CKA

def good(x, y, *, power: float = 1.0):
    print("a metric that talks")
    return CKA().distance(x, y) ** power
"""


@dataclasses.dataclass(frozen=True)
class OfCKA(AbstractMetric):
    """A metric of this module, whose objects pickle."""

    needs = "activations"
    claims = Claims()
    factor: float = 1.0

    def distance(self, x, y):
        return self.factor * CKA().distance(x, y)


def of_cka(x, y):
    return CKA().distance(x, y)


def interrupted(x, y):
    raise KeyboardInterrupt


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Somebody's folder with a metric in a file, and an ini file and a conftest that would spoil the run."""
    (tmp_path / "mine_of_a_notebook.py").write_text(FILE, encoding="utf-8")
    (tmp_path / "neighbor.py").touch()
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n", encoding="utf-8")
    (tmp_path / "conftest.py").write_text("raise SystemError('somebody else is at work')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTEST_ADDOPTS", "--no-such-option")
    return tmp_path


def outcomes(card: Scorecard) -> dict[str, Outcome]:
    return {case.id: case.outcome for case in card.cases if case.outcome is not Outcome.NOT_RUN}


def failures(card: Scorecard) -> dict[str, str]:
    return {case.id: case.message for case in card.cases if case.outcome.is_failure}


def test_the_card_is_the_one_of_the_command_line(tmp_path):
    groups = ["contract", "invariance"]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-pmetric_harness.plugin",
        "--metric=cka",
        "--metric-profile=smoke",
    ]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    done = subprocess.run(
        [*command, *(f"--metric-group={group}" for group in groups)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    expected = read_scorecard(tmp_path / "reports" / "cka" / "scorecard.partial.json")
    card = validate("cka", profile="smoke", groups=groups)
    assert outcomes(card) == outcomes(expected), done.stdout
    assert card.results_digest == expected.results_digest
    assert card.run.command == f"metric_harness.validate('cka', profile='smoke', groups={groups!r})"


def test_the_caller_is_left_as_before(folder, capfd):
    CONTRACT(of_cka)  # imports what the engine needs
    warnings.simplefilter("error")
    before = dict(os.environ), list(sys.path), set(sys.modules), list(warnings.filters), sorted(folder.iterdir())
    card = CONTRACT("mine_of_a_notebook.py:good")
    after = dict(os.environ), list(sys.path), set(sys.modules), list(warnings.filters), sorted(folder.iterdir())
    assert failures(card) == {}
    compiled = {folder / "__pycache__"}
    assert before[:4] == after[:4]
    assert set(before[4]) == set(after[4]) - compiled
    assert Path.cwd() == folder
    assert capfd.readouterr() == ("", "")


def test_a_changed_file_is_read_again(folder):
    assert CONTRACT("mine_of_a_notebook.py:good").metric.settings == {"power": 1.0}
    (folder / "mine_of_a_notebook.py").write_text(FILE.replace("power", "strength"), encoding="utf-8")
    assert CONTRACT("mine_of_a_notebook.py:good").metric.settings == {"strength": 1.0}


@pytest.mark.parametrize(
    ("metric", "name", "source"),
    [
        (of_cka, "of_cka", f"{__name__}:of_cka"),
        (OfCKA, "OfCKA", f"{__name__}:OfCKA"),
        (OfCKA(factor=2.0), "OfCKA", f"an object of {__name__}:OfCKA"),
        (functools.partial(OfCKA.distance, OfCKA()), "partial", "an object of functools:partial"),
    ],
)
def test_a_metric_of_any_form_goes_to_a_fresh_process(metric, name, source):
    card = CONTRACT(metric)
    assert failures(card) == {}
    assert (card.metric.name, card.metric.source) == (name, source)
    assert outcomes(card)["contract.determinism"] is Outcome.PASSED


def test_a_metric_that_cannot_travel_says_so_where_it_would_have_to(monkeypatch):
    monkeypatch.setitem(sys.modules, "cloudpickle", None)
    found = failures(CONTRACT(lambda x, y: of_cka(x, y)))
    assert "contract.transport" in found
    for message in found.values():
        (line,) = (line for line in message.splitlines() if "cannot be taken to a fresh process" in line)
        assert 'validate "path/to/file.py:name"' in line
        assert " at 0x" not in line


def test_a_metric_of_the_session_itself_is_recognized(tmp_path):
    code = (
        "import sys, metric_harness\n"
        "sys.modules['cloudpickle'] = None\n"
        "from metric_harness.metrics.cka import CKA\n"
        "def own(x, y): return CKA().distance(x, y)\n"
        "card = metric_harness.validate(own, profile='smoke', groups='contract')\n"
        "print([c.message for c in card.cases if c.outcome.is_failure])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "__main__:own cannot be taken to a fresh process (it is defined in this session," in done.stdout


def test_settings_reach_a_text_and_an_object_alike(folder):
    assert CONTRACT("mine_of_a_notebook.py:good", settings={"power": 0.5}).metric.settings == {"power": 0.5}
    assert CONTRACT(OfCKA(), settings={"factor": 3}).metric.settings == {"factor": 3.0}


def test_reports_are_written_where_they_are_asked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    card = CONTRACT(of_cka, reports="out", seed=7)
    assert json.loads((tmp_path / "out/of_cka/scorecard.partial.json").read_text())["run"]["seed"] == 7
    assert read_scorecard(tmp_path / "out/of_cka/scorecard.partial.json").results_digest == card.results_digest
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize(
    ("metric", "how", "error", "message"),
    [
        ("ckaa", {}, UnknownMetricError, "Did you mean cka"),
        (3, {}, SettingError, "a int is no metric; needed a function"),
        ("cka", {"profile": "huge"}, UsageError, "'huge' is unknown; needed one of smoke"),
        ("cka", {"groups": "contact"}, UsageError, "'contact' is unknown; needed one of"),
        (of_cka, {"settings": {"rank": 3}}, SettingError, "no metric has the setting"),
        ("cka", {"reports": __file__}, UsageError, "cannot be written"),
    ],
)
def test_a_mistake_is_an_exception_with_a_way_out(metric, how, error, message):
    with pytest.raises(error, match=message):
        validate(metric, **how)


def test_an_interruption_reaches_the_caller():
    with pytest.raises(KeyboardInterrupt):
        CONTRACT(interrupted)


def test_the_package_hands_out_the_function_and_nothing_else():
    assert metric_harness.validate is validate
    with pytest.raises(AttributeError, match="has no attribute 'validated'"):
        getattr(metric_harness, "validated")  # noqa: B009 - what is asked for is the point
