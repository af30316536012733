"""The judgement of a gate: what is worse, what merely moved, and what can't be compared."""

import dataclasses
from pathlib import Path

import pytest

from metric_harness import catalogue, cli
from metric_harness.baseline import change_lines, drifts, judged, read_baselines
from metric_harness.comparison import read_scorecard
from metric_harness.errors import BaselineError, ScorecardError
from metric_harness.records import (
    SCHEMA_VERSION,
    CaseRecord,
    Change,
    MetricInfo,
    NetworkInfo,
    Outcome,
    RunInfo,
    Scorecard,
    SuiteInfo,
    digest,
    to_json,
)
from metric_harness.scoring import scorecard

PATH = Path("before.json")
CARDS = sorted((Path(__file__).parent / "cards").glob("*.json"))
"""A scorecard of every earlier schema version."""
VALUE = "contract.value"


def record(case_id: str = VALUE, outcome: Outcome = Outcome.PASSED, **fields) -> CaseRecord:
    return CaseRecord(id=case_id, version=1, group="contract", tier="required", outcome=outcome, **fields)


def card(*cases: CaseRecord, complete: bool = True, profile: str = "smoke", seed: int = 3) -> Scorecard:
    return scorecard(
        suite=SuiteInfo(version="1", profile=profile, n_cases=len(cases)),
        run=RunInfo(started="", duration_s=0, complete=complete, command="", seed=seed, workers=0),
        environment={},
        metric=MetricInfo(name="mine", source="mine", settings={}, claims={"numerical_floor": 1e-3}, observed={}),
        cases=cases,
    )


def change_between(before: CaseRecord | None, after: CaseRecord | None) -> Change:
    first, second = (card(*([] if one is None else [one])) for one in (before, after))
    (change,) = judged(first, second, PATH).changes
    return change.change


@pytest.mark.parametrize("outcome", [o for o in Outcome if o not in (Outcome.PASSED, Outcome.XPASSED)])
def test_whatever_takes_the_place_of_a_pass_is_worse(outcome):
    baseline = judged(card(record()), card(record(outcome=outcome)), PATH)
    (change,) = baseline.worse
    assert change.change is (Change.INCOMPARABLE if outcome is Outcome.NOT_RUN else Change.REGRESSED)
    assert (change.before, change.after) == (Outcome.PASSED, outcome)


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (Outcome.FAILED, Outcome.PASSED, Change.FIXED),
        (Outcome.FAILED, Outcome.INCONCLUSIVE, Change.FIXED),
        (Outcome.INCONCLUSIVE, Outcome.FAILED, Change.REGRESSED),
        (Outcome.INCONCLUSIVE, Outcome.NOT_APPLICABLE, Change.REGRESSED),
        (Outcome.NOT_APPLICABLE, Outcome.CRASHED, Change.REGRESSED),
        (Outcome.FAILED, Outcome.ERROR, Change.UNCHANGED),
        (Outcome.XFAILED, Outcome.FAILED, Change.UNCHANGED),
        (Outcome.XFAILED, Outcome.XPASSED, Change.FIXED),
    ],
)
def test_outcomes_have_an_order(before, after, change):
    assert change_between(record(outcome=before), record(outcome=after)) is change


def test_a_renamed_case_is_one_removed_and_one_new():
    baseline = judged(card(record("contract.old")), card(record("contract.new")), PATH)
    assert {c.id: c.change for c in baseline.changes} == {"contract.old": Change.REMOVED, "contract.new": Change.NEW}
    assert [c.id for c in baseline.worse] == ["contract.old"]


def test_another_version_is_another_question():
    after = dataclasses.replace(record(outcome=Outcome.FAILED), version=2)
    assert change_between(record(), after) is Change.VERSION_CHANGED


def test_a_moved_measurement_is_shown_and_stops_nothing():
    before, after = (card(record(measurements={"gap": 100.0, "curve": [1.0, v]})) for v in (2.0, 2.5))
    baseline = judged(before, after, PATH)
    assert baseline.worse == []
    (change,) = baseline.changes
    assert (change.change, change.detail) == (Change.DRIFTED, "curve: [1.0, 2.0] then, [1.0, 2.5] now")


@pytest.mark.parametrize(("now", "moved"), [(100.00009, False), (100.2, True), (99.9985, True)])
def test_rounding_and_the_floor_are_no_drift(now, moved):
    before, after = (record(measurements={"gap": value}) for value in (100.0, now))
    assert bool(drifts(before, after, 1e-6, 0.0)) is (abs(now - 100) > 1e-4)
    assert bool(drifts(before, after, 1e-6, 1e-3)) is moved


def test_what_is_measured_no_more_has_drifted_unless_it_is_volatile():
    before = record(measurements={"gap": 1.0, "seconds": 5.0}, volatile=["seconds"])
    assert drifts(before, record(measurements={"seconds": 9.0}, volatile=["seconds"]), 0.5, 0.0) == [
        "gap: 1 then, None now"
    ]


def test_a_case_may_name_its_tolerance(monkeypatch):
    case = dataclasses.replace(catalogue.case(VALUE), drift=0.5)
    monkeypatch.setattr(catalogue, "cases", lambda: (case,))
    before, after = (record(measurements={"gap": value}) for value in (1.0, 1.3))
    assert change_between(before, after) is Change.UNCHANGED


@pytest.mark.parametrize("case_id", ["attractor.regimes", "attractor.regimes_unpaired"])
def test_what_other_kernels_move_is_no_drift_of_a_search(case_id):
    moved, changed = (record(case_id, measurements={"gap": value}) for value in (1.003, 1.02))
    before = record(case_id, measurements={"gap": 1.0})
    assert change_between(before, moved) is Change.UNCHANGED
    assert change_between(before, changed) is Change.DRIFTED


def test_the_lines_name_counts_and_every_case_that_changed():
    before = card(record("contract.a"), record("contract.b"), record("contract.c", Outcome.FAILED))
    after = card(
        record("contract.a", Outcome.FAILED, message="claim refuted: x\n  more"),
        record("contract.b"),
        record("contract.c"),
    )
    assert change_lines("mine", judged(before, after, PATH)) == [
        "mine against before.json: 1 regressed, 1 fixed, 1 unchanged",
        "  regressed  contract.a  passed -> failed: claim refuted: x",
        "  fixed  contract.c  failed -> passed",
    ]


def written(folder: Path, one: Scorecard) -> Path:
    return written_as(folder / "card.json", one)


def written_as(path: Path, one: Scorecard) -> Path:
    path.write_text(to_json(one), encoding="utf-8")
    return path


def test_a_baseline_is_read_for_its_metric(tmp_path):
    path = written(tmp_path, card(record()))
    assert read_baselines([path], ["mine"], "smoke", 3, NetworkInfo())["mine"][1].cases[0].id == VALUE
    assert read_baselines([], ["mine"], "smoke", 3, NetworkInfo()) == {}


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (card(), "holds no case"),
        (card(record(), complete=False), "partial run, 100% of the cases"),
        (card(record(), profile="paper"), "profile paper, the run of smoke"),
        (card(record(), seed=4), "seed 4, the run of 3"),
        (card(record(), record()), "holds contract.value twice"),
        (dataclasses.replace(card(record()), results_digest="0" * 64), "digest 000000000000, they have"),
        (dataclasses.replace(card(record(), record("contract.cost")), cases=[record()]), "holds 1 of 2 cases"),
    ],
)
def test_a_baseline_that_cannot_stand_for_an_earlier_run_is_refused(tmp_path, one, words):
    with pytest.raises(BaselineError, match=words):
        read_baselines([written(tmp_path, one)], ["mine"], "smoke", 3, NetworkInfo())


def test_a_baseline_of_other_networks_is_refused(tmp_path):
    shipped, trained_anew, mamba = (NetworkInfo(name=n, zoo=z) for n, z in (("a", "1"), ("a", "2"), ("mamba", "1")))
    suite = SuiteInfo(version="1", profile="smoke", n_cases=1, network=shipped)
    one = dataclasses.replace(card(record()), suite=suite)
    one = dataclasses.replace(one, results_digest=digest(suite, one.run.seed, one.metric, one.cases))
    path = written(tmp_path, one)
    assert read_baselines([path], ["mine"], "smoke", 3, shipped)
    with pytest.raises(BaselineError, match="of networks a, the run of mamba"):
        read_baselines([path], ["mine"], "smoke", 3, mamba)
    with pytest.raises(BaselineError, match=r"zoo 1, the run of .* zoo 2"):
        read_baselines([path], ["mine"], "smoke", 3, trained_anew)


def test_a_card_from_before_there_was_a_choice_is_of_the_default_network(tmp_path):
    path = written(tmp_path, card(record()))
    now = NetworkInfo(name="leaky_rnn", settings={"n_units": 64}, zoo="1")
    assert read_baselines([path], ["mine"], "smoke", 3, now)
    with pytest.raises(BaselineError, match="of networks leaky_rnn, the run of mamba"):
        read_baselines([path], ["mine"], "smoke", 3, NetworkInfo(name="mamba", zoo="1"))


def test_every_metric_of_the_run_needs_its_own(tmp_path):
    path = written(tmp_path, card(record()))
    with pytest.raises(BaselineError, match="is of mine, the run is of mine, other"):
        read_baselines([path], ["mine", "other"], "smoke", 3, NetworkInfo())


def test_a_file_that_is_no_scorecard_is_refused(tmp_path):
    for content, words in (("", "not JSON"), ("{}", "schema version None"), ('{"schema_version": "2.0"}', "'2.0'")):
        (tmp_path / "card.json").write_text(content)
        with pytest.raises(ScorecardError, match=words):
            read_baselines([tmp_path / "card.json"], ["mine"], "smoke", 3, NetworkInfo())
    with pytest.raises(ScorecardError, match="No such file"):
        read_baselines([tmp_path / "absent.json"], ["mine"], "smoke", 3, NetworkInfo())


def test_there_is_a_card_of_every_earlier_schema():
    major, minor = SCHEMA_VERSION.split(".")
    assert [path.stem for path in CARDS] == [f"{major}.{earlier}" for earlier in range(int(minor))]


@pytest.mark.parametrize("path", CARDS, ids=lambda path: path.stem)
def test_a_card_of_an_earlier_schema_can_still_be_a_baseline(path):
    one = read_scorecard(path)
    assert one.schema_version == path.stem
    assert one.baseline is None
    assert {change.change for change in judged(one, one, path).changes} == {Change.UNCHANGED}
    assert read_baselines([path], [one.metric.name], one.suite.profile, one.run.seed, NetworkInfo())


@pytest.mark.parametrize(("outcome", "status"), [(Outcome.PASSED, 0), (Outcome.FAILED, 1)])
def test_the_console_script_gates_two_cards(tmp_path, capsys, outcome, status):
    before = written_as(tmp_path / "before.json", card(record()))
    after = written_as(tmp_path / "after.json", card(record(outcome=outcome)))
    assert cli.main(["compare", str(before), str(after), "--fail-on-regression"]) == status
    assert f"mine against {before}: 1 {'unchanged' if status == 0 else 'regressed'}" in capsys.readouterr().out


def test_the_console_script_refuses_what_it_cannot_gate(tmp_path, capsys):
    full, partial = (
        written_as(tmp_path / f"{complete}.json", card(record(), complete=complete)) for complete in (True, False)
    )
    assert cli.main(["compare", str(partial), str(full), "--fail-on-regression"]) == 4
    assert "partial run" in capsys.readouterr().err
    assert cli.main(["compare", str(full), "--fail-on-regression"]) == 4
    assert "got 1 scorecards; needed two" in capsys.readouterr().err
