"""Perceptual decision making: which of two noisy stimuli is stronger."""

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
class PerceptualDecision(AbstractTask):
    """Two stimulus channels of mean (1 ± c) / 2 with white noise; the output names the stronger, or the weaker.

    Inputs: fixation cue (1 until the decision), two stimuli, one channel per rule.
    Outputs: fixate, first, second. The anti rules ask for the weaker channel.
    Ceiling: the sum of the difference of the channels over n steps has mean n c and standard deviation
        √(2 n) σ, so that an observer who adds up everything is right with probability Φ(c √n / (√2 σ)).
    Source: Britten et al. (1992), doi 10.1523/JNEUROSCI.12-12-04745.1992; inputs, labels and constants as in
        neurogym's PerceptualDecisionMaking and PerceptualDecisionMakingDelayResponse (arXiv 2410.24070, with a
        step of 20 ms). Departure: no trial of coherence 0, which nobody can solve.

    Attributes:
        coherences: strengths c, one of which is drawn for each trial.
        noise: standard deviation σ of each channel at each step.
    """

    coherences: tuple[float, ...] = (0.064, 0.128, 0.256, 0.512)
    noise: float = 1 / math.sqrt(20)

    n_stimuli: ClassVar[int] = 2
    n_outputs: ClassVar[int] = 3

    def trials(self, n_trials: int, rules: Sequence[str], timing: Timing, rng: np.random.Generator) -> Trials:
        """Draw trials; see `AbstractTask`."""
        layout = lay_out(n_trials, rules, timing, rng)
        coherence = rng.choice(self.coherences, n_trials)
        stronger = rng.integers(2, size=n_trials)
        sides = np.where(stronger[:, None] == np.arange(2), 1.0, -1.0)
        means = (1 + coherence[:, None] * sides) / 2
        n_steps = max(timing.stimulus) // STEP_MS
        stimulus = means[:, None] + self.noise * rng.standard_normal((n_trials, n_steps, 2))
        chosen = np.where(layout.anti, 1 - stronger, stronger)
        with np.errstate(divide="ignore"):  # without noise it is 1
            ceilings = norm.cdf(coherence * np.sqrt(layout.stimulus_steps) / (math.sqrt(2) * self.noise))
        return compose(layout, stimulus, 1 + chosen, ceilings)
