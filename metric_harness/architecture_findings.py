"""What the numbers of the architecture page show and do not show, in sentences that follow from them."""

from collections.abc import Mapping, Sequence

from metric_harness.architecture_rows import APPROACH, CHANGE, HANGS, NEEDS, SAME, Answer, Contrast, Row
from metric_harness.architecture_tables import IN_SHORT, MARGIN
from metric_harness.records import DEFAULT_NETWORK

UNTRAINED, FROZEN = "untrained", "master_frozen"
"""The group of which nobody expects to have learnt, and the one that trained input weights alone."""
FEW = 5
"""Seeds below which intervals hang on the scatter of next to nothing."""
IN_WORDS = {"larger": "not equivalent, full ones farther", "smaller": "not equivalent, full ones nearer"}
"""Verdicts that say nothing without their subject."""


def answer(rows: Sequence[Row], contrasts: Sequence[Contrast]) -> str:
    """Return in a sentence how what training changes in an architecture stands to what it changes in a leaky RNN."""
    if not contrasts:
        parts = [f"{_told(row.own_verdict)} by {row.metric}" for row in rows]
        return (
            f"Untrained and fully pretrained networks of {rows[0].network}, by their distance to the master and on "
            f"their own scale: {'; '.join(parts)}."
        )
    network = contrasts[0].network
    parts = [
        f"{what} {_answered({one.metric: one.answers[asked] for one in contrasts})}"
        for asked, what in (
            (CHANGE, f"How far training moves the states of {network}, beside a leaky RNN's,"),
            (NEEDS, "how much farther it moves them than training input weights alone"),
            (APPROACH, "how much nearer pretraining brings them to a network that learnt the whole task"),
        )
    ]
    # What a reader may take away from the first line alone must not promise more than the rest of the page.
    limits: list[str] = []
    if unlearnt := [name for name, row in _by_network(rows).items() if 2 * row.learnt[FROZEN] < row.n_seeds]:
        limits.append(f"most networks of {_listed(unlearnt)} with input weights trained alone fell short of the task")
    if blind := [row.label for row in rows if row.seen != "yes"]:
        limits.append(f"that masters have anything in common is not shown for {_listed(blind)}")
    if fragile := [one.metric for one in contrasts if one.rests_on_one_seed]:
        limits.append(f"an answer by {_listed(fragile)} rests on one seed")
    if few := _few(rows):
        limits.append(f"a first look, of {_counted(few)}")
    return f"{'; '.join([*parts, *limits])}."


def _answered(answers: Mapping[str, Answer]) -> str:
    """Return the answers of metrics to one question in words."""
    words = {"less": "is smaller", "more": "is larger", SAME: f"is {SAME}", HANGS: HANGS}
    metrics = {word: [metric for metric, told in answers.items() if told.word == word] for word in words}
    return ", and ".join(f"{words[word]} by {_listed(some)}" for word, some in metrics.items() if some)


def shows(rows: Sequence[Row], contrasts: Sequence[Contrast]) -> list[str]:
    """Return what the numbers show, a sentence or two each."""
    found = [
        f"{one.metric}, {IN_SHORT[what]}: {one.network} minus {DEFAULT_NETWORK} is {answer.shared.difference} by the "
        f"across-regime mean (p {answer.shared.p:.2g}) and {answer.own.difference} by unrelated networks "
        f"(p {answer.own.p:.2g}, both adjusted): {answer.word}{', but for one seed' * answer.rests_on_one_seed}."
        for one in contrasts
        for what, answer in one.answers.items()
    ]
    for row in rows:
        found.append(
            f"{row.label}: by their distance to the master, full and untrained networks differ by "
            f"{row.difference.value / row.unit:+.2f} of the across-regime mean ({_told(row.verdict)}), and by "
            f"{row.difference.value / row.scale:+.2f} of the distance of unrelated networks ({_told(row.own_verdict)})."
        )
        if row.on_scale:
            found.append(f"{row.label}: {_moved(row)}, by {row.on_scale[NEEDS]} of the distance of unrelated networks.")
        if row.without_null.low > 0 or row.without_null.high < 0:
            side = "farther from" if row.without_null.value > 0 else "nearer to"
            found.append(
                f"{row.label}: networks with pretrained recurrence end {side} the master than those without, "
                f"both with input weights trained ({row.without_null.value / row.unit:+.2f} of the across-regime mean)."
            )
        if row.apart is not None and row.apart.low > 0:
            found.append(f"{row.label}: training drives networks apart, masters lie {row.apart} farther than draws.")
    return found


def _moved(row: Row) -> str:
    """Return how far all weights move states beside input weights alone."""
    needs = row.on_scale[NEEDS]
    if needs.low > 0:
        return "training all weights moves states farther than training input weights alone"
    if needs.high < 0:
        return "training all weights moves states less far than training input weights alone"
    return "training all weights is not shown to move states farther than training input weights alone"


def shows_not(rows: Sequence[Row]) -> list[str]:
    """Return what the numbers do not show, a sentence or two each; the first follow from them."""
    blind = [row.label for row in rows if row.seen in ("not shown", "not known")]
    apart = [row.label for row in rows if row.seen == "no"]
    wide = [row.label for row in rows if MARGIN * row.unit > row.scale]
    undecided = [row.label for row in rows if row.own_verdict == "undecided"]
    verdicts = {row.own_verdict.partition(",")[0] for row in rows if row.network == rows[0].network}
    found = [
        f"{n} seeds of {network} are too few for intervals to be relied on: what is said of it here is a first look."
        for network, n in _few(rows).items()
    ]
    if blind:
        found.append(
            f"{_listed(blind)}: that masters of two seeds are closer than untrained networks are to a master is not "
            "shown. Whether masters have in common what untrained networks lack is not seen, and equivalence says "
            "nothing of their dynamics."
        )
    if apart:
        found.append(
            f"{_listed(apart)}: masters of two seeds are farther apart than untrained networks are from a master: "
            "being near the master tells nothing of having learnt."
        )
    found += _unlearnt(rows)
    if wide:
        found.append(
            f"{_listed(wide)}: a tenth of the across-regime mean is more than the distance of unrelated networks. A "
            "typical difference between them cannot reach that margin; read the verdict on the networks' own scale."
        )
    if undecided:
        found.append(f"{_listed(undecided)}: neither a difference nor its absence; more seeds would decide.")
    if len(verdicts) > 1:
        found.append("The metrics disagree: what changes depends on what a metric sees.")
    held = [
        f"{row.variance.value:.3f} of the variance of {network} ({row.least_variance:.3f} at least)"
        for network, row in _by_network(rows).items()
    ]
    return [
        *found,
        f"States are whitened and cut to their first {rows[0].components} principal components, which hold "
        f"{_listed(held)}. How much a direction varies, and what lies beyond, is not in the numbers.",
        *ALWAYS,
    ]


ALWAYS = (
    "Recordings are of states, which inputs drive: a change of input weights moves them without one of recurrence. "
    "That is why networks with frozen recurrence stand beside the others. In Mamba, where inputs select what is kept, "
    "trained input weights move the recurrent dynamics, too.",
    "Distances do not add: what all weights move beyond input weights alone is no part of a whole and may be negative.",
    "A metric that pairs samples compares where states are, not how they move; that a distance is small by such a "
    "metric does not make dynamics equal.",
    "A network that never reaches the target is trained longer than one that stops there, and may go on moving without "
    "learning: with recurrence fixed, that is most of them.",
    "What needs more than input weights is, in an architecture with gates, taps or a selection, all of these, and not "
    "recurrence alone.",
    "Each interval is of one comparison by one metric, and several are several chances to find a difference. Only the "
    "p beside an answer is adjusted for them.",
    "One task, one size and one schedule of training: not that any network of this architecture does likewise.",
)
"""What no number of this page can show."""


def _unlearnt(rows: Sequence[Row]) -> list[str]:
    """Return which networks that were trained have not all learnt, a sentence for each architecture that has such."""
    found: list[str] = []
    for network, row in _by_network(rows).items():
        short = [
            f"{row.n_seeds - n} of {row.n_seeds} {kind} (mean {row.accuracies[kind].value:.2f} of the ceiling)"
            for kind, n in row.learnt.items()
            if kind != UNTRAINED and n < row.n_seeds
        ]
        if row.pretrained is not None and row.pretrained < row.n_seeds:
            found.append(
                f"{network}: {row.n_seeds - row.pretrained} of {row.n_seeds} networks that were pretrained on all "
                "subtasks had not reached the target when they went on to the composite task."
            )
        if short:
            found.append(
                f"{network}: {_listed(short)} fell short of .95 of the ceiling. What is said of these groups is of "
                "networks that do not solve the task alike, or not at all."
            )
    return found


def _by_network(rows: Sequence[Row]) -> dict[str, Row]:
    """Return a row of each architecture, for what no metric changes."""
    return {row.network: row for row in rows}


def _few(rows: Sequence[Row]) -> dict[str, int]:
    """Return the seeds of the architectures that have too few."""
    return {row.network: row.n_seeds for row in rows if row.n_seeds < FEW}


def _counted(few: Mapping[str, int]) -> str:
    return _listed([f"{n} seeds of {network}" for network, n in few.items()])


def _told(verdict: str) -> str:
    return IN_WORDS.get(verdict, verdict)


def _listed(items: Sequence[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
