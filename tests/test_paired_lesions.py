"""Which pairs of lesions enter, and how they are counted."""

import numpy as np
import pytest

from metric_harness.adapter import MetricUnderTest, adapt
from metric_harness.checks import Recorder, Standing
from metric_harness.interfaces import Claims, metric
from metric_harness.paired_lesions import PairedLesions, farther, findings_of, measure_entry, sign_test_p


@metric(claims=Claims(numerical_floor=1e-6))
def shift(x, y):
    return float(np.abs(x - y).mean())


SHIFT = MetricUnderTest("shift", adapt(shift))


def lesions(relevant, idle, drops=None, idle_drops=None, equality=None) -> PairedLesions:
    """Return networks whose lesioned states are constants."""
    n = len(relevant)

    def states(values):
        return [np.full((2, 5, 3), float(value)) for value in values]

    return PairedLesions(
        intact=states(np.zeros(n)),
        relevant=states(relevant),
        idle=states(idle),
        relevant_drops=np.array(drops or [0.4] * n),
        idle_drops=np.array(idle_drops or [0.0] * n),
        equality=np.array(equality or [1.0] * n),
    )


def test_lesions_enter_that_do_what_they_are_named_for_and_are_of_one_size():
    found = lesions(
        range(6),
        range(6),
        drops=[0.21, 0.2, 0.5, 0.5, 0.5, 0.5],
        idle_drops=[0.0, 0.0, 0.02, -0.1, 0.01, 0.0],
        equality=[1.0, 1.0, 1.0, 1.09, 0.89, 0.91],
    )
    assert found.places == [0, 3, 5]
    assert found.spread(2).places == [0, 1]
    np.testing.assert_array_equal(found.spread(2).relevant[1], found.relevant[5])
    assert found.spread(3).places == found.spread(9).places == [0, 1, 2]
    measure = Recorder()
    measure_entry(measure, found)
    assert measure.measurements["networks asked"] == 6
    assert measure.measurements["networks that enter"] == 3
    assert measure.measurements["relevant lesions that hardly matter"] == 1
    assert measure.measurements["idle lesions that matter"] == 1
    assert measure.measurements["pairs of unequal size"] == 1


def test_distances_are_those_of_the_networks_that_enter_in_whichever_order_they_are_asked():
    found = lesions([1, 2, 3, 4], [5, 6, 7, 8], drops=[0.4, 0.1, 0.4, 0.4])
    np.testing.assert_allclose(found.distances(SHIFT), [[1, 5], [3, 7], [4, 8]])


def test_a_change_is_made_to_every_recording_and_to_nothing_else():
    found = lesions([1, 2], [3, 4], drops=[0.4, 0.1])
    np.testing.assert_allclose(found.changed(lambda x: 2 * x).distances(SHIFT), [[2, 6]])


def test_the_order_of_questions_makes_no_metric_right():
    asked = iter(range(100, 0, -1))

    @metric(claims=Claims())
    def tires(x, y):
        return float(next(asked))

    far = farther(lesions([1] * 10, [1] * 10).distances(MetricUnderTest("tires", adapt(tires))))
    assert far.sum() == 5


def test_a_tie_within_the_floor_is_no_success():
    assert farther(lesions([1 + 1e-8, 2], [1, 1]).distances(SHIFT)).tolist() == [False, True]


def test_the_sign_test_is_exact_and_one_sided():
    assert sign_test_p(3, 3) == pytest.approx(1 / 8)
    assert sign_test_p(2, 3) == pytest.approx(4 / 8)
    assert sign_test_p(0, 3) == 1


@pytest.mark.parametrize(
    ("n_failures", "standing"), [(0, Standing.HOLDS), (4, Standing.STRADDLES), (12, Standing.FAILS)]
)
def test_the_whole_interval_of_the_share_decides(n_failures, standing):
    n = 50
    relevant = [0] * n_failures + [2] * (n - n_failures)
    share, p = findings_of(Recorder(), SHIFT, lesions(relevant, [1] * n))
    assert share.standing is standing
    assert p.estimate.value == pytest.approx(sign_test_p(n - n_failures, n))


def test_nothing_is_decided_by_one_network():
    with pytest.raises(ValueError, match="1 networks enter; needed at least 2"):
        findings_of(Recorder(), SHIFT, lesions([1, 1], [0, 0], drops=[0.4, 0.1]))
