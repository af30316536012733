"""What `metric-harness architecture` does: from a file with a network to the page about it."""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from metric_harness.named_networks import named
from metric_harness.zoo import ZooError, looked_at
from metric_harness.zoo_commands import build_zoo

GROUP = "architecture"
METRICS = ("cka", "procrustes", "dsa")
"""Metrics that are asked unless others are named: those of the reference study."""


def run(options: argparse.Namespace) -> int:
    """Build the zoo of an architecture if there is none, ask metrics about it, and write the page.

    Args:
        options: of the command.

    Returns:
        The exit status of the run.

    Raises:
        UsageError: if there is no such network, or it cannot be trained.
    """
    texts: list[str] = options.network_set or []
    views = named(options.network).network.views
    building = [text for text in texts if text.partition("=")[0] not in views]
    network = str(_zoo(options, texts, building))
    words = [f"--metric={metric}" for metric in options.metric or METRICS]
    words += [f"--metric-network={network}", f"--metric-group={GROUP}"]
    words += [f"--metric-network-set={text}" for text in texts if not (options.smoke and text in building)]
    words += ["--metric-profile=smoke"] if options.smoke else []
    words += [f"--metric-reports={options.reports}"]
    with tempfile.TemporaryDirectory() as scratch:
        return _pytest(words, Path(scratch))


def _zoo(options: argparse.Namespace, texts: Sequence[str], building: Sequence[str]) -> Path | str:
    """Return what `--metric-network` takes: the name, or the folder of a smoke zoo, which no other run may meet."""
    if options.smoke:
        folder = Path("zoo-smoke-" + options.network.rpartition(":")[2])
        build_zoo(folder, smoke=True, n_processes=options.processes, network=options.network, settings=building)
        return folder
    try:
        looked_at(options.network, texts)
    except ZooError as missing:
        print(f"{missing}\nBuilding it now.", file=sys.stderr)
        build_zoo(None, smoke=False, n_processes=options.processes, network=options.network, settings=building)
    return options.network


def _pytest(words: Sequence[str], scratch: Path) -> int:
    """Run the suite in a process of its own, shielded from the settings of the repository that it happens in."""
    (scratch / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    shield = ["-c", str(scratch / "pytest.ini"), f"--rootdir={Path.cwd()}", "--noconftest", "-pno:cacheprovider"]
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "metric_harness.plugin", *shield, *words]
    return subprocess.run(command, env=environment, check=False).returncode
