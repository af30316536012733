"""A matrix of distances as a heat map, in the order of the tree that it makes."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metric_harness.drawing import COLORMAP, INK, LETTER, N_SHADES, PAPER, Axes, Figure, Frame, as_svg, shortened
from metric_harness.evidence import Matrix


def matrix_figure(matrix: Matrix, name: str) -> Figure:
    """Plot a symmetric matrix of distances as a heat map below the tree that orders it (average linkage).

    Args:
        matrix: entries without a value are left blank.
        name: unique on the page; every identifier within the SVG begins with it.
    """
    full = np.array([[np.nan if v is None else v for v in row] for row in matrix.rows], dtype=np.float64)
    tree = _tree(full)
    order = list(range(len(full))) if tree is None else [int(k) for k in tree["leaves"]]

    def draw(axes: Axes) -> None:
        _draw_heat(axes, full[np.ix_(order, order)], [matrix.labels[k] for k in order], matrix.quantity)
        if tree is not None:
            _draw_tree(axes, tree)

    ordered = ", ".join(matrix.labels[k] for k in order)
    return Figure(
        as_svg(draw, name, _frame(matrix.labels)), f"{matrix.quantity} between all pairs, in the order {ordered}"
    )


def _frame(labels: Sequence[str]) -> Frame:
    """Return a frame with room for the labels on two sides, the tree above and the colors beside."""
    longest = LETTER * max(len(shortened(label)) for label in labels)
    left, right, top, side = 0.15 + longest, 0.85, 0.5, 2.4
    bottom = 0.15 + longest
    return Frame(width=left + side + right, height=top + side + bottom, left=left, right=right, bottom=bottom, top=top)


def _tree(full: NDArray[np.float64]) -> dict[str, Any] | None:
    """Return the tree of a matrix of distances by average linkage; None where there is none to be had."""
    from scipy.cluster import hierarchy

    distances = (full + full.T)[np.triu_indices(len(full), k=1)] / 2
    if len(full) < 3 or not np.isfinite(distances).all() or (distances < 0).any():
        return None
    linkage: Any = hierarchy.linkage(distances, "average", optimal_ordering=True)
    return dict(hierarchy.dendrogram(linkage, no_plot=True))


def _draw_heat(axes: Axes, full: NDArray[np.float64], labels: Sequence[str], quantity: str) -> None:
    import matplotlib as mpl

    n, shades = len(full), mpl.colormaps[COLORMAP].resampled(N_SHADES)
    mesh = axes.pcolormesh(np.ma.masked_invalid(full), cmap=shades, edgecolors=PAPER, linewidth=0.6)
    axes.set_aspect("equal")
    axes.invert_yaxis()
    places = np.arange(n) + 0.5
    short = [shortened(label) for label in labels]
    axes.set_yticks(places, short, fontsize=min(8.5, 130 / n))
    axes.set_xticks(places, short, fontsize=min(8.5, 130 / n), rotation=90)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    bar = axes.figure.colorbar(mesh, cax=axes.inset_axes((1.04, 0, 0.05, 1)))
    bar.outline.set_visible(False)
    bar.set_label(shortened(quantity))


def _draw_tree(axes: Axes, tree: Mapping[str, Any]) -> None:
    """Draw a tree on top of a heat map whose columns are in its order."""
    above = axes.inset_axes((0, 1.01, 1, 0.16))
    for across, up in zip(tree["icoord"], tree["dcoord"], strict=True):
        above.plot([x / 10 for x in across], up, color=INK, linewidth=0.9)
    above.set_xlim(axes.get_xlim())
    above.set_ylim(0, None)
    above.axis("off")
