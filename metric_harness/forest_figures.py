"""Estimates with their intervals, one below the other: what several metrics say of several architectures."""

from collections.abc import Sequence

from metric_harness.drawing import LETTER, LINE, MARKERS, SERIES, Axes, Figure, Frame, as_svg, shortened
from metric_harness.statistics import Estimate

LINE_HEIGHT = 0.26
"""Inches from one estimate to the next."""


def forest_figure(
    entries: Sequence[tuple[str, str, Estimate]], quantity: str, name: str, band: tuple[float, float] | None = None
) -> Figure:
    """Plot estimates as points with their intervals, a line for each; what is alike in kind has one color.

    Args:
        entries: label, kind and estimate of each line, from above; at least one.
        quantity: what all of them are, for the axis.
        name: unique on the page; every identifier within the SVG begins with it.
        band: ends of a range to be shaded, such as what counts as no difference.
    """
    labels = [shortened(label) for label, _, _ in entries]
    kinds = list(dict.fromkeys(kind for _, kind, _ in entries))
    left, legend = 0.25 + LETTER * max(map(len, labels)), 0.2 * len(kinds) if len(kinds) > 1 else 0.0

    def draw(axes: Axes) -> None:
        if band is not None:
            axes.axvspan(*band, color=LINE, alpha=0.35, linewidth=0, zorder=0)
        axes.axvline(0, color=LINE, linewidth=1, zorder=0)
        for k, kind in enumerate(kinds):
            color, marker = SERIES[k % len(SERIES)], MARKERS[k % len(MARKERS)]
            places = [j for j, entry in enumerate(entries) if entry[1] == kind]
            own = [entries[j][2] for j in places]
            axes.hlines(places, [e.low for e in own], [e.high for e in own], color=color, linewidth=1.6)
            values = [e.value for e in own]
            axes.plot(values, places, color=color, marker=marker, linestyle="none", label=shortened(kind))
        axes.set_yticks(range(len(labels)), labels, fontsize=8.5)
        axes.set_ylim(len(labels) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel(quantity)
        if len(kinds) > 1:
            axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), borderaxespad=0.0)

    height = LINE_HEIGHT * len(entries) + 0.6 + legend
    frame = Frame(width=left + 3.4, height=height, left=left, bottom=0.5, top=0.1 + legend)
    words = "; ".join(f"{label}: {estimate}" for label, _, estimate in entries)
    return Figure(as_svg(draw, name, frame), f"{quantity}. {words}")
