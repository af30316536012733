"""Draws the pictures of `docs/gallery.md` from the scorecards in `reports/`, and writes that page.

Run: python docs/gallery.py
"""

import dataclasses
from pathlib import Path

from metric_harness import architecture_rows, architecture_tables
from metric_harness.comparison import read_report, read_scorecard
from metric_harness.curve_figures import curve_figure
from metric_harness.drawing import Figure, standing
from metric_harness.evidence import RANGE_SHARE, Evidence, evidence, on_one_axis
from metric_harness.files import write_whole
from metric_harness.forest_figures import forest_figure
from metric_harness.matrix_figures import matrix_figure
from metric_harness.profile_figures import profile_figure
from metric_harness.records import CaseRecord, Comparison
from metric_harness.trade_off import trade_off_of

DOCS = Path(__file__).parent
REPORTS = DOCS.parent / "reports"
CURVES = (
    ("attractor.mixing", "cka", "distance"),
    ("noise.discriminability", "cka", "AUC"),
    ("noise.recurrent", "procrustes", "AUC"),
    ("noise.sample_size", "dsa", "halves"),
    ("learning.shared_subtasks", "dsa", "distance"),
    ("learning.gradual", "cka", "distance"),
    ("learning.behavior", "cka", "distance"),
    ("ablation.dose", "procrustes", "distance"),
)
"""Case, metric, and a word of the quantity that is drawn."""
MATRICES = (("attractor.regimes", "cka"), ("attractor.regimes", "dsa"))
"""Case and metric."""
PROFILES = ("cka", "dsa")
"""Metrics of which it is shown what moves them."""
DECEIVED, STORIES = "cka", ("called alike", "called different")
"""The metric whose counterexamples are shown, and what it says of each of the two pairs that the search found."""
SPURIOUS, RANGE, RECORDINGS = "misleading.spurious_agreement", "share of the range", ("one", "the other")
"""The case that searches for them, and how its measurements name what they tell of a pair."""
ARCHITECTURE, COURSE = "mamba", "cka"
"""The architecture whose page is shown, and the metric whose course of training."""
HEAD = """# Gallery

What a report shows, drawn by `python docs/gallery.py` from the scorecards in [`reports`](../reports/comparison.md).
Bands and bars are 95 % intervals. Every page of a report holds the same numbers as tables.
"""


def main(folder: Path = DOCS) -> None:
    """Draw every picture and write the page into a folder."""
    parts = [HEAD]
    pictures = folder / "gallery"
    comparison = read_report(REPORTS / "comparison.json")
    if isinstance(comparison, Comparison) and (draw := trade_off_of(comparison)):
        parts.append(_shown("Validity against cost, all metrics", pictures / "trade-off.svg", draw("trade-off")))
    for case_id, metric, word in CURVES:
        groups = on_one_axis(_evidence(metric, case_id).curves)
        curves = next(group for group in groups if any(word in curve.quantity for curve in group))
        name = f"{case_id.replace('.', '-')}-{metric}"
        parts.append(
            _shown(
                f"{case_id}, {metric}: {curves[0].unit} by {curves[0].x}",
                pictures / f"{name}.svg",
                curve_figure(curves, name),
            )
        )
    for case_id, metric in MATRICES:
        (matrix, *_) = _evidence(metric, case_id).matrices
        name = f"{case_id.replace('.', '-')}-{metric}-matrix"
        parts.append(
            _shown(f"{case_id}, {metric}: {matrix.quantity}", pictures / f"{name}.svg", matrix_figure(matrix, name))
        )
    parts += [_profile(metric, pictures) for metric in PROFILES]
    parts += [picture for story in STORIES for picture in _counterexample(story, pictures)]
    parts += _architecture(pictures)
    print(write_whole(folder / "gallery.md", "\n".join(parts)))


def _profile(metric: str, pictures: Path, reports: Path = REPORTS) -> str:
    """Draw how far each change of a recording moves a metric, and return the lines of the page."""
    curves = [curve for curve in _evidence(metric, "misleading.sensitivity", reports).curves if curve.is_profile]
    name = f"misleading-sensitivity-{metric}"
    title = f"misleading.sensitivity, {metric}: {RANGE_SHARE} by change"
    return _shown(title, pictures / f"{name}.svg", profile_figure(curves, name))


def _counterexample(story: str, pictures: Path, reports: Path = REPORTS) -> list[str]:
    """Draw the pair that the search ended with for a story, and return the lines of the page; none if none."""
    case = _case(DECEIVED, SPURIOUS, reports)
    curves = [curve for curve in evidence(case).curves if story in curve.x]
    if not curves:
        return []
    told, name = case.measurements, f"misleading-spurious_agreement-{DECEIVED}-{story.replace(' ', '-')}"
    share, accuracies = told[f"{story}: {RANGE}"], [told[f"{story}: accuracy from {who}"] for who in RECORDINGS]
    picture = _shown(
        f"{SPURIOUS}, {DECEIVED}: a pair {story}",
        pictures / f"{name}.svg",
        curve_figure([dataclasses.replace(curve, x="time step") for curve in curves], name),
    )
    words = (
        f"Mean activity along the decoder's axis, in the trials of either value of the variable. The pair is at "
        f"{share:.2f} of the range; the variable is decoded from the one recording with accuracy {accuracies[0]:.2f}, "
        f"from the other with {accuracies[1]:.2f}. The pair: {told[f'{story}: pair']}."
    )
    return [f"{picture}\n{words}\n"]


def _architecture(pictures: Path) -> list[str]:
    """Draw what training changes in an architecture, and return the lines of the page."""
    cards = [read_scorecard(path) for path in sorted(REPORTS.glob(f"*-{ARCHITECTURE}/scorecard.json"))]
    rows = architecture_rows.rows_of(cards)
    needs = forest_figure(
        architecture_tables.needs(rows), "share of unrelated networks' distance", "architecture-needs", None
    )
    courses = [course for row in rows if row.metric == COURSE for course in row.courses]
    return [
        _shown(
            "architecture.recurrent_change: how much farther all weights move states than input weights alone",
            pictures / "architecture-needs.svg",
            needs,
        ),
        _shown(
            f"architecture.recurrent_change, {COURSE}: distance to the end by checkpoint",
            pictures / f"architecture-course-{COURSE}.svg",
            curve_figure(courses, f"architecture-course-{COURSE}"),
        ),
    ]


def _case(metric: str, case_id: str, reports: Path) -> CaseRecord:
    card = read_scorecard(reports / metric / "scorecard.json")
    return next(case for case in card.cases if case.id == case_id)


def _evidence(metric: str, case_id: str, reports: Path = REPORTS) -> Evidence:
    return evidence(_case(metric, case_id, reports))


def _shown(title: str, path: Path, figure: Figure) -> str:
    """Write a picture with the reports' colors, and return its lines of the page."""
    write_whole(path, standing(figure.svg))
    return f"## {title}\n\n![{figure.words}]({path.parent.name}/{path.name})\n"


if __name__ == "__main__":
    main()
