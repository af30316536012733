"""A metric's budget is multiplied, whatever kind of metric it is, and nothing else of it changes."""

import dataclasses
from typing import Any, ClassVar

import numpy as np
import pytest

from metric_harness.adapter import MetricUnderTest, adapt
from metric_harness.budgets import with_budget
from metric_harness.errors import SettingError
from metric_harness.interfaces import AbstractMetric, Claims, metric
from metric_harness.metrics.cka import CKA
from metric_harness.metrics.dsa import DSA


@metric(claims=Claims(symmetric=True), needs="trajectories", kind="similarity", budget="n_steps")
def halving(traj_x: Any, traj_y: Any, n_steps: int = 3, scale: float = 1.0) -> float:
    """Return what n_steps halvings leave of scale."""
    return scale * 0.5**n_steps


class Plain:
    """An object with a budget."""

    budget = "n_steps"

    def __init__(self) -> None:
        self.n_steps = 4

    def distance(self, x: Any, y: Any) -> float:
        return float(self.n_steps)


@dataclasses.dataclass(frozen=True)
class Whole(AbstractMetric):
    """A metric of the interface with a budget."""

    n_steps: int = 2
    needs: ClassVar[Any] = "activations"
    claims: ClassVar[Claims] = Claims()
    budget: ClassVar[str] = "n_steps"

    def distance(self, x: Any, y: Any) -> float:
        return float(self.n_steps)


def under_test(target: object) -> MetricUnderTest:
    return MetricUnderTest("name", adapt(target))


def answer(target: MetricUnderTest) -> float:
    return target.distance(np.zeros((2, 3, 1)), np.ones((2, 3, 1)))


def test_a_function_goes_on_for_longer():
    usual = under_test(halving)
    longer = with_budget(usual, 2)
    assert longer is not None
    # A similarity s is the distance 1 - s.
    assert (answer(usual), answer(longer)) == (1 - 0.5**3, 1 - 0.5**6)
    assert (longer.bare.needs, longer.claims) == ("trajectories", Claims(symmetric=True))
    assert usual.meter.n_calls == 2


@pytest.mark.parametrize(("target", "before", "after"), [(Plain(), 4, 20), (Whole(), 2, 10), (Whole(n_steps=3), 3, 15)])
def test_an_object_goes_on_for_longer_and_stays_itself(target, before, after):
    longer = with_budget(under_test(target), 5)
    assert longer is not None
    assert (answer(longer), answer(under_test(target))) == (after, before)


@pytest.mark.parametrize("target", [CKA(), lambda x, y: 0.0])
def test_a_metric_without_a_budget_has_no_longer_form(target):
    assert with_budget(under_test(target), 5) is None


def test_dsa_goes_on_for_more_rounds_of_new_starts():
    longer = with_budget(under_test(DSA(rank=7)), 5)
    assert longer is not None
    assert longer.bare == DSA(rank=7, n_rounds=60)


@pytest.mark.parametrize("value", [0, 2.5, True, "many"])
def test_a_budget_that_is_no_whole_number_is_refused(value):
    target = Plain()
    vars(target)["n_steps"] = value
    with pytest.raises(SettingError, match=r"the budget 'n_steps' is .*; needed the name of a setting"):
        with_budget(under_test(target), 5)


def test_a_budget_that_names_no_setting_is_refused():
    @metric(budget="n_stpes")
    def misspelled(x: Any, y: Any, n_steps: int = 3) -> float:
        return 0.0

    with pytest.raises(SettingError, match="the budget 'n_stpes' is None"):
        with_budget(under_test(misspelled), 5)
