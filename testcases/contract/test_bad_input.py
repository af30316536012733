"""Bad input never becomes a number."""

from collections.abc import Callable

import numpy as np
import pytest

from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array
from metric_harness.checks import ClaimFailedError, Recorder
from metric_harness.corpora import recorded_corpus
from metric_harness.errors import MetricError


def bad_pairs(x: Array, y: Array, *, unequal_trials: bool) -> dict[str, tuple[Array, Array]]:
    """Return named pairs that no metric may turn into a number; x and y are a valid pair."""
    with_nan, with_inf = y.copy(), y.copy()
    with_nan.flat[7] = np.nan
    with_inf.flat[7] = np.inf
    pairs = {
        "NaN in y": (x, with_nan),
        "NaN in x": (with_nan, x),
        "infinity in y": (x, with_inf),
        "infinity in x": (with_inf, x),
        "no samples": (x[:0], y[:0]),
        "no units": (x[..., :0], y[..., :0]),
        "one axis": (x.ravel(), y.ravel()),
        "one axis too many": (x[None], y[None]),
    }
    if not unequal_trials:
        pairs["unmatched samples"] = (x, y[:-1])
        pairs["unmatched samples, other order"] = (x[:-1], y)
    return pairs


@pytest.mark.case(id="contract.bad_input", version=1, tier="required", source="suite")
def test_bad_input(metric: MetricUnderTest, measure: Recorder, streams: Callable[..., np.random.Generator]) -> None:
    """A metric refuses NaN, infinity, empty, misshapen and unmatched input with an error.

    Why it matters: a number computed from a NaN-ridden or misaligned recording looks like any other.
    Given: pairs made from two recordings of the fixed corpus, handed to the bare metric: NaN and
    infinity on either side, no samples, no units, one axis, one axis too many, and (unless
    `unequal_trials` is claimed) unmatched samples.
    Measured: how many of them were refused with an exception, while the valid pair gets a number.
    Verdict: all. NaN is no refusal: it spreads silently into every average.
    Negative controls: a metric that drops bad rows; one that lets NaN through; one that truncates to the shorter input;
    one that reshapes; one that answers a half to whatever it cannot compare. One that refuses everything ends as an
    error: the valid pair must get its number.
    """
    recordings = recorded_corpus(measure, streams("corpus"))
    x, y = metric.prepared(recordings[0]), metric.prepared(recordings[1])
    # A metric that refuses everything would pass: the good pair must get its number.
    measure("valid pair", metric.answer(x, y))
    answered: list[str] = []
    pairs = bad_pairs(x, y, unequal_trials=metric.claims.unequal_trials is True)
    for name, (first, second) in pairs.items():
        try:
            answered.append(f"{name}: returned {metric.answer(first, second):.6g}")
        except MetricError as error:
            if error.__cause__ is None:
                answered.append(f"{name}: {str(error).partition(';')[0]}")
    measure("refused", len(pairs) - len(answered))
    measure("answered", answered)
    measure.set_score(1 - len(answered) / len(pairs))
    measure.bound = "refused = all (a number from bad input cannot be right)"
    if answered:
        listed = "".join(f"\n  {line}" for line in answered)
        raise ClaimFailedError(
            f"claim refuted: bad input is refused with an error{listed}\n"
            "  hint: begin with x, y = metric_harness.arrays.paired_activations(x, y), or check shape and "
            "finiteness yourself"
        )
