"""Every architecture keeps the promises of `AbstractNetwork`; the leaky network is its equations."""

import dataclasses
import inspect
import textwrap
from typing import Any

import numpy as np
import pytest
import torch

from metric_harness import catalogue
from metric_harness.errors import SettingError
from metric_harness.interfaces import AbstractNetwork, Parameters
from metric_harness.networks.leaky_rnn import ACTIVATIONS, LeakyRNN
from metric_harness.recording import accuracies, stacked, tensor_of
from metric_harness.seeding import generator
from metric_harness.tasks.go_nogo import GoNogo
from metric_harness.training import Pupil, Schedule, begin, train
from metric_harness.trials import TESTING

pytestmark = pytest.mark.usefixtures("one_thread")

NAMES = catalogue.implementations("networks")
ALL = [*NAMES, "example"]
EXAMPLE = textwrap.dedent((AbstractNetwork.__doc__ or "").partition("Example::\n")[2])
"""The network that a stranger finds in the docstring of the interface."""
N_NETWORKS, N_TIMES, N_TRIALS, N_INPUTS, N_OUTPUTS = 3, 7, 4, 5, 2
CONSTANTS = {"mamba": ("norm", "decays", "skip")}
"""Parameters that begin alike in every network, by the end of their names."""
SCALAR = {
    "relu": lambda z: max(z, 0.0),
    "leaky_relu": lambda z: z if z > 0 else 0.01 * z,
    "softplus": lambda z: np.log1p(np.exp(z)),
    "tanh": np.tanh,
}


def rng(*path: str | int) -> np.random.Generator:
    return generator(41, "test_every_network", *path)


def strangers() -> type[AbstractNetwork]:
    space: dict[str, Any] = {"__name__": "strangers"}
    exec(EXAMPLE, space)
    return space["Vanilla"]


def made(name: str, **settings: object) -> AbstractNetwork:
    if name == "example":
        return strangers()(**settings)
    return catalogue.make("networks", name, AbstractNetwork, settings)


def drawn(network: AbstractNetwork, dtype: torch.dtype = torch.float64) -> Parameters:
    """Return a stack of networks with weights of their own."""
    each = [network.initial_parameters(N_INPUTS, N_OUTPUTS, rng("weights", k)) for k in range(N_NETWORKS)]
    return {name: tensor_of(np.stack([one[name] for one in each])).to(dtype) for name in each[0]}


def inputs(dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return tensor_of(rng("inputs").standard_normal((N_NETWORKS, N_TIMES, N_TRIALS, N_INPUTS))).to(dtype)


def stepped(network: AbstractNetwork, parameters: Parameters, given: torch.Tensor) -> torch.Tensor:
    """Return the states by a loop over single steps."""
    state = network.initial_state(parameters, given.shape[2])
    states = []
    for t in range(given.shape[1]):
        state = network.step(parameters, state, given[:, t])
        states.append(state)
    return torch.stack(states, dim=1)


@pytest.mark.parametrize("name", NAMES)
def test_a_network_is_a_final_frozen_dataclass_that_tells_state_parameters_and_source(name):
    network = made(name)
    assert "@final\n" in inspect.getsource(type(network))
    with pytest.raises(dataclasses.FrozenInstanceError):
        network.n_units = 1
    for heading in ("State:", "Frozen:", "Parameters:", "Source:"):
        assert heading in (type(network).__doc__ or ""), heading
    assert set(network.trained_when_frozen) < set(drawn(network))


@pytest.mark.parametrize("name", ALL)
def test_states_and_outputs_have_their_shapes(name):
    network = made(name)
    parameters = drawn(network)
    states, n_units = network.states(parameters, inputs()), network.n_units
    assert network.initial_state(parameters, N_TRIALS).shape == (N_NETWORKS, N_TRIALS, n_units)
    assert states.shape == (N_NETWORKS, N_TIMES, N_TRIALS, n_units)
    assert network.readout(parameters, states).shape == (N_NETWORKS, N_TIMES, N_TRIALS, N_OUTPUTS)
    assert network.step(parameters, states[:, 0], inputs()[:, 1]).shape == (N_NETWORKS, N_TRIALS, n_units)


@pytest.mark.parametrize("name", ALL)
def test_what_is_recorded_is_a_part_of_the_state_whatever_the_axes_before_it(name):
    network = made(name)
    marked = torch.arange(float(network.n_units))
    part = network.recorded(marked).tolist()
    assert sorted(set(part)) == sorted(part)
    assert set(part) <= set(marked.tolist())
    states = network.states(drawn(network), inputs())
    torch.testing.assert_close(network.recorded(states), states[..., list(map(int, part))], rtol=0, atol=0)


@pytest.mark.parametrize("name", ALL)
def test_outputs_are_read_from_the_states(name):
    network = made(name)
    parameters = drawn(network)
    states = network.states(parameters, inputs())
    torch.testing.assert_close(network.outputs(parameters, inputs()), network.readout(parameters, states))


@pytest.mark.parametrize("name", ALL)
def test_equal_seeds_give_equal_weights_and_unequal_ones_do_not(name):
    network = made(name)
    first, again, other = (network.initial_parameters(N_INPUTS, N_OUTPUTS, rng("seed", k)) for k in (0, 0, 1))
    for part in first:
        np.testing.assert_array_equal(first[part], again[part])
    alike = {part for part in first if np.array_equal(first[part], other[part])}
    assert alike == {part for part in first if part.rpartition("_")[2] in CONSTANTS.get(name, ())}


@pytest.mark.parametrize("name", ALL)
def test_what_comes_later_does_not_change_what_was(name):
    network = made(name)
    parameters, given, t = drawn(network), inputs(), 4
    changed = given.clone()
    changed[:, t:] += 1
    before, after = network.states(parameters, given), network.states(parameters, changed)
    assert torch.equal(before[:, :t], after[:, :t])
    assert (before[:, t] - after[:, t]).abs().amax(dim=(1, 2)).min() > 0.01


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", ALL)
def test_states_are_a_loop_over_steps(name, dtype):
    network = made(name)
    parameters, given = drawn(network, dtype), inputs(dtype)
    expected = stepped(network, parameters, given)
    torch.testing.assert_close(network.states(parameters, given), expected)
    with torch.no_grad():  # as networks are recorded
        torch.testing.assert_close(network.states(parameters, given), expected)


@pytest.mark.parametrize("name", ALL)
def test_networks_of_a_stack_and_trials_of_a_batch_do_not_meet(name):
    network = made(name)
    parameters, given = drawn(network), inputs()
    together = network.states(parameters, given)
    for k in range(N_NETWORKS):
        own = {part: values[k : k + 1] for part, values in parameters.items()}
        alone = [network.states(own, given[k : k + 1, :, trial : trial + 1]) for trial in range(N_TRIALS)]
        torch.testing.assert_close(together[k : k + 1], torch.cat(alone, dim=2))


def gradients(network: AbstractNetwork, scan: bool, seed: str) -> dict[str, torch.Tensor]:  # noqa: FBT001 - one of two
    """Return the gradients of a random projection of the outputs by every parameter."""
    parameters = {part: values.requires_grad_() for part, values in drawn(network).items()}
    states = (network.states if scan else lambda *given: stepped(network, *given))(parameters, inputs())
    weights = tensor_of(rng("projection", seed).standard_normal(states.shape))
    loss = (states * weights).sum() + network.readout(parameters, states).square().sum()
    return dict(zip(parameters, torch.autograd.grad(loss, list(parameters.values())), strict=True))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_backward_pass_by_hand_is_that_of_autograd(activation):
    network = LeakyRNN(n_units=6, activation=activation)
    by_hand, automatic = (gradients(network, scan, activation) for scan in (True, False))
    assert min(float(values.abs().amax()) for values in automatic.values()) > 0.1
    for part, values in automatic.items():
        torch.testing.assert_close(
            by_hand[part], values, rtol=1e-12, atol=1e-12, msg=lambda m, part=part: f"{part} {m}"
        )


@pytest.mark.parametrize("part", ["input_weights", "recurrent_weights", "bias"])
def test_a_single_trained_parameter_gets_the_same_gradient(part):
    network = LeakyRNN(n_units=6)
    parameters = drawn(network)
    parameters[part].requires_grad_()
    states = network.states(parameters, inputs())
    weights = tensor_of(rng("projection", "one").standard_normal(states.shape))
    found = torch.autograd.grad((states * weights).sum(), parameters[part])[0]
    expected = torch.autograd.grad((stepped(network, parameters, inputs()) * weights).sum(), parameters[part])[0]
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


def test_gradients_pass_through_the_default_of_states():
    class Plain(LeakyRNN):
        states = AbstractNetwork.states

    plain, by_hand = (gradients(network(n_units=6), scan=True, seed="default") for network in (Plain, LeakyRNN))
    for part, values in by_hand.items():
        torch.testing.assert_close(plain[part], values, rtol=1e-12, atol=1e-12)


def test_the_example_of_the_interface_is_short_enough_to_be_read():
    assert len(EXAMPLE.strip().splitlines()) <= 30


def test_a_second_backward_pass_is_refused_and_not_wrong():
    network = LeakyRNN(n_units=6)
    parameters = {part: values.requires_grad_() for part, values in drawn(network).items()}
    loss = network.states(parameters, inputs()).sum()
    loss.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_recurrence_and_readout_are_the_equations(activation):
    network = LeakyRNN(n_units=4, activation=activation, time_constant=50.0)
    parameters, given = drawn(network), inputs()
    w_in, w_rec, bias, w_out = (values[1].numpy() for values in parameters.values())
    h, decay = np.zeros((N_TRIALS, 4)), np.exp(-20 / 50)
    states = network.states(parameters, given)
    outputs = network.readout(parameters, states)
    for t in range(N_TIMES):
        z = given[1, t].numpy() @ w_in + h @ w_rec + bias
        h = decay * h + (1 - decay) * np.vectorize(SCALAR[activation])(z)
        np.testing.assert_allclose(states[1, t], h, atol=1e-13)
        np.testing.assert_allclose(outputs[1, t], h @ w_out, atol=1e-13)


def test_a_state_decays_to_exp_minus_one_over_a_time_constant():
    network = LeakyRNN(n_units=1, time_constant=100.0)
    zero = {part: torch.zeros_like(values) for part, values in drawn(network).items()}
    state = torch.ones(N_NETWORKS, 1, 1, dtype=torch.float64)
    for _ in range(5):  # 5 steps of 20 ms
        state = network.step(zero, state, inputs()[:, 0, :1])
    torch.testing.assert_close(state, torch.full_like(state, np.exp(-1)))


def test_weights_are_uniform_within_one_over_the_root_of_the_layers_inputs():
    drawn_once = LeakyRNN(n_units=100).initial_parameters(16, 3, rng("uniform"))
    for part, bound in [("input_weights", 1 / 4), ("recurrent_weights", 1 / 10), ("bias", 1 / 10)]:
        values = drawn_once[part]
        assert 0.9 * bound < np.abs(values).max() <= bound
        # The mean of n such draws has standard error bound/√(3 n).
        assert abs(values.mean()) < 5 * bound / np.sqrt(3 * values.size)


@pytest.mark.parametrize("settings", [{"activation": "sine"}, {"n_units": 0}, {"time_constant": 0.0}])
def test_settings_that_make_no_network_are_refused(settings):
    with pytest.raises(SettingError, match="needed"):
        LeakyRNN(**settings)


@pytest.mark.parametrize("name", ALL)
def test_a_network_learns_the_smallest_task(name):
    # Chance is .5; 5 standard errors above it for 100 trials are .75.
    network, task = made(name), GoNogo()
    weights = network.initial_parameters(task.n_inputs, task.n_outputs, rng("learn"))
    pupil = Pupil(
        weights={part: values.astype(np.float32) for part, values in weights.items()},
        rules=("plain",),
        trained=tuple(weights),
        stream=("test", "learn"),
    )
    schedule = Schedule(n_trials=8, checkpoints=(0, 120), evaluated_every=40, n_validation=20)
    stack = begin([pupil])
    for _ in train(network, task, [pupil], schedule, seed=0, stack=stack):
        pass
    trials = task.trials(100, ["plain"], TESTING, rng("learn", "test"))
    assert accuracies(network, stacked([stack.progress[0].final]), trials)[0] > 0.75
