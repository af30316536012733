"""Curves as plots: one grid, one unit, intervals as bands or bars, and where a curve breaks down."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from metric_harness.drawing import LETTER, MARKERS, SERIES, Axes, Figure, Frame, as_svg, shortened
from metric_harness.evidence import Curve

COSTS = ("seconds", "bytes")
"""Units whose growth is read off a logarithmic axis."""
MOST_LETTERS = 45
"""Letters of labels that fit side by side."""
MOST_TICKS = 8
"""Places of a grid that are each a tick."""
DECADES = 2.0
"""Orders of magnitude from which on values are shown on a logarithmic axis."""


def curve_figure(curves: Sequence[Curve], name: str) -> Figure:
    """Plot curves over one grid and of one unit, their intervals as bands, or as bars where the grid holds labels.

    Args:
        curves: at least one.
        name: unique on the page; every identifier within the SVG begins with it.
    """
    x, unit = curves[0].x, curves[0].unit if len(curves) > 1 else curves[0].quantity
    labeled = any(isinstance(place, str) for place in curves[0].grid)

    def draw(axes: Axes) -> None:
        for k, curve in enumerate(curves):
            (_draw_labeled if labeled else _draw_curve)(axes, curve, k, len(curves))
        axes.set_xlabel(shortened(x, MOST_LETTERS))
        axes.set_ylabel(shortened(unit))
        if labeled:
            _name_places(axes, [str(place) for place in curves[0].grid])
        else:
            _scale(axes, curves)
        if len(curves) > 1:
            axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), borderaxespad=0.0)

    return Figure(as_svg(draw, name, _frame(curves)), "; ".join(map(_in_words, curves)))


def _frame(curves: Sequence[Curve]) -> Frame:
    """Return a frame with room for a legend above, and for labels that stand upright below."""
    legend = 0.2 * len(curves) if len(curves) > 1 else 0.0
    labels = [shortened(place) for place in curves[0].grid if isinstance(place, str)]
    upright = LETTER * max(map(len, labels)) if _are_crowded(labels) else 0.0
    return Frame(height=2.7 + legend + upright, top=0.12 + legend, bottom=0.5 + upright)


def _draw_curve(axes: Axes, curve: Curve, k: int, n: int) -> None:
    color, known = SERIES[k % len(SERIES)], [j for j, value in enumerate(curve.values) if value is not None]
    grid = [curve.grid[j] for j in known]
    axes.plot(
        grid,
        [curve.values[j] for j in known],
        color=color,
        marker=MARKERS[k % len(MARKERS)],
        label=shortened(curve.quantity, MOST_LETTERS),
    )
    if curve.intervals is not None:
        low, high = ([curve.intervals[j][end] for j in known] for end in (0, 1))
        axes.fill_between(grid, low, high, color=color, alpha=0.18, linewidth=0)
    if curve.breakdown is not None:
        axes.axvline(curve.breakdown, color=color, linestyle=(0, (4, 3)), linewidth=1)
        axes.annotate(
            f"breakdown {curve.breakdown:.2g}",
            (curve.breakdown, 0.03),
            xycoords=("data", "axes fraction"),
            xytext=(-3, 0),
            textcoords="offset points",
            rotation=90,
            ha="right",
            va="bottom",
            fontsize=8,
        )


def _draw_labeled(axes: Axes, curve: Curve, k: int, n: int) -> None:
    color, known = SERIES[k % len(SERIES)], [j for j, value in enumerate(curve.values) if value is not None]
    shift = 0.0 if n == 1 else 0.3 * (k / (n - 1) - 0.5)
    places = [j + shift for j in known]
    axes.plot(
        places,
        [curve.values[j] for j in known],
        color=color,
        marker=MARKERS[k % len(MARKERS)],
        linestyle="none",
        markersize=6,
        label=shortened(curve.quantity, MOST_LETTERS),
    )
    if curve.intervals is not None:
        low, high = ([curve.intervals[j][end] for j in known] for end in (0, 1))
        axes.vlines(places, low, high, color=color, linewidth=1.4)


def _name_places(axes: Axes, labels: Sequence[str]) -> None:
    short = [shortened(label) for label in labels]
    axes.set_xticks(range(len(short)), short, rotation=90 if _are_crowded(short) else 0)
    axes.set_xlim(-0.6, len(short) - 0.4)


def _are_crowded(labels: Sequence[str]) -> bool:
    return sum(map(len, labels)) > MOST_LETTERS


def _scale(axes: Axes, curves: Sequence[Curve]) -> None:
    """Choose the axes' scales from the numbers: a grid of equal ratios is logarithmic, and so are wide values."""
    grid = np.array(curves[0].grid, dtype=np.float64)
    if _is_geometric(grid):
        axes.set_xscale("log")
        _plain_ticks(axes.xaxis)
        if len(grid) <= MOST_TICKS and np.log10(grid.max() / grid.min()) <= DECADES:
            axes.set_xticks(grid, [f"{place:g}" for place in grid])
    values = np.array([v for curve in curves for v in curve.values if v is not None], dtype=np.float64)
    ends = np.array([e for curve in curves for ends in curve.intervals or () for e in ends], dtype=np.float64)
    wide = values.min() > 0 and np.log10(values.max() / values.min()) >= DECADES
    if (wide or (curves[0].unit in COSTS and values.min() > 0)) and (ends.size == 0 or ends.min() > 0):
        axes.set_yscale("log")
        _plain_ticks(axes.yaxis)


def _plain_ticks(axis: Any) -> None:
    """Write the ticks of a logarithmic axis as plain numbers, and draw none between them."""
    axis.set_major_formatter("{x:g}")
    axis.minorticks_off()


def _is_geometric(grid: "np.ndarray[Any, Any]") -> bool:
    """Return whether the steps of a grid vary less as ratios than as differences."""
    if len(grid) < 3 or grid.min() <= 0 or np.any(np.diff(grid) <= 0):
        return False
    steps, ratios = np.diff(grid), np.diff(np.log(grid))
    return bool(ratios.std() / ratios.mean() < steps.std() / steps.mean())


def _in_words(curve: Curve) -> str:
    pairs = ", ".join(
        f"{value:.3g} at {place if isinstance(place, str) else format(place, 'g')}"
        for place, value in zip(curve.grid, curve.values, strict=True)
        if value is not None
    )
    breaks = "" if curve.breakdown is None else f", breaking down at {curve.breakdown:.2g}"
    return f"{curve.quantity} by {curve.x}: {pairs}{breaks}"
