"""Recordings that are too large together are handed over a few at a time, and the answers are those of all at once."""

import dataclasses
import gc
import weakref
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from metric_harness import blocks
from metric_harness.adapter import MetricUnderTest, adapt
from metric_harness.answers import KeptAnswers
from metric_harness.arrays import Array
from metric_harness.blocks import Recordings, n_bytes_of, too_large
from metric_harness.errors import DegenerateInputError, MetricError, NonFiniteError
from metric_harness.interfaces import AbstractMetric, Claims, metric
from metric_harness.metrics.dsa import DSA
from metric_harness.resolution import load
from metric_harness.seeding import generator

N, SHAPE = 9, (6, 80, 4)
MEMORY = 4 * 8 * int(np.prod(SHAPE))
"""Room for the copies of four recordings."""
PAIRS = [(i, j) for i in range(N) for j in range(i, N)]
SHORT = DSA(n_delays=4, delay_interval=2, rank=5)


@pytest.fixture(params=["in memory", "mapped from disk"])
def xs(request: pytest.FixtureRequest, tmp_path: Path) -> Sequence[Array]:
    made = list(generator(1, "blocks").standard_normal((N, *SHAPE)).cumsum(axis=2))
    if request.param == "in memory":
        return made
    for k, x in enumerate(made):
        np.save(tmp_path / f"{k}.npy", x)
    return [np.load(tmp_path / f"{k}.npy", mmap_mode="r") for k in range(N)]


@pytest.fixture
def small_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "MOST_BYTES", MEMORY)


def under_test(target: object) -> MetricUnderTest:
    return MetricUnderTest("target", adapt(target))


def gap(x, y):
    return float(np.abs(x - y).sum())


@dataclasses.dataclass
class Watched:
    """Counts the copies that exist, and the bytes of the most that did at once."""

    n_made: int = 0
    alive: int = 0
    most: int = 0

    def born(self, copy: Array) -> None:
        self.n_made += 1
        self.alive += copy.nbytes
        self.most = max(self.most, self.alive)
        weakref.finalize(copy, self.died, copy.nbytes)

    def died(self, n_bytes: int) -> None:
        self.alive -= n_bytes


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    found, look = Watched(), Recordings.__getitem__

    def looked(self, index):
        copy = look(self, index)
        found.born(copy)
        return copy

    monkeypatch.setattr(Recordings, "__getitem__", looked)
    return found


@pytest.mark.parametrize(
    "target",
    [gap, metric(claims=Claims(symmetric=True))(lambda x, y: gap(x, y)), load("cka"), load("procrustes"), SHORT],
)
def test_the_answers_are_those_of_all_at_once_to_the_last_bit(target, xs, monkeypatch):
    order = [PAIRS[k] for k in generator(2, "blocks").permutation(len(PAIRS))]
    some = [order[0], *order[:7]]
    whole = under_test(target)
    expected = [whole.pair_distances(xs, order), whole.pair_distances(xs, some), whole.distances(xs)]
    monkeypatch.setattr(blocks, "MOST_BYTES", MEMORY)
    parts = under_test(target)
    found = [parts.pair_distances(xs, order), parts.pair_distances(xs, some), parts.distances(xs)]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)
    assert parts.meter.n_calls == whole.meter.n_calls


@pytest.mark.parametrize("target", [gap, load("cka")])
def test_no_more_copies_exist_than_fit(target, xs, small_memory, watched):
    under_test(target).distances(xs)
    gc.collect()
    assert watched.n_made > N
    assert 2 * n_bytes_of(xs[0]) < watched.most <= MEMORY
    assert watched.alive == 0


def test_neighbors_are_copied_twice_and_recordings_of_all_pairs_once_for_each_other_group(xs, small_memory, watched):
    under_test(gap).pair_distances(xs, [(k, k + 1) for k in range(N - 1)])
    assert watched.n_made <= 2 * N
    watched.n_made = 0
    under_test(gap).pair_distances(xs, PAIRS)
    n_groups = -(-N * n_bytes_of(xs[0]) // (MEMORY // 2))
    # Each group meets each other one; the last, without a neighbor to share its block, is copied once more.
    assert watched.n_made <= N * (n_groups - 1) + 1


def test_two_recordings_are_handed_over_however_large_they_are(xs, monkeypatch, watched):
    expected = under_test(gap).distances(xs)
    monkeypatch.setattr(blocks, "MOST_BYTES", 1)
    np.testing.assert_array_equal(under_test(gap).distances(xs), expected)
    assert watched.most == 2 * n_bytes_of(xs[0])


def test_an_operator_is_estimated_once_from_one_copy_at_a_time(xs, small_memory, watched, monkeypatch):
    monkeypatch.setattr("metric_harness.metrics.dsa._ENTRIES", 1)
    under_test(SHORT).distances(xs)
    assert watched.n_made == N + 1  # one more look tells how large they are
    assert watched.most <= 2 * n_bytes_of(xs[0])


def test_what_a_metric_does_to_a_copy_stays_in_its_block(xs, small_memory):
    before = [np.array(x) for x in xs]

    def destroys(x, y):
        x[:] = 0
        return 1.0

    under_test(destroys).distances(xs)
    for x, expected in zip(xs, before, strict=True):
        np.testing.assert_array_equal(x, expected)


class Whole(AbstractMetric):
    """Gives each pair the number of recordings that it was asked about."""

    needs = "activations"
    claims = Claims()

    def distance(self, x, y):
        return 2.0

    def pair_distances(self, xs, pairs):
        assert all(isinstance(x, np.ndarray) for x in xs)
        return np.full(len(pairs), float(len({index for pair in pairs for index in pair})))


def test_a_metric_whose_pairs_hang_on_each_other_gets_them_all(xs, small_memory, watched):
    assert set(under_test(Whole()).pair_distances(xs, PAIRS)) == {float(N)}
    assert watched.n_made == 0


def test_a_bad_recording_is_refused_before_the_metric_is_asked(xs, small_memory):
    asked = []
    bad = np.array(xs[-1])
    bad[0, 0, 0] = np.nan
    for target in (lambda x, y: float(asked.append(x) or 0), SHORT):
        with pytest.raises(NonFiniteError):
            under_test(target).pair_distances([*xs[:-1], bad], PAIRS)
    assert not asked


def test_messages_call_recordings_by_their_place_among_all(xs, small_memory):
    constant = [*xs[:-1], np.ones(SHAPE)]
    for target in (load("cka"), SHORT):
        with pytest.raises(MetricError, match="recording 8") as caught:
            under_test(target).pair_distances(constant, PAIRS)
        assert isinstance(caught.value.__cause__, DegenerateInputError)


def test_answers_are_kept_block_by_block(xs, small_memory, tmp_path, monkeypatch):
    monkeypatch.setenv("METRIC_HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("metric_harness.answers.WORTH_S", 0.0)
    first, again = (MetricUnderTest("cka", load("cka"), route=KeptAnswers()) for _ in range(2))
    np.testing.assert_array_equal(first.distances(xs), again.distances(xs))
    assert (first.meter.n_reused, again.meter.n_reused) == (0, len(PAIRS))


def test_the_limit_counts_copies_of_full_precision():
    half = np.zeros((10, 10, 10), dtype=np.float32)
    assert n_bytes_of(half) == 8000
    n_fit = blocks.MOST_BYTES // 8000
    assert not too_large([half] * n_fit)
    assert too_large([half] * (n_fit + 1))
