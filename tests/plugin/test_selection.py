"""`--metric VALUE` and `--metric-set`: which metric is meant, and mistakes told before the first case."""

import pytest

CONTRACT = "--metric-group=contract"


@pytest.mark.parametrize(
    ("value", "folder"),
    [
        ("cka", "cka"),
        ("mymetrics:good", "good"),
        ("mymetrics.py:good", "good"),
        ("mymetrics.py:alike", "alike"),
        ("mymetrics.py:Object", "Object"),
    ],
)
def test_every_form_of_a_metric_gets_a_scorecard(run, card, value, folder):
    result = run(f"--metric={value}", CONTRACT)
    assert result.ret == 0
    assert card(folder)["summary"]["outcomes"]["failed"] == 0
    assert card(folder)["summary"]["outcomes"]["passed"] >= 3


def test_an_entry_point_is_a_metric(run, card, repository, monkeypatch):
    info = repository.mkdir("theirs-1.0.dist-info")
    info.joinpath("METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    info.joinpath("entry_points.txt").write_text("[metric_harness.metrics]\ntheir-metric = mymetrics:good\n")
    monkeypatch.setenv("PYTHONPATH", str(repository.path))
    result = run("--metric=their-metric", CONTRACT)
    assert result.ret == 0
    assert card("their-metric")["metric"]["source"] == "entry point mymetrics:good"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--metric=ckaa"], "*unknown metric 'ckaa'. Did you mean cka?*"),
        (["--metric=nowhere:f"], "*there is no module 'nowhere'*"),
        (["--metric=nowhere.py:f"], "*there is no file*nowhere.py*"),
        (["--metric=mymetrics:goood"], "*mymetrics has no 'goood'*good*"),
        (["--metric=mymetrics:METRICS_VERSION"], "*has no 'METRICS_VERSION'*"),
        (
            ["--metric=mymetrics.py:good", "--metric=mymetrics:good"],
            "*two metrics would write to the folder 'good'*",
        ),
        (["--metric=mymetrics:good", "--metric-set", "rank=3"], "*no metric has the setting*rank*"),
        (["--metric=mymetrics:scaled", "--metric-set", "steps=many"], "*steps=many; needed a int*"),
        (["--metric=mymetrics:scaled", "--metric-set", "steps"], "*needed KEY=VALUE*"),
        (["--metric=mymetrics:good", "--metric-set", "needs=pictures"], "*needs is 'pictures'*"),
        (["--metric=cka", "--metric-group=atractor"], "*--metric-group 'atractor' is unknown*attractor*"),
        (["--metric=cka", "--metric-profile=huge"], "*--metric-profile 'huge' is unknown*smoke*"),
        (["--metric=cka", "--metric-format=pdf"], "*--metric-format 'pdf' is unknown*json*"),
        (["--metric=cka", "--metric-seed=-1"], "*--metric-seed -1; needed 0 or more*"),
        (["--metric=cka", "--metric-timeout=0"], "*--metric-timeout 0.0; needed more than 0*"),
        (["--metric=cka", "--metric-reports=mymetrics.py"], "*--metric-reports*cannot be written*"),
        (["--metric-profile=smoke"], "*--metric-profile needs --metric*"),
    ],
)
def test_a_mistake_is_exit_4_with_a_way_out(run, arguments, message):
    result = run(*arguments)
    assert result.ret == 4
    output = result.stdout.lines + result.stderr.lines
    pytest.LineMatcher(output).fnmatch_lines([message])
    assert "Traceback" not in "\n".join(output)


def test_a_file_that_does_not_import_is_exit_4(run, repository):
    repository.makepyfile(broken="import a_package_that_is_not_there")
    result = run("--metric=broken.py:f")
    assert result.ret == 4
    pytest.LineMatcher(result.stderr.lines).fnmatch_lines(["*install a_package_that_is_not_there*"])


def test_a_metric_whose_package_is_missing_is_exit_4_before_the_first_case(run, repository):
    repository.makeconftest("import sys\nsys.modules['repsim'] = None")
    result = run("--metric=repsim_cca")
    assert result.ret == 4
    pytest.LineMatcher(result.stderr.lines).fnmatch_lines(['*pip install "metric-harness[[]repsim[]]"*'])
    assert "Traceback" not in "\n".join(result.stderr.lines)
    assert not (repository.path / "reports").exists()


def test_settings_reach_the_metric_with_their_type(run, card):
    assert run("--metric=mymetrics:scaled", "--metric-set", "factor=2", CONTRACT).ret == 0
    assert card("scaled")["metric"]["settings"] == {"factor": 2.0, "steps": 3}


def test_a_setting_goes_only_to_metrics_that_have_it(run, card):
    assert run("--metric=mymetrics:scaled", "--metric=cka", "--metric-set", "factor=2", CONTRACT).ret == 0
    assert card("scaled")["metric"]["settings"]["factor"] == 2.0
    assert card("cka")["metric"]["settings"] == {}


def test_needs_can_be_overridden(run, card):
    result = run("--metric=mymetrics:good", "--metric-set", "needs=trajectories", CONTRACT)
    assert result.ret == 1
    record = next(c for c in card("good")["cases"] if c["id"] == "contract.value")
    assert "ShapeError" in record["message"]
