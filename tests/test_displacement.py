"""Moved samples: what is drawn, and what named measures are held to."""

import numpy as np
import pytest

from metric_harness.adapter import MetricUnderTest, adapt
from metric_harness.checks import ClaimFailedError, NotApplicableError, Recorder
from metric_harness.displacement import FORMS, N_TIMES, N_TRIALS, SHIFTS, draw, measure_displacement
from metric_harness.families import FAMILIES
from metric_harness.interfaces import metric
from metric_harness.metrics.bures import Bures
from metric_harness.metrics.cca import CCA
from metric_harness.metrics.cka import CKA
from metric_harness.metrics.distance_correlation import DistanceCorrelation
from metric_harness.seeding import generator

WORLDS = [draw(3, generator(6, "test_displacement", k)) for k in range(2)]


def run(subject, measure):
    measure_displacement(MetricUnderTest("it", subject), measure, WORLDS, claim="it moves", hint="look")


def test_the_asked_samples_are_moved_by_the_shifts_along_one_direction():
    world = WORLDS[0]
    assert world.subset.sum() == 3
    assert np.linalg.norm(world.direction) == pytest.approx(1)
    for shift, moved in zip(SHIFTS, world.moved, strict=True):
        gone = (moved - world.original).reshape(N_TRIALS * N_TIMES, -1)
        np.testing.assert_array_equal(gone.any(axis=1), world.subset)
        np.testing.assert_allclose(gone[world.subset], np.tile(shift * world.direction, (3, 1)), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("subject", [CKA(), CCA(), Bures()])
def test_a_named_measure_is_as_its_closed_form(subject):
    measure = Recorder()
    run(subject, measure)
    assert len(measure.measurements[f"{subject.family} by shift"]) == len(SHIFTS)
    assert measure.measurements["departure from the closed form at shift 1e+06"] < 0.01


@pytest.mark.parametrize("family", FORMS)
def test_a_constant_departs(family):
    @metric(family=family)
    def constant(x, y):
        return 0.5

    with pytest.raises(ClaimFailedError, match=r"departure from the closed form at shift 1e\+06"):
        run(adapt(constant), Recorder())


def test_what_names_no_measure_is_measured_only():
    measure = Recorder()
    with pytest.raises(NotApplicableError, match="no closed form is known of an unnamed measure"):
        run(DistanceCorrelation(), measure)
    assert len(measure.measurements["share of the distance of the unrelated by shift"]) == len(SHIFTS)


def test_closed_forms_are_of_known_measures():
    assert set(FORMS) <= set(FAMILIES)
