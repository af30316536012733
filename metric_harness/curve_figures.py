"""Curves as plots: one grid, one unit, intervals as bands or bars, and where a curve breaks down."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metric_harness.drawing import LETTER, MARKERS, SERIES, Axes, Figure, Frame, as_svg, shortened
from metric_harness.evidence import Curve

COSTS = ("seconds", "bytes")
"""Units whose growth is read off a logarithmic axis."""
MOST_LETTERS = 45
"""Letters of labels that fit side by side."""
MOST_TICKS = 8
"""Places of a grid that are each a tick."""
WIDE = 100.0
"""Largest over smallest, from which on values are shown on a logarithmic axis."""


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
        few = len(grid) <= MOST_TICKS and grid.max() / grid.min() <= WIDE
        axes.set_xscale("log")
        _set_ticks(axes.xaxis, grid if few else round_numbers(grid.min(), grid.max()))
    elif len(grid) <= MOST_TICKS and (grid == grid.round()).all():
        axes.set_xticks(grid)
    values = [v for curve in curves for v in curve.values if v is not None]
    ends = [end for curve in curves for interval in curve.intervals or () for end in interval]
    low, high = min(values + ends), max(values + ends)
    if low > 0 and (max(values) / min(values) >= WIDE or curves[0].unit in COSTS):
        axes.set_yscale("log")
        _set_ticks(axes.yaxis, round_numbers(low, high))


def _set_ticks(axis: Any, places: Sequence[float] | NDArray[np.float64]) -> None:
    """Set the ticks of a logarithmic axis, written as plain numbers; none between them."""
    axis.set_ticks(places, [f"{p:.3g}" if p < 1e3 else f"{p:g}" if p < 1e6 else f"{p / 1e6:.3g} M" for p in places])
    axis.set_tick_params(which="minor", length=0)
    axis.set_minor_formatter("")


def round_numbers(low: float, high: float) -> list[float]:
    """Return round numbers for a logarithmic axis: 1, 2 and 5, or powers of ten; the ends if fewer than two fit."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for digits in ((1, 2, 5), (1,)):
        found = [d * 10.0**k for k in powers for d in digits if low <= d * 10.0**k <= high]
        if len(found) <= MOST_TICKS:
            break
    return found[:: 1 + len(found) // (MOST_TICKS + 1)] if len(found) > 1 else [low, high]


def _is_geometric(grid: NDArray[np.float64]) -> bool:
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
