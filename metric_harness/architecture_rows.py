"""What metrics say of an architecture beside a leaky RNN, out of scorecards: a row for each metric and architecture."""

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import cast, final

from metric_harness.equivalence import LEVEL, holm
from metric_harness.evidence import Curve, evidence
from metric_harness.records import DEFAULT_NETWORK, CaseRecord, Plain, Scorecard
from metric_harness.statistics import Estimate

CASE = "architecture.recurrent_change"
"""The case whose measurements the page shows."""
BESIDE = f" of {DEFAULT_NETWORK}"
"""What ends the names of measurements of the architecture that stands beside the chosen one."""
CHANGE = "change with all weights free"
"""How far networks move from draw to master."""
FIXED = "change with recurrence fixed"
"""How far networks move whose input weights alone are trained."""
NEEDS = "change that needs recurrence"
"""By how much farther the former move than the latter; below zero where they move less far."""
APPROACH = "untrained minus full"
"""By how much nearer to the master networks are that were pretrained on all subtasks than untrained ones."""
COMPARED = (CHANGE, NEEDS, APPROACH)
"""What of an architecture is set beside a leaky RNN's."""
SHARED, OWN = "the across-regime mean", "unrelated"
"""What distances are divided by: a unit of the metric alone, or the distance of unrelated networks."""
ENDING = f", minus {DEFAULT_NETWORK}'s"
"""What ends the names of measurements that compare architectures."""
SAME, HANGS = "not told apart", "hangs on the unit"
"""Answers that are none."""


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """What one metric says of one architecture.

    Attributes:
        untrained: distance to the master; `full` likewise, of networks pretrained on all subtasks.
        difference: full minus untrained, paired over seeds; `frozen` likewise, with recurrence fixed.
        unit: the metric's across-regime mean; `scale` is the mean distance of unrelated networks.
        p_above: of a difference at or below -margin, one-sided; `p_below` of one at or above the margin.
        verdict: of the test of equivalence, in words; `frozen_verdict` that of the null, and `own_verdict` the one with
            a tenth of `scale` as the margin.
        without_null: full minus frozen, paired over seeds.
        own_difference: full minus untrained by `scale`, whose scatter enters; None where there is no scale.
        seen: whether masters are seen to have in common what untrained networks lack: "yes", "no", "not shown" or "not
            known".
        two_untrained: mean distance of untrained networks of two seeds; `two_masters` likewise.
        apart: two masters minus two untrained, where it was measured.
        on_scale: measurements by the mean distance of unrelated networks, by name.
        courses: distance to the end of training, of networks with all weights free and with recurrence fixed.
        accuracies: by the ceiling, by kind of network.
        learnt: networks that reach .95 of it, by kind of network.
        components: principal components that the metric was handed.
        variance: share of states' variance that they hold; `least_variance` that of the network where it is least.
        pretrained: networks pretrained on all subtasks that reached the target in pretraining, where it was measured.
    """

    metric: str
    network: str
    n_seeds: int
    untrained: Estimate
    full: Estimate
    difference: Estimate
    frozen: Estimate
    unit: float
    scale: float
    p_above: float
    p_below: float
    verdict: str
    frozen_verdict: str
    own_verdict: str
    without_null: Estimate
    own_difference: Estimate | None
    seen: str
    two_untrained: float
    two_masters: float
    apart: Estimate | None
    on_scale: Mapping[str, Estimate]
    courses: Sequence[Curve]
    accuracies: Mapping[str, Estimate]
    learnt: Mapping[str, int]
    components: int
    variance: Estimate
    least_variance: float
    pretrained: int | None

    @property
    def label(self) -> str:
        """Metric and architecture."""
        return f"{self.metric}, {self.network}"


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class Compared:
    """By how much more than a leaky RNN an architecture has of something, in one unit.

    Attributes:
        difference: the architecture's minus the leaky RNN's.
        p: of no difference, adjusted over everything that the page compares.
        largest_p: the same with one seed left out, the largest; NaN if there are too few seeds.
    """

    difference: Estimate
    p: float
    largest_p: float

    @property
    def word(self) -> str:
        """What is found, in a word."""
        if self.p >= LEVEL:
            return SAME
        return "less" if self.difference.value < 0 else "more"

    @property
    def rests_on_one_seed(self) -> bool:
        """Whether nothing would be found without one of the seeds."""
        return self.word != SAME and not self.largest_p < LEVEL


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class Answer:
    """What is found in both units: by the across-regime mean, and by each architecture's unrelated networks."""

    shared: Compared
    own: Compared

    @property
    def word(self) -> str:
        """The answer in a word; one that holds in a single unit is none."""
        return self.shared.word if self.shared.word == self.own.word else HANGS

    @property
    def rests_on_one_seed(self) -> bool:
        """Whether there would be no answer without one of the seeds."""
        return self.word in ("less", "more") and (self.shared.rests_on_one_seed or self.own.rests_on_one_seed)


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class Contrast:
    """An architecture beside a leaky RNN, as one metric sees it: answers by what is compared, see `COMPARED`."""

    metric: str
    network: str
    answers: Mapping[str, Answer]

    @property
    def rests_on_one_seed(self) -> bool:
        """Whether one of the answers does."""
        return any(answer.rests_on_one_seed for answer in self.answers.values())


def asked(card: Scorecard) -> CaseRecord | None:
    """Return the case that the page is about, if it came to measurements in this card."""
    found = next((case for case in card.cases if case.id == CASE), None)
    return found if found is not None and "distance of unrelated networks" in found.measurements else None


def rows_of(cards: Iterable[Scorecard]) -> list[Row]:
    """Return a row for each metric and architecture."""
    found: list[Row] = []
    for card in cards:
        case = asked(card)
        if case is None:
            continue
        for label, network in (("", card.suite.network.name), (BESIDE, DEFAULT_NETWORK)):
            if f"seeds{label}" in case.measurements:
                found.append(_row(card.metric.name, network, label, case))
    return found


def contrasts_of(cards: Iterable[Scorecard]) -> list[Contrast]:
    """Return a contrast for each metric that was asked about two architectures."""
    measured = {
        (card.metric.name, card.suite.network.name): case.measurements
        for card in cards
        if (case := asked(card)) is not None and f"{CHANGE} by {SHARED}{ENDING}" in case.measurements
    }
    raw = {
        (*key, what, unit): _compared(m, f"{what} by {unit}")
        for key, m in measured.items()
        for what in COMPARED
        for unit in (SHARED, OWN)
    }
    ps = [one.p for one in raw.values()]
    found = {
        key: dataclasses.replace(one, p=holm(ps)[k], largest_p=holm([*ps[:k], one.largest_p, *ps[k + 1 :]])[k])
        for k, (key, one) in enumerate(raw.items())
    }
    return [
        Contrast(
            metric=metric,
            network=network,
            answers={
                what: Answer(shared=found[metric, network, what, SHARED], own=found[metric, network, what, OWN])
                for what in COMPARED
            },
        )
        for metric, network in measured
    ]


def _compared(m: Mapping[str, Plain], name: str) -> Compared:
    """Return what was measured, its p not adjusted yet."""
    return Compared(
        difference=estimate_in(m, f"{name}{ENDING}"),
        p=cast(float, m[f"p of {name}{ENDING}"]),
        largest_p=cast(float, m.get(f"largest p of {name}{ENDING}, without a seed", math.nan)),
    )


def _row(metric: str, network: str, label: str, case: CaseRecord) -> Row:
    m = case.measurements
    kinds = cast("list[str]", m["kinds of network"])
    to_master = _estimates(m, f"mean distance to the master{label}", "group", cast("list[str]", m["groups"]))
    quantities = [f"distance to the end, {what}{label}" for what in ("all free", "frozen")]
    return Row(
        metric=metric,
        network=network,
        n_seeds=cast(int, m[f"seeds{label}"]),
        untrained=to_master["untrained"],
        full=to_master["pretrain_frozen"],
        difference=estimate_in(m, f"full minus untrained{label}"),
        frozen=estimate_in(m, f"frozen minus untrained{label}"),
        unit=cast(float, m["across-regime mean"]),
        scale=cast(float, m[f"distance of unrelated networks{label}"]),
        p_above=cast(float, m[f"p of full minus untrained at most -margin{label}"]),
        p_below=cast(float, m[f"p of full minus untrained at least margin{label}"]),
        verdict=cast(str, m[f"full against untrained{label}"]),
        frozen_verdict=cast(str, m[f"frozen against untrained{label}"]),
        own_verdict=cast(str, m.get(f"full against untrained by unrelated{label}", "no scale")),
        without_null=estimate_in(m, f"full minus frozen{label}"),
        seen=cast(str, m[f"training seen{label}"]),
        own_difference=_optional(m, f"full minus untrained by {OWN}{label}"),
        two_untrained=cast(float, m[f"distance of two untrained{label}"]),
        two_masters=cast(float, m[f"distance of two masters{label}"]),
        apart=_optional(m, f"two masters minus two untrained{label}"),
        on_scale={
            name: estimate_in(m, f"{name} by {OWN}{label}")
            for name in (CHANGE, FIXED, NEEDS)
            if f"{name} by {OWN}{label}" in m
        },
        courses=[curve for curve in evidence(case).curves if curve.quantity in quantities],
        accuracies=_estimates(m, f"share of the ceiling{label}", "kind of network", kinds),
        learnt=dict(zip(kinds, cast("list[int]", m[f"networks that learnt{label}"]), strict=True)),
        components=cast(int, m[f"principal components{label}"]),
        variance=estimate_in(m, f"variance that they hold{label}"),
        least_variance=cast(float, m[f"least variance that they hold{label}"]),
        pretrained=cast("int | None", m.get(f"pretrained networks that reached their target{label}")),
    )


def _estimates(m: Mapping[str, Plain], quantity: str, x: str, grid: Sequence[str]) -> dict[str, Estimate]:
    """Return a curve's numbers with their intervals by place."""
    means = cast("list[float]", m[f"{quantity} by {x}"])
    ends = cast("list[list[float]]", m[f"{quantity} intervals by {x}"])
    return {place: Estimate(mean, *pair) for place, mean, pair in zip(grid, means, ends, strict=True)}


def _optional(m: Mapping[str, Plain], name: str) -> Estimate | None:
    return estimate_in(m, name) if name in m else None


def estimate_in(measurements: Mapping[str, Plain], name: str) -> Estimate:
    """Return a number among measurements with its interval."""
    value = cast(float, measurements[name])
    low, high = cast("list[float]", measurements[f"{name} interval"])
    return Estimate(value, low, high)
