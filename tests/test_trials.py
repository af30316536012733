"""Periods, cues, channels and labels of trials are what their timing and rules say."""

import numpy as np
import pytest

from metric_harness.seeding import generator
from metric_harness.trials import (
    COMPOSITE,
    RULES,
    STEP_MS,
    SUBTASKS,
    TESTING,
    TRAINING,
    Layout,
    Period,
    Timing,
    Trials,
    compose,
    lay_out,
)

BRIEF = Timing(fixation=(40,), stimulus=(60,), delay=(20,), decision=(40,))


def rng(*path: str | int) -> np.random.Generator:
    return generator(31, "test_trials", *path)


def by_hand() -> Trials:
    """Return one trial of `plain` and one of `anti_delayed`, with a stimulus of one channel that counts its steps."""
    layout = Layout(np.array([0, 3]), np.array([3, 2]), np.array([[2, 5, 5, 7], [1, 3, 4, 6]]))
    stimulus = np.array([[[1.0], [2.0], [3.0]], [[4.0], [5.0], [6.0]]])
    return compose(layout, stimulus, np.array([1, 2]), np.array([0.75, 1.0]))


def test_the_composite_rule_is_what_the_subtasks_teach():
    assert (*SUBTASKS, COMPOSITE) == RULES == ("plain", "anti", "delayed", "anti_delayed")


@pytest.mark.parametrize("durations", [(), (0,), (-20,), (30,), (100, 110)])
@pytest.mark.parametrize("period", ["fixation", "stimulus", "delay", "decision"])
def test_durations_that_are_no_multiples_of_a_step_are_refused(period, durations):
    given = {"fixation": (20,), "stimulus": (20,), "delay": (20,), "decision": (20,), period: durations}
    with pytest.raises(ValueError, match=rf"{period} is .* ms; needed multiples of a step of 20 ms"):
        Timing(**given)


def test_channels_and_labels_of_two_trials_are_those_by_hand():
    trials = by_hand()
    assert trials.periods.tolist() == [[0, 0, 1, 1, 1, 3, 3], [0, 1, 1, 2, 3, 3, -1]]
    assert trials.labels.tolist() == [[0, 0, 0, 0, 0, 1, 1], [0, 0, 0, 0, 2, 2, 0]]
    cue, stimulus, *rules = np.moveaxis(trials.inputs, -1, 0)
    assert cue.tolist() == [[1, 1, 1, 1, 1, 0, 0], [1, 1, 1, 1, 0, 0, 0]]
    assert stimulus.tolist() == [[0, 0, 1, 2, 3, 0, 0], [0, 4, 5, 0, 0, 0, 0]]
    np.testing.assert_array_equal(rules, np.eye(4)[:, [0, 3], None] * np.ones(7))
    assert trials.inputs.dtype == np.float32
    assert trials.ceiling == 0.875


def test_some_of_the_trials_are_those_trials():
    some = by_hand().part(slice(1, 2))
    assert some.choices.tolist() == [2]
    assert some.rules.tolist() == [3]
    assert some.ceiling == 1.0
    np.testing.assert_array_equal(some.inputs, by_hand().inputs[1:])


@pytest.mark.parametrize("rule", RULES)
def test_only_delayed_rules_wait_and_only_anti_rules_turn_round(rule):
    layout = lay_out(50, [rule], TRAINING, rng("rule"))
    assert layout.anti.all() == layout.anti.any() == ("anti" in rule)
    waits = layout.ends[:, Period.DELAY] - layout.ends[:, Period.STIMULUS]
    assert set((waits * STEP_MS).tolist()) == (set(TRAINING.delay) if "delayed" in rule else {0})


def test_every_duration_occurs_and_no_other():
    ends = lay_out(300, ["delayed"], TRAINING, rng("durations")).ends
    durations = np.diff(ends, axis=1, prepend=0).T * STEP_MS
    expected = (TRAINING.fixation, TRAINING.stimulus, TRAINING.delay, TRAINING.decision)
    assert [set(ms.tolist()) for ms in durations] == [set(ms) for ms in expected]


def test_rules_are_drawn_with_equal_probability():
    n = 4000
    counts = np.bincount(lay_out(n, RULES, TRAINING, rng("share")).rules, minlength=4)
    # Binomial with p = 1/4: five standard deviations are 5 √(n · 3/16) = 137.
    assert np.abs(counts - n / 4).max() < 5 * np.sqrt(n * 3 / 16)


def test_durations_do_not_depend_on_the_rules():
    plain, mixed = (lay_out(50, rules, TRAINING, rng("paired")) for rules in (["plain"], ["delayed", "anti"]))
    np.testing.assert_array_equal(plain.stimulus_steps, mixed.stimulus_steps)
    np.testing.assert_array_equal(plain.ends[:, 0], mixed.ends[:, 0])
    np.testing.assert_array_equal(np.diff(plain.ends)[:, 2], np.diff(mixed.ends)[:, 2])


@pytest.mark.parametrize("rules", [[], ["plain", "pro"]])
def test_no_rule_and_an_unknown_rule_are_refused(rules):
    with pytest.raises(ValueError, match="needed at least one of plain, anti, delayed, anti_delayed"):
        lay_out(3, rules, TRAINING, rng())


def test_periods_of_one_timing_are_slices_of_time():
    layout = lay_out(5, [COMPOSITE], TESTING, rng("slices"))
    trials = compose(layout, np.zeros((5, 90, 2)), np.ones(5, dtype=np.intp), np.ones(5))
    assert trials.steps(Period.FIXATION) == slice(0, 10)
    assert trials.steps(Period.STIMULUS) == slice(10, 100)
    assert trials.steps(Period.DELAY, Period.DECISION) == slice(100, 280)


@pytest.mark.parametrize("periods", [(Period.STIMULUS,), (Period.OVER,)])
def test_periods_that_differ_between_trials_are_no_slice(periods):
    with pytest.raises(ValueError, match="differ between trials or have gaps; draw trials with one timing"):
        by_hand().steps(*periods)


def test_periods_with_a_gap_or_of_no_step_are_no_slice():
    layout = lay_out(2, ["plain"], BRIEF, rng("gap"))
    trials = compose(layout, np.zeros((2, 3, 1)), np.ones(2, dtype=np.intp), np.ones(2))
    for periods in [(Period.FIXATION, Period.DECISION), (Period.DELAY,)]:
        with pytest.raises(ValueError, match="have gaps"):
            trials.steps(*periods)
