"""The blocks are those of `mambapy`, stepped and as a whole sequence, and their states are its states.

The comparison needs mambapy, which asks for nothing but torch and NumPy: pip install "metric-harness[mamba]".
"""

import numpy as np
import pytest
import torch

from metric_harness.errors import SettingError
from metric_harness.networks.mamba import EPSILON, RATES, Mamba
from metric_harness.recording import stacked
from metric_harness.seeding import generator

pytestmark = pytest.mark.usefixtures("one_thread")

N_NETWORKS, N_TIMES, N_TRIALS, N_INPUTS, N_OUTPUTS = 2, 37, 5, 7, 3
SIZES = [(8, 1), (8, 2), (16, 1), (16, 2), (33, 2)]
"""Width and layers: the study's four, and one whose time steps are made through three ranks."""


def rng(*path: str | int) -> np.random.Generator:
    return generator(53, "test_mamba", *path)


def drawn(network: Mamba, dtype: type[np.floating] = np.float32) -> dict[str, torch.Tensor]:
    """Return a stack of networks; constants are moved, so that none of them hides."""
    each = [network.initial_parameters(N_INPUTS, N_OUTPUTS, rng("weights", k)) for k in range(N_NETWORKS)]
    moved = [
        {name: (w + 0.1 * rng("moved", k, name).standard_normal(w.shape)).astype(dtype) for name, w in one.items()}
        for k, one in enumerate(each)
    ]
    return stacked(moved)


def inputs(dtype: torch.dtype = torch.float32) -> torch.Tensor:
    shape = (N_NETWORKS, N_TIMES, N_TRIALS, N_INPUTS)
    return torch.from_numpy(rng("inputs").standard_normal(shape)).to(dtype)


def theirs(network: Mamba, parameters: dict[str, torch.Tensor], k: int):
    """Return mambapy's blocks with the weights of one network of a stack."""
    mamba = pytest.importorskip("mambapy.mamba", reason='needs mambapy: pip install "metric-harness[mamba]"')
    blocks = mamba.Mamba(mamba.MambaConfig(d_model=network.width, n_layers=network.n_layers))
    own = {name: p[k] for name, p in parameters.items()}
    weights = {}
    for layer in range(network.n_layers):
        names = {
            "norm.weight": own[f"layer{layer}_norm"],
            "mixer.in_proj.weight": own[f"layer{layer}_in_weights"].T,
            "mixer.conv1d.weight": own[f"layer{layer}_taps"][:, None],
            "mixer.conv1d.bias": own[f"layer{layer}_taps_bias"],
            "mixer.x_proj.weight": own[f"layer{layer}_selection_weights"].T,
            "mixer.dt_proj.weight": own[f"layer{layer}_rate_weights"].T,
            "mixer.dt_proj.bias": own[f"layer{layer}_rate_bias"],
            "mixer.A_log": own[f"layer{layer}_decays"],
            "mixer.D": own[f"layer{layer}_skip"],
            "mixer.out_proj.weight": own[f"layer{layer}_out_weights"].T,
        }
        weights |= {f"layers.{layer}.{name}": values for name, values in names.items()}
    blocks.load_state_dict(weights, strict=True)
    return blocks


def ends(network: Mamba, parameters: dict[str, torch.Tensor], k: int):
    """Return the embedding and the readout of one network of a stack, in torch's own modules."""
    own = {name: p[k] for name, p in parameters.items()}
    norm = torch.nn.RMSNorm(network.width, eps=EPSILON)
    norm.load_state_dict({"weight": own["norm"]})
    embed = torch.nn.Linear(N_INPUTS, network.width)
    embed.load_state_dict({"weight": own["embedding_weights"].T, "bias": own["embedding_bias"]})
    head = torch.nn.Linear(network.width, N_OUTPUTS)
    head.load_state_dict({"weight": own["head_weights"].T, "bias": own["head_bias"]})
    return embed, lambda x: head(norm(x))


@torch.no_grad()
@pytest.mark.parametrize(("width", "n_layers"), SIZES)
def test_whole_sequences_are_what_the_parallel_scan_makes_of_them(width, n_layers):
    network = Mamba(width=width, n_layers=n_layers)
    parameters = drawn(network)
    outputs = network.outputs(parameters, inputs())
    assert outputs.abs().max() > 0.1
    for k in range(N_NETWORKS):
        embed, head = ends(network, parameters, k)
        expected = head(theirs(network, parameters, k)(embed(inputs()[k].swapaxes(0, 1)))).swapaxes(0, 1)
        torch.testing.assert_close(outputs[k], expected, rtol=1e-5, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize(("width", "n_layers"), SIZES)
def test_states_are_the_caches_of_the_stepped_blocks_with_a_buffer_of_three(width, n_layers):
    networks = [Mamba(width=width, n_layers=n_layers, layer=layer) for layer in range(n_layers)]
    parameters = drawn(networks[0])
    states = networks[0].states(parameters, inputs())
    for k in range(N_NETWORKS):
        blocks, (embed, _) = theirs(networks[0], parameters, k), ends(networks[0], parameters, k)
        caches = [(None, torch.zeros(N_TRIALS, 2 * width, 3)) for _ in range(n_layers)]
        for t in range(N_TIMES):
            x, caches = blocks.step(embed(inputs()[k, t]), caches)
            torch.testing.assert_close(states[k, t, :, -width:], x, rtol=1e-5, atol=1e-5)
            for network, (h, buffer) in zip(networks, caches, strict=True):
                torch.testing.assert_close(network.recorded(states[k, t]), h.flatten(1), rtol=1e-5, atol=1e-5)
                first = network.layer * (2 * width) * (3 + 16)
                held = states[k, t, :, first : first + 6 * width].view(N_TRIALS, 3, 2 * width)
                torch.testing.assert_close(held, buffer.swapaxes(1, 2), rtol=1e-5, atol=1e-5)


@torch.no_grad()
def test_a_buffer_of_seven_inputs_as_in_the_study_gives_other_outputs():
    # What the study did: mambapy's step reads the first four of a longer buffer, which are inputs of long ago.
    network = Mamba(n_layers=1)
    parameters = drawn(network)
    blocks, (embed, head) = theirs(network, parameters, 0), ends(network, parameters, 0)
    caches, late = [(None, torch.zeros(N_TRIALS, 16, 7))], []
    for t in range(N_TIMES):
        x, caches = blocks.step(embed(inputs()[0, t]), caches)
        late.append(head(x))
    ours = network.outputs(parameters, inputs())[0]
    assert (torch.stack(late) - ours).abs().max() > 0.01 * ours.abs().max()


@pytest.mark.parametrize("n_networks", [1, 2, 17])
def test_the_backward_pass_of_the_scan_is_that_of_autograd(n_networks):
    network = Mamba(n_states=3, n_taps=2)
    some = drawn(network, np.float64)
    parameters = {name: p[[k % 2 for k in range(n_networks)]].requires_grad_() for name, p in some.items()}
    given = inputs(torch.float64)[[k % 2 for k in range(n_networks)]]
    whole, stepped = network.outputs(parameters, given), network.readout(parameters, network.states(parameters, given))
    torch.testing.assert_close(whole, stepped, rtol=1e-12, atol=1e-12)
    weights = torch.from_numpy(rng("projection").standard_normal(whole.shape))
    by_hand, automatic = (
        torch.autograd.grad((outputs * weights).sum(), list(parameters.values())) for outputs in (whole, stepped)
    )
    for name, one, other in zip(parameters, by_hand, automatic, strict=True):
        size = other.abs().amax()
        assert size > 0, name
        torch.testing.assert_close(one / size, other / size, rtol=0, atol=1e-10, msg=lambda m, name=name: f"{name} {m}")


def test_channels_begin_with_time_steps_of_the_given_range_and_decays_of_one_to_the_states():
    network = Mamba(width=400, n_layers=1)
    parameters = network.initial_parameters(N_INPUTS, N_OUTPUTS, rng("ranges"))
    steps = np.log1p(np.exp(parameters["layer0_rate_bias"]))
    np.testing.assert_allclose([steps.min(), steps.max()], RATES, rtol=0.05)
    # Even on a logarithmic scale: the median is the geometric mean, 0.01; five standard errors are 32 %.
    assert 0.0068 < np.median(steps) < 0.0132
    np.testing.assert_allclose(np.exp(parameters["layer0_decays"]), np.tile(np.arange(1, 17), (800, 1)))


@pytest.mark.parametrize("settings", [{"width": 0}, {"n_layers": 0}, {"n_taps": 0}, {"layer": 2}, {"layer": -1}])
def test_settings_that_make_no_network_are_refused(settings):
    with pytest.raises(SettingError, match="needed"):
        Mamba(**settings)
