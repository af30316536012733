"""Writes the scorecards of every metric that has a name, and their comparison, into a folder of reports.

Metrics whose package is not installed are named and left out; `pip install "metric-harness[field]"` brings them. Those
that would take hours in the `standard` profile are run in `smoke`, into a folder of that name: other data give other
numbers, so they stand beside the comparison and never in it.

Run: python reports/leaderboard.py [--metric-profile=smoke] [--metric-reports=DIR] [more options of pytest]
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from metric_harness.resolution import known_names

REPORTS = Path(__file__).parent
TOO_SLOW: Mapping[str, str] = {
    "dsa_metric": "fits each pair anew, for minutes",
    "himalaya_ridge": "seconds for each pair",
    "torch_cka": "memory and time quadratic in samples, minutes for each pair",
}
"""Metrics that are run in `smoke` alone, and why."""
LEFT_OUT: Mapping[str, str] = {"repsim_cka": "time cubic in samples, hours even in smoke"}
"""Metrics that are not run, and why; their own tests ask them on few samples."""
SLOW_GROUPS = ("contract", "invariance")
"""Groups that the slow ones are run in: what they claim. Their cards are partial, and say so."""
WORKERS = ("-n", "2")


def main(options: Sequence[str]) -> int:
    """Run everything; return 0 if every run came to its scorecards, whatever they say of the metrics."""
    folder = next((o.partition("=")[2] for o in options if o.startswith("--metric-reports=")), str(REPORTS))
    rest = [option for option in options if not option.startswith("--metric-reports=")]
    names = known_names()
    for name, origin in names.items():
        if "needs" in origin:
            print(f"left out: {name}, {origin}", flush=True)
    for name, reason in LEFT_OUT.items():
        print(f"left out: {name}, {reason}", flush=True)
    ready = [name for name, origin in names.items() if origin == "built in" and name not in LEFT_OUT]
    runs = [_run([name for name in ready if name not in TOO_SLOW], [*rest, f"--metric-reports={folder}"])]
    slow = sorted(TOO_SLOW.keys() & set(ready))
    for name in slow:
        print(f"in smoke alone: {name}, {TOO_SLOW[name]}", flush=True)
    if slow:
        groups = [f"--metric-group={group}" for group in SLOW_GROUPS]
        runs.append(_run(slow, ["--metric-profile=smoke", f"--metric-reports={folder}/smoke", *groups]))
    return max(runs)


def _run(metrics: Sequence[str], options: Sequence[str]) -> int:
    """Validate metrics in one run; a failed case is a finding and no failure of this command."""
    asked = [f"--metric={name}" for name in sorted(metrics)]
    command = [sys.executable, "-m", "pytest", *WORKERS, "-q", "-p", "no:cacheprovider", *asked, *options]
    done = subprocess.run(command, env=os.environ | {"OMP_NUM_THREADS": "1"}, check=False)
    return 0 if done.returncode in (0, 1) else done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
