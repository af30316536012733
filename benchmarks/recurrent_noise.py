"""Up to which recurrent noise the zoo's networks still do their task.

The networks are those of `noise.recurrent`. Noise enters every unit after every time step, in units of the standard
deviation of the network's states without noise. Printed are the mean accuracy over networks, its change by the noise,
the largest fall of a single network, and how far the noise moves the states (root mean square by the same deviation).
No metric is asked: the levels on which `noise.recurrent` decides are those whose mean accuracy changes by at most .02.

Run: python benchmarks/recurrent_noise.py
"""

import numpy as np
from tabulate import tabulate

from metric_harness.recording import choices, run, stacked, states_of, time_first
from metric_harness.recurrent_noise import noise, spread
from metric_harness.seeding import DEFAULT_SEED, generator
from metric_harness.zoo import N_TEST, Specimen
from metric_harness.zoo_groups import unrelated_learners
from metric_harness.zoo_recordings import shipped_zoo

N_NETWORKS = 16
LEVELS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)


def under_noise(specimen: Specimen) -> list[tuple[float, float]]:
    """Return accuracy and displacement of the states of one network, without noise and at each level."""
    zoo = shipped_zoo()
    trials, parameters = zoo.trials(N_TEST), stacked([zoo.weights(specimen)])
    clean = run(zoo.network, parameters, time_first(trials))
    deviation = spread(states_of(zoo.network, clean)[0])
    found: list[tuple[float, float]] = []
    for level in (0.0, *LEVELS):
        rng = generator(DEFAULT_SEED, "recurrent noise", specimen.seed, round(1000 * level))
        states = run(zoo.network, parameters, time_first(trials), noise([level * deviation], rng))
        correct = choices(zoo.network, parameters, states, trials)[0] == trials.choices
        moved = float((states - clean).square().mean().sqrt()) / deviation
        found.append((float(correct.mean()), moved))
    return found


def main() -> None:
    """Print the table."""
    table = np.array([under_noise(specimen) for specimen in unrelated_learners(shipped_zoo(), N_NETWORKS)])
    accuracies, moved = table[..., 0], table[..., 1].mean(axis=0)
    changes = accuracies - accuracies[:, :1]
    rows = zip((0.0, *LEVELS), accuracies.mean(axis=0), changes.mean(axis=0), changes.min(axis=0), moved, strict=True)
    headers = ["noise", "accuracy", "change", "worst change", "displacement"]
    print(tabulate(rows, headers=headers, floatfmt=("g", ".3f", ".4f", ".4f", ".3f")))


if __name__ == "__main__":
    main()
