"""What a network chooses does not depend on how it is run, and what is recorded is what its architecture says."""

import numpy as np
import pytest

from metric_harness import catalogue
from metric_harness.interfaces import AbstractNetwork
from metric_harness.networks.mamba import Mamba
from metric_harness.recording import ROWS_AT_ONCE, accuracies, run, stacked, states_of, time_first, watched
from metric_harness.seeding import generator
from metric_harness.tasks.perceptual_decision import PerceptualDecision
from metric_harness.trials import Timing, Trials

pytestmark = pytest.mark.usefixtures("one_thread")

NAMES = catalogue.implementations("networks")
BRIEF = Timing(fixation=(40,), stimulus=(100,), delay=(60,), decision=(100,))
N_NETWORKS, N_TRIALS = 12, 3 * ROWS_AT_ONCE // 12 + 2
SMALL = {"mamba": {"width": 3, "n_layers": 2, "n_states": 2}}


def rng(*path: str | int) -> np.random.Generator:
    return generator(71, "test_recording", *path)


@pytest.fixture(scope="module")
def trials() -> Trials:
    return PerceptualDecision().trials(N_TRIALS, ["plain", "anti_delayed"], BRIEF, rng("trials"))


def drawn(network: AbstractNetwork, n_networks: int, size: float = 3):
    """Return networks whose choices hang on the trial, by default: larger weights than they begin with."""
    each = [network.initial_parameters(7, 3, rng("weights", k)) for k in range(n_networks)]
    return stacked([{name: (size * w).astype(np.float32) for name, w in weights.items()} for weights in each])


@pytest.mark.parametrize("name", NAMES)
def test_accuracies_of_whole_sequences_are_those_of_steps(name, trials):
    network = catalogue.make("networks", name, AbstractNetwork, SMALL.get(name, {"n_units": 8}))
    parameters = drawn(network, N_NETWORKS)
    whole = accuracies(network, parameters, trials)
    np.testing.assert_array_equal(whole, accuracies(network, parameters, trials, lambda state, t: state))
    assert len(set(whole.tolist())) > 3


def test_metrics_get_the_layer_that_was_asked_for_and_readouts_get_everything(trials):
    networks = [Mamba(width=3, n_layers=2, n_states=2, layer=layer) for layer in (0, 1)]
    # As they begin: larger weights make states of a hundred, of which single precision keeps no fifth decimal.
    parameters = drawn(networks[0], 2, size=1)
    states = run(networks[0], parameters, time_first(trials))
    found = [states_of(network, states) for network in networks]
    for network, recordings in zip(networks, found, strict=True):
        assert [x.shape for x in recordings] == [(N_TRIALS, trials.inputs.shape[1], 6 * 2)] * 2
        kept, shares = watched(network, parameters, trials, 5)
        for k in range(2):
            np.testing.assert_allclose(kept[k], recordings[k][:5], atol=1e-5)
        np.testing.assert_array_equal(shares, accuracies(network, parameters, trials))
    assert np.abs(found[0][0] - found[1][0]).max() > 0.01
