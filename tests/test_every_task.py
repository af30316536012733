"""Every task keeps the promises of `AbstractTask` and of its own docstring."""

import dataclasses
import inspect

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metric_harness import catalogue
from metric_harness.arrays import Array
from metric_harness.interfaces import AbstractTask
from metric_harness.seeding import generator
from metric_harness.tasks.go_nogo import GoNogo
from metric_harness.tasks.perceptual_decision import PerceptualDecision
from metric_harness.trials import RULES, TESTING, TRAINING, Period, Timing, Trials

NAMES = catalogue.implementations("tasks")
ONE_STEP = Timing(fixation=(20,), stimulus=(20,), delay=(20,), decision=(20,))


def rng(*path: str | int) -> np.random.Generator:
    return generator(37, "test_every_task", *path)


def made(name: str) -> AbstractTask:
    return catalogue.make("tasks", name, AbstractTask, {})


def evidence(task: AbstractTask, trials: Trials) -> Array:
    """Return what an observer who adds up each stimulus channel has at the end, shape (trials, channels)."""
    return trials.inputs[..., 1 : 1 + task.n_stimuli].sum(axis=1, dtype=np.float64)


def stimuli(task: AbstractTask, trials: Trials) -> list[Array]:
    """Return the stimulus of each trial, shape (steps, channels)."""
    shown = trials.periods == Period.STIMULUS
    return [trials.inputs[k, steps, 1 : 1 + task.n_stimuli] for k, steps in enumerate(shown)]


@pytest.mark.parametrize("name", NAMES)
def test_a_task_is_a_final_frozen_dataclass_that_tells_channels_ceiling_and_source(name):
    task = made(name)
    assert "@final\n" in inspect.getsource(type(task))
    with pytest.raises(dataclasses.FrozenInstanceError):
        task.n_outputs = 1
    for heading in ("Inputs:", "Outputs:", "Ceiling:", "Source:"):
        assert heading in (type(task).__doc__ or ""), heading


@pytest.mark.parametrize("rules", [["plain"], ["anti_delayed"], list(RULES)], ids="-".join)
@pytest.mark.parametrize("name", NAMES)
def test_trials_have_the_shapes_and_channels_that_a_task_states(name, rules):
    task = made(name)
    trials = task.trials(40, rules, TRAINING, rng("shapes"))
    n_times = trials.periods.shape[1]
    assert trials.inputs.shape == (40, n_times, task.n_inputs)
    assert trials.labels.shape == (40, n_times)
    assert (trials.periods != Period.OVER).any(axis=0).all()
    assert trials.choices.shape == trials.ceilings.shape == trials.rules.shape == (40,)
    assert {RULES[rule] for rule in trials.rules} == set(rules)
    assert 0 <= trials.labels.min() <= trials.labels.max() < task.n_outputs


@pytest.mark.parametrize("name", NAMES)
def test_cue_stimulus_and_labels_keep_to_their_periods(name):
    task = made(name)
    trials = task.trials(60, RULES, TRAINING, rng("periods"))
    deciding, over = trials.periods == Period.DECISION, trials.periods == Period.OVER
    np.testing.assert_array_equal(trials.inputs[..., 0], ~deciding & ~over)
    np.testing.assert_array_equal(trials.labels, np.where(deciding, trials.choices[:, None], 0))
    outside = trials.inputs[..., 1 : 1 + task.n_stimuli][trials.periods != Period.STIMULUS]
    assert not outside.any()
    cues = trials.inputs[..., 1 + task.n_stimuli :]
    np.testing.assert_array_equal(cues, np.broadcast_to(np.eye(4)[trials.rules][:, None], cues.shape))


@settings(max_examples=25, deadline=None)
@given(
    name=st.sampled_from(NAMES),
    pair=st.tuples(*[st.lists(st.sampled_from(RULES), min_size=1, max_size=4, unique=True)] * 2),
    n_trials=st.integers(1, 20),
    seed=st.integers(0, 2**20),
)
def test_equal_streams_give_equal_stimuli_whatever_the_rules(name, pair, n_trials, seed):
    task = made(name)
    first, second = (task.trials(n_trials, rules, TRAINING, generator(seed, "paired")) for rules in pair)
    for x, y in zip(stimuli(task, first), stimuli(task, second), strict=True):
        np.testing.assert_array_equal(x, y)
    np.testing.assert_array_equal(first.ceilings, second.ceilings)
    lengths = [(trials.periods == Period.DECISION).sum(axis=1).tolist() for trials in (first, second)]
    assert lengths[0] == lengths[1]


@pytest.mark.parametrize("name", NAMES)
def test_unequal_streams_give_unequal_stimuli(name):
    first, second = (made(name).trials(5, ["plain"], TESTING, rng("unequal", k)) for k in range(2))
    assert np.abs(first.inputs - second.inputs).max() > 0.01


@pytest.mark.parametrize("name", NAMES)
def test_anti_rules_turn_every_choice_round(name):
    task = made(name)
    plain, anti, delayed, both = (task.trials(50, [rule], TRAINING, rng("anti")).choices for rule in RULES)
    np.testing.assert_array_equal(plain, delayed)
    np.testing.assert_array_equal(anti, both)
    assert (plain != anti).all()
    assert set(plain) == set(anti) == set(range(task.n_outputs - 2, task.n_outputs))


@pytest.mark.parametrize("timing", [ONE_STEP, TRAINING], ids=["one step", "training"])
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", NAMES)
def test_an_observer_who_adds_up_the_evidence_reaches_the_ceiling(name, rule, timing):
    task, n = made(name), 4000
    trials = task.trials(n, [rule], timing, rng("ceiling", rule))
    larger = evidence(task, trials).argmax(axis=1)
    chosen = (1 - larger if "anti" in rule else larger) + task.n_outputs - 2
    p = trials.ceiling
    assert 0.5 < p <= 1
    # Five standard errors of a share of n trials, and one trial for a ceiling of 1 to seven digits.
    assert abs((chosen == trials.choices).mean() - p) < 5 * np.sqrt(p * (1 - p) / n) + 1 / n


@pytest.mark.parametrize("rules", [[], ["pro"]])
@pytest.mark.parametrize("name", NAMES)
def test_no_rule_and_an_unknown_one_are_refused(name, rules):
    with pytest.raises(ValueError, match="needed at least one of"):
        made(name).trials(3, rules, TRAINING, rng())


@pytest.mark.parametrize("coherence", PerceptualDecision().coherences)
def test_channels_of_a_perceptual_decision_have_their_mean_and_noise(coherence):
    task = PerceptualDecision(coherences=(coherence,))
    trials = task.trials(300, ["plain"], TESTING, rng("moments"))
    shown = np.stack(stimuli(task, trials))
    side = np.where((trials.choices == 1)[:, None] == [True, False], 1, -1)
    residual = shown - (1 + coherence * side[:, None]) / 2
    # 300 · 90 draws of deviation σ = .2236 in each channel: standard errors σ/√n = .0014 and σ/√(2 n) = .001.
    np.testing.assert_allclose(residual.mean(axis=(0, 1)), 0, atol=0.007)
    np.testing.assert_allclose(residual.std(axis=(0, 1)), task.noise, atol=0.005)


def test_one_channel_of_go_nogo_is_on():
    task = GoNogo(noise=0.0)
    trials = task.trials(30, ["plain"], TESTING, rng("on"))
    assert trials.ceiling == 1
    for shown, choice in zip(stimuli(task, trials), trials.choices, strict=True):
        np.testing.assert_array_equal(shown, np.broadcast_to(np.eye(2)[choice], shown.shape))


@pytest.mark.parametrize("name", NAMES)
def test_both_choices_are_drawn_evenly(name):
    task, n = made(name), 4000
    share = (task.trials(n, ["plain"], ONE_STEP, rng("even")).choices == task.n_outputs - 1).mean()
    assert abs(share - 1 / 2) < 5 * np.sqrt(1 / 4 / n)
