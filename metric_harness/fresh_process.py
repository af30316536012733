"""Answers one question in a process of its own: `python -m metric_harness.fresh_process`.

Reads a metric's recipe, recordings and pairs as JSON from standard input; the last line it prints is
the JSON list of distances. JSON carries every float64 exactly.
"""

import json
import sys
from pathlib import Path

import numpy as np

from metric_harness.adapter import MetricUnderTest
from metric_harness.handover import unpacked
from metric_harness.resolution import resolve


def main() -> None:
    """Answer the question on standard input."""
    question = json.load(sys.stdin)
    sys.path[:] = question["path"]
    recipe = question["recipe"]
    if recipe["pickled"]:
        bare = unpacked(recipe["pickled"])
    else:
        bare = resolve([recipe["value"]], recipe["settings"], Path(recipe["cwd"]))[0].bare
    metric = MetricUnderTest(recipe["value"], bare)
    recordings = [np.array(recording) for recording in question["recordings"]]
    pairs = [(i, j) for i, j in question["pairs"]]
    print(json.dumps(metric.pair_distances(recordings, pairs).tolist()))


if __name__ == "__main__":
    main()
