"""Plots as SVG that a page can hold: no script, no font, no color that one theme alone can show.

A plot is drawn by matplotlib in placeholder colors, which the SVG then gets as CSS variables (`--ink`, `--line`,
`--series-1` …), so that the page's light and dark themes color it. The same numbers give the same text: identifiers are
salted with the name of the plot, and nothing is dated. Only drawing imports matplotlib.
"""

import dataclasses
import importlib.resources
import io
import re
import warnings
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, final

INK, LINE, PAPER = "#010101", "#020202", "#030303"
SERIES = tuple(f"#0404{k:02x}" for k in range(1, 7))
"""Placeholder colors; the page says what they are."""
MARKERS = "osD^vP"
VARIABLES: Mapping[str, str] = {
    INK: "var(--ink)",
    LINE: "var(--line)",
    PAPER: "var(--paper)",
    **{color: f"var(--series-{k})" for k, color in enumerate(SERIES, 1)},
}
WIDTH = 4.6
"""Inches; a page scales it."""
STYLE: Mapping[str, Any] = {
    "axes.edgecolor": LINE,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.family": ["sans-serif"],
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9.0,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "lines.linewidth": 1.6,
    "lines.markersize": 4.5,
    "svg.fonttype": "none",
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": INK,
    "ytick.color": INK,
}
COLORMAP, N_SHADES = "cividis", 9
"""Shades of a matrix, readable whatever colors a reader can tell apart."""
Axes: TypeAlias = Any
LETTER = 0.062
"""Inches that a letter of a label takes, amply."""


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class Frame:
    """Where the axes are: the size of the plot and the margins around them, in inches."""

    width: float = WIDTH
    height: float = 2.7
    left: float = 0.8
    right: float = 0.12
    bottom: float = 0.5
    top: float = 0.12


@final
@dataclasses.dataclass(frozen=True)
class Figure:
    """An SVG element, and what it shows in words."""

    svg: str
    words: str


def as_svg(draw: Callable[[Axes], None], name: str, frame: Frame) -> str:
    """Return what a function draws on fresh axes as an SVG element for a page."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure as Canvas

    mpl: Any = matplotlib
    with warnings.catch_warnings(), mpl.rc_context():
        # A glyph that the font lacks is the business of the reader's font.
        warnings.simplefilter("ignore")
        mpl.rcdefaults()
        mpl.rcParams.update({**STYLE, "svg.hashsalt": name})
        figure: Any = Canvas(figsize=(frame.width, frame.height))
        FigureCanvasSVG(figure)
        figure.patch.set_visible(False)
        # Margins by hand: a layout that is found by drawing costs as much as the drawing.
        figure.subplots_adjust(
            left=frame.left / frame.width,
            right=1 - frame.right / frame.width,
            bottom=frame.bottom / frame.height,
            top=1 - frame.top / frame.height,
        )
        axes = figure.add_subplot()
        axes.patch.set_visible(False)
        # Where the margin begins, however long the numbers at the ticks are.
        axes.yaxis.set_label_coords((0.14 - frame.left) / (frame.width - frame.left - frame.right), 0.5)
        draw(axes)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    return _for_a_page(text.getvalue(), name)


def standing(svg: str) -> str:
    """Return an element for a page as a file of its own, with the colors that pages have."""
    style = (importlib.resources.files("metric_harness") / "data" / "templates" / "style.css").read_text("utf-8")
    found = re.findall(r"(?::root \{.*?\}\n|@media \(prefers-color-scheme.*?\n\}\n)", style, re.DOTALL)
    rules = f"{''.join(found)} svg {{ background: var(--paper) }} text {{ font-family: sans-serif }}"
    return svg.replace(">", f"><style>{rules}</style>", 1) + "\n"


def _for_a_page(svg: str, name: str) -> str:
    """Return matplotlib's file as an element: no prologue, no global style, own identifiers, the page's colors."""
    element = re.sub(r"<style.*?</style>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    element = re.sub(r' (?:width|height)="[\d.]+pt"', "", element, count=2)
    # Text between the tags has no < of its own, and stays as it is.
    return re.sub(r"<[^>]*>", lambda tag: _owned(tag[0], name), element).strip()


def _owned(tag: str, name: str) -> str:
    """Return a tag with its identifiers prefixed and its colors left to the page."""
    tag = re.sub(r' id="([^"]*)"', rf' id="{name}-\1"', tag)
    tag = re.sub(r'((?:xlink:)?href="|url\()#', rf"\1#{name}-", tag)
    return re.sub("#[0-9a-f]{6}", lambda color: VARIABLES.get(color[0], color[0]), tag)


def shortened(label: str, most: int = 34) -> str:
    """Return a label on one line, cut to what a plot has room for."""
    line = " ".join(label.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"
