"""The gated network is its equations; with its reset gate and without a leak, it is torch's."""

import numpy as np
import pytest
import torch

from metric_harness.errors import SettingError
from metric_harness.networks.leaky_gru import ACTIVATIONS, LeakyGRU
from metric_harness.recording import tensor_of
from metric_harness.seeding import generator

pytestmark = pytest.mark.usefixtures("one_thread")

N_NETWORKS, N_TIMES, N_TRIALS, N_INPUTS, N_OUTPUTS, N_UNITS = 2, 9, 4, 5, 3, 6
SCALAR = {
    "relu": lambda z: max(z, 0.0),
    "leaky_relu": lambda z: z if z > 0 else 0.01 * z,
    "softplus": lambda z: np.log1p(np.exp(z)),
    "tanh": np.tanh,
}


def rng(*path: str | int) -> np.random.Generator:
    return generator(59, "test_leaky_gru", *path)


def drawn(network: LeakyGRU) -> dict[str, torch.Tensor]:
    each = [network.initial_parameters(N_INPUTS, N_OUTPUTS, rng("weights", k)) for k in range(N_NETWORKS)]
    return {name: tensor_of(3 * np.stack([one[name] for one in each])) for name in each[0]}


def inputs() -> torch.Tensor:
    return tensor_of(rng("inputs").standard_normal((N_NETWORKS, N_TIMES, N_TRIALS, N_INPUTS)))


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_without_reset_gate_it_is_what_the_study_ran(activation):
    network = LeakyGRU(n_units=N_UNITS, activation=activation, time_constant=50.0)
    parameters, given = drawn(network), inputs()
    states = network.states(parameters, given)
    w_in, w_rec, bias, w_out = (values[1].numpy() for values in parameters.values())
    h, d = np.zeros((N_TRIALS, N_UNITS)), np.exp(-20 / 50)
    for t in range(N_TIMES):
        gates, rates = np.split(given[1, t].numpy() @ w_in + h @ w_rec + bias, 2, axis=1)
        z, n = sigmoid(gates), np.vectorize(SCALAR[activation])(rates)
        h = (1 - z) * h + z * (d * h + (1 - d) * n)
        np.testing.assert_allclose(states[1, t], h, atol=1e-12)
        np.testing.assert_allclose(network.readout(parameters, states)[1, t], h @ w_out, atol=1e-12)


def torchs(weights: torch.Tensor) -> torch.Tensor:
    """Return our blocks z, n, r in torch's order r, z, n; its z is the share that stays, ours the share that is new."""
    z, n, r = weights.chunk(3, dim=-1)
    return torch.cat([r, -z, n], dim=-1)


def test_with_reset_gate_and_without_a_leak_it_is_the_unit_of_torch():
    # exp(-20 / 0.5) is 4e-18.
    network = LeakyGRU(n_units=N_UNITS, activation="tanh", time_constant=0.5, reset_gate=True)
    parameters, given = drawn(network), inputs()
    states = network.states(parameters, given)
    for k in range(N_NETWORKS):
        own = {name: values[k] for name, values in parameters.items()}
        cell = torch.nn.GRUCell(N_INPUTS, N_UNITS, dtype=torch.float64)
        cell.load_state_dict(
            {
                "weight_ih": torchs(own["input_weights"]).mT,
                "weight_hh": torchs(own["recurrent_weights"]).mT,
                "bias_ih": torchs(own["bias"]),
                "bias_hh": torch.zeros(3 * N_UNITS),
            }
        )
        h = torch.zeros(N_TRIALS, N_UNITS, dtype=torch.float64)
        with torch.no_grad():
            for t in range(N_TIMES):
                h = cell(given[k, t], h)
                torch.testing.assert_close(states[k, t], h, rtol=1e-10, atol=1e-12)


def test_the_reset_gate_is_another_network_and_has_a_third_block_of_weights():
    plain, gated = LeakyGRU(n_units=N_UNITS), LeakyGRU(n_units=N_UNITS, reset_gate=True)
    shapes = [{name: p.shape[1:] for name, p in drawn(network).items()} for network in (plain, gated)]
    for name in ("input_weights", "recurrent_weights", "bias"):
        assert [shape[name][-1] for shape in shapes] == [2 * N_UNITS, 3 * N_UNITS]
    parameters = drawn(gated)
    two = {name: p[..., : 2 * N_UNITS] if name != "readout_weights" else p for name, p in parameters.items()}
    moved = (gated.states(parameters, inputs()) - plain.states(two, inputs())).abs()
    # From rest the first step has nothing to reset.
    assert moved[:, 0].max() < 1e-12
    assert moved[:, 1:].amax(dim=(1, 2, 3)).min() > 0.01


def test_a_closed_update_gate_keeps_the_state():
    network = LeakyGRU(n_units=N_UNITS)
    parameters = drawn(network)
    parameters["bias"][:, :N_UNITS] = -1e3
    state = torch.ones(N_NETWORKS, N_TRIALS, N_UNITS, dtype=torch.float64)
    torch.testing.assert_close(network.step(parameters, state, inputs()[:, 0]), state)


@pytest.mark.parametrize("settings", [{"activation": "sine"}, {"n_units": 0}, {"time_constant": 0.0}])
def test_settings_that_make_no_network_are_refused(settings):
    with pytest.raises(SettingError, match="needed"):
        LeakyGRU(**settings)
