"""Scorecards that tests have edited, written as if a run had left them so."""

import contextlib
import json
from pathlib import Path
from typing import Any

from metric_harness.comparison import read_scorecard
from metric_harness.errors import ScorecardError
from metric_harness.records import digest


def write_as_whole(content: dict[str, Any], path: Path) -> None:
    """Write a card whose number of cases and digest are those of its content, if it has any that can be read."""
    if isinstance(content["cases"], list):
        content["suite"]["n_cases"] = len(content["cases"])
    path.write_text(json.dumps(content), encoding="utf-8")
    with contextlib.suppress(ScorecardError):
        card = read_scorecard(path)
        content["results_digest"] = digest(card.suite, card.run.seed, card.metric, card.cases)
        path.write_text(json.dumps(content), encoding="utf-8")
