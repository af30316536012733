"""What is kept on disk is what was made, and nothing else is ever handed out."""

import dataclasses
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from metric_harness import cache
from metric_harness.cache import kept
from metric_harness.seeding import generator

CALLS: list[str] = []


@dataclasses.dataclass(frozen=True)
class Pair:
    """Something that a function takes or returns."""

    name: str
    values: np.ndarray


@dataclasses.dataclass(frozen=True)
class Named:
    """An argument that says itself what it is, whatever else it holds."""

    text: str
    other: object = None

    def key(self) -> str:
        return self.text


@kept
def doubled(pair: Pair, *, times: int = 2) -> list[Pair]:
    CALLS.append(pair.name)
    return [Pair(pair.name, times * pair.values), Pair("transposed", np.asfortranarray(pair.values))]


@kept
def drawn(rng: np.random.Generator, n: int) -> np.ndarray:
    CALLS.append("drawn")
    return rng.standard_normal(n)


@kept
def anything(value: object) -> str:
    CALLS.append("anything")
    return type(value).__name__


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(cache.FOLDER_VARIABLE, str(tmp_path / "kept"))
    CALLS.clear()
    return tmp_path / "kept"


def pair(value: float = 0.5) -> Pair:
    return Pair("x", np.arange(6, dtype=np.float64).reshape(2, 3) + value)


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_what_was_made_once_is_read_back_to_the_bit(folder):
    first, second = doubled(pair()), doubled(pair())
    assert CALLS == ["x"]
    assert len(files(folder)) == 1
    for found in (first, second):
        assert [p.name for p in found] == ["x", "transposed"]
        np.testing.assert_array_equal(found[0].values, 2 * pair().values)
        np.testing.assert_array_equal(found[1].values, pair().values)
        assert found[1].values.flags.f_contiguous
        assert not found[0].values.flags.writeable
        assert found[0].values.ctypes.data % cache.ALIGNMENT == 0


def test_another_argument_is_another_result():
    assert doubled(pair())[0].values[0, 0] == 1
    assert doubled(pair(0.25))[0].values[0, 0] == 0.5
    assert doubled(pair(), times=4)[0].values[0, 0] == 2
    assert CALLS == ["x", "x", "x"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0),
        (1, True),
        ("1", 1),
        ((1, 23), (12, 3)),
        (("a", "b"), ("ab",)),
        ((1, (2, 3)), (1, 2, 3)),
        (None, "None"),
        (slice(1, 2), slice(1, 3)),
        (np.zeros(2), np.zeros((2, 1))),
        (np.zeros(2), np.zeros(4, dtype=np.float32)),
        (generator(1, "a"), generator(1, "b")),
        (Named("a"), Named("b")),
        (Named("a"), pair()),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_that_differ_are_told_apart(one, other):
    anything(one), anything(other)
    assert len(CALLS) == 2
    anything(one), anything(other)
    assert len(CALLS) == 2


def test_an_object_that_says_what_it_is_may_hold_anything():
    anything(Named("a", other=print)), anything(Named("a", other=len))
    assert len(CALLS) == 1


def test_an_argument_that_nobody_knows_is_refused(folder):
    with pytest.raises(TypeError, match=r"argument of type function; needed numbers.*or an object with a method key"):
        anything(lambda: 1)
    assert not CALLS


def test_a_generator_is_left_as_the_making_left_it():
    made, found, plain = generator(5, "a"), generator(5, "a"), generator(5, "a")
    first, second, third = drawn(made, 3), drawn(found, 3), plain.standard_normal(3)
    np.testing.assert_array_equal(first, third)
    np.testing.assert_array_equal(second, third)
    assert CALLS == ["drawn"]
    assert made.random() == found.random() == plain.random()


def test_a_file_that_is_not_what_was_written_is_made_again(folder):
    doubled(pair())
    (path,) = files(folder)
    content = path.read_bytes()
    for broken in (b"", content[:20], content[:-70], content[:-100] + b"\x01" + content[-99:], b"\xff" * 300):
        path.write_bytes(broken)
        assert doubled(pair())[0].values[0, 0] == 1
        assert path.read_bytes() == content
    assert len(CALLS) == 6


def test_without_a_folder_all_is_made_each_time(folder, monkeypatch):
    monkeypatch.setenv(cache.FOLDER_VARIABLE, "")
    assert doubled(pair())[0].values.flags.writeable
    doubled(pair())
    assert len(CALLS) == 2
    assert not folder.exists()


def test_a_folder_that_cannot_be_written_costs_only_time(folder):
    folder.write_text("a file where the folder should be")
    assert doubled(pair())[0].values[0, 0] == 1
    assert doubled(pair())[0].values[0, 0] == 1
    assert len(CALLS) == 2


def test_data_of_editions_long_unused_go(folder, monkeypatch):
    old = [folder / "data" / name for name in ("c", "b", "a", "d")]
    for age, place in enumerate(old):
        place.mkdir(parents=True)
        os.utime(place, (1e9 - age, 1e9 - age))
    cache.edition.cache_clear()
    doubled(pair())
    kept_editions = {path.name for path in (folder / "data").iterdir()}
    assert kept_editions == {"c", cache.edition()}


def test_another_source_text_is_another_edition(monkeypatch, tmp_path):
    before = cache.edition()
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "tasks.py").write_text("n = 1")
    monkeypatch.setattr(cache, "PACKAGE", tmp_path / "package")
    found: list[str] = []
    for text in ("n = 1", "n = 2"):
        (tmp_path / "package" / "tasks.py").write_text(text)
        cache.edition.cache_clear()
        found.append(cache.edition())
    (tmp_path / "package" / "metrics").mkdir()
    (tmp_path / "package" / "metrics" / "mine.py").write_text("a metric is no data")
    cache.edition.cache_clear()
    found.append(cache.edition())
    (tmp_path / "package" / "data").mkdir()
    (tmp_path / "package" / "data" / cache.MANIFEST).write_text("{}")
    cache.edition.cache_clear()
    found.append(cache.edition())
    cache.edition.cache_clear()
    assert found[1] == found[2]
    assert len({before, *found}) == 4


def test_processes_share_what_one_of_them_made(folder):
    """A child in its own process finds the data of this one, and writes none."""
    code = (
        "from metric_harness import simulation\n"
        "from metric_harness.seeding import generator\n"
        "print(float(simulation.motifs(generator(3, 'shared'), 2)[3][1, 7, 2]))"
    )
    from metric_harness import simulation

    mine = simulation.motifs(generator(3, "shared"), 2)[3][1, 7, 2]
    before = {path: path.stat().st_mtime_ns for path in files(folder)}
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert float(said) == mine
    assert {path: path.stat().st_mtime_ns for path in files(folder)} == before


def test_what_comes_back_can_be_sent_on():
    found = doubled(pair())
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(found[0].values)), found[0].values)
