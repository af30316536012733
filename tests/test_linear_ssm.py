"""The linear network's states are its convolution with the inputs, and its readout alone is not linear."""

import numpy as np
import pytest
import torch

from metric_harness.errors import SettingError
from metric_harness.networks.linear_ssm import LinearSSM
from metric_harness.recording import tensor_of
from metric_harness.seeding import generator

pytestmark = pytest.mark.usefixtures("one_thread")

N_TIMES, N_TRIALS, N_INPUTS, N_OUTPUTS = 12, 4, 5, 3
NETWORK = LinearSSM(n_units=8, n_hidden=10)


def rng(*path: str | int) -> np.random.Generator:
    return generator(61, "test_linear_ssm", *path)


@pytest.fixture
def parameters() -> dict[str, torch.Tensor]:
    return {name: tensor_of(p)[None] for name, p in NETWORK.initial_parameters(N_INPUTS, N_OUTPUTS, rng("w")).items()}


def inputs(which: str) -> torch.Tensor:
    return tensor_of(rng("inputs", which).standard_normal((1, N_TIMES, N_TRIALS, N_INPUTS)))


def test_states_are_the_sum_of_what_each_input_has_become(parameters):
    a, b = (parameters[name][0].numpy() for name in ("recurrent_weights", "input_weights"))
    given = inputs("one")[0].numpy()
    expected = [sum(given[s] @ b @ np.linalg.matrix_power(a, t - s) for s in range(t + 1)) for t in range(N_TIMES)]
    np.testing.assert_allclose(NETWORK.states(parameters, inputs("one"))[0], expected, atol=1e-12)


def test_states_of_a_sum_are_the_sum_of_states_and_outputs_are_not(parameters):
    one, other = inputs("one"), inputs("other")
    apart = NETWORK.states(parameters, one) + NETWORK.states(parameters, other)
    torch.testing.assert_close(NETWORK.states(parameters, one + other), apart)
    outputs = [NETWORK.outputs(parameters, given) for given in (one, other, one + other)]
    assert (outputs[0] + outputs[1] - outputs[2]).abs().max() > 0.01


def test_outputs_are_the_equations(parameters):
    states = tensor_of(rng("states").standard_normal((1, N_TIMES, N_TRIALS, 8)))
    weights, bias, last = (parameters[n][0].numpy() for n in ("hidden_weights", "hidden_bias", "readout_weights"))
    expected = np.maximum(states[0].numpy() @ weights + bias, 0) @ last
    np.testing.assert_allclose(NETWORK.readout(parameters, states)[0], expected, atol=1e-12)


def test_modes_begin_with_the_given_time_constants_and_every_unit_feeds_every_other():
    a = LinearSSM(fastest=50.0, slowest=800.0).initial_parameters(N_INPUTS, N_OUTPUTS, rng("stable"))
    kept = np.sort(np.linalg.eigvals(a["recurrent_weights"]))
    np.testing.assert_allclose(-20 / np.log(kept), np.geomspace(50, 800, 48), rtol=1e-6)
    assert np.abs(a["recurrent_weights"]).min() > 0


@pytest.mark.parametrize("settings", [{"n_units": 0}, {"n_hidden": 0}, {"fastest": 0.0}, {"slowest": 10.0}])
def test_settings_that_make_no_network_are_refused(settings):
    with pytest.raises(SettingError, match="needed"):
        LinearSSM(**settings)
