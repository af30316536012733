"""What the cases of misleading signals leave on the card for a reader: theory, profile, counterexample."""

import contextlib
from collections.abc import Callable

import numpy as np
import pytest

from metric_harness.adapter import MetricUnderTest
from metric_harness.checks import ClaimFailedError, ClaimInconclusiveError, Recorder
from metric_harness.metrics.cka import CKA
from metric_harness.profiles import PROFILES
from metric_harness.seeding import generator
from testcases.misleading.test_null_bias import test_null_bias as null_bias
from testcases.misleading.test_sensitivity import test_sensitivity as sensitivity
from testcases.misleading.test_spurious_agreement import test_spurious_agreement as spurious_agreement


def measured(case: Callable[..., None]) -> Recorder:
    """Ask a case about CKA; return what it recorded, however it ended."""
    measure = Recorder(case.__name__)
    with contextlib.suppress(ClaimFailedError, ClaimInconclusiveError):
        case(MetricUnderTest("cka", CKA()), measure, PROFILES["smoke"], lambda *path: generator(7, *path))
    return measure


def test_chance_of_many_units_stands_beside_theory():
    found = measured(null_bias).measurements
    assert found["ratios of units to samples"] == [0.1, 1.0, 10.0, 50.0]
    theory = np.array(found["linear CKA in theory by ratio of units to samples"], dtype=float)
    low, high = np.array(found["linear CKA intervals by ratio of units to samples"], dtype=float).T
    assert theory[-1] == pytest.approx(0.98, abs=0.001)
    # Four intervals of 95 % each may miss by a little; theory is that of a large number of samples.
    assert (np.abs((low + high) / 2 - theory) <= 2 * (high - low) + 0.002).all()


def test_the_profile_names_every_change_and_its_share():
    found = measured(sensitivity).measurements
    for kind in ("nuisance", "signal"):
        names, shares = found["nuisances" if kind == "nuisance" else "signals"], found[f"share of its range by {kind}"]
        assert isinstance(names, list)
        assert isinstance(shares, list)
        assert len(names) == len(shares) > 2


def test_the_pairs_that_were_found_are_shown():
    found = measured(spurious_agreement).measurements
    for kind in ("called alike", "called different"):
        assert found[f"{kind}: pairs tried"]
        steps = found[f"time steps of the pair {kind}"]
        assert isinstance(steps, list)
        for whose in ("one, minus", "one, plus", "the other, minus", "the other, plus"):
            course = found[f"activity of {whose} by time step of the pair {kind}"]
            assert isinstance(course, list)
            assert len(course) == len(steps) > 1
