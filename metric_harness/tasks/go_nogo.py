"""Go/no-go: act on one stimulus and withhold the action on the other."""

import dataclasses
import math
from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np
from scipy.stats import norm

from metric_harness.interfaces import AbstractTask
from metric_harness.trials import STEP_MS, Timing, Trials, compose, lay_out


@final
@dataclasses.dataclass(frozen=True)
class GoNogo(AbstractTask):
    """One of two stimulus channels is on; the output is to act on the second of them, or on the first.

    Inputs: fixation cue (1 until the decision), no-go, go, one channel per rule.
    Outputs: fixate, act. The anti rules ask to act on the no-go stimulus.
    Ceiling: the difference of the channels over n steps has mean n and standard deviation √(2 n) σ: an observer
        who adds up everything is right with probability Φ(√n / (√2 σ)), which is 1 to seven digits from 400 ms on.
    Source: neurogym's GoNogo (inputs, labels and periods), the reference study's second task set (arXiv 2410.24070).
        Departure: white noise on both stimuli, since two noise-free stimuli of fixed duration are two
        distinct trials, however many are recorded.

    Attributes:
        noise: standard deviation σ of each channel at each step.
    """

    noise: float = 1 / math.sqrt(20)

    n_stimuli: ClassVar[int] = 2
    n_outputs: ClassVar[int] = 2

    def trials(self, n_trials: int, rules: Sequence[str], timing: Timing, rng: np.random.Generator) -> Trials:
        """Draw trials; see `AbstractTask`."""
        layout = lay_out(n_trials, rules, timing, rng)
        shown = rng.integers(2, size=n_trials)
        means = (shown[:, None] == np.arange(2)).astype(np.float64)
        n_steps = max(timing.stimulus) // STEP_MS
        stimulus = means[:, None] + self.noise * rng.standard_normal((n_trials, n_steps, 2))
        chosen = np.where(layout.anti, 1 - shown, shown)
        with np.errstate(divide="ignore"):  # without noise it is 1
            ceilings = norm.cdf(np.sqrt(layout.stimulus_steps) / (math.sqrt(2) * self.noise))
        return compose(layout, stimulus, chosen, ceilings)
