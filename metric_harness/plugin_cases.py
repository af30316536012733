"""How pytest collects and runs a case, and packs its result for the journey to the scorecard.

The tree is `metric-harness::<group>::test_<claim>[<metric>]`. Its root is the suite's version file, so that
neither the place of installation nor the user's naming patterns play a part.
"""

import contextlib
import dataclasses
import importlib.util
import signal
import sys
import types
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, final

import numpy as np
import pytest

from metric_harness import catalogue, process_state
from metric_harness.adapter import MetricUnderTest
from metric_harness.checks import ClaimFailedError, ClaimInconclusiveError, NotApplicableError, Recorder
from metric_harness.errors import CaseTimeoutError, MetricError, SchedulerError, UnfitZooError
from metric_harness.exemptions import Entry
from metric_harness.files import read_arrays
from metric_harness.profiles import PROFILES, Profile
from metric_harness.records import SUITE, CaseInfo, CaseRecord, Outcome, plain
from metric_harness.routing import routes
from metric_harness.seeding import generator
from metric_harness.session import Payload, Request

if TYPE_CHECKING:
    from metric_harness.zoo import Zoo

CASE_MODULES = "metric_harness_testcases"
"""First part of the names under which the case files are imported."""
PAYLOAD = "metric_harness"
"""Attribute of a test report that carries a case's result; pytest and xdist transport it as it is."""


@final
@dataclasses.dataclass
class CaseState:
    """What is known of a case while it runs."""

    case: CaseInfo
    metric: MetricUnderTest
    parameters: str
    n_parts: int = 1
    exemption: Entry | None = None
    recorder: Recorder = dataclasses.field(default_factory=Recorder)
    outcome: Outcome = Outcome.PASSED
    message: str = ""

    def exempt(self) -> None:
        """Turn a failure under the exemption into an expected one, and a pass into an unexpected one.

        A case with parameters may pass on some of them; whether all did is known at the end of the run.
        """
        if self.exemption is None or self.exemption.exemption.expired:
            return
        if self.outcome is Outcome.ERROR:
            self.recorder.score = None  # an error gets none, exempt or not
        if self.outcome in (Outcome.FAILED, Outcome.ERROR):
            self.outcome = Outcome.XFAILED
        elif self.outcome is Outcome.PASSED and not self.parameters:
            self.outcome, self.message = Outcome.XPASSED, self.exemption.unexpected_pass()


STATE: pytest.StashKey[CaseState] = pytest.StashKey()
N_PARTS: pytest.StashKey[int] = pytest.StashKey()
"""Over how many sets of parameters the case runs for each metric, whatever is selected of them."""
REQUEST: pytest.StashKey[Request] = pytest.StashKey()


@final
class CaseSuite(pytest.File):
    """The suite as one collected file."""

    def collect(self) -> "Iterable[CaseModule]":
        """Return one collector for each case file of the chosen groups."""
        folder = catalogue.testcases_folder()
        wanted = {case.path for case in catalogue.cases() if self.config.stash[REQUEST].wants(case)}
        for relative in sorted(wanted):
            group = Path(relative).parent.name
            yield cast(Any, CaseModule).from_parent(
                self, path=folder / relative, name=group, nodeid=f"{self.nodeid}::{group}"
            )


@final
class CaseModule(pytest.Module):
    """A case file: an ordinary test module, imported by location whatever the user's import mode."""

    def _getobj(self) -> types.ModuleType:
        name = f"{CASE_MODULES}.{self.path.parent.name}.{self.path.stem}"
        spec = importlib.util.spec_from_file_location(name, self.path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        vars(module).update(FIXTURES)
        return module


@pytest.fixture
def metric(request: pytest.FixtureRequest) -> MetricUnderTest:
    """The metric under test."""
    return request.node.stash[STATE].metric


@pytest.fixture
def measure(request: pytest.FixtureRequest) -> Recorder:
    """The recorder: `measure(name, value)` before any verdict."""
    state, asked = request.node.stash[STATE], request.config.stash[REQUEST]
    state.recorder.earlier = read_arrays(asked.counterexample_file(state.metric.name, state.case.id))
    return state.recorder


@pytest.fixture
def profile(request: pytest.FixtureRequest) -> Profile:
    """How much data to use."""
    return PROFILES[request.config.stash[REQUEST].profile]


@pytest.fixture
def streams(request: pytest.FixtureRequest) -> Callable[..., np.random.Generator]:
    """Return `streams(*path)`, the generator of a seed path below this case, equal for all metrics."""
    seed, case = request.config.stash[REQUEST].seed, request.node.stash[STATE].case
    return lambda *path: generator(seed, case.id, *path)


@pytest.fixture
def zoo(request: pytest.FixtureRequest) -> "Zoo":
    """The networks of the chosen architecture."""
    # Networks need torch, which few cases do.
    from metric_harness.zoo_recordings import zoo_in

    chosen = request.config.stash[REQUEST].network
    return zoo_in(chosen.folder, view=chosen.view)


FIXTURES = {"metric": metric, "measure": measure, "profile": profile, "streams": streams, "zoo": zoo}
"""What a case may ask for; given to each case module, so that a user's fixtures of these names stay theirs."""


@final
class CaseRunner:
    """The hooks that make a case out of a test function; registered only with `--metric`."""

    def __init__(self, asked: Request) -> None:
        self.request = asked
        self.routes = routes(cached=asked.cached, scheduler=asked.scheduler)

    def pytest_report_header(self) -> list[str]:
        """Name the ways that questions take, and the metrics that no cache may answer for."""
        return self.routes.described({metric.name: metric.bare for metric in self.request.metrics})

    def pytest_unconfigure(self) -> None:
        """Leave what the questions were sent to."""
        self.routes.close()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Leave the request where collectors and fixtures find it."""
        session.config.stash[REQUEST] = self.request

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> CaseSuite | None:
        """Collect the suite's version file as the suite."""
        if file_path != catalogue.suite_file():
            return None
        return cast(Any, CaseSuite).from_parent(parent.session, path=file_path, name=SUITE, nodeid=SUITE)

    @pytest.hookimpl(tryfirst=True)
    def pytest_pycollect_makeitem(
        self, collector: pytest.Collector, name: str, obj: object
    ) -> list[pytest.Item] | None:
        """Collect what carries the case marker, and nothing else, whatever the ini's patterns are."""
        if not isinstance(collector, CaseModule):
            return None
        is_case = any(mark.name == "case" for mark in getattr(obj, "pytestmark", []))
        items: list[pytest.Item] = list(cast(Any, collector)._genfunctions(name, obj)) if is_case else []
        for item in items:
            item.stash[N_PARTS] = len(items) // len(self.request.metrics)
        return items

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run each case once for each metric."""
        if metafunc.definition.getparent(CaseModule) is not None:
            names = [metric.name for metric in self.request.metrics]
            metafunc.parametrize("metric", names, ids=names, indirect=True)

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """Give each case its state."""
        if item.getparent(CaseModule) is None:
            return
        marker = item.get_closest_marker("case")
        assert marker is not None
        callspec = cast(Any, item).callspec
        resolved = self.request.metric(callspec.params["metric"])
        others = [str(i) for i in callspec._idlist if i != resolved.name]
        case = catalogue.case(marker.kwargs["id"])
        item.stash[STATE] = CaseState(
            case=case,
            metric=MetricUnderTest(
                resolved.name, resolved.bare, self.request.recipe(resolved), route=self.routes.of(case.group)
            ),
            parameters="-".join(others),
            n_parts=item.stash[N_PARTS],
            exemption=self.request.exemptions.of(resolved.name, case.id),
            recorder=Recorder(case.id),
        )

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Run a case under its time limit and keep its verdict."""
        state = item.stash.get(STATE, None)
        if state is None:
            return (yield)
        try:
            # What a metric changes of the process must not reach the next case, nor the next metric.
            with process_state.room_afterwards(), process_state.restored(), deadline(self.request.timeout):
                self._require_networks(item)
                return (yield)
        except (ClaimInconclusiveError, NotApplicableError, UnfitZooError) as verdict:
            applicable = isinstance(verdict, ClaimInconclusiveError)
            state.outcome = Outcome.INCONCLUSIVE if applicable else Outcome.NOT_APPLICABLE
            state.message = str(verdict)
            pytest.skip(state.message)
        except ClaimFailedError as verdict:
            state.outcome, state.message = Outcome.FAILED, str(verdict)
            raise
        except (MetricError, CaseTimeoutError, SchedulerError) as error:
            state.outcome, state.message = Outcome.ERROR, str(error)
            raise

    def _require_networks(self, item: pytest.Item) -> None:
        """Ask about another architecture what an architecture can change, and nothing else again.

        Raises:
            NotApplicableError: if the case compares no networks.
        """
        if not self.request.network.is_default and "zoo" not in cast(Any, item).fixturenames:
            raise NotApplicableError(
                f"no network enters this case, so that --metric-network={self.request.network.value} changes nothing "
                "about it; the scorecard without that option tells"
            )

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Put the result on the report, and the verdict in place of a traceback.

        The case's own outcome decides: no `xfail` marker from elsewhere makes less of a failure.
        """
        report = yield
        state = item.stash.get(STATE, None)
        if state is None or (call.when != "call" and call.excinfo is None):
            return report
        if call.excinfo is not None and not state.message:
            blame_elsewhere(state, call)
        state.exempt()
        self._show(report, state, item)
        payload = packed(state, report.duration)
        setattr(report, PAYLOAD, payload)
        # The item's, not the report's: JUnit files take them from the report of the teardown that follows.
        item.user_properties += [
            (f"metric_harness.{key}", payload["record"][key]) for key in ("id", "outcome", "score")
        ]
        return report

    def _show(self, report: pytest.TestReport, state: CaseState, item: pytest.Item) -> None:
        """Make pytest count and print what the case found; `--full-trace` keeps the traceback."""
        vars(report).pop("wasxfail", None)
        if state.outcome.is_failure:
            report.outcome = "failed"
            verdict = f"{state.message}\n  rerun: {self.request.rerun(state.metric.name, state.case)}"
            if item.config.getoption("fulltrace", default=False) and report.longrepr:
                report.sections.append(("verdict", verdict))
            else:
                report.longrepr = verdict
        elif state.outcome is Outcome.XFAILED and state.exemption is not None:
            report.outcome, report.longrepr = "skipped", state.message
            setattr(report, "wasxfail", state.exemption.exemption.reason)  # noqa: B010 - unknown to the class
        elif state.outcome is Outcome.PASSED:
            report.outcome, report.longrepr = "passed", None
        else:
            path, line, _ = item.reportinfo()
            reason = f"{state.outcome.value}: {state.message.splitlines()[0]}"
            report.outcome, report.longrepr = "skipped", (str(path), (line or 0) + 1, f"Skipped: {reason}")


def blame_elsewhere(state: CaseState, call: pytest.CallInfo[None]) -> None:
    """Name what ended a case without a verdict: somebody else's skip, or a fault of the case itself."""
    assert call.excinfo is not None
    if call.excinfo.errisinstance((pytest.skip.Exception, pytest.xfail.Exception)):
        state.outcome = Outcome.NOT_RUN
        state.message = f"skipped in {call.when} by something outside the suite: {call.excinfo.value}"
    else:
        where = "" if call.when == "call" else f" in {call.when}"
        state.outcome = Outcome.ERROR
        hint = "this is a fault of the case, not of the metric; --full-trace shows where"
        if call.excinfo.errisinstance(MemoryError):
            hint = (
                "memory is used up, by this case or by what a metric has kept since earlier ones; run this case alone"
            )
        state.message = f"the case itself raised{where}: {call.excinfo.exconly()}\n  hint: {hint}"


def packed(state: CaseState, duration: float) -> Payload:
    """Return a case's result as plain JSON types."""
    recorder, case = state.recorder, state.case
    passed = state.outcome in (Outcome.PASSED, Outcome.XPASSED)
    judged = passed or state.outcome in (Outcome.FAILED, Outcome.XFAILED, Outcome.INCONCLUSIVE)
    score = 1.0 if recorder.score is None and passed else recorder.score
    record = CaseRecord(
        id=case.id,
        version=case.version,
        group=case.group,
        tier=case.tier,
        outcome=state.outcome,
        score=score if judged else None,
        measurements=recorder.measurements,
        volatile=recorder.volatile_names,
        bound=recorder.bound,
        message=state.message,
        duration_s=round(duration, 4),
        metric_calls=state.metric.meter.n_calls,
        metric_s=round(state.metric.meter.seconds, 4),
    )
    return {
        "metric": state.metric.name,
        "parameters": state.parameters,
        "n_parts": state.n_parts,
        "n_reused": state.metric.meter.n_reused,
        "record": plain(record),
        "observed": plain(recorder.observed),
        "counterexample": plain({name: np.asarray(array) for name, array in recorder.counterexample.items()}),
    }


@contextlib.contextmanager
def deadline(seconds: float | None) -> Generator[None]:
    """Raise `CaseTimeoutError` in this thread when the block takes longer than `seconds`.

    The alarm repeats, in case the metric swallows the first one. Code that never returns to Python
    cannot be interrupted this way.
    """
    if seconds is None:
        yield
        return

    def expire(*_: object) -> None:
        raise CaseTimeoutError(
            f"timeout: the case took longer than {seconds:g} s. Raise --metric-timeout, or choose a smaller "
            "--metric-profile."
        )

    previous = signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
