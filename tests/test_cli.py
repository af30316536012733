"""`metric-harness`: list, explain, compare, render, schema, zoo."""

import json
import shutil
import time
from pathlib import Path

import jsonschema
import pytest

from metric_harness import catalogue, cli, zoo_commands
from metric_harness.curriculum import GROUPS
from metric_harness.profiles import PROFILES


def test_list_and_explain_show_every_case(capsys):
    assert cli.main(["list"]) == 0
    listed = capsys.readouterr().out
    assert "noise.floor" in listed
    assert cli.main(["explain", "noise.floor"]) == 0
    explained = capsys.readouterr().out
    assert "Verdict:" in explained
    assert "metric-harness::noise::test_floor" in explained


@pytest.mark.parametrize("case", catalogue.cases(), ids=lambda case: case.id)
def test_explain_tells_claim_rationale_source_controls_and_how_to_run(capsys, case):
    assert cli.main(["explain", case.id]) == 0
    explained = capsys.readouterr().out
    assert explained.startswith(f"{case.id} (version {case.version}, {case.tier})\n{case.title}\n")
    for part in ("Why it matters:", "Given:", "Measured:", "Verdict:", "Negative controls:"):
        assert part in explained
    assert f"Source: {case.source}" in explained
    assert f"pytest --metric=NAME {case.selector}" in explained


def test_list_has_a_line_for_each_case(capsys):
    assert cli.main(["list"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert listed[0] == f"suite {catalogue.suite_version()}, {len(catalogue.cases())} cases"
    for case in catalogue.cases():
        assert any(line.startswith(f"{case.id} ") and line.endswith(case.title) for line in listed)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["explain", "noise.flor"], "Did you mean noise.floor"),
        (["render", "nowhere.json"], "cannot read nowhere.json"),
        (["compare", "nowhere.json", "nor/here.json"], "cannot read"),
    ],
)
def test_a_mistake_is_exit_4_with_a_way_out(capsys, arguments, message):
    assert cli.main(arguments) == 4
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not JSON"),
        ("[]", "schema version None"),
        ('{"schema_version": "9.0"}', "schema version '9.0'"),
        ('{"schema_version": "1.0"}', "is not a scorecard"),
    ],
)
def test_a_file_that_is_no_scorecard_is_exit_4(capsys, tmp_path, content, message):
    path = tmp_path / "card.json"
    path.write_text(content)
    assert cli.main(["render", str(path)]) == 4
    assert message in capsys.readouterr().err


def test_the_schema_is_a_schema_and_names_every_profile(capsys):
    assert cli.main(["schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["properties"]["suite"]["properties"]["profile"]["enum"] == list(PROFILES)


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory, one_thread: None) -> Path:
    """Return a smoke zoo that the command line has built."""
    folder, patch = tmp_path_factory.mktemp("smoke"), pytest.MonkeyPatch()
    patch.setattr(zoo_commands, "cache_folder", lambda: folder / "cache")
    start = time.monotonic()
    assert cli.main(["zoo", "build", "--smoke", "--processes", "1", "--folder", str(folder / "zoo")]) == 0
    assert time.monotonic() - start < 60
    patch.undo()
    return folder / "zoo"


def test_zoo_build_prints_the_tables_and_a_progress_bar(capsys, monkeypatch, smoke):
    # A second build finds the snapshots of the first.
    monkeypatch.setattr(zoo_commands, "cache_folder", lambda: smoke.parent / "cache")
    assert cli.main(["zoo", "build", "--smoke", "--processes", "1", "--folder", str(smoke)]) == 0
    printed = capsys.readouterr()
    assert f"wrote {smoke / 'manifest.json'}" in printed.out
    assert "perceptual_decision, 2 seeds" in printed.out
    assert "9.0/9 phases" in printed.err


def test_zoo_info_has_a_line_for_each_group_of_each_task(capsys, smoke):
    assert cli.main(["zoo", "info", "--folder", str(smoke)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("leaky_rnn (activation leaky_relu, n_units 16,")
    for group in GROUPS:
        assert len([line for line in lines if line.startswith(f"{group} ")]) == 2


def test_zoo_info_describes_the_shipped_zoo_by_default(capsys):
    assert cli.main(["zoo", "info"]) == 0
    assert "n_units 64" in capsys.readouterr().out


def test_zoo_verify_tells_what_is_right(capsys, smoke):
    assert cli.main(["zoo", "verify", "--folder", str(smoke)]) == 0
    assert "go_nogo: digest right, " in capsys.readouterr().out


def test_zoo_verify_refuses_accuracies_that_nobody_measures(capsys, smoke, tmp_path):
    folder = Path(shutil.copytree(smoke, tmp_path / "zoo"))
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["tasks"]["go_nogo"]["networks"][1]["accuracies"]["0"] += 0.02
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert cli.main(["zoo", "verify", "--folder", str(folder)]) == 4
    message = capsys.readouterr().err
    assert "1 of" in message
    assert "accuracies of go_nogo differ by more than 0.01; first Specimen(group='master'" in message
    assert "Rebuild it: metric-harness zoo build" in message


@pytest.mark.parametrize("action", ["info", "verify"])
def test_a_damaged_or_missing_zoo_is_exit_4_with_a_way_out(capsys, smoke, tmp_path, action):
    folder = Path(shutil.copytree(smoke, tmp_path / "zoo"))
    path = folder / "go_nogo.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    for given, message in [(folder, "is damaged or of another zoo"), (tmp_path / "none", "no zoo in")]:
        assert cli.main(["zoo", action, "--folder", str(given)]) == 4
        printed = capsys.readouterr().err
        assert message in printed
        assert "Rebuild it: metric-harness zoo build" in printed


def test_zoo_build_on_no_process_is_exit_4(capsys):
    assert cli.main(["zoo", "build", "--smoke", "--processes", "0"]) == 4
    assert "--processes is 0; needed at least 1" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["compare"], ["unheard_of"], ["null", "cka", "--samples", "x"], []])
def test_a_mistake_on_the_command_line_ends_in_4(words, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    assert ended.value.code == 4
    assert "usage: metric-harness" in capsys.readouterr().err
