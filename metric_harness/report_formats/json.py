"""JSON: the machine's copy, strict and sorted."""

from typing import ClassVar, final

from metric_harness.interfaces import AbstractReportFormat
from metric_harness.records import Comparison, Scorecard, to_json


@final
class JsonFormat(AbstractReportFormat):
    """Strict JSON (no NaN), keys sorted; the schema ships as `metric-harness schema`."""

    suffix: ClassVar[str] = "json"

    def render(self, card: Scorecard) -> str:
        """Return one metric's scorecard as JSON."""
        return to_json(card)

    def render_comparison(self, comparison: Comparison) -> str:
        """Return the comparison as JSON."""
        return to_json(comparison)
