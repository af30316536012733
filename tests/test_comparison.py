"""Scorecards side by side: what a comparison holds, and that it comes back from its file."""

import dataclasses
import json

import pytest

from metric_harness import cli
from metric_harness.comparison import compare, read_report, read_scorecard
from metric_harness.comparison_tables import profiles_table
from metric_harness.errors import ScorecardError
from metric_harness.group_scores import scores_by
from metric_harness.records import CaseRecord, Comparison, GroupScore, NetworkInfo, Outcome, Scorecard, to_json
from metric_harness.report_formats.markdown import MarkdownFormat
from tests.hostile import card


@pytest.fixture
def comparison() -> Comparison:
    return compare([card(name="one"), card(name="two")])


@pytest.fixture
def path(comparison, tmp_path):
    path = tmp_path / "comparison.json"
    path.write_text(to_json(comparison), encoding="utf-8")
    return path


def case(outcome: Outcome, score: float | None) -> CaseRecord:
    return CaseRecord(id="noise.floor", version=1, group="noise", tier="validity", outcome=outcome, score=score)


def test_a_comparison_holds_claims_observations_and_scores(comparison):
    assert comparison.claims["one"]["symmetric"] is True
    assert comparison.observed["two"]["symmetric"].observed is False
    assert set(comparison.tiers["one"]) == {"required", "validity"}
    # All outcomes but two apply; those without a score have .25 here.
    assert comparison.groups["one"]["noise"] == GroupScore(score=0.25, low=None, high=None, n_passed=1, n_cases=7)
    assert all(case.metric_s == {"one": 1.5, "two": 1.5} for case in comparison.cases)


def test_a_comparison_sets_profiles_side_by_side_and_names_what_one_metric_refuses():
    one, two, three = (card(name=name) for name in ("one", "two", "three"))
    more = {"signals": ["speed"], "share of its range by signal": [0.7], "nuisances": ["rotation"]}
    with_more = [
        dataclasses.replace(c, measurements={**c.measurements, **more, "share of its range by nuisance": [1e-9]})
        for c in two.cases
        if c.outcome is Outcome.FAILED
    ]
    without = [dataclasses.replace(c, measurements={}) for c in three.cases]
    kept = [c for c in two.cases if c.outcome is not Outcome.FAILED]
    order = [c.id for c in one.cases]
    two = dataclasses.replace(two, cases=sorted([*kept, *with_more], key=lambda c: order.index(c.id)))
    found = compare([one, two, dataclasses.replace(three, cases=without)])
    assert found.profiles == {"one": {"plain": 0.0, "rotation": 0.5}, "two": {"rotation": 1e-9, "speed": 0.7}}
    assert found.profiled == {"nuisance": ["plain", "rotation"], "signal": ["speed"]}
    table = profiles_table(found)
    assert table is not None
    assert table.columns == ["change", "kind", "one", "two"]
    assert table.rows == [
        ["plain", "nuisance", "0.00", "refused"],
        ["rotation", "nuisance", "0.50", "0.00"],
        ["speed", "signal", "refused", "0.70"],
    ]
    assert "What moves each metric" in MarkdownFormat().render_comparison(found)


def test_the_score_of_a_group_is_the_mean_over_cases_that_apply_and_an_error_counts_as_zero():
    cases = [
        case(Outcome.PASSED, 1.0),
        case(Outcome.FAILED, 0.5),
        case(Outcome.ERROR, None),
        case(Outcome.NOT_APPLICABLE, None),
        case(Outcome.NOT_RUN, None),
    ]
    (score,) = scores_by(cases, lambda one: one.group).values()
    assert (score.score, score.n_passed, score.n_cases) == (0.5, 1, 3)
    # Mean .5, standard deviation .5, t(2) = 4.30: .5 ± 1.24, clipped.
    assert (score.low, score.high) == (0.0, 1.0)


@pytest.mark.parametrize("scores", [[0.7], [1.0, 1.0, 1.0]])
def test_scores_that_do_not_scatter_have_no_interval(scores):
    (score,) = scores_by([case(Outcome.PASSED, one) for one in scores], lambda one: one.group).values()
    assert (score.low, score.high) == (None, None)


def test_a_group_that_does_not_apply_has_no_score():
    assert scores_by([case(Outcome.NOT_APPLICABLE, None)], lambda one: one.group) == {}


def test_a_comparison_comes_back_from_its_file(comparison, path):
    read = read_report(path)
    assert isinstance(read, Comparison)
    assert to_json(read) == to_json(comparison)


@pytest.mark.parametrize("name", ["html", "json", "markdown"])
def test_the_console_script_renders_a_comparison_and_a_card_in_every_format(path, tmp_path, capsys, name):
    assert cli.main(["render", str(path), "--format", name]) == 0
    assert "two" in capsys.readouterr().out
    (tmp_path / "card.json").write_text(to_json(card()), encoding="utf-8")
    assert isinstance(read_report(tmp_path / "card.json"), Scorecard)
    assert cli.main(["render", str(tmp_path / "card.json"), "--format", name]) == 0
    assert "plain" in capsys.readouterr().out


def test_a_comparison_from_before_1_3_is_still_rendered(path, capsys):
    content = json.loads(path.read_text(encoding="utf-8"))
    for key in ("claims", "observed", "groups", "tiers", "profiles", "profiled"):
        del content[key]
    for one in content["cases"]:
        del one["metric_s"]
    path.write_text(json.dumps(content | {"schema_version": "1.2"}), encoding="utf-8")
    for name in ("html", "markdown"):
        assert cli.main(["render", str(path), "--format", name]) == 0
    assert "Case by case" in capsys.readouterr().out


def test_what_is_no_comparison_is_refused(path):
    content = json.loads(path.read_text(encoding="utf-8"))
    del content["cases"]
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ScorecardError, match="is not a comparison: KeyError"):
        read_report(path)


def test_cards_of_other_data_are_not_compared():
    other = card(name="two")
    other = dataclasses.replace(other, run=dataclasses.replace(other.run, seed=4))
    with pytest.raises(ScorecardError, match="differ in seed: 3 and 4"):
        compare([card(name="one"), other])


def test_cards_of_other_networks_are_not_compared():
    other = card(name="two")
    suite = dataclasses.replace(other.suite, network=NetworkInfo(name="mamba"))
    with pytest.raises(ScorecardError, match=r"differ in network: .*leaky_rnn.* and .*mamba"):
        compare([card(name="one"), dataclasses.replace(other, suite=suite)])


def test_the_networks_of_a_card_come_back_from_its_file(tmp_path):
    network = NetworkInfo(name="mamba", settings={"d_model": 8}, zoo="0123")
    one = card(name="one")
    one = dataclasses.replace(one, suite=dataclasses.replace(one.suite, network=network))
    (tmp_path / "card.json").write_text(to_json(one), encoding="utf-8")
    assert read_scorecard(tmp_path / "card.json").suite == one.suite
    assert one.folder == "one-mamba"
