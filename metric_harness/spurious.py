"""Two recordings of one task, made so that what they share and what can be decoded from them come apart.

A population sees shared components that have nothing to do with the task, and one component that is the task variable,
plus or minus one in each trial, weak or strong. Beside a recording there are

- a *stripped* one: the same shared components through the same weights, the variable replaced by one that is balanced
  against it, so that no decoder finds it any more;
- a *foreign* one: the same variable in the same trials, through the same weights, but other shared components;
- an *unrelated* one, with other shared components and another variable, whose distance is the range;
- a *repeated* one, which differs by the noise of its units alone.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias, cast, final

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from metric_harness.arrays import Array, Trajectories
from metric_harness.corpora import driven, operator_of_radius
from metric_harness.seeding import generator
from metric_harness.transforms import whiten

N_TRIALS, N_TIMES = 24, 100
"""Sizes of a recording; long enough for delay embeddings."""
DECODED, LOST = 0.9, 0.7
"""Accuracies from which on the variable counts as decoded, and up to which as lost; 17 of 24 by chance is 5 %."""
RIDGE = 1e-6
"""Share of the mean variance added to the covariance within classes, for units that are combinations of others."""

Kind: TypeAlias = Literal["recording", "stripped", "foreign", "unrelated", "repeated"]


@final
@dataclasses.dataclass(frozen=True)
class Recipe:
    """What a pair is made of; zeros are simplest.

    Attributes:
        weakness: the variable's component has 2⁻ʷ times the standard deviation of each shared one.
        n_more: shared components beyond the first.
        n_more_units: units beyond one for each component.
        noise: private noise of each unit is .05 · 2ⁿ of the standard deviation of a shared component.
        seed: of all draws.
    """

    weakness: int = 0
    n_more: int = 0
    n_more_units: int = 0
    noise: int = 0
    seed: int = 0

    def __str__(self) -> str:
        noun = "component" if self.n_more == 0 else "components"
        return (
            f"variable 2^-{self.weakness} as strong as each of {1 + self.n_more} shared {noun}, "
            f"{2 + self.n_more + self.n_more_units} units, noise {0.05 * 2**self.noise:g}, seed {self.seed}"
        )


def recipes() -> SearchStrategy[Recipe]:
    """Draw a recipe."""
    few = st.integers(0, 3)
    return st.builds(Recipe, st.integers(0, 5), few, few, st.integers(0, 4), st.integers(0, 99))


def recordings(recipe: Recipe) -> tuple[Mapping[Kind, Trajectories], Array]:
    """Return the recordings of a recipe, and the variable of each trial, shape (trials,)."""
    rng = generator(recipe.seed, "spurious", recipe.n_more, recipe.n_more_units)
    n_shared = 1 + recipe.n_more
    weights = rng.standard_normal((n_shared + 1, n_shared + 1 + recipe.n_more_units))
    shared, foreign = (_shared(n_shared, rng) for _ in range(2))
    variable, balanced = _variables(rng)
    other = rng.permutation(variable)

    def seen(components: Trajectories, values: Array) -> Trajectories:
        level = np.broadcast_to(values[:, None, None], (N_TRIALS, N_TIMES, 1)) * 2.0**-recipe.weakness
        states = np.concatenate([components, level], axis=-1) @ weights
        return states + 0.05 * 2**recipe.noise * rng.standard_normal(states.shape)

    made: dict[Kind, Trajectories] = {
        "recording": seen(shared, variable),
        "stripped": seen(shared, balanced),
        "foreign": seen(foreign, variable),
        "unrelated": seen(foreign, other),
        "repeated": seen(shared, variable),
    }
    return made, variable


def _shared(n: int, rng: np.random.Generator) -> Trajectories:
    """Return the states of a noise-driven linear system, mean zero and covariance one."""
    initial = rng.standard_normal((N_TRIALS, n))
    return whiten(driven(operator_of_radius(rng, 0.95, n), initial, N_TIMES, rng))


def _variables(rng: np.random.Generator) -> tuple[Array, Array]:
    """Return a balanced variable, and another that is balanced within either value of the first."""
    order = rng.permutation(N_TRIALS)
    first, second = np.empty(N_TRIALS), np.empty(N_TRIALS)
    first[order] = np.repeat([1.0, -1.0], N_TRIALS // 2)
    second[order] = np.tile([1.0, -1.0], N_TRIALS // 2)
    return first, second


def accuracy(x: Trajectories, variable: Array) -> float:
    """Return the share of trials whose variable a linear discriminant finds from their mean state, each left out once.

    Fisher's discriminant: Σ⁻¹ (m₊ - m₋) with the covariance within classes, the border halfway between the means.
    """
    states = x.mean(axis=1)
    hits = 0
    for k in range(len(states)):
        rest = np.arange(len(states)) != k
        axis, border = _discriminant(states[rest], variable[rest])
        hits += np.sign(states[k] @ axis - border) == variable[k]
    return float(hits / len(states))


def decoding_axis(x: Trajectories, variable: Array) -> Array:
    """Return the unit vector along which trials of the two values are told apart best, shape (units,)."""
    axis, _ = _discriminant(x.mean(axis=1), variable)
    return axis / np.linalg.norm(axis)


def _discriminant(states: Array, variable: Array) -> tuple[Array, float]:
    plus, minus = (states[variable == sign] for sign in (1, -1))
    within = np.cov(np.vstack([plus - plus.mean(axis=0), minus - minus.mean(axis=0)]).T)
    within = within + RIDGE * np.trace(within) / len(within) * np.eye(len(within))
    axis = cast(Any, np.linalg).solve(within, plus.mean(axis=0) - minus.mean(axis=0))
    return axis, float((plus.mean(axis=0) + minus.mean(axis=0)) @ axis / 2)
