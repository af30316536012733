"""Trials of cognitive tasks: periods in time, inputs, and the label of every time step.

A trial is fixation, stimulus, delay and decision; its rule says whether there is a delay and whether the choice is
turned round. Durations are in milliseconds, as the field gives them, and a step is `STEP_MS` of them.
"""

import dataclasses
import enum
from collections.abc import Sequence
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

Steps: TypeAlias = NDArray[np.intp]
"""Counts of time steps, one per trial."""

STEP_MS = 20
"""Duration of a time step in milliseconds, the reference study's number."""
RULES = ("plain", "anti", "delayed", "anti_delayed")
"""The rules, in the order of their one-hot input channels."""
SUBTASKS = RULES[:3]
"""Rules that a network can be pretrained on."""
COMPOSITE = RULES[3]
"""The rule that needs what the others teach: to turn the choice round, and to wait."""


class Period(enum.IntEnum):
    """What a time step belongs to."""

    OVER = -1
    FIXATION = 0
    STIMULUS = 1
    DELAY = 2
    DECISION = 3


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class Timing:
    """Possible durations of each period in milliseconds; one of them is drawn for each trial."""

    fixation: tuple[int, ...]
    stimulus: tuple[int, ...]
    delay: tuple[int, ...]
    decision: tuple[int, ...]

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            durations: tuple[int, ...] = getattr(self, field.name)
            if not durations or any(ms < 1 or ms % STEP_MS for ms in durations):
                raise ValueError(f"{field.name} is {durations} ms; needed multiples of a step of {STEP_MS} ms.")


TRAINING = Timing(fixation=(100, 200, 300), stimulus=(400, 800, 1200), delay=(200, 600, 1200), decision=(200, 400, 800))
"""Durations that vary from trial to trial, so that a network has to heed the cues and cannot count."""
TESTING = Timing(fixation=(200,), stimulus=(1800,), delay=(1800,), decision=(1800,))
"""One duration for all trials, so that recordings are rectangular, and long enough in each period for delay windows."""


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Trials:
    """Trials of one task, padded to the longest one.

    Attributes:
        inputs: float32 of shape (trials, time, channels): fixation cue, stimuli, and one channel per rule.
        labels: correct output at each step, shape (trials, time); 0 is fixation.
        periods: `Period` of each step, shape (trials, time).
        rules: index into `RULES` of each trial.
        choices: correct output of the decision period of each trial.
        ceilings: probability that an observer who knows the task's statistics chooses correctly, of each trial.
    """

    inputs: NDArray[np.float32]
    labels: NDArray[np.intp]
    periods: NDArray[np.intp]
    rules: NDArray[np.intp]
    choices: NDArray[np.intp]
    ceilings: NDArray[np.float64]

    @property
    def ceiling(self) -> float:
        """Best expected accuracy over these trials."""
        return float(self.ceilings.mean())

    def part(self, which: slice) -> "Trials":
        """Return some of the trials, padded as they are."""
        return Trials(**{field.name: getattr(self, field.name)[which] for field in dataclasses.fields(self)})

    def steps(self, *periods: Period) -> slice:
        """Return the time steps that belong to the given neighboring periods in every trial.

        Raises:
            ValueError: if they are not the same steps in all trials, or none.
        """
        inside = np.isin(self.periods, periods)
        found = np.flatnonzero(inside[0])
        if not found.size or (inside != inside[0]).any() or found.size != found[-1] - found[0] + 1:
            names = " and ".join(period.name.lower() for period in periods)
            raise ValueError(f"the steps of {names} differ between trials or have gaps; draw trials with one timing.")
        return slice(int(found[0]), int(found[-1]) + 1)


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Layout:
    """When each period of each trial ends, in steps; rules and timing decide it, the stimulus does not."""

    rules: NDArray[np.intp]
    stimulus_steps: Steps
    ends: NDArray[np.intp]
    """Shape (trials, 4)."""

    @property
    def periods(self) -> NDArray[np.intp]:
        """`Period` of each step, shape (trials, time)."""
        time = np.arange(int(self.ends[:, -1].max()))
        passed = (time[None, :, None] >= self.ends[:, None, :]).sum(axis=-1)
        return np.where(passed == len(Period) - 1, int(Period.OVER), passed)

    @property
    def anti(self) -> NDArray[np.bool_]:
        """Whether the choice of each trial is turned round."""
        return np.isin(self.rules, [RULES.index("anti"), RULES.index("anti_delayed")])


def lay_out(n_trials: int, rules: Sequence[str], timing: Timing, rng: np.random.Generator) -> Layout:
    """Draw a rule and durations for each trial.

    A generator gives trials of equal durations whatever the rules, so that networks trained on different rules see
    trials that differ in nothing else.

    Raises:
        ValueError: if there is no rule, or an unknown one.
    """
    unknown = sorted(set(rules) - set(RULES))
    if unknown or not rules:
        raise ValueError(f"rules are {list(rules)}; needed at least one of {', '.join(RULES)}.")
    indices = np.array([RULES.index(rule) for rule in rules])
    drawn = indices[(rng.random(n_trials) * len(rules)).astype(np.intp)]
    choices = (timing.fixation, timing.stimulus, timing.delay, timing.decision)
    steps = np.stack([rng.choice(ms, n_trials) // STEP_MS for ms in choices], axis=1).astype(np.intp)
    waits = np.isin(drawn, [RULES.index("delayed"), RULES.index("anti_delayed")])
    steps[:, Period.DELAY] *= waits
    return Layout(drawn, steps[:, Period.STIMULUS], steps.cumsum(axis=1))


def compose(
    layout: Layout, stimulus: NDArray[np.float64], choices: NDArray[np.intp], ceilings: NDArray[np.float64]
) -> Trials:
    """Put cue, stimulus and rule into their channels and the choices into the labels.

    Args:
        layout: periods and rules.
        stimulus: shape (trials, longest stimulus, stimulus channels); only the steps of a trial's stimulus are used.
        choices: correct output of the decision period of each trial, turned round where the rule asks for it.
        ceilings: of each trial.
    """
    periods = layout.periods
    n_trials, n_times = periods.shape
    n_stimuli = stimulus.shape[-1]
    inputs = np.zeros((n_trials, n_times, 1 + n_stimuli + len(RULES)), dtype=np.float32)
    inputs[..., 0] = (periods != Period.DECISION) & (periods != Period.OVER)
    inside = np.arange(int(stimulus.shape[1])) < layout.stimulus_steps[:, None]
    inputs[..., 1 : 1 + n_stimuli][periods == Period.STIMULUS] = stimulus[inside]
    inputs[np.arange(n_trials), :, 1 + n_stimuli + layout.rules] = 1.0
    labels = np.where(periods == Period.DECISION, choices[:, None], 0)
    return Trials(inputs, labels, periods, layout.rules, choices, ceilings)
