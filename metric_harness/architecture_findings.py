"""What the numbers of the architecture page show and do not show, in sentences that follow from them."""

from collections.abc import Mapping, Sequence

from metric_harness.architecture_tables import MARGIN, NEEDS, Contrast, Row
from metric_harness.records import DEFAULT_NETWORK

FEW = 5
"""Seeds below which intervals hang on the scatter of next to nothing."""
IN_WORDS = {"larger": "not equivalent, full ones farther", "smaller": "not equivalent, full ones nearer"}
"""Verdicts that say nothing without their subject."""


def answer(rows: Sequence[Row], contrasts: Sequence[Contrast]) -> str:
    """Return in a sentence whether the chosen architecture's recurrent dynamics change less than a leaky RNN's."""
    if not contrasts:
        parts = [f"{_told(row.own_verdict)} by {row.metric}" for row in rows]
        return (
            f"Untrained and fully pretrained networks of {rows[0].network}, by their distance to the master and on "
            f"their own scale: {'; '.join(parts)}."
        )
    words = {
        "less": "less than",
        "more": "more than",
        "not told apart": "neither more nor less, as far as is seen, than",
    }
    parts = [
        f"{words[word]} those of a leaky RNN by {_listed([c.metric for c in contrasts if c.word == word])}"
        for word in words
        if any(c.word == word for c in contrasts)
    ]
    sentence = f"While they learn, the recurrent dynamics of {contrasts[0].network} change {_listed(parts)}"
    # What a reader may take away from the first line alone must not promise more than the rest of the page.
    limits: list[str] = []
    if blind := [row.metric for row in rows if row.network == contrasts[0].network and not row.sees_training]:
        limits.append(f"{_listed(blind)} {'does' if len(blind) == 1 else 'do'} not see training bring them together")
    if few := _few(rows):
        limits.append(f"a first look, of {_counted(few)}")
    return f"{'; '.join([sentence, *limits])}."


def shows(rows: Sequence[Row], contrasts: Sequence[Contrast]) -> list[str]:
    """Return what the numbers show, a sentence or two each."""
    found: list[str] = []
    for row in rows:
        found.append(
            f"{row.label}: by their distance to the master, full and untrained networks differ by "
            f"{row.difference.value / row.unit:+.2f} of the across-regime mean ({_told(row.verdict)}), and by "
            f"{row.difference.value / row.scale:+.2f} of the distance of unrelated networks ({_told(row.own_verdict)})."
        )
        if row.on_scale:
            needs = row.on_scale[NEEDS]
            word = "moves states" if needs.low > 0 else "does not demonstrably move states"
            found.append(f"{row.label}: training recurrence {word} beyond what input weights do ({needs}).")
    for one in contrasts:
        end = (
            f"not told apart from {DEFAULT_NETWORK}"
            if one.word == "not told apart"
            else f"{one.word} than in {DEFAULT_NETWORK}"
        )
        found.append(f"{one.metric}: the change of {one.network} that needs recurrence is {end} ({one.needs}).")
    return found


def shows_not(rows: Sequence[Row]) -> list[str]:
    """Return what the numbers do not show, a sentence or two each; the first follow from them."""
    blind = [row.label for row in rows if not row.sees_training]
    wide = [row.label for row in rows if MARGIN * row.unit > row.scale]
    undecided = [row.label for row in rows if row.own_verdict == "undecided"]
    verdicts = {row.own_verdict.partition(",")[0] for row in rows if row.network == rows[0].network}
    found = [
        f"{n} seeds of {network} are too few for intervals to be relied on: what is said of it here is a first look."
        for network, n in _few(rows).items()
    ]
    if blind:
        found.append(
            f"{_listed(blind)}: masters of two seeds are no closer than untrained networks are to a master. The metric "
            "does not see that training brings these networks together, and equivalence says nothing of their dynamics."
        )
    if wide:
        found.append(
            f"{_listed(wide)}: a tenth of the across-regime mean is more than the distance of unrelated networks. No "
            "two of them could be found apart with that margin; read the verdict on the networks' own scale."
        )
    if undecided:
        found.append(f"{_listed(undecided)}: neither a difference nor its absence; more seeds would decide.")
    if len(verdicts) > 1:
        found.append("The metrics disagree: what changes depends on what a metric sees.")
    return [*found, *ALWAYS]


ALWAYS = (
    "Recordings are of states, which inputs drive: a change of input weights moves them without one of recurrence. "
    "That is why networks with frozen recurrence stand beside the others.",
    "States are whitened and cut to their first six principal components; how much a direction varies, and what lies "
    "beyond, is not in the numbers.",
    "A metric that pairs samples compares where states are, not how they move; that a distance is small by such a "
    "metric does not make dynamics equal.",
    "One task, one size and one schedule of training: not that any network of this architecture does likewise.",
)
"""What no number of this page can show."""


def _few(rows: Sequence[Row]) -> dict[str, int]:
    """Return the seeds of the architectures that have too few."""
    return {row.network: row.n_seeds for row in rows if row.n_seeds < FEW}


def _counted(few: Mapping[str, int]) -> str:
    return _listed([f"{n} seeds of {network}" for network, n in few.items()])


def _told(verdict: str) -> str:
    return IN_WORDS.get(verdict, verdict)


def _listed(items: Sequence[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
