"""From a file with a network to the page about it, with one command."""

import argparse
import json
import textwrap
from pathlib import Path

import pytest

from metric_harness import architecture_command, cli
from metric_harness.architectures import choose
from metric_harness.cache import FOLDER_VARIABLE
from metric_harness.errors import UsageError
from metric_harness.interfaces import AbstractNetwork
from metric_harness.zoo import shipped

EXAMPLE = textwrap.dedent((AbstractNetwork.__doc__ or "").partition("Example::\n")[2]).strip()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a user's file in it, and a cache of its own."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own_network.py").write_text(EXAMPLE)
    return tmp_path


def test_a_class_of_thirty_lines_goes_to_its_page(home):
    assert len(EXAMPLE.splitlines()) <= 30
    status = cli.main(
        ["architecture", "own_network.py:Vanilla", "--metric", "cka", "--smoke", "--processes", "1", "--reports", "out"]
    )
    assert status == 0
    page = (home / "out" / "architecture-Vanilla.html").read_text(encoding="utf-8")
    assert "What training changes in Vanilla" in page
    assert "a leaky RNN" in page
    card = json.loads((home / "out" / "cka-Vanilla" / "scorecard.partial.json").read_text(encoding="utf-8"))
    assert card["suite"]["network"]["name"] == "Vanilla"
    (case,) = (c for c in card["cases"] if c["id"] == "architecture.recurrent_change")
    assert {"seeds", "seeds of leaky_rnn", "full against untrained"} <= set(case["measurements"])
    # A smoke zoo stays out of the cache, where a run that means it would find it.
    assert not list((home / "cache" / "zoos").glob("*"))


def test_what_is_no_network_is_told_before_anything_is_trained(home, capsys):
    assert cli.main(["architecture", "own_network.py:Vanila", "--smoke"]) == 4
    assert "Vanilla" in capsys.readouterr().err
    assert sorted(path.name for path in home.iterdir()) == ["own_network.py"]


def test_a_zoo_that_exists_is_not_trained_again(home, monkeypatch):
    monkeypatch.setattr(architecture_command, "build_zoo", lambda *_, **__: pytest.fail("trained anew"))
    options = argparse.Namespace(network="leaky_rnn", smoke=False, processes=1)
    assert architecture_command._zoo(options, [], []) == "leaky_rnn"


def test_the_default_is_known_by_its_folder(home):
    assert choose("leaky_rnn", home).is_default
    copy = home / "copied"
    copy.mkdir()
    (copy / "manifest.json").write_bytes((shipped() / "manifest.json").read_bytes())
    chosen = choose("copied", home)
    assert not chosen.is_default
    assert chosen.info.name == "leaky_rnn-own"
    assert chosen.info.zoo == choose("leaky_rnn", home).info.zoo


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("leaky_rn", "unknown network 'leaky_rn'. Did you mean leaky_rnn"),
        ("own_network.py:Vanilla", "metric-harness zoo build --network own_network.py:Vanilla"),
        ("", "unknown network"),
    ],
)
def test_a_mistake_has_a_way_out(home, value, words):
    with pytest.raises(UsageError, match=words):
        choose(value, home)
