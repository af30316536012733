"""`--metric-network NAME`: which cases it reaches, where its cards go, and mistakes told before the first case."""

import pytest

from metric_harness.zoo import shipped

SMOKE = "--metric-profile=smoke"
CASES = (
    "metric-harness::contract::test_value",
    "metric-harness::ablation::test_dose",
    "metric-harness::noise::test_recurrent",
    "metric-harness::architecture::test_recurrent_change",
)


@pytest.fixture
def copied(repository: pytest.Pytester) -> str:
    """The shipped networks in a folder of their own, as those of another architecture."""
    folder = repository.mkdir("copied")
    for path in shipped().iterdir():
        (folder / path.name).symlink_to(path)
    return "--metric-network=copied"


def test_another_architecture_is_asked_what_it_can_change(run, card, repository, copied):
    result = run("--metric=mymetrics:good", copied, SMOKE, *CASES)
    assert result.ret == 0
    found = card("good-leaky_rnn-own")
    cases = {case["id"]: case for case in found["cases"]}
    ends = {case_id: case["outcome"] for case_id, case in cases.items() if case["outcome"] != "not_run"}
    assert ends == {
        "contract.value": "not_applicable",
        "ablation.dose": "not_applicable",
        "noise.recurrent": "passed",
        "architecture.recurrent_change": "passed",
    }
    assert "--metric-network=copied changes nothing" in cases["contract.value"]["message"]
    assert "has no instrument of its own" in cases["ablation.dose"]["message"]
    assert found["suite"]["network"]["name"] == "leaky_rnn-own"
    assert found["suite"]["network"]["settings"]["n_units"] == 64
    # The same networks beside themselves: every contrast is nothing.
    measured = cases["architecture.recurrent_change"]["measurements"]
    assert measured["change that needs recurrence by unrelated, minus leaky_rnn's"] == 0
    assert measured["change that needs recurrence by the across-regime mean, minus leaky_rnn's"] == 0
    page = (repository.path / "reports" / "architecture-leaky_rnn-own.md").read_text(encoding="utf-8")
    assert "beside a leaky RNN's, is not told apart by good; how much farther" in page


def test_a_failure_is_rerun_with_the_network(run, copied):
    result = run("--metric=mymetrics:random", copied, SMOKE, CASES[-1])
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        ["*network copied, seed*", "*rerun: pytest*--metric-network=copied*test_recurrent_change"]
    )


def test_a_view_is_on_the_card_and_in_the_rerun(run, card):
    result = run(
        "--metric=mymetrics:random", "--metric-network=mamba", "--metric-network-set=layer=0", SMOKE, CASES[-1]
    )
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*rerun: pytest*--metric-network=mamba --metric-network-set=layer=0*"])
    assert card("random-mamba")["suite"]["network"]["settings"]["layer"] == 0


@pytest.mark.parametrize("setting", ["layer=1", "layers=1", "layer"])
def test_a_setting_that_no_zoo_has_is_exit_4(run, setting):
    result = run("--metric=cka", "--metric-network=mamba", f"--metric-network-set={setting}", SMOKE)
    assert result.ret == 4
    output = result.stdout.lines + result.stderr.lines
    pytest.LineMatcher(output).fnmatch_lines(["*layer*needed*" if setting != "layers=1" else "*has no setting layers*"])
    assert "Traceback" not in "\n".join(output)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("leaky_rn", "*unknown network 'leaky_rn'. Did you mean leaky_rnn*"),
        ("nowhere.py:Mine", "*there is no file*nowhere.py*"),
        ("mymetrics:good", "*needed a frozen dataclass that subclasses AbstractNetwork*"),
    ],
)
def test_a_mistake_is_exit_4_with_a_way_out(run, value, message):
    result = run("--metric=cka", f"--metric-network={value}", SMOKE)
    assert result.ret == 4
    output = result.stdout.lines + result.stderr.lines
    pytest.LineMatcher(output).fnmatch_lines([message])
    assert "Traceback" not in "\n".join(output)
