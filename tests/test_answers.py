"""A kept answer is the one that was given to the same question, and to no other."""

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from metric_harness import answers, cache
from metric_harness.adapter import MetricUnderTest, adapt
from metric_harness.answers import KeptAnswers
from metric_harness.asking import Meter
from metric_harness.interfaces import Claims, metric
from metric_harness.seeding import generator

XS = list(generator(1, "answers").standard_normal((4, 3, 5, 2)))
PAIRS = [(0, 1), (2, 3), (1, 1)]


class Counting:
    """A distance that remembers how often it was asked."""

    n_asked = 0
    needs = "trajectories"

    def __init__(self, power: int = 1) -> None:
        self.power = power

    def distance(self, x, y):
        Counting.n_asked += 1
        return float(np.abs(x - y).sum() ** self.power)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(cache.FOLDER_VARIABLE, str(tmp_path / "kept"))
    monkeypatch.setattr(answers, "WORTH_S", 0.0)
    Counting.n_asked = 0
    return tmp_path / "kept" / "answers"


def routed(target: object = None) -> MetricUnderTest:
    """Return a metric as a new run has it."""
    return MetricUnderTest("counting", adapt(Counting() if target is None else target), route=KeptAnswers())


def asked(ask: Callable[[], Any]) -> int:
    """Return how many distances a question cost the metric."""
    before = Counting.n_asked
    ask()
    return Counting.n_asked - before


def test_the_same_question_is_asked_once():
    first, second = routed(), routed()
    given = first.pair_distances(XS, PAIRS)
    found = second.pair_distances(XS, PAIRS)
    np.testing.assert_array_equal(found, given)
    assert Counting.n_asked == len(PAIRS)
    assert first.meter.n_calls == second.meter.n_calls == len(PAIRS)
    assert (first.meter.n_reused, second.meter.n_reused) == (0, len(PAIRS))
    assert second.meter.seconds == pytest.approx(first.meter.seconds)
    np.testing.assert_array_equal(routed().distances(XS), routed().distances(XS))
    assert Counting.n_asked == len(PAIRS) + len(XS) ** 2


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(lambda: routed().pair_distances(XS, PAIRS[::-1]), id="pairs in another order"),
        pytest.param(lambda: routed().pair_distances([*XS[:3], XS[3] + 1e-15], PAIRS), id="another last bit"),
        pytest.param(lambda: routed().pair_distances([np.asfortranarray(x) for x in XS], PAIRS), id="another layout"),
        pytest.param(lambda: routed(Counting(2)).pair_distances(XS, PAIRS), id="another state"),
        pytest.param(lambda: routed(Named()).pair_distances(XS, PAIRS), id="another class"),
        pytest.param(lambda: routed().distance(XS[0], XS[1]), id="a single pair"),
    ],
)
def test_another_question_is_asked(other):
    routed().pair_distances(XS, PAIRS)
    assert asked(other) > 0


class Named(Counting):
    """The same code under another name."""


def test_neighboring_settings_go_the_same_way_and_have_answers_of_their_own():
    plain = routed()
    longer = plain.behaving_as(adapt(Counting(2)))
    assert longer.route is plain.route
    assert longer.meter is plain.meter
    assert not np.array_equal(plain.pair_distances(XS, PAIRS), longer.pair_distances(XS, PAIRS))


def test_a_metric_that_denies_that_its_answers_repeat_is_always_asked():
    @metric(claims=Claims(deterministic=False))
    def sampled(x, y):
        return Counting().distance(x, y)

    def ask() -> np.ndarray:
        return routed(sampled).pair_distances(XS, PAIRS)

    assert asked(ask) == asked(ask) == len(PAIRS)
    assert "claims that it is not" in KeptAnswers().refused(adapt(sampled))


def test_a_metric_whose_state_nobody_can_tell_is_always_asked():
    target = Counting()
    vars(target)["file"] = open(os.devnull)  # noqa: PTH123, SIM115 - something that has no content to tell
    try:
        routed(target).pair_distances(XS, PAIRS)
        assert asked(lambda: routed(target).pair_distances(XS, PAIRS)) == len(PAIRS)
        assert "TextIOWrapper" in KeptAnswers().refused(adapt(target))
    finally:
        vars(target)["file"].close()


@pytest.mark.parametrize("answer", [[1.0, 2.0], [1.0, 2.0, float("nan")], "three", None])
def test_what_the_harness_will_refuse_is_not_kept(folder, answer):
    @dataclasses.dataclass
    class Asked:
        bare: Any
        method = "pair_distances"
        arrays = XS
        pairs = PAIRS
        n_distances = 3

    question: Any = Asked(adapt(Counting()))
    assert KeptAnswers()(question, Meter(), lambda: answer) is answer
    assert not list(folder.glob("*"))


def test_a_spoilt_file_gives_no_other_answer_and_is_replaced(folder):
    subject = routed()
    before = subject.pair_distances(XS, PAIRS)
    (path,) = folder.iterdir()
    sound = path.read_bytes()
    spoilt_ones = [sound[: len(sound) // 2], b"", *(_flipped(sound, place) for place in range(0, len(sound), 5))]
    for spoilt in spoilt_ones:
        path.write_bytes(spoilt)
        np.testing.assert_array_equal(subject.pair_distances(XS, PAIRS), before)
        assert asked(lambda: subject.pair_distances(XS, PAIRS)) == 0
    assert Counting.n_asked == (1 + len(spoilt_ones)) * len(PAIRS)


def _flipped(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def test_cheap_answers_are_not_kept(folder, monkeypatch):
    monkeypatch.setattr(answers, "WORTH_S", 1e9)
    routed().pair_distances(XS, PAIRS)
    assert not list(folder.glob("*"))


def test_a_folder_that_cannot_be_written_costs_time_only(folder):
    folder.parent.mkdir(parents=True)
    folder.write_text("a file in the way")
    assert asked(lambda: routed().pair_distances(XS, PAIRS)) == len(PAIRS)


def test_what_was_not_used_for_longest_goes(folder, monkeypatch):
    for k in range(8):
        routed().pair_distances(XS, [(0, 1)] * (k + 1))
    for age, path in enumerate(sorted(folder.iterdir(), key=lambda p: p.stat().st_size)):
        os.utime(path, (age, age))
    routed().pair_distances(XS, [(0, 1)])  # the oldest, which its use makes the youngest
    monkeypatch.setattr(answers, "MOST_FILES", 4)
    KeptAnswers()
    left = list(folder.iterdir())
    assert len(left) == 3
    assert asked(lambda: routed().pair_distances(XS, [(0, 1)])) == 0
