"""What chance is, told: one sentence, a table, a plot; in the metric's own terms, a similarity's or a distance's."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import final

from tabulate import tabulate

from metric_harness import __version__
from metric_harness.arrays import Array
from metric_harness.chance import LEVEL, Chance
from metric_harness.drawing import INK, LINE, SERIES, Axes, Figure, Frame, as_svg
from metric_harness.records import Plain, plain
from metric_harness.statistics import Estimate
from metric_harness.wording import number

NULLS: Mapping[str, str] = {
    "independent": "two independent recordings, drawn anew each time",
    "permutation": "one pair; the trials of the second in random order, or its samples where there is one trial",
    "shift": "one pair; every trial of the second moved around a circle in time by one random lag, so that each "
    "recording keeps its autocorrelation",
}
"""What each null destroys."""


@final
@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class ChanceReport:
    """What one metric gives by chance, and to the user's own recordings if there are any.

    Attributes:
        metric: name of the metric.
        settings: its settings.
        data: what the recordings are, in words.
        command: what was typed.
        seed: root seed of all draws.
        largest: the value that a similarity's distances are counted down from; None for a distance.
        chances: the nulls.
        observed: distance of the user's own recordings; None where the recordings are drawn.
    """

    metric: str
    settings: Mapping[str, Plain]
    data: str
    command: str
    seed: int
    largest: float | None
    chances: Sequence[Chance]
    observed: float | None = None

    @property
    def quantity(self) -> str:
        """What the metric's value is called."""
        return "distance" if self.largest is None else "similarity"

    @property
    def known(self) -> list[Chance]:
        """The nulls that the metric has."""
        return [chance for chance in self.chances if len(chance.draws)]

    @property
    def leading(self) -> Chance | None:
        """The null that decides: independent pairs, or else the one with the lowest threshold; None where none is."""
        known = sorted(self.known, key=lambda chance: (chance.name != "independent", chance.threshold.value))
        return known[0] if known else None

    def own(self, distance: float) -> float:
        """Return a distance as the metric's own value."""
        return distance if self.largest is None else self.largest - distance

    def estimate(self, distance: Estimate) -> Estimate:
        """Return an estimate of a distance as one of the metric's own value."""
        low, high = sorted((self.own(distance.low), self.own(distance.high)))
        return Estimate(self.own(distance.value), low, high)

    @property
    def sentence(self) -> str:
        """What chance is, and what that says of the observed value."""
        chance = self.leading
        if chance is None:
            return f"None of the nulls tells what {self.metric} gives by chance: see the table."
        limit, mean = self.estimate(chance.threshold), self.estimate(chance.mean)
        far, beyond = ("down to", "below") if self.largest is None else ("up to", "above")
        told = (
            f"Unrelated recordings of this size have a {self.quantity} of {mean} on average by {self.metric}: a "
            f"{self.quantity} {far} {limit} is chance (one unrelated pair in {round(1 / LEVEL)} lies {beyond} it)."
        )
        if self.observed is None:
            return told
        p, value = chance.p(self.observed), number(self.own(self.observed))
        return f"{told} Yours, {value}, is {'' if p <= LEVEL else 'not '}beyond chance (p = {number(p)})."

    def markdown(self, picture: str) -> str:
        """Return the report as Markdown.

        Args:
            picture: file name of the plot, in the same folder.
        """
        settings = ", ".join(f"{name} = {value}" for name, value in self.settings.items()) or "none"
        explained = "\n".join(f"- {chance.name}: {NULLS[chance.name]}" for chance in self.chances)
        parts = [
            f"# What {self.metric} gives by chance",
            self.sentence,
            f"{self.data}. Settings: {settings}. Seed {self.seed}; metric_harness {__version__}.",
            f"![Distribution of the {self.quantity} by chance]({picture})",
            self.table(),
            explained,
            f"In brackets: 95 % intervals, Student's of the mean, from order statistics of the threshold. Threshold: "
            f"{LEVEL:.0%} of the draws lie beyond it.",
            f"```\n{self.command}\n```",
        ]
        return "\n\n".join(parts) + "\n"

    def table(self) -> str:
        """Return one line for each null."""
        rows = [self._row(chance) for chance in self.chances]
        headers = ["null", "draws", f"mean {self.quantity}", "threshold", "smallest", "largest"]
        headers += [] if self.observed is None else ["p of yours"]
        return tabulate(rows, headers=headers, tablefmt="github", disable_numparse=True)

    def _row(self, chance: Chance) -> list[str]:
        p = [] if self.observed is None else [""]
        if not len(chance.draws):
            return [chance.name, f"none: {chance.why_none}", "", "", "", "", *p]
        ends = sorted((self.own(float(chance.draws[0])), self.own(float(chance.draws[-1]))))
        return [
            chance.name,
            str(len(chance.draws)),
            str(self.estimate(chance.mean)),
            str(self.estimate(chance.threshold)),
            *map(number, ends),
            *([] if self.observed is None else [number(chance.p(self.observed))]),
        ]

    def as_plain(self) -> Plain:
        """Return the report as plain JSON types, every draw included."""
        found: dict[str, object] = {
            "metric": self.metric,
            "settings": self.settings,
            "data": self.data,
            "command": self.command,
            "seed": self.seed,
            "version": __version__,
            "quantity": self.quantity,
            "level": LEVEL,
            "sentence": self.sentence,
            "observed": None if self.observed is None else self.own(self.observed),
            "nulls": {chance.name: self._plain_chance(chance) for chance in self.chances},
        }
        return plain(found)

    def _plain_chance(self, chance: Chance) -> Mapping[str, object]:
        if not len(chance.draws):
            return {"why_none": chance.why_none}
        return {
            "mean": self.estimate(chance.mean),
            "threshold": self.estimate(chance.threshold),
            "p": None if self.observed is None else chance.p(self.observed),
            "draws": self._values(chance),
        }

    def _values(self, chance: Chance) -> Array:
        return chance.draws if self.largest is None else self.largest - chance.draws

    def figure(self) -> Figure:
        """Plot the distribution of each null, the threshold of the one that decides, and the observed value."""

        def draw(axes: Axes) -> None:
            for k, chance in enumerate(self.known):
                # Close means small for a distance, and large for a similarity.
                as_close = {"complementary": self.largest is not None}
                axes.ecdf(self._values(chance), **as_close, color=SERIES[k], label=chance.name)
            self._mark(axes)
            axes.set_xlabel(f"{self.quantity} by {self.metric}")
            axes.set_ylabel("share of pairs as close")
            axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), borderaxespad=0.0)

        legend = 0.2 * (len(self.known) + 1 + (self.observed is not None))
        return Figure(as_svg(draw, "null", Frame(height=2.7 + legend, top=0.12 + legend)), self.sentence)

    def _mark(self, axes: Axes) -> None:
        if self.leading is not None:
            limit = self.estimate(self.leading.threshold)
            axes.axvspan(limit.low, limit.high, color=SERIES[3], alpha=0.2, linewidth=0)
            label = f"threshold, {self.leading.name}, with its interval"
            axes.axvline(limit.value, color=SERIES[3], linestyle=(0, (4, 3)), linewidth=1.2, label=label)
            axes.axhline(LEVEL, color=LINE, linewidth=0.8, zorder=0)
        if self.observed is not None:
            axes.axvline(self.own(self.observed), color=INK, linewidth=1.6, label="yours")
