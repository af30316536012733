"""What the case of few and many units makes of a metric that refuses many."""

from typing import Any

import numpy as np
import pytest

from metric_harness.adapter import FunctionMetric, MetricUnderTest
from metric_harness.arrays import Array
from metric_harness.checks import ClaimFailedError, ClaimInconclusiveError, Recorder
from metric_harness.errors import DegenerateInputError, MetricError
from metric_harness.interfaces import Claims
from metric_harness.metrics.cka import CKA
from metric_harness.profiles import PROFILES
from metric_harness.seeding import generator
from testcases.misleading.test_unit_sampling import test_unit_sampling as case


def asked(most: int, distance: Any) -> Recorder:
    """Ask the case about a metric that refuses more than so many units; return what it recorded."""

    def refusing(x: Array, y: Array) -> float:
        if x.shape[-1] > most:
            raise DegenerateInputError(f"{x.shape[-1]} units; needed {most} or fewer")
        return distance(x, y)

    bare = FunctionMetric(refusing, needs="activations", kind="distance", claims=Claims())
    measure = Recorder()
    try:
        case(MetricUnderTest("name", bare), measure, PROFILES["smoke"], lambda *path: generator(3, *path))
    except (ClaimFailedError, ClaimInconclusiveError) as error:
        measure("said", str(error))
    return measure


def test_a_metric_is_judged_at_the_numbers_that_it_answers():
    all_of_them, some = asked(1000, CKA().distance).measurements, asked(100, CKA().distance).measurements
    assert all_of_them["numbers of units"] == [5, 20, 100, 1000]
    assert some["numbers of units"] == [5, 20, 100]
    (refused,) = some["refused numbers of units"]  # type: ignore[misc]
    assert "1000: the metric raised DegenerateInputError: 1000 units; needed 100 or fewer" in str(refused)
    name = "distance of one motif's populations by number of units"
    assert some[name] == all_of_them[name][:3], "the same data"  # type: ignore[index]


def same_subspace(x: Array, y: Array) -> float:
    """Say whether the three leading components of two populations are mostly the same courses."""
    first, second = (np.linalg.svd(a - a.mean(axis=0), full_matrices=False)[0][:, :3] for a in (x, y))
    return float(np.linalg.svd(first.T @ second)[1].mean() < 0.5)


def test_a_metric_that_refuses_cannot_pass():
    said = str(asked(100, same_subspace).measurements["said"])
    assert "refuses 1 of 4 numbers of units, first 1000" in said, "what it answered alone would have passed"


def test_one_number_shows_no_slope():
    measured = asked(5, CKA().distance).measurements
    assert "slope" not in measured
    assert "refuses 3 of 4 numbers of units" in str(measured["said"])


def test_a_metric_that_answers_none_is_in_error():
    with pytest.raises(MetricError, match="5 units; needed 4 or fewer"):
        asked(4, CKA().distance)


def test_a_blind_metric_fails_though_it_refuses():
    said = asked(100, lambda x, y: 0.0).measurements["said"]
    assert "smallest range over worlds = 0 " in str(said)
