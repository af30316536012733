"""What the controlling process does: gather results, write the files, print the summary."""

import re
from typing import final

import pytest

from metric_harness import __version__, catalogue
from metric_harness.plugin_cases import PAYLOAD
from metric_harness.records import SUITE, Scorecard
from metric_harness.session import Request, RunSession
from metric_harness.summary import summary_lines

CRASHED = re.compile(rf"{SUITE}::(?P<group>\w+)::test_(?P<claim>\w+)\[(?P<metric>[^\]]+)\]")


@final
class RunReporter:
    """Registered in the controlling process only, with or without xdist."""

    def __init__(self, asked: Request, config: pytest.Config) -> None:
        self.session = RunSession(asked)
        self.workers = int(getattr(config.option, "numprocesses", None) or 0)
        self.root = config.rootpath
        self.cards: list[Scorecard] = []
        self.lines: list[str] = []

    def pytest_report_header(self) -> str:
        """Name the suite, the profile, the seed and the metrics."""
        asked = self.session.request
        metrics = ", ".join(f"{m.name} ({m.source})" if m.name != m.source else m.name for m in asked.metrics)
        return (
            f"metric-harness {__version__}: suite {catalogue.suite_version()}, profile {asked.profile}, "
            f"seed {asked.seed}; metrics: {metrics}"
        )

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take a case's result, or the news that its worker died."""
        payload = getattr(report, PAYLOAD, None)
        if payload is not None:
            self.session.receive(payload)
        elif report.failed and (lost := CRASHED.match(report.nodeid)):
            case_id = f"{lost['group']}.{lost['claim']}"
            self.session.receive_crash(lost["metric"], case_id, str(report.longrepr))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write the reports; a run without a single result is not a success."""
        if session.config.option.collectonly:
            return
        self.cards = self.session.scorecards(self.workers)
        try:
            written = self.session.write(self.cards)
        except OSError as error:
            session.exitstatus = pytest.ExitCode.USAGE_ERROR
            self.lines = [f"reports could not be written: {error}. Give another --metric-reports folder."]
            return
        self.lines = summary_lines(
            self.cards,
            [path.relative_to(self.root) if path.is_relative_to(self.root) else path for path in written],
        )
        absent = self.session.request.exemptions.for_other_metrics([card.metric.name for card in self.cards])
        if absent:
            self.lines.append(f"exemptions for metrics that are not in this run: {', '.join(absent)}")
        unmet = self._unmet()
        self.lines += unmet
        failed = any(case.outcome.is_failure for card in self.cards for case in card.cases)
        if (unmet or failed) and exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _unmet(self) -> list[str]:
        """Return a line for each metric that was named and never put to the test."""
        return [
            f"no case ran for {card.metric.name}; nothing was validated."
            for card in self.cards
            if card.summary.coverage == 0
        ]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print one screen: every case, the totals, and where the files are."""
        if self.lines:
            terminalreporter.section("metric conformance")
            for line in self.lines:
                terminalreporter.write_line(line)
