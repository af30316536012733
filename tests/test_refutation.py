"""A claim is held in both directions against corpus, search and earlier finds, and a break can be reproduced."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, final

import numpy as np
import pytest
from hypothesis.strategies import SearchStrategy

from metric_harness import counterexamples, resolution, strategies
from metric_harness.adapter import MetricUnderTest, adapt
from metric_harness.arrays import Array, Trajectories
from metric_harness.checks import ClaimFailedError, NotApplicableError, Recorder
from metric_harness.corpora import fingerprint, fixed_corpus
from metric_harness.interfaces import Claims, metric
from metric_harness.profiles import PROFILES
from metric_harness.questions import Example, Question, Streams, Trial
from metric_harness.refutation import hold
from metric_harness.seeding import generator

FEW = 20
"""Fewer samples than any recording of the corpus has."""


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class Nothing(Question):
    """Whether all distances are zero."""

    quantity: ClassVar[str] = "distance"
    strided: ClassVar[Sequence[str]] = ("view",)

    @property
    def calls(self) -> Sequence[tuple[str, str]]:
        return [("x", "y"), ("y", "view")]

    def deviation(self, distances: Sequence[float]) -> float:
        return max(distances)

    def drawn(self, *, long: bool) -> SearchStrategy[Example]:
        return strategies.trajectory_pairs(long=long).map(lambda pair: example(*pair))

    def on_corpus(
        self, metric: MetricUnderTest, recordings: Sequence[Trajectories], measure: Recorder, streams: Streams
    ) -> Sequence[Trial]:
        return [self.tried(metric, example(recordings[0], recordings[1]))]


def example(x: Trajectories, y: Trajectories) -> Example:
    return Example({"x": x, "y": y, "view": x}, "two recordings")


QUESTION = Nothing(claim="identity", sentence="all is nothing", hint="be nothing")


def subject(call: Callable[[Array, Array], float], *, claimed: bool | None = True) -> MetricUnderTest:
    return MetricUnderTest("subject", adapt(metric(claims=Claims(identity=claimed))(call)))


def zero(x: Array, y: Array) -> float:
    return 0.0


def one(x: Array, y: Array) -> float:
    return 1.0


def one_for_few(x: Array, y: Array) -> float:
    return 1.0 if len(x) < FEW else 0.0


def one_for_seven(x: Array, y: Array) -> float:
    return 1.0 if len(x) == 7 else 0.0


def streams(*path: str | int) -> np.random.Generator:
    return generator(44, "test_refutation", *path)


def recorded(
    call: Callable[[Array, Array], float], *, claimed: bool | None = True, earlier: Mapping[str, Array] | None = None
) -> tuple[Recorder, str]:
    """Return what a claim's test records, and its message; empty if it passed."""
    measure = Recorder("group.case")
    measure.earlier = earlier or {}
    try:
        hold(QUESTION, subject(call, claimed=claimed), measure, PROFILES["smoke"], streams)
    except (ClaimFailedError, NotApplicableError) as verdict:
        return measure, str(verdict)
    return measure, ""


@pytest.mark.parametrize(
    ("call", "claimed", "message", "score"),
    [
        (zero, True, "", 1.0),
        (one_for_few, True, "claim refuted: all is nothing", 0.0),
        (one, True, "claim refuted: all is nothing", 0.0),
        (zero, False, "claim refuted: not always: all is nothing", 0.0),
        (one_for_few, False, "", 1.0),
        (one, False, "", 1.0),
        (zero, None, "observed: it held", None),
        (one_for_few, None, "observed: it did not hold, worst deviation 1", None),
    ],
)
def test_a_claim_is_held_in_both_directions_against_corpus_and_search(call, claimed, message, score):
    measure, said = recorded(call, claimed=claimed)
    assert message in said
    assert bool(message) is bool(said)
    assert measure.score == score
    assert measure.observed["identity"].observed is (call is zero)
    assert measure.observed["identity"].deviation == (0.0 if call is zero else 1.0)
    assert bool(measure.counterexample) is (claimed is True and call is not zero)


def test_the_card_gets_the_comparable_number_its_data_and_the_answers_of_the_search():
    measure, _ = recorded(zero)
    assert measure.measurements == {
        "corpus": fingerprint(fixed_corpus(streams("corpus"))),
        "worst deviation on the corpus": 0.0,
        "examples answered in the search": 20,
    }
    assert measure.bound == "distance at most the metric's numerical floor times the example's condition"


def test_equal_streams_find_the_equal_counterexample():
    (first, said), (again, repeated) = recorded(one_for_few), recorded(one_for_few)
    assert said == repeated
    np.testing.assert_equal(first.counterexample, again.counterexample)


def seven(**other: Array) -> dict[str, Array]:
    x, y = streams("seven").standard_normal((2, 7, 2))
    return {"x": x, "y": y, "view": x, "tolerance": np.array(1e-6), **other}


def test_a_saved_counterexample_counts_where_nothing_else_is_found():
    assert recorded(one_for_seven)[1] == ""
    measure, said = recorded(one_for_seven, earlier=seven())
    assert "counterexample, as found in an earlier run: d(x, y) = 1, d(y, view) = 1" in said
    np.testing.assert_equal(measure.counterexample, seven())


@pytest.mark.parametrize("call", [zero, one, one_for_few])
def test_a_saved_counterexample_changes_nothing_that_a_run_says(call):
    first, said = recorded(call)
    second, repeated = recorded(call, earlier=dict(first.counterexample) or seven())
    assert said == repeated
    assert first.measurements == second.measurements
    assert first.observed == second.observed


def test_a_saved_counterexample_is_not_counted_as_a_call():
    counts: list[int] = []
    for earlier in ({}, seven()):
        asked = subject(zero)
        measure = Recorder()
        measure.earlier = earlier
        hold(QUESTION, asked, measure, PROFILES["smoke"], streams)
        counts.append(asked.meter.n_calls)
    assert counts[0] == counts[1] > 0


def refuses(x: Array, y: Array) -> float:
    if len(x) == 7:
        raise ValueError("seven samples are too few for this metric")
    return 0.0


@pytest.mark.parametrize(
    ("call", "earlier"),
    [
        (one_for_seven, {name: array for name, array in seven().items() if name != "view"}),
        (one_for_seven, {name: array for name, array in seven().items() if name != "tolerance"}),
        (one_for_seven, seven(tolerance=np.array(2.0))),
        (refuses, seven()),
        (zero, seven()),
    ],
    ids=["without an array", "without a tolerance", "explained by rounding", "refused", "mended"],
)
def test_what_is_no_counterexample_any_more_is_dropped(call, earlier):
    measure, said = recorded(call, earlier=earlier)
    assert said == ""
    assert measure.counterexample == {}


def reproduced(message: str, folder: Callable[[Array, Array], float], monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Run the snippet of a message and return the numbers that it prints."""
    lines = [line.strip() for line in message.splitlines()]
    snippet = lines[lines.index("reproduce:") + 1 : next(k for k, s in enumerate(lines) if s.startswith("hint:"))]
    monkeypatch.setattr(resolution, "load", lambda name: adapt(folder))
    printed: list[float] = []
    exec("\n".join(snippet), {"print": printed.append})
    return printed


def total(x: Array, y: Array) -> float:
    return float(np.abs(x).sum() + 2 * np.abs(y).sum() + (0.0 if y.flags.c_contiguous else 0.5))


def told(x: Array, y: Array) -> tuple[str, Trial]:
    asked = subject(total)
    broken = QUESTION.asked(asked, {"x": x, "y": y, "view": x}, "made up", 0.0)
    return counterexamples.told(QUESTION, asked, broken, "group.case"), broken


def test_a_small_counterexample_is_written_out_and_reproduces_its_numbers(monkeypatch):
    x, y = streams("small").standard_normal((2, 4, 3))
    message, broken = told(x, y)
    assert "view = np.repeat(x, 2, axis=-1)[..., ::2]" in message
    assert reproduced(message, total, monkeypatch) == broken.distances


def test_equal_arrays_are_written_once_but_stay_two_objects(monkeypatch):
    x = streams("small").standard_normal((4, 3))
    message, broken = told(x, x.copy())
    assert "y = x.copy()" in message
    assert message.count("np.array(") == 1
    assert reproduced(message, total, monkeypatch) == broken.distances


def test_a_zero_keeps_its_sign():
    assert "[[-0.0, 1.0]]" in told(np.array([[0.0, 1.0]]), np.array([[-0.0, 1.0]]))[0]


def test_a_large_counterexample_is_loaded_from_where_it_is_saved(monkeypatch, tmp_path):
    x, y = streams("large").standard_normal((2, 40, 3))
    message, broken = told(x, y)
    assert "# shapes (40, 3), (40, 3)" in message
    file = tmp_path / "reports" / "subject" / "counterexamples" / "group.case.npz"
    file.parent.mkdir(parents=True)
    np.savez(file, **counterexamples.saved(broken))
    monkeypatch.chdir(tmp_path)
    assert reproduced(message, total, monkeypatch) == broken.distances
