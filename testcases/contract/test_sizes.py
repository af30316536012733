"""Every size gets a number or a reason."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest

from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array, Trajectories
from metric_harness.checks import Recorder, decide_faults
from metric_harness.corpora import recorded_corpus
from metric_harness.refusals import Reply, replies

Recordings = tuple[Trajectories, Trajectories]
WIDE = (1, 150, 200)
"""Trials, times and units of recordings with more units than samples."""


def edges(x: Trajectories, y: Trajectories, rng: np.random.Generator) -> Mapping[str, Recordings]:
    """Return pairs of equal but unusual sizes."""
    return {
        "one unit": (x[..., :1], y[..., :1]),
        "one trial": (x[:1], y[:1]),
        "one sample": (x[:1, :1], y[:1, :1]),
        "more units than samples": (rng.standard_normal(WIDE), rng.standard_normal(WIDE)),
    }


def unequal(x: Trajectories, y: Trajectories) -> Mapping[str, Mapping[str, Recordings]]:
    """Return, for each claim about sizes, a pair of unequal size and what is left of it without the surplus."""
    return {
        "unequal_units": {
            "three units against four": (x[..., :3], y),
            "three units against three": (x[..., :3], y[..., :3]),
        },
        "unequal_trials": {"seven trials against ten": (x[:7], y), "seven trials against seven": (x[:7], y[:7])},
    }


def against_claim(metric: MetricUnderTest, claim: str, answers: Mapping[str, Reply]) -> Sequence[str]:
    """Return what of the answers to an unequal pair, and to the pair without the surplus, contradicts a claim."""
    claimed: bool | None = getattr(metric.claims, claim)
    (name, first), (_, cut) = answers.items()
    if claimed is True and first.refusal:
        return [f"{name}: refused, though {claim} is claimed: {first.refusal}"]
    if claimed is False and first.value is not None:
        return [f"{name}: returned {first.value:.6g}, though {claim}=False"]
    if claimed is None or first.value is None or cut.value is None:
        return []
    ignored = abs(first.value - cut.value) <= metric.floor
    return [f"{name}: returned {first.value:.6g}, as without the surplus, which it ignores"] if ignored else []


@pytest.mark.case(id="contract.sizes", version=1, tier="required", source="suite")
def test_sizes(metric: MetricUnderTest, measure: Recorder, streams: Callable[..., np.random.Generator]) -> None:
    """A metric accepts and refuses unequal sizes as it claims, and meets every size with a number or a reason.

    Why it matters: recordings rarely agree in units and trials; a metric that silently cuts the larger one to the
    smaller, or breaks inside a library, gives numbers that mean something else, or no hint what to change.
    Given: two recordings of the fixed corpus with three units against four and seven trials against ten; with one
    unit, one trial, one sample; and two of noise with more units than samples (150 x 200).
    Measured: the number or the error for each, and whether the surplus units and trials move the number.
    Verdict: unequal sizes get a number that the surplus moves by more than the numerical floor where they are
    claimed, and an error where they are denied. Everything gets a finite number or a clear error: one of the metric's
    own, of four words or more, not of the machinery below (LinAlgError, IndexError, TypeError and the like).
    Negative controls: metrics that cut the surplus units or trials away, that refuse what they claim, that answer
    what they deny, that return NaN for one sample, one trial or unequal units, that break inside NumPy for one unit,
    that take what is wider than long for transposed.
    """
    corpus = recorded_corpus(measure, streams("corpus"))
    measure("valid pair", metric.distance(corpus[0], corpus[1]))
    claims = unequal(corpus[0], corpus[1])
    everything = edges(corpus[0], corpus[1], streams("wide"))
    for pairs in claims.values():
        everything = {**everything, **pairs}
    prepared: Mapping[str, tuple[Array, Array]] = {
        name: (metric.prepared(x), metric.prepared(y)) for name, (x, y) in everything.items()
    }
    answers = replies(metric, prepared, measure)
    faults = [f"{name}: {r.fault}" for name, r in answers.items() if r.fault]
    for claim, pairs in claims.items():
        own = {name: answers[name] for name in pairs}
        accepted = next(iter(own.values())).value is not None
        measure.observe(claim, claimed=getattr(metric.claims, claim), observed=accepted, deviation=0.0)
        faults += against_claim(metric, claim, own)
    decide_faults(
        measure,
        "sizes are accepted as claimed, and every other one is refused with a reason",
        faults,
        asked=len(everything),
        origin="the metric's own claims; NaN and errors from below tell a user nothing",
        hint="check the shapes first and raise ValueError with what was got and what is needed; or correct the claim",
    )
