"""pytest inside pytest: a scratch repository, a few metrics, and a run with or without workers."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

METRICS = """
import time

import numpy as np

from metric_harness.arrays import centered, paired_activations


def good(x, y):
    x, y = paired_activations(x, y)
    x, y = (z / np.abs(z).max() for z in (centered(x, "x"), centered(y, "y")))
    cross = np.linalg.norm(x.T @ y) ** 2
    return 1 - cross / np.linalg.norm(x.T @ x) / np.linalg.norm(y.T @ y)


def alike(x, y):
    return 1 - good(x, y)


alike.kind = "similarity"


def raises(x, y):
    raise RuntimeError("the battery is empty")


def nan(x, y):
    return float("nan")


def array(x, y):
    return np.zeros(3)


def sleeps(x, y):
    time.sleep(600)


def random(x, y):
    return np.random.random()


def dies(x, y):
    import os

    os._exit(9)


def scaled(x, y, *, factor: float = 1.0, steps: int = 3):
    return factor * good(x, y)


class Object:
    def __init__(self, power: int = 1):
        self.power = power

    def distance(self, x, y):
        return good(x, y) ** self.power
"""

Run = Callable[..., pytest.RunResult]


@pytest.fixture(params=[pytest.param((), id="serial"), pytest.param(("-n2",), id="xdist")])
def workers(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """The options of a run in this process or in two workers."""
    return request.param


@pytest.fixture
def repository(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Somebody's repository: a file of metrics and nothing of ours; and no CI, where pytest prints more."""
    for name in ("CI", "BUILD_NUMBER"):
        monkeypatch.delenv(name, raising=False)
    pytester.makepyfile(mymetrics=METRICS)
    return pytester


@pytest.fixture
def run(repository: pytest.Pytester, workers: tuple[str, ...]) -> Run:
    """Run pytest in the repository, in a process of its own."""
    return lambda *arguments: repository.runpytest_subprocess(*workers, *map(str, arguments))


@pytest.fixture
def card(repository: pytest.Pytester) -> Callable[..., dict[str, Any]]:
    """Load a scorecard that a run wrote."""

    def load(metric: str, stem: str = "scorecard.partial") -> dict[str, Any]:
        path = Path(repository.path) / "reports" / metric / f"{stem}.json"
        return json.loads(path.read_text(encoding="utf-8"))

    return load
