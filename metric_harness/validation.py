"""The function API: validate a metric inside the running process, as a notebook or a script needs it.

The engine is the same pytest run that the command line starts, shielded from the caller's settings: no ini file,
conftest, plugin or environment variable of theirs takes part, and nothing of theirs is left changed.
"""

import contextlib
import io
import os
import sys
import tempfile
import warnings
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import cast, final

import pytest

from metric_harness import plugin, session
from metric_harness.errors import MetricHarnessError, UsageError
from metric_harness.plugin_cases import CASE_MODULES
from metric_harness.plugin_report import RunReporter
from metric_harness.records import DEFAULT_NETWORK, Scorecard
from metric_harness.seeding import DEFAULT_SEED

UNUSED = ("terminal", "cacheprovider", "logging", "faulthandler", "warnings", "unraisableexception", "threadexception")
"""pytest's own plugins that would write files, or touch what belongs to the caller."""


def validate(
    metric: object,
    *,
    profile: str = "standard",
    network: str = DEFAULT_NETWORK,
    network_settings: Mapping[str, object] | None = None,
    groups: Sequence[str] = (),
    seed: int | None = None,
    settings: Mapping[str, object] | None = None,
    reports: str | os.PathLike[str] | None = None,
) -> Scorecard:
    """Put a metric to the test and return its scorecard, equal to the one of `pytest --metric=…`.

    Args:
        metric: a function f(x, y), an object or class with `distance` or `similarity`, an `AbstractMetric`, or a text
            as after `--metric`. A text, or what a module holds, can be made again in the fresh processes that some
            cases need; anything else is pickled.
        profile: how much data: smoke, standard or paper.
        network: architecture of the networks that cases compare, as after `--metric-network`.
        network_settings: settings of it, as after `--metric-network-set`.
        groups: only these groups of cases; default: all.
        seed: root seed of all data; default: the command line's.
        settings: settings of the metric, as after `--metric-set`.
        reports: folder to write the reports to; default: no files.

    Raises:
        UsageError: if the metric cannot be found or adapted, or an argument is wrong.
    """
    chosen = [groups] if isinstance(groups, str) else list(groups)
    with _undisturbed(), tempfile.TemporaryDirectory() as scratch:
        asked = session.request(
            metrics=[metric],
            settings=[f"{key}={value}" for key, value in (settings or {}).items()],
            groups=chosen,
            profile=profile,
            network=network,
            network_settings=[f"{key}={value}" for key, value in (network_settings or {}).items()],
            seed=DEFAULT_SEED if seed is None else seed,
            timeout=None,
            reports=Path(scratch) / "reports" if reports is None else Path(reports).absolute(),
            formats=["json"] if reports is None else [],
            command=_command(
                metric,
                profile=profile,
                network=network,
                network_settings=dict(network_settings or {}),
                groups=chosen,
                seed=seed,
                settings=dict(settings or {}),
            ),
            root=Path.cwd(),
            cwd=Path.cwd(),
        )
        return _run(asked, Path(scratch))


def _command(metric: object, **given: object) -> str:
    """Return the call as it might have been typed."""
    usual: dict[str, object] = {
        "profile": "standard",
        "network": DEFAULT_NETWORK,
        "network_settings": {},
        "groups": [],
        "seed": None,
        "settings": {},
    }
    words = [f"{name}={value!r}" for name, value in given.items() if value != usual[name]]
    shown = repr(metric) if isinstance(metric, str) else getattr(metric, "__name__", f"{type(metric).__name__}(…)")
    return f"metric_harness.validate({', '.join([shown, *words])})"


@final
class _Handover:
    """Carries the request into the inner run, and the scorecard out of it."""

    def __init__(self, asked: session.Request) -> None:
        self.asked = asked
        self.reporter: RunReporter | None = None

    def pytest_cmdline_main(self, config: pytest.Config) -> None:
        """Leave the request where the plugin looks for it."""
        config.stash[plugin.READY] = self.asked

    def pytest_unconfigure(self, config: pytest.Config) -> None:
        """Keep the reporter, which holds the scorecard."""
        self.reporter = cast("RunReporter | None", config.pluginmanager.get_plugin("metric-harness-report"))


def _run(asked: session.Request, scratch: Path) -> Scorecard:
    (scratch / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    options = ["-c", str(scratch / "pytest.ini"), "--noconftest", "--assert=plain", "--capture=no"]
    options += [f"-pno:{name}" for name in UNUSED]
    handover, output = _Handover(asked), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        status = pytest.main(options, plugins=[plugin, handover])
    if status == pytest.ExitCode.INTERRUPTED:
        raise KeyboardInterrupt
    if handover.reporter is None or not handover.reporter.cards:
        raise MetricHarnessError(f"the run ended with status {status} and no scorecard:\n{output.getvalue()}")
    if status == pytest.ExitCode.USAGE_ERROR:
        raise UsageError(" ".join(handover.reporter.lines))
    return handover.reporter.cards[0]


@contextlib.contextmanager
def _undisturbed() -> Generator[None]:
    """Keep the caller's settings out of the run, and the run out of the caller's settings."""
    environment, path, modules = dict(os.environ), list(sys.path), dict(sys.modules)
    for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS"):
        os.environ.pop(name, None)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for name in set(os.environ) - set(environment):
            del os.environ[name]
        os.environ.update(environment)
        scripts = {folder for folder in sys.path if folder not in path}
        sys.path[:] = path
        for name in set(sys.modules) - set(modules):
            if name.startswith(CASE_MODULES) or _lies_in(sys.modules[name], scripts):
                del sys.modules[name]
        sys.modules.update({name: module for name, module in modules.items() if name.startswith(CASE_MODULES)})


def _lies_in(module: object, folders: set[str]) -> bool:
    """Return whether a module was found only because the run put its folder on the path."""
    file = getattr(module, "__file__", None)
    return file is not None and str(Path(file).parent) in folders
