"""Scorecards that hold what no report may choke on: every outcome, every kind of measurement, and hostile text."""

import dataclasses
from pathlib import Path

from metric_harness.baseline import judged
from metric_harness.records import (
    CaseRecord,
    Exemption,
    MetricInfo,
    Observation,
    Outcome,
    Plain,
    RunInfo,
    Scorecard,
    SuiteInfo,
)
from metric_harness.scoring import scorecard

TEXTS = (
    "<script>alert(1)</script>",
    "\"><img src=x onerror='alert(1)'>",
    "</style></title></svg><h1>mine</h1>",
    "a | b || c",
    "two\nlines\r\nthree",
    "W" * 400,
    "\u202eright to left \u05e2\u05d1\u05e8\u05d9\u05ea",
    "robot \U0001f916 \u4f60\u597d",
    "{{ 7 * 7 }} {% raw %}",
    "$\\frac{1}{0}$ and $",
    "`code` ``` **bold** [link](javascript:alert(1))",
    '#010101 url(#here) id="there"',
)
"""Text that means something to HTML, Jinja2, Markdown, matplotlib, or to whoever lays out a page."""


def measurements(text: str) -> dict[str, Plain]:
    """Return one measurement of every kind, a text in each name and in each place that holds text."""
    return {
        f"number {text}": 0.5,
        f"number {text} interval": [0.4, 0.6],
        f"words {text}": text,
        f"values {text}": {text: 1.0},
        f"distance {text} by dose": [0.1, None, 0.3],
        f"distance {text} intervals by dose": [[0.0, 0.2], [0.1, 0.2], [0.2, 0.4]],
        "doses": [1, 2, 4],
        "breakdown dose": 3.0,
        "accuracy by group": [0.1, 0.2],
        "groups": [text, "other"],
        f"score by {text}": [1.0, 2.0],
        f"{text}s": [0, 1],
        "share of its range by nuisance": [0.0, 0.5],
        "share of its range intervals by nuisance": [[-0.1, 0.1], [0.4, 0.6]],
        "nuisances": [text, "rotation"],
        "mean distance matrix": [[None, 1.0, 2.0], [1.0, None, 1.5], [2.0, 1.5, None]],
        "mean distance matrix labels": [text, "second", "third"],
        f"at {text}: number": 0.4,
        "settings that hold": [text],
        "settings that do not hold": [],
    }


def case(outcome: Outcome, text: str) -> CaseRecord:
    """Return a case that ended so, with a text in every field that holds one."""
    return CaseRecord(
        id=f"noise.{outcome.value}",
        version=1,
        group="noise",
        tier="validity" if outcome is not Outcome.ERROR else "required",
        outcome=outcome,
        score=None if outcome is Outcome.NOT_RUN else 0.25,
        # One case has everything: a plot takes longer than all the rest of a page.
        measurements=measurements(text) if outcome is Outcome.FAILED else {f"number {text}": 0.5},
        bound=text,
        message=text,
        metric_s=1.5,
        exemption=Exemption(reason=text, issue="javascript:alert(1)", until=text)
        if outcome is Outcome.XFAILED
        else None,
    )


def card(text: str = "plain", name: str | None = None) -> Scorecard:
    """Return a scorecard with a case of every outcome, and a baseline in which all of them had passed."""
    now, before = (
        scorecard(
            suite=SuiteInfo(version=text, profile="smoke", n_cases=len(Outcome)),
            run=RunInfo(started=text, duration_s=1.0, complete=False, command=text, seed=3, workers=0),
            environment={"python": text, "platform": text, "packages": {text: text, "absent": None}, "git": None},
            metric=MetricInfo(
                name=name or text,
                source=text,
                settings={text: text},
                claims={"symmetric": True, text: None, "numerical_floor": 1e-3, "value_range": [0.0, None]},
                observed={"symmetric": Observation(claimed=True, observed=False, deviation=1.0)},
            ),
            cases=[case(outcome, text) for outcome in outcomes],
        )
        for outcomes in (Outcome, [Outcome.PASSED])
    )
    return dataclasses.replace(now, baseline=judged(before, now, Path(text.replace("/", " "))))
