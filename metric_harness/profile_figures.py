"""What a metric answers to, as bars; what several answer to, as a matrix."""

from collections.abc import Sequence

import numpy as np

from metric_harness.drawing import (
    COLORMAP,
    INK,
    LETTER,
    LINE,
    N_SHADES,
    PAPER,
    SERIES,
    Axes,
    Figure,
    Frame,
    as_svg,
    shortened,
)
from metric_harness.evidence import RANGE_SHARE, Curve
from metric_harness.records import Comparison

FARTHEST = 1.5
"""Share of the range beyond which a bar is cut; its number says how far it goes."""
BAR, GAP = 0.21, 0.28
"""Inches from bar to bar, and above each group of bars."""
CELL = 0.42
"""Inches of a column of the matrix."""


def profile_figure(curves: Sequence[Curve], name: str) -> Figure:
    """Plot the parts of a sensitivity profile as horizontal bars, one group for each, with intervals.

    Args:
        curves: at least one, over labels.
        name: unique on the page; every identifier within the SVG begins with it.
    """
    labels = [shortened(str(place)) for curve in curves for place in curve.grid]
    known = [value for curve in curves for value in curve.values if value is not None]
    left = 0.2 + LETTER * max(map(len, labels))
    height = BAR * len(labels) + GAP * len(curves) + 0.5

    def draw(axes: Axes) -> None:
        top, places = 0.0, list[float]()
        for k, curve in enumerate(curves):
            own = [top + GAP / BAR + j for j in range(len(curve.grid))]
            axes.text(0, top + GAP / BAR - 0.85, f"{curve.x}, {RANGE_SHARE}", color=SERIES[k], fontsize=8.5)
            _draw_bars(axes, curve, own, SERIES[k % len(SERIES)])
            places, top = places + own, top + len(curve.grid) + GAP / BAR
        axes.axvline(0, color=LINE, linewidth=0.8)
        axes.axvline(1, color=LINE, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
        axes.set_yticks(places, labels, fontsize=8)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.set_ylim(top - 0.4, -0.4)
        axes.set_xlim(min(-0.02, *known), min(FARTHEST, max(1.0, *known)) + 0.22)
        axes.set_xlabel(RANGE_SHARE)

    frame = Frame(width=left + 3.4, height=height, left=left, bottom=0.45, top=0.05)
    words = "; ".join(
        f"{place} {round(value, 2) + 0.0:.2f}"
        for curve in curves
        for place, value in zip(curve.grid, curve.values, strict=True)
        if value is not None
    )
    return Figure(as_svg(draw, name, frame), f"{RANGE_SHARE}: {words}")


def _draw_bars(axes: Axes, curve: Curve, places: Sequence[float], color: str) -> None:
    for j, (place, value) in enumerate(zip(places, curve.values, strict=True)):
        if value is None:
            continue
        end = min(value, FARTHEST)
        axes.barh(place, end, height=0.62, color=color, alpha=0.55, linewidth=0)
        if curve.intervals is not None:
            low, high = (min(side, FARTHEST) for side in curve.intervals[j])
            axes.hlines(place, low, high, color=INK, linewidth=1.1)
            end = max(end, high)
        axes.text(max(end, 0) + 0.02, place, f"{round(value, 2) + 0.0:.2f}", va="center", fontsize=7.5)


def profiles_figure(comparison: Comparison, name: str) -> Figure:
    """Plot the profiles of several metrics as a matrix: a row for each change, a column for each metric.

    Args:
        comparison: at least one of its metrics has a profile.
        name: unique on the page; every identifier within the SVG begins with it.
    """
    metrics = [metric for metric in comparison.metrics if metric in comparison.profiles]
    changes = [change for kind in comparison.profiled.values() for change in kind]
    known = [[comparison.profiles[metric].get(change) for metric in metrics] for change in changes]
    full = np.array([[np.nan if v is None else v for v in row] for row in known], dtype=np.float64)
    labels, names = [shortened(change) for change in changes], [shortened(metric) for metric in metrics]
    left, top = (0.2 + LETTER * max(map(len, some)) for some in (labels, names))
    side = max(CELL * len(metrics), 1.2)

    def draw(axes: Axes) -> None:
        import matplotlib as mpl

        shades = mpl.colormaps[COLORMAP].resampled(N_SHADES)
        heat = np.ma.masked_invalid(full)
        mesh = axes.pcolormesh(heat, cmap=shades, vmin=0, vmax=1, edgecolors=PAPER, linewidth=0.6)
        first = len(next(iter(comparison.profiled.values())))
        # What a metric refuses has no shade, and dark pages are as dark as the lowest one.
        axes.patch.set(visible=True, facecolor="none", edgecolor=LINE, hatch="////", linewidth=0)
        axes.axhline(first, color=INK, linewidth=1.2)
        axes.invert_yaxis()
        axes.xaxis.tick_top()
        axes.set_yticks(np.arange(len(labels)) + 0.5, labels, fontsize=8)
        axes.set_xticks(np.arange(len(names)) + 0.5, names, rotation=90, fontsize=8)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        bar = axes.figure.colorbar(mesh, cax=axes.inset_axes((1 + 0.12 / side, 0, 0.14 / side, 1)), extend="max")
        bar.outline.set_visible(False)
        bar.set_label(RANGE_SHARE)

    frame = Frame(
        width=left + side + 0.85, height=top + 0.22 * len(labels) + 0.1, left=left, right=0.85, bottom=0.1, top=top
    )
    kinds = "; ".join(f"{kind}: {', '.join(own)}" for kind, own in comparison.profiled.items())
    return Figure(as_svg(draw, name, frame), f"{RANGE_SHARE} of {', '.join(metrics)}, by {kinds}")
