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
CHANGE = "change with all weights free by unrelated"
"""The measurement that tells how far networks move while they learn, on an architecture's own scale."""
NEEDS = "change that needs recurrence by unrelated"
"""The measurement that answers how much recurrence changes, on an architecture's own scale."""


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
        seen: whether training is seen to bring networks together: "yes", "no", "not shown" or "not known".
        on_scale: measurements by the mean distance of unrelated networks, by name.
        courses: distance to the end of training, of networks with all weights free and with recurrence fixed.
        accuracies: by the ceiling, by kind of network.
        learnt: networks that reach .95 of it, by kind of network.
        components: principal components that the metric was handed.
        variance: share of states' variance that they hold.
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
    seen: str
    on_scale: Mapping[str, Estimate]
    courses: Sequence[Curve]
    accuracies: Mapping[str, Estimate]
    learnt: Mapping[str, int]
    components: int
    variance: Estimate

    @property
    def label(self) -> str:
        """Metric and architecture."""
        return f"{self.metric}, {self.network}"


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class Answer:
    """By how much more than a leaky RNN an architecture has of something, each on its own scale.

    Attributes:
        difference: the architecture's minus the leaky RNN's.
        p: of no difference, adjusted over all answers of the page.
        largest_p: the largest with one seed left out, not adjusted; NaN if there are too few seeds.
    """

    difference: Estimate
    p: float
    largest_p: float

    @property
    def word(self) -> str:
        """The answer in a word."""
        if self.p >= LEVEL:
            return "not told apart"
        return "less" if self.difference.value < 0 else "more"

    @property
    def rests_on_one_seed(self) -> bool:
        """Whether there would be no answer without one of the seeds."""
        return self.word != "not told apart" and not self.largest_p < LEVEL


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class Contrast:
    """An architecture beside a leaky RNN, as one metric sees it.

    Attributes:
        change: how far a network moves from its draw to its last checkpoint, all weights free.
        needs: what of it needs more than input weights.
        others: what else is read on the architectures' own scales.
    """

    metric: str
    network: str
    change: Answer
    needs: Answer
    others: Mapping[str, Estimate]

    @property
    def rests_on_one_seed(self) -> bool:
        """Whether one of the answers does."""
        return self.change.rests_on_one_seed or self.needs.rests_on_one_seed


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
    found: list[Contrast] = []
    for card in cards:
        case = asked(card)
        ending = f", minus {DEFAULT_NETWORK}'s"
        names = [] if case is None else [n for n in case.measurements if n.endswith(ending)]
        if case is not None and f"{NEEDS}{ending}" in names:
            m = case.measurements
            others = {name.removesuffix(ending): estimate_in(m, name) for name in names if not name.startswith("p of ")}
            change, needs = (
                Answer(
                    difference=others.pop(name),
                    p=cast(float, m[f"p of {name}{ending}"]),
                    largest_p=cast(float, m.get(f"largest p of {name}{ending}, without a seed", math.nan)),
                )
                for name in (CHANGE, NEEDS)
            )
            network = card.suite.network.name
            found.append(Contrast(metric=card.metric.name, network=network, change=change, needs=needs, others=others))
    adjusted = iter(holm([answer.p for one in found for answer in (one.change, one.needs)]))
    return [
        dataclasses.replace(
            one,
            change=dataclasses.replace(one.change, p=next(adjusted)),
            needs=dataclasses.replace(one.needs, p=next(adjusted)),
        )
        for one in found
    ]


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
        on_scale={
            name: estimate_in(m, f"{name}{label}")
            for name in (
                NEEDS,
                "change with all weights free by unrelated",
                "change with recurrence fixed by unrelated",
            )
            if f"{name}{label}" in m
        },
        courses=[curve for curve in evidence(case).curves if curve.quantity in quantities],
        accuracies=_estimates(m, f"share of the ceiling{label}", "kind of network", kinds),
        learnt=dict(zip(kinds, cast("list[int]", m[f"networks that learnt{label}"]), strict=True)),
        components=cast(int, m[f"principal components{label}"]),
        variance=estimate_in(m, f"variance that they hold{label}"),
    )


def _estimates(m: Mapping[str, Plain], quantity: str, x: str, grid: Sequence[str]) -> dict[str, Estimate]:
    """Return a curve's numbers with their intervals by place."""
    means = cast("list[float]", m[f"{quantity} by {x}"])
    ends = cast("list[list[float]]", m[f"{quantity} intervals by {x}"])
    return {place: Estimate(mean, *pair) for place, mean, pair in zip(grid, means, ends, strict=True)}


def estimate_in(measurements: Mapping[str, Plain], name: str) -> Estimate:
    """Return a number among measurements with its interval."""
    value = cast(float, measurements[name])
    low, high = cast("list[float]", measurements[f"{name} interval"])
    return Estimate(value, low, high)
