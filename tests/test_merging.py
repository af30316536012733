"""Shards of one run add up to the undivided run, or are refused."""

import dataclasses

import pytest

from metric_harness import cli
from metric_harness.errors import ScorecardError
from metric_harness.merging import merge, missing
from metric_harness.records import (
    CaseRecord,
    MetricInfo,
    Observation,
    Outcome,
    RunInfo,
    Scorecard,
    SuiteInfo,
    to_json,
)
from metric_harness.scoring import scorecard

NAMES = ("contract.value", "noise.floor", "noise.recurrent")


def case(name: str, outcome: Outcome = Outcome.PASSED, **given: object) -> CaseRecord:
    return CaseRecord(
        id=name, version=1, group=name.partition(".")[0], tier="validity", outcome=outcome, **({"score": 1.0} | given)
    )


def card(ran: tuple[str, ...], *, seed: int = 7, packages: str = "2.4", **changes: CaseRecord) -> Scorecard:
    records = [
        changes.get(name.replace(".", "_"))
        or (case(name) if name in ran else case(name, Outcome.NOT_RUN, score=None, message="not selected"))
        for name in NAMES
    ]
    return scorecard(
        suite=SuiteInfo(version="1", profile="smoke", n_cases=len(NAMES)),
        run=RunInfo(
            started=f"2026-01-0{1 + len(ran)}T00:00:00+00:00",
            duration_s=1.5,
            complete=len(ran) == len(NAMES),
            command=f"pytest -k {len(ran)}",
            seed=seed,
            workers=len(ran),
        ),
        environment={"python": "3.11", "packages": {"numpy": packages}},
        metric=MetricInfo(
            name="m",
            source="m.py:m",
            settings={},
            claims={},
            observed={name: Observation(claimed=True, observed=True, deviation=0.0) for name in ran},
        ),
        cases=records,
    )


def test_shards_add_up_to_the_undivided_run():
    merged = merge([card(NAMES[:1]), card(NAMES[1:])])
    whole = card(NAMES)
    assert (merged.run.complete, missing(merged)) == (True, [])
    assert merged.results_digest == whole.results_digest
    assert (merged.summary, merged.cases, merged.metric) == (whole.summary, whole.cases, whole.metric)
    assert merged.run.command == "pytest -k 1\npytest -k 2"
    assert (merged.run.duration_s, merged.run.workers, merged.run.started[:10]) == (3.0, 2, "2026-01-02")


def test_what_no_shard_ran_is_named_and_leaves_the_card_partial():
    merged = merge([card(NAMES[:1]), card(NAMES[1:2])])
    assert missing(merged) == [NAMES[2]]
    assert not merged.run.complete
    assert merged.summary.coverage == pytest.approx(2 / 3)


def test_a_case_that_ran_twice_alike_counts_once():
    slower = case(NAMES[0], duration_s=9.0, measurements={"seconds": 2.0}, volatile=["seconds"])
    faster = case(NAMES[0], duration_s=1.0, measurements={"seconds": 1.0}, volatile=["seconds"])
    merged = merge([card(NAMES[:2], contract_value=slower), card(NAMES[:1], contract_value=faster), card(NAMES[2:])])
    assert merged.run.complete
    assert merged.cases[0] == slower


def test_a_case_that_came_out_otherwise_is_refused():
    failed = case(NAMES[0], Outcome.FAILED, score=0.0, message="no")
    with pytest.raises(ScorecardError, match=r"different results of contract\.value: passed and failed"):
        merge([card(NAMES[:1]), card(NAMES[:1], contract_value=failed)])


def test_one_card_is_refused():
    with pytest.raises(ScorecardError, match="1 scorecard given; needed at least two"):
        merge([card(NAMES)])


def rename(shard: Scorecard) -> Scorecard:
    return dataclasses.replace(shard, metric=dataclasses.replace(shard.metric, settings={"rank": 3}))


def newer_case(shard: Scorecard) -> Scorecard:
    return dataclasses.replace(shard, cases=[dataclasses.replace(one, version=2) for one in shard.cases])


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (card(NAMES[1:], seed=8), "differ in seed: 7 and 8"),
        (card(NAMES[1:], packages="2.5"), "differ in packages: numpy 2.4 and 2.5"),
        (rename(card(NAMES[1:])), "differ in metric: settings {} and {'rank': 3}"),
        (newer_case(card(NAMES[1:])), "differ in cases: contract.value 1 and 2"),
        (dataclasses.replace(card(NAMES[1:]), schema_version="1.0"), "differ in schema version"),
    ],
    ids=["seed", "packages", "settings", "case version", "schema"],
)
def test_cards_of_two_runs_are_refused(other, message):
    with pytest.raises(ScorecardError) as refused:
        merge([card(NAMES[:1]), other])
    assert message in str(refused.value)
    assert "Merge shards of one run" in str(refused.value)


@pytest.fixture
def files(tmp_path):
    """Write scorecards and return their paths as text."""

    def write(*cards: Scorecard) -> list[str]:
        paths = [tmp_path / f"{k}.json" for k in range(len(cards))]
        for path, one in zip(paths, cards, strict=True):
            path.write_text(to_json(one), encoding="utf-8")
        return [str(path) for path in paths]

    return write


def test_the_command_writes_the_merged_card(files, tmp_path, capsys):
    shards = files(card(NAMES[:1]), card(NAMES[1:]))
    assert cli.main(["merge", *shards, "--reports", str(tmp_path / "out"), "--format", "json"]) == 0
    assert "m: 3 cases, coverage 100%" in capsys.readouterr().out
    written = (tmp_path / "out" / "m" / "scorecard.json").read_text(encoding="utf-8")
    assert written == to_json(merge([card(NAMES[:1]), card(NAMES[1:])]))


def test_the_command_exits_1_and_names_what_is_missing(files, tmp_path, capsys):
    shards = files(card(NAMES[:1]), card(NAMES[1:2]))
    assert cli.main(["merge", *shards, "--reports", str(tmp_path), "--format", "json"]) == 1
    assert "not run: noise.recurrent" in capsys.readouterr().out
    assert (tmp_path / "m" / "scorecard.partial.json").exists()


def test_the_command_exits_4_for_cards_of_two_runs_and_writes_nothing(files, tmp_path, capsys):
    assert cli.main(["merge", *files(card(NAMES[:1]), card(NAMES[1:], seed=8)), "--reports", str(tmp_path / "o")]) == 4
    assert "differ in seed" in capsys.readouterr().err
    assert not (tmp_path / "o").exists()
