"""Writes the scorecards of every metric that has a name, and their comparison, into a folder of reports.

Three of them are asked about the networks of other architectures too, for a page on each.

Metrics whose package is not installed are named and left out; `pip install "metric-harness[field]"` brings them. Those
that would take hours in the `standard` profile are run in `smoke`, into a folder of that name: other data give other
numbers, so they stand beside the comparison and never in it, in one of their own.

Run: python reports/leaderboard.py [--slow-alone] [--metric-profile=smoke] [--metric-reports=DIR] [options of pytest]
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
MORE_GROUPS: Mapping[str, Sequence[str]] = {"dsa_metric": ("dynamics", "misleading")}
"""Groups beside these: the official DSA stands for a paper whose findings on dynamics are to be compared."""
VARIANTS: Mapping[str, Mapping[str, Sequence[str]]] = {"dsa_metric": {"10_delays": ("--metric-set=n_delays=10",)}}
"""Other settings of slow metrics, each for a folder of its own.

The official DSA has the settings that held-out forecasts chose (`benchmarks/dsa_settings.py`), the way of choosing that
its authors' tutorial recommends. With them the package refuses several trials that have more entries in a window than
there are windows, and says to reduce the delays: 10 is the next smaller number of the grid that was chosen from.
"""
SLOW_ALONE = "--slow-alone"
"""Option that leaves the others' scorecards as they are."""
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
    rest = [option for option in options if option != SLOW_ALONE and not option.startswith("--metric-reports=")]
    names = known_names()
    absent = {name: origin for name, origin in names.items() if "needs" in origin} | LEFT_OUT
    for name, reason in absent.items():
        print(f"left out: {name}, {reason}", flush=True)
    ready = [name for name, origin in names.items() if origin == "built in" and name not in absent]
    statuses = [] if SLOW_ALONE in options else _fast([name for name in ready if name not in TOO_SLOW], folder, rest)
    statuses += _slow(sorted(TOO_SLOW.keys() & set(ready)), f"{folder}/smoke", rest)
    return max(statuses, default=0)


def _fast(names: Sequence[str], folder: str, options: Sequence[str]) -> list[int]:
    """Run the metrics that every case can ask, and some about other architectures; return their statuses."""
    # One run for each, so that what is done is on disk whatever becomes of the rest.
    statuses = [_validated([f"--metric={name}", *options, f"--metric-reports={folder}"]) for name in names]
    _compare([ROOT / folder / name / "scorecard.json" for name in sorted(names)], ROOT / folder)
    asked = [f"--metric={name}" for name in ASKED]
    for network, groups in ARCHITECTURES.items():
        chosen = [f"--metric-network={network}", *(f"--metric-group={group}" for group in groups)]
        statuses.append(_validated([*asked, *chosen, *options, f"--metric-reports={folder}"]))
    return statuses


def _slow(names: Sequence[str], folder: str, options: Sequence[str]) -> list[int]:
    """Run the slow metrics in `smoke`, with every setting; return their statuses."""
    # Whatever profile the others have: of two the last one counts.
    smoke = [*options, "--metric-profile=smoke"]
    statuses: list[int] = []
    for name in names:
        print(f"in smoke alone: {name}, {TOO_SLOW[name]}", flush=True)
        groups = [*SLOW_GROUPS, *MORE_GROUPS.get(name, ())]
        chosen = [*smoke, *(f"--metric-group={group}" for group in groups)]
        statuses.append(_validated([f"--metric={name}", *chosen, f"--metric-reports={folder}"]))
        for variant, settings in VARIANTS.get(name, {}).items():
            where = f"--metric-reports={folder}/{variant}"
            statuses.append(_validated([f"--metric={name}", *settings, *chosen, where]))
    if len(names) > 1:
        _compare([ROOT / folder / name / "scorecard.partial.json" for name in names], ROOT / folder)
    return statuses


def _validated(options: Sequence[str]) -> int:
    """Validate metrics; a failed case is a finding and no failure of this command."""
    command = [sys.executable, "-m", "pytest", *WORKERS, "-q", "-p", "no:cacheprovider", *options]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"}, check=False)
    return 0 if done.returncode in (0, 1) else done.returncode


def _compare(cards: Sequence[Path], folder: Path) -> None:
    """Set scorecards side by side, in every format."""
    comparison = compare([read_scorecard(card) for card in cards])
    for rendered in map(report_format, implementations("report_formats")):
        path = write_whole(folder / f"comparison.{rendered.suffix}", rendered.render_comparison(comparison))
        print(f"written: {path}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
