"""Writes the scorecards of every metric that has a name, and their comparison, into a folder of reports.

Three of them are asked about the networks of other architectures too, for a page on each.

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

from metric_harness.catalogue import implementations
from metric_harness.comparison import compare, read_scorecard
from metric_harness.files import write_whole
from metric_harness.resolution import known_names
from metric_harness.session import report_format

ROOT = Path(__file__).parents[1]
REPORTS = "reports"
"""Folder below the root, so that scorecards name no machine."""
TOO_SLOW: Mapping[str, str] = {
    "dsa_metric": "a tenth of a second for each of some 30,000 pairs",
    "himalaya_ridge": "5 s for a pair of 5800 samples",
    "torch_cka": "12 s for a pair of 5800 samples, quadratic in their number",
}
"""Metrics that are run in `smoke` alone, and why."""
LEFT_OUT: Mapping[str, str] = {"repsim_cka": "time cubic in samples, hours even in smoke"}
"""Metrics that are not run, and why; their own tests ask them on few samples."""
SLOW_GROUPS = ("contract", "invariance")
"""Groups that the slow ones are run in: what they claim. Their cards are partial, and say so."""
ARCHITECTURES: Mapping[str, Sequence[str]] = {
    "mamba": (),
    "leaky_gru": ("architecture",),
    "linear_ssm": ("architecture",),
}
"""The groups, all by default, that are asked about the architecture of which the reference study makes a claim, its
other one, and one that is linear as a reservoir is."""
ASKED = ("cka", "dsa", "procrustes")
"""The metrics that the study asked."""
WORKERS = ("-n", "2")


def main(options: Sequence[str]) -> int:
    """Run everything; return 0 if every metric came to its scorecard, whatever it says of the metric."""
    folder = next((o.partition("=")[2] for o in options if o.startswith("--metric-reports=")), REPORTS)
    rest = [option for option in options if not option.startswith("--metric-reports=")]
    names = known_names()
    absent = {name: origin for name, origin in names.items() if "needs" in origin} | LEFT_OUT
    for name, reason in absent.items():
        print(f"left out: {name}, {reason}", flush=True)
    ready = [name for name, origin in names.items() if origin == "built in" and name not in absent]
    fast = [name for name in ready if name not in TOO_SLOW]
    # One run for each, so that what is done is on disk whatever becomes of the rest.
    statuses = [_validated([f"--metric={name}", *rest, f"--metric-reports={folder}"]) for name in fast]
    for path in _written_comparison(ROOT / folder, fast):
        print(f"written: {path}", flush=True)
    asked = [f"--metric={name}" for name in ASKED]
    statuses += [
        _validated(
            [
                *asked,
                f"--metric-network={network}",
                *(f"--metric-group={group}" for group in groups),
                *rest,
                f"--metric-reports={folder}",
            ]
        )
        for network, groups in ARCHITECTURES.items()
    ]
    groups = [f"--metric-group={group}" for group in SLOW_GROUPS]
    for name in sorted(TOO_SLOW.keys() & set(ready)):
        print(f"in smoke alone: {name}, {TOO_SLOW[name]}", flush=True)
        statuses.append(
            _validated([f"--metric={name}", "--metric-profile=smoke", f"--metric-reports={folder}/smoke", *groups])
        )
    return max(statuses)


def _validated(options: Sequence[str]) -> int:
    """Validate metrics; a failed case is a finding and no failure of this command."""
    command = [sys.executable, "-m", "pytest", *WORKERS, "-q", "-p", "no:cacheprovider", *options]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"}, check=False)
    return 0 if done.returncode in (0, 1) else done.returncode


def _written_comparison(folder: Path, metrics: Sequence[str]) -> list[Path]:
    """Set the scorecards of some metrics side by side, in every format."""
    comparison = compare([read_scorecard(folder / name / "scorecard.json") for name in sorted(metrics)])
    formats = [report_format(name) for name in implementations("report_formats")]
    return [write_whole(folder / f"comparison.{f.suffix}", f.render_comparison(comparison)) for f in formats]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
