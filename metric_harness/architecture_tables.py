"""Tables and plots' numbers of the architecture page, from the rows of `architecture_rows`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from metric_harness.architecture_rows import NEEDS, Answer, Contrast, Row, estimate_in
from metric_harness.published import find_published
from metric_harness.records import DEFAULT_NETWORK, Scorecard
from metric_harness.statistics import Estimate
from metric_harness.tables import Table
from metric_harness.wording import number

ACROSS = "architecture.across"
"""The case that compares two architectures."""
MARGIN = 0.1
"""The margin of equivalence as a share of the metric's across-regime mean."""
GROUPS = ("untrained", "pretrain_frozen")
"""The groups whose distance to the master the study's finding rests on."""
PUBLISHED: Mapping[str, str] = {"mamba": "Mamba ", DEFAULT_NETWORK: ""}
"""How the reference study's quantities of an architecture begin."""


CHANGE = (
    "Distances to the master of each seed, 95 % intervals over seeds. Equivalent: both one-sided tests reject, at .05 "
    "each, that the difference reaches a tenth of the metric's across-regime mean on either side; on the own scale, a "
    "tenth of the mean distance of unrelated networks, whose scatter enters. The null has its recurrence frozen: what "
    "it shows needs no more than input weights; full minus frozen is without it. Training is seen where masters of two "
    "seeds are closer to one another than untrained networks are to them, with the whole interval."
)
NEEDED = (
    "How far a network moves from its draw while it is trained on the composite task, by the mean distance of "
    "unrelated networks. With recurrence fixed, it may never learn the task; what it moves all the same needs no "
    "recurrence."
)
CONTRAST = (
    "Each architecture on its own scale, the mean distance of unrelated networks; Welch's 95 % intervals. Each "
    "p is adjusted over the answers of this page (Holm, 1979), and decides at .05; an answer rests on one seed if "
    "leaving it out lets its p rise above that."
)
LEARNT = (
    "Accuracy on the composite task by the best expected one, mean with 95 % interval over seeds, and how many "
    "networks reach .95 of it. Full networks that have not learnt are compared all the same: their distance is not one "
    "of networks that solve the task."
)
ACROSS_NOTE = (
    "Distances of networks of the chosen architecture, named first, to those of another on the same trials, paired by "
    "seed; 95 % intervals over seeds. Learning brings architectures nearer where two masters are closer than a master "
    "and an untrained network; what two untrained ones have beyond two masters tells whether both move apart. Networks "
    "of one seed share at most draws of input weights: unpairing seeds has to change next to nothing."
)
STUDY = "arXiv 2410.24070 beside this run; its networks and recordings are others, and its numbers have known faults."
"""What stands above the tables."""


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
            *("null, recurrence frozen", "verdict of the null", "full - frozen", "training seen"),
        ],
        rows=[
            [
                *(row.metric, row.network, f"{row.p_above:.2g}", f"{row.p_below:.2g}"),
                *(_short(row.frozen), row.frozen_verdict, _short(row.without_null), row.seen),
            ]
            for row in rows
        ],
    )


def learnt_table(rows: Sequence[Row]) -> Table:
    """Return what networks have learnt, a line for each architecture and group."""
    return Table(
        title="What the networks have learnt, by the best expected accuracy",
        columns=["networks", "group", "accuracy by the ceiling", "learnt"],
        rows=[
            [network, kind, _short(share), f"{row.learnt[kind]} of {row.n_seeds}"]
            for network, row in {row.network: row for row in rows}.items()
            for kind, share in row.accuracies.items()
        ],
    )


def _answered(told: Answer) -> str:
    return f"{told.word}, but for one seed" if told.rests_on_one_seed else told.word


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
    """Return how an architecture stands to the leaky RNN, two lines for each metric; None for the leaky RNN itself."""
    if not contrasts:
        return None
    return Table(
        title=f"{contrasts[0].network} minus {DEFAULT_NETWORK}, each on its own scale",
        columns=["metric", "change", "difference", "p, adjusted", "largest p without a seed", "answer"],
        rows=[
            [one.metric, what, _short(told.difference), f"{told.p:.2g}", f"{told.largest_p:.2g}", _answered(told)]
            for one in contrasts
            for what, told in (("all weights free", one.change), ("needs recurrence", one.needs))
        ],
    )


def elsewhere_table(contrasts: Sequence[Contrast]) -> Table | None:
    """Return the differences that decide nothing, a line for each metric."""
    if not contrasts:
        return None
    columns = [
        "change with recurrence fixed by unrelated",
        "untrained to master by unrelated",
        "untrained minus full by unrelated",
    ]
    return Table(
        title=f"What else {contrasts[0].network} has more or less of than {DEFAULT_NETWORK}, each on its own scale",
        columns=["metric", "recurrence fixed", "d(untrained, master)", "d(untrained) - d(full)"],
        rows=[[one.metric, *(_short(one.others[c]) for c in columns)] for one in contrasts],
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
        nearer = estimate_in(m, "master and untrained minus two masters")
        word = "nearer" if nearer.low > 0 else "farther" if nearer.high < 0 else "not told apart"
        rows.append(
            [
                card.metric.name,
                *(f"{means[kind]:.3g}" for kind in kinds[:4]),
                *(_short(nearer), word, _short(estimate_in(m, "two untrained minus two masters"))),
                _short(estimate_in(m, "different seeds minus one seed")),
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
                row.own_verdict,
            ]
        )
    columns = [
        *("metric", "networks", "d(untrained), study", "d(untrained), ours", "d(full), study", "d(full), ours"),
        *("full - untrained, study", "full - untrained, ours", "our verdict", "on own scale"),
    ]
    title = "The reference study's distances to the master beside ours"
    return Table(title=title, columns=columns, rows=found) if found else None


def _short(estimate: Estimate) -> str:
    """Return an estimate with as many digits as a reader compares."""
    return f"{estimate.value:.3g} [{estimate.low:.3g}, {estimate.high:.3g}]"
