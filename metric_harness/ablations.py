"""The networks of the zoo that are lesioned, the trials that serve the search and those that serve the measurement."""

from collections.abc import Sequence

from metric_harness.trials import Trials
from metric_harness.zoo import N_TEST, Specimen, Zoo
from metric_harness.zoo_groups import learns

LESIONED = (
    "master",
    "pretrain_plain_frozen",
    "pretrain_anti_frozen",
    "pretrain_delayed_frozen",
    "pretrain_frozen",
    "pretrain_unfrozen",
)
"""Groups whose networks are lesioned: both ends of pretraining, each subtask by itself, and all weights free."""
N_MEASURED = 100
"""First test trials, on which accuracies fall and distances are taken."""
N_SEARCH = 25
"""Last test trials, from which lesions are found; none of them is among the first."""


def lesioned_networks(zoo: Zoo, seeds: Sequence[int]) -> list[Specimen]:
    """Return the finished networks of some seeds that are lesioned: those that learn the composite task."""
    return [zoo.final(group, seed) for group in LESIONED for seed in seeds if learns(zoo, group, seed)]


def measured_trials(zoo: Zoo) -> Trials:
    """Return the trials on which lesions are measured; recordings use the first of them."""
    return zoo.trials(N_MEASURED)


def search_trials(zoo: Zoo) -> Trials:
    """Return the trials from which lesions are found."""
    return zoo.trials(N_TEST).part(slice(N_TEST - N_SEARCH, N_TEST))
