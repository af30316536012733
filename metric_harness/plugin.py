"""The pytest side: options, collection of the suite, and the way of a result from a case to a scorecard.

Without `--metric` this module registers its options and does nothing else; whatever costs time to
import is imported inside the hooks that need it.
"""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from metric_harness.session import Request

MARKER = "case(id, version, tier, source): a falsifiable statement about a metric of similarity"
OPTIONS: dict[str, dict[str, Any]] = {
    "--metric": {
        "action": "append",
        "metavar": "VALUE",
        "help": "validate a metric: a built-in name, an entry point, package.module:attribute or "
        "path/file.py:attribute (repeatable; several also write a comparison)",
    },
    "--metric-set": {
        "action": "append",
        "metavar": "KEY=VALUE",
        "help": "a setting of the metric (repeatable)",
    },
    "--metric-profile": {
        "metavar": "NAME",
        "help": "how much data: smoke, standard or paper (default: standard)",
    },
    "--metric-group": {
        "action": "append",
        "metavar": "NAME",
        "help": "only this group of cases; the scorecard is marked partial (repeatable)",
    },
    "--metric-network": {
        "metavar": "NAME",
        "help": "architecture of the networks that cases compare: a built-in name, package.module:Class, "
        "path/file.py:Class or the folder of a zoo (default: leaky_rnn)",
    },
    "--metric-network-set": {
        "action": "append",
        "metavar": "KEY=VALUE",
        "help": "a setting of the architecture: of the zoo it was built with, or of what is recorded, such as layer=1 "
        "(repeatable)",
    },
    "--metric-reports": {
        "metavar": "DIR",
        "help": "where reports go (default: reports, under the rootdir)",
    },
    "--metric-format": {
        "action": "append",
        "metavar": "NAME",
        "help": "a format of the reports (repeatable; default: all)",
    },
    "--metric-exempt": {
        "metavar": "FILE",
        "help": "TOML list of cases that may fail, each with its reason; an unexpected pass fails",
    },
    "--metric-baseline": {
        "action": "append",
        "metavar": "FILE",
        "help": "an earlier scorecard.json: the run fails only for what got worse or is missing (one for each metric)",
    },
    "--metric-seed": {
        "type": int,
        "metavar": "INT",
        "help": "root seed of all data (default: a fixed one)",
    },
    "--metric-timeout": {
        "type": float,
        "metavar": "SECONDS",
        "help": "limit for each case; a slower one is an error",
    },
    "--metric-cache": {
        "action": "store_const",
        "const": True,
        "help": "use the answers that an earlier run of the unchanged metric left, and leave those of this one",
    },
    "--metric-scheduler": {
        "metavar": "ADDRESS",
        "help": "send distances of many pairs to a Dask scheduler, such as tcp://host:8786",
    },
}


READY: "pytest.StashKey[Request]" = pytest.StashKey()
"""Where a caller inside this process leaves a request that is already checked, instead of options."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options; every one begins with `--metric`."""
    group = parser.getgroup("metric-harness", "validation of similarity metrics")
    for name, how in OPTIONS.items():
        group.addoption(name, default=None, **how)
    group.addoption("--metric-list", action="store_true", default=False, help="print the cases and exit")


def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Print the catalogue and leave, if that was asked."""
    if not config.getoption("--metric-list"):
        return None
    from metric_harness.cli import catalogue_table

    print(catalogue_table())
    return 0


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Check every option, then put the suite into the run."""
    config.addinivalue_line("markers", MARKER)
    asked = config.stash.get(READY, None) or _asked(config)
    if asked is None:
        return
    from metric_harness.errors import UsageError
    from metric_harness.plugin_cases import CaseRunner
    from metric_harness.plugin_report import RunReporter

    try:
        cases = CaseRunner(asked)
    except UsageError as error:
        raise pytest.UsageError(str(error)) from None
    config.args[:] = _arguments(config)
    config.pluginmanager.register(cases, "metric-harness-cases")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(RunReporter(asked, config), "metric-harness-report")


def _asked(config: pytest.Config) -> "Request | None":
    """Return what the command line asks for, if it asks for a validation."""
    if config.getoption("--metric-list"):
        return None
    if not config.getoption("--metric"):
        given = [name for name in OPTIONS if config.getoption(name) is not None]
        if given:
            raise pytest.UsageError(f"{', '.join(given)} needs --metric; name the metric to validate.")
        return None
    from metric_harness.errors import UsageError

    try:
        return _request(config)
    except UsageError as error:
        raise pytest.UsageError(str(error)) from None


def _request(config: pytest.Config) -> "Request":
    from metric_harness import session
    from metric_harness.records import DEFAULT_NETWORK
    from metric_harness.seeding import DEFAULT_SEED

    def option(name: str, default: Any) -> Any:
        value = config.getoption(name)
        return default if value is None else value

    return session.request(
        metrics=option("--metric", []),
        settings=option("--metric-set", []),
        groups=option("--metric-group", []),
        profile=option("--metric-profile", "standard"),
        network=option("--metric-network", DEFAULT_NETWORK),
        network_settings=option("--metric-network-set", []),
        seed=option("--metric-seed", DEFAULT_SEED),
        timeout=config.getoption("--metric-timeout"),
        reports=config.rootpath / option("--metric-reports", "reports"),
        formats=option("--metric-format", []),
        command=shlex.join(["pytest", *map(str, config.invocation_params.args)]),
        root=config.rootpath,
        cwd=config.invocation_params.dir,
        baselines=[Path(path) for path in option("--metric-baseline", [])],
        cached=bool(config.getoption("--metric-cache")),
        scheduler=config.getoption("--metric-scheduler"),
        exempt=None if (exempt := config.getoption("--metric-exempt")) is None else Path(exempt),
    )


def _arguments(config: pytest.Config) -> list[str]:
    """Return the suite plus whatever paths the user typed.

    Paths that only an ini file names (`testpaths`, `addopts`) are the user's own tests and stay out.
    A `metric-harness::…` argument selects cases; without one, the whole suite runs.
    """
    from metric_harness.catalogue import suite_file
    from metric_harness.records import SUITE

    typed = [argument for argument in config.args if argument in map(str, config.invocation_params.args)]
    selected = [argument for argument in typed if argument.partition("::")[0] == SUITE]
    others = [argument for argument in typed if argument not in selected]
    return others + [str(suite_file()) + argument.removeprefix(SUITE) for argument in selected or [SUITE]]
