"""What the controlling process does: gather results, write the files, print the summary."""

import re
from collections.abc import Sequence
from typing import Any, final

import pytest

from metric_harness import __version__, catalogue
from metric_harness.baseline import change_lines
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
        self.others_failed = False

    def pytest_report_header(self) -> str:
        """Name the suite, the profile, the network unless it is the default, the seed and the metrics."""
        asked = self.session.request
        metrics = ", ".join(f"{m.name} ({m.source})" if m.name != m.source else m.name for m in asked.metrics)
        network = "" if asked.network.is_default else f"network {asked.network.value}, "
        return (
            f"metric-harness {__version__}: suite {catalogue.suite_version()}, profile {asked.profile}, {network}"
            f"seed {asked.seed}; metrics: {metrics}"
        )

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:
        """Let workers that are done take cases from others, where the user asked for no other order.

        By default a worker gets neighbors in one piece, and the cases that take longest are neighbors.
        """
        if config.getoption("dist") != "load":
            return None
        try:
            from xdist.scheduler import WorkStealingScheduling  # pyright: ignore[reportMissingTypeStubs]
        except ImportError:  # an old xdist has none
            return None
        return WorkStealingScheduling(config, log)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take a case's result, or the news that its worker died."""
        payload = getattr(report, PAYLOAD, None)
        if payload is not None:
            self.session.receive(payload)
        elif report.failed and (lost := CRASHED.match(report.nodeid)):
            case_id = f"{lost['group']}.{lost['claim']}"
            self.session.receive_crash(lost["metric"], case_id, str(report.longrepr))
        elif report.failed:
            self.others_failed = True

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Notice what could not be collected."""
        self.others_failed |= report.failed

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
            verbose=getattr(session.config.option, "verbose", 0) > 0,
        )
        for card in self.cards:
            self.lines += [] if card.baseline is None else change_lines(card.metric.name, card.baseline)
        absent = self.session.request.exemptions.for_other_metrics([card.metric.name for card in self.cards])
        if absent:
            self.lines.append(f"exemptions for metrics that are not in this run: {', '.join(absent)}")
        unmet = self._unmet()
        self.lines += unmet
        decided = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED)
        if exitstatus in decided and (status := self._status(unmet)) is not None:
            session.exitstatus = status

    def _status(self, unmet: Sequence[str]) -> pytest.ExitCode | None:
        """Return the exit status that the cases ask for; None leaves pytest's own, of tests outside the suite."""
        gated = bool(self.session.request.baselines)
        if gated:
            failed = any(card.baseline is None or card.baseline.worse for card in self.cards)
        else:
            failed = any(case.outcome.is_failure for card in self.cards for case in card.cases)
        if unmet or failed:
            return pytest.ExitCode.TESTS_FAILED
        # pytest counted failures that were there before; those of other tests are no business of the gate.
        return pytest.ExitCode.OK if gated and not self.others_failed else None

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
