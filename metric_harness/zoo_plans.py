"""How the zoo of each architecture is trained.

Schedules of the shipped zoos differ by architecture, since one that suits all of them does not exist. Learning rate and
length were chosen by accuracy alone, on networks of a root seed of their own that are in no zoo: of the rates that were
tried, the one with which networks that may learn everything reach the target, of Mamba and the leaky GRU also those
that are pretrained on subtasks; no metric was asked.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from metric_harness.named_networks import NamedNetwork, named, read_settings
from metric_harness.training import Schedule
from metric_harness.zoo_building import SMOKE, Plan

N_SEEDS: Mapping[str, int] = {"perceptual_decision": 8}
"""Seeds of a zoo beside the first unless it says otherwise: the task on which cases decide, and as many as an interval
over seeds needs."""
BRIEF = Schedule(
    checkpoints=(0, 10, 20, 40, 80, 120, 160, 240, 320, 400, 480, 640),
    evaluated_every=80,
    n_validation=100,
)
"""The first zoo's schedule with fewer updates and fewer looks; a network keeps at least eight checkpoints."""
LONG = (*BRIEF.checkpoints, 960, 1440, 1920)
"""Checkpoints of networks that need more updates than the first zoo's."""
SHIPPED: Mapping[str, Plan] = {
    plan.network: plan
    for plan in (
        Plan(),
        Plan(
            network="mamba",
            # The study's smaller width and depth; a second layer would have doubled the time, and learnt as well.
            settings={"width": 8, "n_layers": 1},
            n_seeds={"perceptual_decision": 12},
            # At .01 the accuracies of some networks fell again. At .005 all of 28 pretrained networks that were tried
            # reached the target within 1280 updates; at .003 one did not within 1920.
            schedule=dataclasses.replace(BRIEF, learning_rate=5e-3, checkpoints=LONG),
        ),
        Plan(
            network="leaky_gru",
            # The study's form.
            settings={"n_units": 48, "activation": "leaky_relu", "reset_gate": False},
            n_seeds=N_SEEDS,
            # Of 28 pretrained networks that were tried 26 reached the target within 1600 updates at .005, 23 at .003.
            schedule=dataclasses.replace(BRIEF, learning_rate=5e-3, checkpoints=LONG),
        ),
        Plan(
            network="linear_ssm",
            settings={"n_units": 48, "n_hidden": 48},
            n_seeds=N_SEEDS,
            # After 960 updates at .006 five of eight masters fell short, three of them at chance. After 1920 all six
            # that were tried had reached the target at .003, and four of them at .006.
            schedule=dataclasses.replace(BRIEF, checkpoints=LONG),
        ),
    )
}
"""Plans of the zoos that come with the package, by file name in `networks/`."""


def asked(network: str, texts: Sequence[str] = ()) -> NamedNetwork:
    """Return the architecture of a zoo: with the settings of the shipped one if there is one, and those in texts.

    Args:
        network: file name in `networks/`, `module:Class`, or `path/to/file.py:Class`.
        texts: `KEY=VALUE`, as after `--network-set`.

    Raises:
        UnknownNetworkError: if there is no such architecture.
        SettingError: if it has no such settings.
    """
    usual: Mapping[str, Any] = SHIPPED[network].settings if network in SHIPPED else {}
    return named(network, {**usual, **read_settings(network, texts)})


def plan_for(network: NamedNetwork, *, smoke: bool = False) -> Plan:
    """Return the plan by which the zoo of an architecture is trained.

    Args:
        network: the architecture.
        smoke: whether the zoo is to be ready in seconds, and its networks to have learnt next to nothing.
    """
    usual = SHIPPED.get(network.value, Plan(n_seeds=N_SEEDS, schedule=BRIEF))
    if smoke:
        settings = SMOKE.settings if network.value == SMOKE.network else network.settings
        return dataclasses.replace(SMOKE, network=network.value, settings=settings, source=network.source)
    if is_shipped(network):
        return usual
    return dataclasses.replace(usual, network=network.value, settings=network.settings, source=network.source)


def is_shipped(network: NamedNetwork) -> bool:
    """Return whether the zoo that comes with the package is one of this architecture."""
    plan = SHIPPED.get(network.value)
    return plan is not None and named(network.value, plan.settings) == network
