"""The tasks show and ask what neurogym's environments of the same names do.

Departures, each asserted below or in the task's docstring: neurogym's plain environment takes the fixation cue away
at the end of fixation, ours at the decision in every rule; its coherences include 0, ours none that nobody can solve;
its go/no-go is free of noise; and it has no anti rules, no rule channels, and no environment with both a delay and an
anti rule.

Needs neurogym, which pins old releases of NumPy: pip install "metric-harness[neurogym]" in an environment of its own.
"""

import warnings
from typing import Any

import numpy as np
import pytest

from metric_harness.arrays import Array
from metric_harness.seeding import generator
from metric_harness.tasks.go_nogo import GoNogo
from metric_harness.tasks.perceptual_decision import PerceptualDecision
from metric_harness.trials import STEP_MS, Period, Timing

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its own imports warn, which is an error here
    pytest.importorskip("neurogym")
    from neurogym.envs.native.gonogo import GoNogo as TheirGoNogo
    from neurogym.envs.native.perceptualdecisionmaking import (
        PerceptualDecisionMaking,
        PerceptualDecisionMakingDelayResponse,
    )

pytestmark = pytest.mark.filterwarnings("ignore")

N_TRIALS = 100
DURATIONS = {"fixation": 200, "stimulus": 1000, "delay": 600, "decision": 400}
TIMING = Timing(**{period: (ms,) for period, ms in DURATIONS.items()})
ENVIRONMENTS = {"plain": PerceptualDecisionMaking, "delayed": PerceptualDecisionMakingDelayResponse}
"""The environment of each rule that has one."""


def theirs(environment: type[Any], rule: str, **trial: object) -> tuple[Array, Array]:
    """Return observations (trials, time, channels) and correct actions (trials, time)."""
    made = environment(dt=STEP_MS, timing=DURATIONS if rule == "delayed" else {**DURATIONS, "delay": 0})
    made.seed(59)
    observed, correct = [], []
    for _ in range(N_TRIALS):
        made.new_trial(**trial)
        observed.append(made.ob.copy())
        correct.append(made.gt.copy())
    return np.stack(observed).astype(np.float64), np.stack(correct)


def ours(task: PerceptualDecision | GoNogo, rule: str) -> tuple[Array, Array]:
    """Return inputs without the channels of rules, and labels."""
    trials = task.trials(N_TRIALS, [rule], TIMING, generator(59, "test_neurogym", rule))
    return trials.inputs[..., :3].astype(np.float64), trials.labels


def steps(rule: str) -> dict[Period, slice]:
    """Return the time steps of each period."""
    counts = [ms // STEP_MS for ms in DURATIONS.values()]
    if rule == "plain":
        counts[Period.DELAY] = 0
    ends = np.cumsum(counts)
    return {Period(k): slice(int(end - n), int(end)) for k, (n, end) in enumerate(zip(counts, ends, strict=True))}


def by_choice(inputs: Array, labels: Array, choice: int) -> Array:
    return inputs[labels[:, -1] == choice]


@pytest.mark.parametrize("coherence", PerceptualDecision().coherences)
@pytest.mark.parametrize("rule", ENVIRONMENTS)
def test_channels_have_the_means_and_the_noise_of_neurogym(rule, coherence):
    shown = steps(rule)[Period.STIMULUS]
    sides = [
        ours(PerceptualDecision(coherences=(coherence,)), rule),
        theirs(ENVIRONMENTS[rule], rule, coh=100 * coherence),
    ]
    for choice in (1, 2):
        mine, other = (by_choice(*side, choice)[:, shown, 1:] for side in sides)
        n = 50 * min(len(mine), len(other))
        # σ = .2236; five standard errors of a difference of means of n draws, and of one of deviations.
        sigma = PerceptualDecision().noise
        np.testing.assert_allclose(mine.mean((0, 1)), other.mean((0, 1)), rtol=0, atol=5 * sigma * np.sqrt(2 / n))
        np.testing.assert_allclose(mine.std((0, 1)), other.std((0, 1)), rtol=0, atol=5 * sigma / np.sqrt(n))
        for states in (mine, other):
            stronger = (1 + coherence) / 2
            expected = [stronger, 1 - stronger][:: 1 if choice == 1 else -1]
            np.testing.assert_allclose(states.mean((0, 1)), expected, rtol=0, atol=5 * sigma / np.sqrt(n))


@pytest.mark.parametrize("rule", ENVIRONMENTS)
def test_the_noise_of_the_channels_is_white_and_independent_in_both(rule):
    shown = steps(rule)[Period.STIMULUS]
    for inputs, labels in [
        ours(PerceptualDecision(coherences=(0.256,)), rule),
        theirs(ENVIRONMENTS[rule], rule, coh=25.6),
    ]:
        x = by_choice(inputs, labels, 1)[:, shown, 1:]
        x = x - x.mean((0, 1))
        n, variance = x[..., 0].size, PerceptualDecision().noise ** 2
        for product in (x[..., 0] * x[..., 1], x[:, 1:, 0] * x[:, :-1, 0]):
            assert abs(product.mean()) < 5 * variance / np.sqrt(n)


@pytest.mark.parametrize("rule", ENVIRONMENTS)
def test_labels_are_those_of_neurogym_in_every_period(rule):
    inputs, labels = ours(PerceptualDecision(), rule)
    observed, correct = theirs(ENVIRONMENTS[rule], rule)
    assert labels.shape == correct.shape
    assert inputs.shape == observed.shape
    decision = steps(rule)[Period.DECISION]
    for found in (labels, correct):
        assert not found[:, : decision.start].any()
        assert (found[:, decision] == found[:, -1:]).all()
        assert set(found[:, -1].tolist()) == {1, 2}


@pytest.mark.parametrize("rule", ENVIRONMENTS)
def test_the_cue_is_that_of_neurogym_up_to_the_stimulus_of_the_plain_environment(rule):
    (mine, _), (other, _) = ours(PerceptualDecision(), rule), theirs(ENVIRONMENTS[rule], rule)
    periods = steps(rule)
    differing = {period for period, span in periods.items() if (mine[:, span, 0] != other[:, span, 0]).any()}
    assert differing == ({Period.STIMULUS} if rule == "plain" else set())
    assert (mine[:, periods[Period.STIMULUS], 0] == 1).all()
    assert not mine[:, periods[Period.DECISION], 0].any()


@pytest.mark.parametrize("rule", ENVIRONMENTS)
def test_nothing_is_shown_outside_the_stimulus_in_both(rule):
    shown = steps(rule)[Period.STIMULUS]
    for inputs, _ in (ours(PerceptualDecision(), rule), theirs(ENVIRONMENTS[rule], rule)):
        outside = np.delete(inputs, np.r_[shown], axis=1)
        assert not outside[..., 1:].any()


@pytest.mark.parametrize("rule", ENVIRONMENTS)
def test_coherences_and_noise_are_those_of_neurogym_but_for_coherence_zero(rule):
    made = ENVIRONMENTS[rule](dt=STEP_MS)
    np.testing.assert_allclose(np.array(made.cohs) / 100, [0, *PerceptualDecision().coherences])
    assert made.sigma == pytest.approx(PerceptualDecision().noise)


def test_go_nogo_without_noise_is_that_of_neurogym():
    inputs, labels = ours(GoNogo(noise=0.0), "delayed")
    observed, correct = theirs(TheirGoNogo, "delayed")
    for shown in (0, 1):
        mine, other = inputs[labels[:, -1] == shown], observed[correct[:, -1] == shown]
        assert min(len(mine), len(other)) > 10
        np.testing.assert_allclose(mine, np.broadcast_to(other[0], mine.shape), rtol=0, atol=0)
        np.testing.assert_array_equal(other, np.broadcast_to(other[0], other.shape))
        np.testing.assert_array_equal(labels[labels[:, -1] == shown][0], correct[correct[:, -1] == shown][0])
