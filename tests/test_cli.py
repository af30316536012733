"""`metric-harness`: list, explain, compare, render, schema."""

import json

import jsonschema
import pytest

from metric_harness import catalogue, cli
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
