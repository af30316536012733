"""How another process makes a metric again, and what it answers there."""

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any, final

from metric_harness.arrays import Trajectories
from metric_harness.errors import MetricError


@final
@dataclasses.dataclass(frozen=True)
class Recipe:
    """What another process needs to make a metric again: the command line's words, or else the metric itself.

    `pickled` is the metric as base64 text, `obstacle` says why there is none; both are empty where words suffice.
    """

    value: str
    settings: Sequence[str]
    cwd: str
    pickled: str = ""
    obstacle: str = ""


def asked_afresh(recipe: Recipe, xs: Sequence[Trajectories], pairs: Sequence[tuple[int, int]]) -> Any:
    """Return what the metric says of pairs of recordings in a fresh process, unchecked.

    Raises:
        MetricError: if the metric cannot be made again there, or fails there.
    """
    if recipe.obstacle:
        raise MetricError(recipe.obstacle)
    question = {
        "recipe": dataclasses.asdict(recipe),
        "path": sys.path,
        "recordings": [x.tolist() for x in xs],
        "pairs": [list(pair) for pair in pairs],
    }
    # Another hash seed shows a metric whose answer hangs on the order of a set.
    other_seed = "4242" if os.environ.get("PYTHONHASHSEED") != "4242" else "2424"
    done = subprocess.run(
        [sys.executable, "-m", "metric_harness.fresh_process"],
        input=json.dumps(question),
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONHASHSEED": other_seed},
    )
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise MetricError(f"the metric fails in a fresh process: {reason}")
    return json.loads(done.stdout.splitlines()[-1])
