"""Sensitivities are the derivatives that they say they are: finite differences agree."""

import numpy as np
import pytest
import torch

from metric_harness.networks.leaky_rnn import LeakyRNN
from metric_harness.recording import run, stacked, tensor_of, time_first
from metric_harness.seeding import generator
from metric_harness.sensitivity import decision_margins, state_sensitivities, weight_sensitivities
from metric_harness.tasks.perceptual_decision import PerceptualDecision
from metric_harness.trials import Timing

STEP = 0.01
NETWORK = LeakyRNN(n_units=5, activation="tanh")
BRIEF = Timing(fixation=(40,), stimulus=(100,), delay=(60,), decision=(100,))


def rng(*path: str | int) -> np.random.Generator:
    return generator(67, "test_sensitivity", *path)


@pytest.fixture
def parameters() -> dict[str, torch.Tensor]:
    drawn = [NETWORK.initial_parameters(7, 3, rng("network", k)) for k in range(2)]
    return stacked([{name: 2 * w.astype(np.float32) for name, w in weights.items()} for weights in drawn])


@pytest.fixture
def trials():
    return PerceptualDecision().trials(6, ["anti_delayed"], BRIEF, rng("trials"))


def margins(parameters, trials, after_step=None) -> np.ndarray:
    states = run(NETWORK, parameters, time_first(trials), after_step)
    return decision_margins(NETWORK, parameters, states, trials).numpy()


def test_a_margin_is_what_the_right_output_has_over_the_others(trials):
    n_trials, n_times = trials.periods.shape
    outputs = rng("outputs").standard_normal((n_trials, 3)).astype(np.float32)
    states = tensor_of(np.broadcast_to(outputs, (1, n_times, n_trials, 3)).copy())
    # Units are outputs, so that states are what the choices are made of.
    readout = {"readout_weights": torch.eye(3)[None]}
    found = decision_margins(LeakyRNN(n_units=3), readout, states, trials)[0]
    for output, choice, margin in zip(outputs, trials.choices, found, strict=True):
        others = np.exp(np.delete(output, choice)).sum()
        assert float(margin) == pytest.approx(output[choice] - np.log(others), abs=1e-5)


def test_what_decisions_feel_is_how_far_pushes_at_any_step_move_them(parameters, trials):
    found = state_sensitivities(NETWORK, parameters, trials)
    assert found.shape == (2, 5, 5)
    direction = rng("direction").standard_normal(5)
    push = tensor_of(STEP * direction.astype(np.float32))
    squares = []
    for moment in range(trials.periods.shape[1]):
        forth, back = (
            margins(parameters, trials, lambda h, t, s=sign, m=moment: h + s * push if t == m else h)
            for sign in (1, -1)
        )
        squares.append((((forth - back) / (2 * STEP)) ** 2).mean(axis=1))
    np.testing.assert_allclose(direction @ found @ direction, np.mean(squares, axis=0), rtol=0.02)


def test_a_weight_costs_what_the_margin_loses_with_it(parameters, trials):
    found = weight_sensitivities(NETWORK, parameters, trials, "recurrent_weights")
    assert found.shape == (2, 5, 5)

    def after(factor: float) -> np.ndarray:
        weights = parameters["recurrent_weights"].clone()
        weights[:, 1, 3] *= factor
        return margins({**parameters, "recurrent_weights": weights}, trials).mean(axis=1)

    np.testing.assert_allclose(found[:, 1, 3], (after(1 + STEP) - after(1 - STEP)) / (2 * STEP), rtol=0.02, atol=1e-3)


def test_the_networks_of_a_stack_feel_for_themselves(parameters, trials):
    second = {name: p[1:] for name, p in parameters.items()}
    np.testing.assert_allclose(
        state_sensitivities(NETWORK, second, trials)[0], state_sensitivities(NETWORK, parameters, trials)[1], rtol=1e-4
    )
