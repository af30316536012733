"""What a metric costs against what it is worth, a point for each metric."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import final

from metric_harness.drawing import LETTER, MARKERS, SERIES, WIDTH, Axes, Figure, Frame, as_svg, shortened
from metric_harness.records import Comparison

VALIDITY = "validity"
"""The tier whose score is what a metric is worth."""
ROW = 0.165
"""Inches of the plot's height that a name takes."""
SHORTEST = 2.4
"""Inches of the plot's height, at least; as many names as there are must find room."""


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
    height = max(SHORTEST, ROW * len(points))

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
        _name_points(axes, points, ROW / height)

    words = "; ".join(f"{p.label}: score {p.score:.2f}, {p.cost:.3g} s" for p in points)
    right = 0.25 + LETTER * max(len(shortened(point.label)) for point in points)
    frame = Frame(width=WIDTH + 0.3, right=right)
    frame = dataclasses.replace(frame, height=height + frame.bottom + frame.top)
    return Figure(as_svg(draw, name, frame), words)


def _name_points(axes: Axes, points: Sequence[Point], gap: float) -> None:
    """Write the names at the right margin, a gap apart or more, each with a line to its point."""
    bottom, top = axes.get_ylim()
    ordered = sorted(points, key=lambda point: -point.score)
    shares = [(point.score - bottom) / (top - bottom) for point in ordered]
    for height, point in zip(apart(shares, gap), ordered, strict=True):
        axes.annotate(
            shortened(point.label),
            (point.cost, point.score),
            xytext=(1.04, height),
            textcoords="axes fraction",
            va="center",
            arrowprops={
                "arrowstyle": "-",
                "color": SERIES[points.index(point) % len(SERIES)],
                "linewidth": 0.6,
                "alpha": 0.7,
                "relpos": (0, 0.5),
                "shrinkA": 2,
                "shrinkB": 5,
            },
        )


def apart(heights: Sequence[float], gap: float) -> list[float]:
    """Return descending heights moved no further than it takes to be a gap apart and half a gap inside 0 and 1.

    Args:
        heights: descending.
        gap: at most 1 / len(heights), or there is no room.
    """
    placed: list[float] = []
    ceiling = 1 - gap / 2
    for height in heights:
        placed.append(min(height, ceiling))
        ceiling = placed[-1] - gap
    floor = gap / 2
    for k in reversed(range(len(placed))):
        placed[k] = max(placed[k], floor)
        floor = placed[k] + gap
    return placed
