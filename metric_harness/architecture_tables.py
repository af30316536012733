"""What metrics say of an architecture beside a leaky RNN, out of scorecards: rows for plots, and tables."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import cast, final

from metric_harness.evidence import Curve, evidence
from metric_harness.published import find_published
from metric_harness.records import DEFAULT_NETWORK, CaseRecord, Plain, Scorecard
from metric_harness.statistics import Estimate
from metric_harness.tables import Table
from metric_harness.wording import number

CASE = "architecture.recurrent_change"
"""The case whose measurements the page shows."""
ACROSS = "architecture.across"
"""The case that compares two architectures."""
BESIDE = f" of {DEFAULT_NETWORK}"
"""What ends the names of measurements of the architecture that stands beside the chosen one."""
NEEDS = "change that needs recurrence by unrelated"
"""The measurement that answers how much recurrence changes, on an architecture's own scale."""
MARGIN = 0.1
"""The margin of equivalence as a share of the metric's across-regime mean."""
GROUPS = ("untrained", "pretrain_frozen")
"""The groups whose distance to the master the study's finding rests on."""
PUBLISHED: Mapping[str, str] = {"mamba": "Mamba ", DEFAULT_NETWORK: ""}
"""How the reference study's quantities of an architecture begin."""


CHANGE = (
    "Distances to the master of each seed, 95 % intervals over seeds. Equivalent: both one-sided tests reject, at .05 "
    "each, that the difference reaches a tenth of the metric's across-regime mean on either side; on the own scale, a "
    "tenth of the mean distance of unrelated networks. The null has its recurrence frozen: what it shows needs "
    "no more than input weights. Training is seen where masters of two seeds are closer to one another than untrained "
    "networks are to them."
)
NEEDED = (
    "How far a network moves from its draw while it is trained on the composite task, by the mean distance of "
    "unrelated networks. With recurrence fixed, it may never learn the task; what it moves all the same needs no "
    "recurrence."
)
CONTRAST = "Each architecture on its own scale, the mean distance of unrelated networks; Welch's 95 % intervals."
ACROSS_NOTE = (
    "Distances of networks of the chosen architecture, named first, to those of another on the same trials, paired by "
    "seed; 95 % intervals over seeds. Learning brings architectures nearer where two masters are closer than a master "
    "and an untrained network; what two untrained ones have beyond two masters tells whether both move apart. Networks "
    "of one seed share at most draws of input weights: unpairing seeds has to change next to nothing."
)
STUDY = "arXiv 2410.24070 beside this run; its networks and recordings are others, and its numbers have known faults."
"""What stands above the tables."""


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
        sees_training: whether masters are closer to one another than untrained networks are to them.
        on_scale: measurements by the mean distance of unrelated networks, by name.
        courses: distance to the end of training, of networks with all weights free and with recurrence fixed.
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
    sees_training: bool
    on_scale: Mapping[str, Estimate]
    courses: Sequence[Curve]

    @property
    def label(self) -> str:
        """Metric and architecture."""
        return f"{self.metric}, {self.network}"


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class Contrast:
    """By how much more of an architecture's change needs recurrence than of a leaky RNN's, as one metric sees it."""

    metric: str
    network: str
    needs: Estimate
    others: Mapping[str, Estimate]

    @property
    def word(self) -> str:
        """The answer in a word."""
        if self.needs.high < 0:
            return "less"
        return "more" if self.needs.low > 0 else "not told apart"


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
            others = {name.removesuffix(ending): _estimate(case.measurements, name) for name in names}
            needs = others.pop(NEEDS)
            found.append(Contrast(metric=card.metric.name, network=card.suite.network.name, needs=needs, others=others))
    return found


def _row(metric: str, network: str, label: str, case: CaseRecord) -> Row:
    m = case.measurements
    groups = cast("list[str]", m["groups"])
    means, ends = (
        cast("list[float]", m[f"mean distance to the master{label} by group"]),
        cast("list[list[float]]", m[f"mean distance to the master{label} intervals by group"]),
    )
    to_master = {group: Estimate(mean, *end) for group, mean, end in zip(groups, means, ends, strict=True)}
    quantities = [f"distance to the end, {what}{label}" for what in ("all free", "frozen")]
    return Row(
        metric=metric,
        network=network,
        n_seeds=cast(int, m[f"seeds{label}"]),
        untrained=to_master["untrained"],
        full=to_master["pretrain_frozen"],
        difference=_estimate(m, f"full minus untrained{label}"),
        frozen=_estimate(m, f"frozen minus untrained{label}"),
        unit=cast(float, m["across-regime mean"]),
        scale=cast(float, m[f"distance of unrelated networks{label}"]),
        p_above=cast(float, m[f"p of full minus untrained at most -margin{label}"]),
        p_below=cast(float, m[f"p of full minus untrained at least margin{label}"]),
        verdict=cast(str, m[f"full against untrained{label}"]),
        frozen_verdict=cast(str, m[f"frozen against untrained{label}"]),
        own_verdict=cast(str, m.get(f"full against untrained by unrelated{label}", "no scale")),
        sees_training=m[f"training seen{label}"] == "yes",
        on_scale={
            name: _estimate(m, f"{name}{label}")
            for name in (
                NEEDS,
                "change with all weights free by unrelated",
                "change with recurrence fixed by unrelated",
            )
            if f"{name}{label}" in m
        },
        courses=[curve for curve in evidence(case).curves if curve.quantity in quantities],
    )


def _estimate(measurements: Mapping[str, Plain], name: str) -> Estimate:
    value = cast(float, measurements[name])
    low, high = cast("list[float]", measurements[f"{name} interval"])
    return Estimate(value, low, high)


def differences(rows: Sequence[Row]) -> list[tuple[str, str, Estimate]]:
    """Return full minus untrained by the across-regime mean, with label and architecture of each."""
    return [(row.label, row.network, _divided(row.difference, row.unit)) for row in rows]


def own_differences(rows: Sequence[Row]) -> list[tuple[str, str, Estimate]]:
    """Return full minus untrained by the mean distance of unrelated networks, with label and architecture of each."""
    return [(row.label, row.network, _divided(row.difference, row.scale)) for row in rows if row.on_scale]


def _divided(estimate: Estimate, by: float) -> Estimate:
    return Estimate(estimate.value / by, estimate.low / by, estimate.high / by)


def needs(rows: Sequence[Row]) -> list[tuple[str, str, Estimate]]:
    """Return what of a network's own change needs recurrence, with label and architecture of each."""
    return [(row.label, row.network, row.on_scale[NEEDS]) for row in rows if row.on_scale]


def change_table(rows: Sequence[Row]) -> Table:
    """Return distances to the master and what the tests of equivalence say, a line for each metric and architecture."""
    return Table(
        title="Untrained and fully pretrained networks, by their distance to the master",
        columns=[
            *("metric", "networks", "seeds", "d(untrained, master)", "d(full, master)", "full - untrained"),
            *("verdict", "on own scale"),
        ],
        rows=[
            [
                *(row.metric, row.network, str(row.n_seeds)),
                *map(_short, (row.untrained, row.full, row.difference)),
                *(row.verdict, row.own_verdict),
            ]
            for row in rows
        ],
    )


def tests_table(rows: Sequence[Row]) -> Table:
    """Return the one-sided tests and the nulls, a line for each metric and architecture."""
    return Table(
        title="Tests of equivalence, and their nulls",
        columns=[
            *("metric", "networks", "p, not above -margin", "p, not below margin"),
            *("null, recurrence frozen", "verdict of the null", "training seen"),
        ],
        rows=[
            [
                *(row.metric, row.network, f"{row.p_above:.2g}", f"{row.p_below:.2g}"),
                *(_short(row.frozen), row.frozen_verdict, "yes" if row.sees_training else "no"),
            ]
            for row in rows
        ],
    )


def needs_table(rows: Sequence[Row]) -> Table:
    """Return what of a network's own change needs recurrence, a line for each metric and architecture."""
    free, fixed = "change with all weights free by unrelated", "change with recurrence fixed by unrelated"
    return Table(
        title="Change from draw to master by the mean distance of unrelated networks",
        columns=["metric", "networks", "all weights free", "recurrence fixed", "needs recurrence"],
        rows=[
            [row.metric, row.network, *(_short(row.on_scale[name]) for name in (free, fixed, NEEDS))]
            for row in rows
            if row.on_scale
        ],
    )


def contrast_table(contrasts: Sequence[Contrast]) -> Table | None:
    """Return how an architecture stands to the leaky RNN, a line for each metric; None for the leaky RNN itself."""
    if not contrasts:
        return None
    columns = [
        *("change with all weights free by unrelated", "change with recurrence fixed by unrelated"),
        *("untrained to master by unrelated", "untrained minus full by unrelated"),
    ]
    return Table(
        title=f"{contrasts[0].network} minus {DEFAULT_NETWORK}, each on its own scale",
        columns=[
            *("metric", "needs recurrence", "answer", "all weights free", "recurrence fixed"),
            *("d(untrained, master)", "d(untrained) - d(full)"),
        ],
        rows=[
            [one.metric, _short(one.needs), one.word, *(_short(one.others[c]) for c in columns)] for one in contrasts
        ],
    )


def across_table(cards: Iterable[Scorecard]) -> Table | None:
    """Return how near networks of two architectures are before and after training, a line for each metric."""
    rows: list[list[str]] = []
    other = ""
    for card in cards:
        case = next((c for c in card.cases if c.id == ACROSS and "other architecture" in c.measurements), None)
        if case is None:
            continue
        m, other = case.measurements, cast(str, case.measurements["other architecture"])
        kinds = cast("list[str]", m["kinds"])
        means = dict(zip(kinds, cast("list[float]", m["mean distance by kind"]), strict=True))
        nearer = _estimate(m, "master and untrained minus two masters")
        word = "nearer" if nearer.low > 0 else "farther" if nearer.high < 0 else "not told apart"
        rows.append(
            [
                card.metric.name,
                *(f"{means[kind]:.3g}" for kind in kinds[:4]),
                *(_short(nearer), word, _short(_estimate(m, "two untrained minus two masters"))),
                _short(_estimate(m, "different seeds minus one seed")),
            ]
        )
    columns = [
        *("metric", "master to master", "master to untrained", "untrained to master", "untrained to untrained"),
        *("learning brings nearer by", "two masters are", "two untrained minus two masters", "null, seeds unpaired"),
    ]
    return (
        Table(title=f"Networks of two architectures, the other one {other}", columns=columns, rows=rows)
        if rows
        else None
    )


def published_table(rows: Sequence[Row]) -> Table | None:
    """Return the reference study's distances beside ours, a line for each metric and architecture that it has."""
    found: list[list[str]] = []
    for row in rows:
        start = PUBLISHED.get(row.network)
        known = [None if start is None else find_published(f"{start}{group} to master", row.metric) for group in GROUPS]
        if known[0] is None or known[1] is None:
            continue
        theirs = known[1].value - known[0].value
        found.append(
            [
                row.metric,
                row.network,
                f"{known[0].value:.3f}",
                number(round(row.untrained.value, 3)),
                f"{known[1].value:.3f}",
                number(round(row.full.value, 3)),
                f"{theirs:+.3f}",
                f"{row.difference.value:+.3f} [{row.difference.low:+.3f}, {row.difference.high:+.3f}]",
                row.verdict,
            ]
        )
    columns = [
        *("metric", "networks", "d(untrained), study", "d(untrained), ours", "d(full), study", "d(full), ours"),
        *("full - untrained, study", "full - untrained, ours", "our verdict"),
    ]
    title = "The reference study's distances to the master beside ours"
    return Table(title=title, columns=columns, rows=found) if found else None


def _short(estimate: Estimate) -> str:
    """Return an estimate with as many digits as a reader compares."""
    return f"{estimate.value:.3g} [{estimate.low:.3g}, {estimate.high:.3g}]"
