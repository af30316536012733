"""How many seeds the zoo needs for the trend test of the learning cases to decide.

Worlds are drawn in which the five levels of `learning.shared_subtasks` (untrained, 0 to 3 shared subtasks) lie at
equal steps and every network adds independent normal noise. The effect is what the case bounds: the mean difference
between the first level and the last over the standard deviation of that difference between seeds. Printed is the share
of worlds in which Page's test gives p < .01; without an effect that share must be near .01.

Run: python benchmarks/zoo_power.py
"""

import numpy as np
from scipy.stats import page_trend_test
from tabulate import tabulate

from metric_harness.seeding import DEFAULT_SEED, generator

SEEDS = (4, 8, 12, 16, 20)
EFFECTS = (0.0, 0.5, 1.0, 1.5, 2.0)
N_LEVELS = 5
N_WORLDS = 1000


def power(n_seeds: int, effect: float, rng: np.random.Generator) -> float:
    """Return the share of worlds in which the trend is found."""
    # A difference of two levels of unit noise has the standard deviation √2.
    means = np.linspace(0, effect * np.sqrt(2), N_LEVELS)
    worlds = means + rng.standard_normal((N_WORLDS, n_seeds, N_LEVELS))
    return float(np.mean([page_trend_test(world, method="asymptotic").pvalue < 0.01 for world in worlds]))


def main() -> None:
    """Print the table."""
    rows = [
        [n, *(power(n, effect, generator(DEFAULT_SEED, "zoo power", n, k)) for k, effect in enumerate(EFFECTS))]
        for n in SEEDS
    ]
    headers = ["seeds", *(f"effect {effect:g}" for effect in EFFECTS)]
    print(tabulate(rows, headers=headers, floatfmt=".3f"))


if __name__ == "__main__":
    main()
