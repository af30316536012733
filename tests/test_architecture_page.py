"""The architecture page says what the numbers say: verdicts, contrasts, and what cannot be concluded."""

import dataclasses
import re

import numpy as np
import pytest
from scipy import stats

from metric_harness import architecture_findings, architecture_rows, architecture_tables
from metric_harness.checks import Recorder
from metric_harness.published import FAULTS_OF_MAMBA, find_published
from metric_harness.records import CaseRecord, MetricInfo, NetworkInfo, Outcome, RunInfo, Scorecard, SuiteInfo, plain
from metric_harness.recurrent_change import COMPARED, Changes
from metric_harness.scoring import scorecard
from metric_harness.seeding import generator
from metric_harness.session import report_format
from metric_harness.statistics import Estimate, exact
from testcases.architecture.test_recurrent_change import measure_changes, measure_contrasts, measure_learnt

N_SEEDS = 8
SHARES = np.tile([0.0, 0.25, 0.5], (N_SEEDS, 1))
HOSTILE = '<script>alert(1)</script> "x" & *y*'


def drawn(name: str, *, full: float, needs: float, untrained: float = 0.6, masters: float = 0.4) -> Changes:
    """Return distances with the given means, which scatter a little over seeds."""
    rng = generator(67, "test_architecture_page", name)

    def around(mean: float) -> np.ndarray:
        return mean + 0.01 * rng.standard_normal(N_SEEDS)

    pairs = np.array([(k, (k + 1) % N_SEEDS) for k in range(N_SEEDS)])
    own = {"untrained": around(untrained), "master_frozen": around(untrained)}
    own |= {"pretrain_frozen": around(full), "pretrain_unfrozen": around(full)}
    course = np.array([around(0.5), around(0.3), around(0.1)]).T
    return Changes(
        to_master=own,
        free=around(0.3 + needs),
        fixed=around(0.3),
        unrelated={
            "two untrained": (around(0.5), pairs),
            "two masters": (around(masters), pairs),
            "untrained and master": (own["untrained"], np.array([(k, k) for k in range(N_SEEDS)])),
        },
        courses={"master": course, "master_frozen": course / 2},
        shares={"master": SHARES, "master_frozen": 0.8 * SHARES},
        accuracies={
            **dict.fromkeys(own, np.linspace(0.97, 1, N_SEEDS)),
            "master_frozen": np.linspace(0.5, 0.96, N_SEEDS),
            "master": np.linspace(0.97, 1, N_SEEDS),
        },
    )


def measured(measure: Recorder, label: str, found: Changes, unit: float) -> None:
    measure_changes(measure, label, found, 0.1 * unit, 1e-6)
    measure_learnt(measure, label, found)
    measure(f"principal components{label}", 6)
    measure(f"variance that they hold{label}", Estimate(0.97, 0.96, 0.98))
    measure(f"least variance that they hold{label}", 0.91)


def card(
    metric: str = "mine", network: str = "mamba", *, unit: float = 0.8, chosen: Changes, beside: Changes | None = None
):
    """Return a scorecard with what the case records of the given distances."""
    measure = Recorder()
    measure("across-regime mean", exact(unit))
    measure("groups", COMPARED)
    measure("kinds of network", [*COMPARED, "master"])
    measure("checkpoints", [1, 2, 3])
    measured(measure, "", chosen, unit)
    if beside is not None:
        measured(measure, " of leaky_rnn", beside, unit)
        measure_contrasts(measure, chosen, beside, unit, 1e-6)
    case = CaseRecord(
        id=architecture_rows.CASE,
        version=1,
        group="architecture",
        tier="validity",
        outcome=Outcome.PASSED,
        measurements=plain(measure.measurements),
    )
    return scorecard(
        suite=SuiteInfo(version="1", profile="smoke", n_cases=1, network=NetworkInfo(name=network)),
        run=RunInfo(started="", duration_s=0, complete=False, command="pytest", seed=3, workers=0),
        environment={},
        metric=MetricInfo(name=metric, source="", settings={}, claims={}, observed={}),
        cases=[case],
    )


def cards(**given: object) -> list[Scorecard]:
    """Return one card, of an architecture of which less needs recurrence than of a leaky RNN."""
    chosen, beside = drawn("chosen", full=0.59, needs=0.02), drawn("beside", full=0.3, needs=0.4)
    return [card(chosen=chosen, beside=beside, **given)]


def test_a_row_for_each_architecture_has_the_means_and_the_verdicts():
    mamba, rnn = architecture_rows.rows_of(cards())
    assert [(row.network, row.verdict) for row in (mamba, rnn)] == [("mamba", "equivalent"), ("leaky_rnn", "smaller")]
    assert rnn.difference.value == pytest.approx(-0.3, abs=0.02)
    assert mamba.p_below < 0.05
    assert rnn.p_above > 0.95
    assert [curve.quantity for curve in rnn.courses] == [
        "distance to the end, all free of leaky_rnn",
        "distance to the end, frozen of leaky_rnn",
    ]


@pytest.mark.parametrize(("needs", "word"), [(0.02, "less"), (0.8, "more"), (0.4, "not told apart")])
def test_the_answer_follows_from_what_needs_recurrence(needs, word):
    chosen, beside = drawn("chosen", full=0.3, needs=needs), drawn("beside", full=0.3, needs=0.4)
    found = architecture_rows.contrasts_of([card(chosen=chosen, beside=beside)])
    assert [one.answers[architecture_rows.NEEDS].word for one in found] == [word]
    rows = architecture_rows.rows_of([card(chosen=chosen, beside=beside)])
    told = {"less": "is smaller", "more": "is larger", "not told apart": "is not told apart"}[word]
    line = architecture_findings.answer(rows, found)
    assert f"how much farther it moves them than training input weights alone {told} by mine" in line
    # What is drawn moves as far where recurrence is fixed: all of the change differs as that does.
    assert f"beside a leaky RNN's, {told} by mine" in line


def test_a_metric_that_sees_no_training_is_named():
    seeing, blind = drawn("a", full=0.6, needs=0.1), drawn("b", full=0.6, needs=0.1, masters=0.6)
    lines = [
        architecture_findings.shows_not(architecture_rows.rows_of([card(network="leaky_rnn", chosen=found)]))[0]
        for found in (seeing, blind)
    ]
    assert "Whether training brings these networks together is not seen" not in lines[0]
    assert "mine, leaky_rnn: that masters of two seeds are closer" in lines[1]


@pytest.mark.parametrize(("unit", "told"), [(0.8, False), (8.0, True)])
def test_a_margin_that_no_two_networks_could_reach_is_told(unit, told):
    lines = architecture_findings.shows_not(architecture_rows.rows_of(cards(unit=unit)))
    assert any("A typical difference between them cannot reach that margin" in line for line in lines) is told


def test_few_seeds_are_told():
    few = dataclasses.replace(architecture_rows.rows_of(cards())[0], n_seeds=2)
    assert any("2 seeds of mamba" in line for line in architecture_findings.shows_not([few]))
    assert not any(
        "seeds of mamba" in line for line in architecture_findings.shows_not(architecture_rows.rows_of(cards()))
    )


def test_the_answer_says_itself_that_few_seeds_are_behind_it():
    given = [card(chosen=drawn("chosen", full=0.3, needs=0.02), beside=drawn("beside", full=0.3, needs=0.4))]
    rows, found = architecture_rows.rows_of(given), architecture_rows.contrasts_of(given)
    few = [dataclasses.replace(rows[0], n_seeds=4), *rows[1:]]
    assert architecture_findings.answer(few, found).endswith(f"a first look, of 4 seeds of {rows[0].network}.")
    assert "first look" not in architecture_findings.answer(rows, found)


def test_the_first_line_tells_what_limits_it():
    seeing, blind = (drawn("chosen", full=0.3, needs=0.02, masters=masters) for masters in (0.2, 0.6))
    beside = drawn("beside", full=0.3, needs=0.4)
    lines = [
        architecture_findings.answer(architecture_rows.rows_of(given), architecture_rows.contrasts_of(given))
        for given in ([card(chosen=seeing, beside=beside)], [card(chosen=blind, beside=beside)])
    ]
    assert all("most networks of mamba and leaky_rnn with input weights trained alone fell short" in n for n in lines)
    assert "in common" not in lines[0]
    assert lines[1].endswith("; that masters have anything in common is not shown for mine, mamba.")


def test_networks_that_did_not_learn_are_told_with_their_accuracy():
    rows = architecture_rows.rows_of(cards())
    told = [line for line in architecture_findings.shows_not(rows) if "fell short of .95" in line]
    assert len(told) == 2
    assert told[0].startswith(
        "mamba: 7 of 8 master_frozen (mean 0.73 of the ceiling) fell short of .95 of the ceiling."
    )
    table = architecture_tables.learnt_table(rows)
    assert [row[:2] for row in table.rows[4:6]] == [["mamba", "master"], ["leaky_rnn", "untrained"]]
    assert table.rows[1][1:] == ["master_frozen", "0.73 [0.595, 0.865]", "1 of 8"]
    held = next(line for line in architecture_findings.shows_not(rows) if "principal components" in line)
    assert "first 6 principal components, which hold 0.970 of the variance of mamba (0.910 at least) and 0.970" in held


@pytest.mark.parametrize(("masters", "seen"), [(0.3, "yes"), (0.6, "not shown"), (0.9, "no")])
def test_training_is_seen_not_shown_or_seen_to_drive_apart(masters, seen):
    rows = architecture_rows.rows_of(
        [card(network="leaky_rnn", chosen=drawn("b", full=0.6, needs=0.1, masters=masters))]
    )
    assert [row.seen for row in rows] == [seen]
    told = " ".join(architecture_findings.shows_not(rows))
    assert ("being near the master tells nothing" in told) is (seen == "no")
    assert ("untrained networks lack is not seen" in told) is (seen == "not shown")


def test_an_answer_is_adjusted_for_everything_that_is_compared():
    chosen, beside = drawn("chosen", full=0.3, needs=0.02), drawn("beside", full=0.3, needs=0.4)
    one = architecture_rows.contrasts_of([card("a", chosen=chosen, beside=beside)])
    three = architecture_rows.contrasts_of([card(name, chosen=chosen, beside=beside) for name in "abc"])
    smallest = [min(told.p for a in some[0].answers.values() for told in (a.shared, a.own)) for some in (one, three)]
    # The smallest of six, and of eighteen.
    assert smallest[1] == pytest.approx(3 * smallest[0])


def test_an_answer_has_to_hold_in_both_units():
    # Twice as far apart and moving as far, Mamba moves half as far on its own scale and as far in the shared unit.
    beside = drawn("beside", full=0.3, needs=0.3)
    wide = {k: (2 * v if k != "untrained and master" else v, pairs) for k, (v, pairs) in beside.unrelated.items()}
    chosen = dataclasses.replace(beside, unrelated=wide)
    given = [card(chosen=chosen, beside=beside)]
    (found,) = architecture_rows.contrasts_of(given)
    told = found.answers[architecture_rows.CHANGE]
    assert (told.shared.word, told.own.word) == ("not told apart", "less")
    assert told.word == "hangs on the unit"
    line = architecture_findings.answer(architecture_rows.rows_of(given), [found])
    assert "beside a leaky RNN's, hangs on the unit by mine" in line


def test_an_answer_that_rests_on_one_seed_says_so():
    chosen, beside = drawn("chosen", full=0.3, needs=0.02), drawn("beside", full=0.3, needs=0.4)
    given = [card(chosen=chosen, beside=beside)]
    (sure,) = architecture_rows.contrasts_of(given)
    assert not sure.rests_on_one_seed
    needs = sure.answers[architecture_rows.NEEDS]
    weak = dataclasses.replace(needs, own=dataclasses.replace(needs.own, largest_p=0.2))
    fragile = dataclasses.replace(sure, answers={**sure.answers, architecture_rows.NEEDS: weak})
    assert fragile.rests_on_one_seed
    rows = architecture_rows.rows_of(given)
    assert "an answer by mine rests on one seed" in architecture_findings.answer(rows, [fragile])
    assert "less, but for one seed" in " ".join(architecture_findings.shows(rows, [fragile]))
    assert [row[-1] for row in architecture_tables.contrast_table([fragile]).rows[2:4]] == [
        "less, but for one seed"
    ] * 2
    lost = dataclasses.replace(weak, shared=dataclasses.replace(weak.shared, p=0.3))
    assert not lost.rests_on_one_seed


@pytest.mark.parametrize("outlier", ["chosen", "beside"])
def test_each_seed_of_either_architecture_is_left_out_in_turn(outlier):
    chosen, beside = drawn("chosen", full=0.3, needs=0.3), drawn("beside", full=0.3, needs=0.32)
    far = np.array([0.0] * (N_SEEDS - 1) + [0.02])
    if outlier == "chosen":
        chosen = dataclasses.replace(chosen, free=chosen.free - far)
    else:
        beside = dataclasses.replace(beside, free=beside.free + far)
    measure = Recorder()
    measure_contrasts(measure, chosen, beside, 0.8, 1e-6)

    def p(ours: np.ndarray, theirs: np.ndarray) -> float:
        return float(stats.ttest_ind(ours, theirs, equal_var=False).pvalue)

    without = [
        [p(np.delete(chosen.free, k), beside.free) for k in range(N_SEEDS)],
        [p(chosen.free, np.delete(beside.free, k)) for k in range(N_SEEDS)],
    ]
    # The seeds of one architecture alone would tell less.
    assert max(without[0]) != pytest.approx(max(without[1]))
    name = "change with all weights free by the across-regime mean, minus leaky_rnn's"
    assert measure.measurements[f"p of {name}"] == pytest.approx(p(chosen.free, beside.free))
    assert measure.measurements[f"largest p of {name}, without a seed"] == pytest.approx(
        max(max(without[0]), max(without[1]))
    )


def test_a_card_without_the_case_has_no_rows():
    other = scorecard(
        suite=SuiteInfo(version="1", profile="smoke", n_cases=0),
        run=RunInfo(started="", duration_s=0, complete=False, command="", seed=3, workers=0),
        environment={},
        metric=MetricInfo(name="other", source="", settings={}, claims={}, observed={}),
        cases=[],
    )
    assert architecture_rows.asked(other) is None
    assert len(architecture_rows.rows_of([other, *cards()])) == 2


def test_the_study_s_numbers_stand_beside_ours_where_it_has_any():
    known = architecture_tables.published_table(architecture_rows.rows_of(cards(metric="dsa")))
    assert known is not None
    assert [row[:3] for row in known.rows] == [["dsa", "mamba", "0.462"], ["dsa", "leaky_rnn", "0.607"]]
    assert known.rows[0][6] == "+0.004"
    assert architecture_tables.published_table(architecture_rows.rows_of(cards(metric="mine"))) is None
    assert all(find_published(f"Mamba {group} to master", "cka") for group in COMPARED)


def test_the_page_is_whole_safe_and_the_same_twice():
    one = cards(metric=HOSTILE, network=HOSTILE)
    page = report_format("html").render_architecture(one)
    assert page == report_format("html").render_architecture(one)
    assert "<script" not in page
    assert not re.findall(r'(?:src|href)="(?!#)', page)
    assert page.count("<svg") == 4
    assert "could not be drawn" not in page


def test_markdown_holds_every_table_and_fault():
    text = report_format("markdown").render_architecture(cards(metric="dsa"))
    for heading in (
        "What this does not show",
        "Before and after pretraining",
        "scales of architectures",
        "Beside a leaky RNN",
        "reference study",
    ):
        assert re.search(rf"^## .*{heading}", text, re.MULTILINE), heading
    assert all(fault.partition("(")[0] in text for fault, _ in FAULTS_OF_MAMBA)
    assert "<script" not in report_format("markdown").render_architecture(cards(metric=HOSTILE))


def test_a_format_for_machines_has_no_page_of_its_own():
    assert report_format("json").render_architecture(cards()) is None
