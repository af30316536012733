"""Tables and plots' numbers of the architecture page, from the rows of `architecture_rows`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from metric_harness.architecture_rows import (
    APPROACH,
    CHANGE,
    FIXED,
    NEEDS,
    OWN,
    SHARED,
    Contrast,
    Row,
    estimate_in,
)
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


PRETRAINING = (
    "Distances to the master of each seed, 95 % intervals over seeds. Equivalent: both one-sided tests reject, at .05 "
    "each, that the difference reaches a tenth of the metric's across-regime mean on either side, which is taken as "
    "known; on the own scale, a tenth of the mean distance of unrelated networks, whose scatter enters. The null has "
    "its recurrence frozen: trained input weights alone. Masters have something in common where two of them are closer "
    "to one another than untrained networks are to them, with the whole interval."
)
SCALE = (
    "What an architecture's own scale is made of, in the metric's own numbers. Two untrained networks are as far apart "
    "as draws are; two masters tell whether training brings networks nearer than draws, or drives them apart."
)
NEEDED = (
    "How far a network moves from its draw while it is trained on the composite task, by the mean distance of "
    "unrelated networks; and by how much farther with all weights free than with input weights alone, which may be "
    "less far. Networks with fixed recurrence may never learn, and are then trained to the last update."
)
CONTRAST = (
    "By the across-regime mean, a unit that architectures share, and by the mean distance of each one's unrelated "
    "networks; Welch's 95 % intervals. Each p is adjusted over everything compared here (Holm, 1979), and decides at "
    ".05; an answer has to hold in both units. It rests on one seed if leaving that out lets its p rise to .05."
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
    "of one seed share draws of input weights and the trials they were trained on: unpairing seeds has to change next "
    "to nothing."
)
STUDY = (
    "arXiv 2410.24070 beside this run; its networks and recordings are others, and its numbers have known faults. "
    "Beside leaky_rnn stand its leaky RNNs and leaky GRUs together, as it pooled them."
)
"""What stands above the tables."""


def differences(rows: Sequence[Row]) -> list[tuple[str, str, Estimate]]:
    """Return full minus untrained by the across-regime mean, with label and architecture of each."""
    return [(row.label, row.network, _divided(row.difference, row.unit)) for row in rows]


def own_differences(rows: Sequence[Row]) -> list[tuple[str, str, Estimate]]:
    """Return full minus untrained by the mean distance of unrelated networks, with label and architecture of each."""
    return [(row.label, row.network, row.own_difference) for row in rows if row.own_difference is not None]


def _divided(estimate: Estimate, by: float) -> Estimate:
    return Estimate(estimate.value / by, estimate.low / by, estimate.high / by)


def needs(rows: Sequence[Row]) -> list[tuple[str, str, Estimate]]:
    """Return how much farther networks move with all weights free, with label and architecture of each."""
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
            *("null, recurrence frozen", "verdict of the null", "full - frozen", "masters in common"),
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


def scale_table(rows: Sequence[Row]) -> Table:
    """Return the parts of each architecture's own scale, a line for each metric and architecture."""
    return Table(
        title="Distances of unrelated networks",
        columns=[
            *("metric", "networks", "scale, mean of all", "two untrained", "two masters", "untrained and master"),
            "two masters - two untrained",
        ],
        rows=[
            [
                *(row.metric, row.network, f"{row.scale:.3g}", f"{row.two_untrained:.3g}", f"{row.two_masters:.3g}"),
                *(_short(row.untrained), "not measured" if row.apart is None else _short(row.apart)),
            ]
            for row in rows
        ],
    )


def needs_table(rows: Sequence[Row]) -> Table:
    """Return how far networks move with and without trained recurrence, a line for each metric and architecture."""
    return Table(
        title="Change from draw to master by the mean distance of unrelated networks",
        columns=["metric", "networks", "all weights free", "input weights alone", "difference"],
        rows=[
            [row.metric, row.network, *(_short(row.on_scale[name]) for name in (CHANGE, FIXED, NEEDS))]
            for row in rows
            if row.on_scale
        ],
    )


IN_SHORT: Mapping[str, str] = {
    CHANGE: "all weights free",
    NEEDS: "beyond input weights alone",
    APPROACH: "d(untrained) - d(full)",
}
"""What is compared, in few words."""


def contrast_table(contrasts: Sequence[Contrast]) -> Table | None:
    """Return how an architecture stands to the leaky RNN, a line for each unit; None for the leaky RNN itself."""
    if not contrasts:
        return None
    units = {SHARED: "across-regime mean", OWN: "unrelated networks"}
    return Table(
        title=f"{contrasts[0].network} minus {DEFAULT_NETWORK}",
        columns=["metric", "change", "by", "difference", "p, adjusted", "largest p without a seed", "answer"],
        rows=[
            [
                *(one.metric, IN_SHORT[what], units[unit], _short(told.difference)),
                *(f"{told.p:.2g}", f"{told.largest_p:.2g}"),
                f"{answer.word}, but for one seed" if answer.rests_on_one_seed else answer.word,
            ]
            for one in contrasts
            for what, answer in one.answers.items()
            for unit, told in ((SHARED, answer.shared), (OWN, answer.own))
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
