"""The search finds what is there, shrinks it, and sees the same examples whatever else is loaded."""

import subprocess
import sys

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from metric_harness.errors import MetricError
from metric_harness.search import search

INTEGERS = st.lists(st.integers(-1000, 1000), min_size=1, max_size=6)


def too_large(numbers: list[int]) -> list[int] | None:
    return numbers if sum(numbers) >= 700 else None


def test_a_break_is_found_and_shrunk_to_the_smallest():
    assert search(INTEGERS, too_large, n_examples=200, seed=1).broken == [700]


def test_without_shrinking_the_first_break_will_do():
    found = search(INTEGERS, too_large, n_examples=200, seed=1, shrink=False).broken
    assert found is not None
    assert sum(found) >= 700
    assert found != [700]


def test_a_law_that_holds_is_tried_to_the_end():
    found = search(INTEGERS, lambda numbers: None, n_examples=50, seed=1)
    assert found.broken is None
    assert found.n_answers == 50


def test_examples_that_the_metric_refuses_do_not_count():
    def judge(numbers: list[int]) -> None:
        raise MetricError("never")

    found = search(INTEGERS, judge, n_examples=20, seed=1)
    assert found.broken is None
    assert found.n_answers == 0


def test_a_break_that_does_not_repeat_is_kept():
    calls = []

    def judge(numbers: list[int]) -> str | None:
        calls.append(numbers)
        return "broken" if len(calls) == 1 else None

    assert search(INTEGERS, judge, n_examples=20, seed=1).broken == "broken"


@pytest.mark.parametrize("seed", [1, 2])
def test_equal_seeds_draw_equal_examples(seed):
    def drawn(seed: int) -> list[list[int]]:
        seen: list[list[int]] = []
        search(INTEGERS, lambda numbers: seen.append(numbers), n_examples=30, seed=seed)
        return seen

    assert drawn(seed) == drawn(seed)
    assert drawn(seed) != drawn(seed + 1)


SCRIPT = """
import sys
sys.path.insert(0, {folder!r})
import theirs
from hypothesis import given, settings, strategies as st
from metric_harness.search import search

@settings(database=None)
@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=6))
def their_own(numbers): pass
their_own()  # fills the caches that Hypothesis keeps of the constants in their module

seen = []
search(st.lists(st.integers(-1000, 1000), min_size=1, max_size=6), lambda x: seen.append(x), n_examples=60, seed=1)
print(seen)
"""


def test_examples_do_not_depend_on_constants_in_the_users_modules(tmp_path):
    outputs = set()
    for constants in ([], [777, -333, 444, 555, 123, 321]):
        (tmp_path / "theirs.py").write_text(f"CONSTANTS = {constants}\n")
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT.format(folder=str(tmp_path))], capture_output=True, text=True, check=True
        )
        outputs.add(done.stdout)
    assert len(outputs) == 1
    assert len(np.array(outputs.pop())[()]) > 100


def test_a_targeted_search_climbs_to_what_a_blind_one_does_not_reach():
    wide = st.tuples(st.integers(0, 10**6), st.integers(0, 10**6))

    def judge(numbers: tuple[int, int]) -> tuple[int, int] | None:
        miss = abs(numbers[0] - 314159) + abs(numbers[1] - 271828)
        hypothesis.target(-float(miss))
        return numbers if miss < 1000 else None

    assert search(wide, judge, n_examples=500, seed=1, shrink=False).broken is None
    assert search(wide, judge, n_examples=500, seed=1, shrink=False, targeted=True).broken is not None
