"""What a metric costs against what it is worth, a point for each metric."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import final

from metric_harness.drawing import LETTER, MARKERS, SERIES, WIDTH, Axes, Figure, Frame, as_svg, shortened
from metric_harness.records import Comparison

VALIDITY = "validity"
"""The tier whose score is what a metric is worth."""
GAP = 0.065
"""Share of the plot's height that a name takes."""


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class Point:
    """One metric's validity and cost."""

    label: str
    cost: float
    score: float
    low: float | None
    high: float | None


def trade_off_of(comparison: Comparison) -> Callable[[str], Figure] | None:
    """Return what plots the metrics of a comparison under a name; None where scores or costs are not on record."""
    costs = {name: sum(case.metric_s.get(name, 0.0) for case in comparison.cases) for name in comparison.metrics}
    points = [
        Point(label=name, cost=costs[name], score=found.score, low=found.low, high=found.high)
        for name in comparison.metrics
        if (found := comparison.tiers.get(name, {}).get(VALIDITY)) is not None and costs[name] > 0
    ]
    return (lambda name: trade_off_figure(points, name)) if points else None


def trade_off_figure(points: Sequence[Point], name: str) -> Figure:
    """Plot validity against cost, a point for each metric, its name at the right margin.

    Args:
        points: at least one; costs are positive.
        name: unique on the page; every identifier within the SVG begins with it.
    """

    def draw(axes: Axes) -> None:
        from matplotlib.ticker import LogFormatter

        for k, point in enumerate(points):
            color, marker = SERIES[k % len(SERIES)], MARKERS[k % len(MARKERS)]
            if point.low is not None and point.high is not None:
                axes.plot([point.cost] * 2, [point.low, point.high], color=color, linewidth=1, alpha=0.6)
            axes.plot([point.cost], [point.score], color=color, marker=marker, markersize=6, linestyle="none")
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:g}")
        # Within a decade matplotlib labels what lies between powers of ten, by default in its own mathematical markup.
        axes.xaxis.set_minor_formatter(LogFormatter(labelOnlyBase=False))
        axes.set_ylim(min(point.score if point.low is None else point.low for point in points) - 0.05, 1.04)
        axes.set_xlabel("seconds in the metric, all cases")
        axes.set_ylabel("mean score of validity cases")
        axes.margins(x=0.08)
        _name_points(axes, points)

    words = "; ".join(f"{p.label}: score {p.score:.2f}, {p.cost:.3g} s" for p in points)
    right = 0.25 + LETTER * max(len(shortened(point.label)) for point in points)
    return Figure(as_svg(draw, name, Frame(width=WIDTH + 0.3, height=3.0, right=right)), words)


def _name_points(axes: Axes, points: Sequence[Point]) -> None:
    """Write the names at the right margin, apart from each other, each with a line to its point."""
    bottom, top = axes.get_ylim()
    ordered = sorted(points, key=lambda point: -point.score)
    heights: list[float] = []
    for point in ordered:
        own = (point.score - bottom) / (top - bottom)
        heights.append(min(own, heights[-1] - GAP) if heights else own)
    lift = max(0.0, GAP / 2 - heights[-1])
    for height, point in zip(heights, ordered, strict=True):
        axes.annotate(
            shortened(point.label),
            (point.cost, point.score),
            xytext=(1.04, height + lift),
            textcoords="axes fraction",
            va="center",
            arrowprops={
                "arrowstyle": "-",
                "color": SERIES[points.index(point) % len(SERIES)],
                "linewidth": 0.6,
                "alpha": 0.7,
                "shrinkB": 5,
            },
        )
