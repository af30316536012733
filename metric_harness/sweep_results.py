"""What a sweep found: distances to the master by group beside the study's, and what became of every network."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tabulate import tabulate

from metric_harness.curriculum import GROUPS, MASTER
from metric_harness.published import find_published
from metric_harness.records import plain
from metric_harness.statistics import mean_interval
from metric_harness.sweep_pieces import Asked, Home, Record, read_record, trainings
from metric_harness.sweep_plans import Part, Sweep

PARTIAL = tuple(f"pretrain_{rules}_frozen" for rules in ("plain", "anti", "delayed", "plain_anti", "plain_delayed"))
"""The groups that the study pools as partially pretrained."""
POOLED = "partial pretraining"


def results(sweep: Sweep, part: Part, metrics: Sequence[Asked], root: Path) -> Record:
    """Return all that is done of a part as plain data, with a digest that neither seconds nor kills change."""
    configurations: Record = {}
    for configuration, groups in part.items():
        home = Home(sweep, configuration, root)
        found = {asked.value: read_record(home.comparison(asked, groups)) for asked in metrics}
        configurations[configuration.name] = {
            "networks": {name: _network(home, name, list(found.values())) for name in groups},
            "distances": {value: _distances(record) for value, record in found.items()},
        }
    deciding = json.dumps(plain(configurations), sort_keys=True)
    return {
        "configurations": configurations,
        "tables": {value: _table(value, configurations) for value in (asked.value for asked in metrics)},
        "short of the target": _short(configurations),
        "errors": _errors(configurations),
        "trials": sweep.n_recorded,
        "components": sweep.n_components,
        "most updates": sweep.schedule.checkpoints[-1],
        "target": sweep.schedule.target,
        "seed": sweep.seed,
        "digest": hashlib.sha256(deciding.encode()).hexdigest(),
    }


def _network(home: Home, group: str, comparisons: Sequence[Record | None]) -> Record:
    """Return what became of a network: its trainings, its accuracy by the ceiling, or why there is none."""
    found: Record = {"trainings": {}}
    for phase in trainings([group]):
        record = home.training(phase)
        if record:
            found["trainings"][phase] = {
                name: value for name, value in record.items() if name not in ("seconds", "timed", "curve")
            }
    for about in (c["recordings"].get(group) for c in comparisons if c):
        if about:
            found |= {name: value for name, value in about.items() if name != "seconds"}
    failed = [record["error"] for record in found["trainings"].values() if "error" in record]
    return found | ({"error": failed[-1]} if failed else {})


def _distances(record: Record | None) -> Record:
    if record is None:
        return {"error": "not done"}
    return {name: record[name] for name in ("pairs", "error", "settings") if name in record}


def _reached(network: Record, group: str) -> bool | None:
    """Return whether a network reached the target under all it was taught; None for one that is taught nothing."""
    phases = trainings([group])
    if not phases:
        return None
    return all(network["trainings"].get(phase, {}).get("reached", False) for phase in phases)


def _short(configurations: Mapping[str, Any]) -> list[Record]:
    """Return every training that ended below the target, with the updates that it had."""
    found = {
        (name, phase): record
        for name, its in configurations.items()
        for network in its["networks"].values()
        for phase, record in network["trainings"].items()
        if record["over"] and not record["reached"] and "error" not in record
    }
    return [{"configuration": n, "training": p, "updates": r["updates"]} for (n, p), r in found.items()]


def _errors(configurations: Mapping[str, Any]) -> list[str]:
    """Return what failed, each with the configuration and the network or metric that it happened to."""
    found: list[str] = []
    for name, its in configurations.items():
        kinds = [*its["networks"].items(), *its["distances"].items()]
        found += [f"{name}, {what}: {record['error']}" for what, record in kinds if "error" in record]
    return found


def _table(metric: str, configurations: Mapping[str, Any]) -> list[Record]:
    to_master = {name: _to_master(its, metric) for name, its in configurations.items()}
    rows = [_row(group, group, metric, configurations, to_master) for group in GROUPS if group != MASTER]
    pooled = {
        name: {POOLED: float(np.mean([values[group] for group in PARTIAL if group in values]))}
        for name, values in to_master.items()
        if any(group in values for group in PARTIAL)
    }
    return [*rows, _row(POOLED, "", metric, configurations, pooled)]


def _to_master(its: Record, metric: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for first, second, value in its["distances"][metric].get("pairs", []):
        if MASTER in (first, second):
            found[second if first == MASTER else first] = value
    return found


def _row(
    label: str,
    group: str,
    metric: str,
    configurations: Mapping[str, Any],
    to_master: Mapping[str, Mapping[str, float]],
) -> Record:
    values = {name: its[label] for name, its in to_master.items() if label in its}
    published = find_published(f"{label} to master", metric)
    row: Record = {"group": label, "n": len(values), "published": published.value if published else None}
    if group:
        networks = {n: its["networks"][group] for n, its in configurations.items() if group in its["networks"]}
        shares = [network["share"] for network in networks.values() if "share" in network]
        reached = {name: _reached(network, group) for name, network in networks.items()}
        masters = {n: _reached(its["networks"][MASTER], MASTER) for n, its in configurations.items()}
        row["accuracy"] = float(np.mean(shares)) if shares else None
        row["at target"] = sum(bool(r) for r in reached.values()) if trainings([group]) else None
        both = [v for name, v in values.items() if reached[name] is not False and masters[name]]
        row["mean of those at target"] = float(np.mean(both)) if both else None
    row["mean"] = float(np.mean(list(values.values()))) if values else None
    interval = mean_interval(list(values.values()), limits=(0.0, np.inf)) if len(values) > 1 else None
    row["interval"] = [interval.low, interval.high] if interval else None
    return row


def markdown(found: Record, command: str) -> str:
    """Return the results as a page."""
    blocks = ["# The study at its own size", f"`{command}`", _about(found)]
    for metric, rows in found["tables"].items():
        blocks += [f"## {metric}: mean distance to the master", table(rows)]
    short = [[s["configuration"], s["training"], s["updates"]] for s in found["short of the target"]]
    blocks.append(f"## Short of the target: {len(short)} trainings")
    if short:
        blocks.append(tabulate(short, headers=["configuration", "training", "updates"], tablefmt="github"))
        blocks.append("Their networks are in the means above; those without them stand in a column of their own.")
    if found["errors"]:
        blocks += ["## Errors", "\n".join(f"- {error}" for error in found["errors"])]
    return "\n\n".join(blocks) + "\n"


def _about(found: Record) -> str:
    return (
        f"{len(found['configurations'])} configurations, recorded on {found['trials']} held-out trials of the "
        f"composite task, {found['components']} principal components of each network; at most "
        f"{found['most updates']} updates in a training. Accuracies are shares of the best expected one; the target of "
        f"training is {found['target']:g}. Intervals are 95 % over configurations. The study's numbers rest on other "
        f"recordings and on trials that were not paired. Digest {found['digest'][:16]}, seed {found['seed']}."
    )


def table(rows: Sequence[Record]) -> str:
    """Return the rows of a metric as a Markdown table."""
    headers = ["group", "n", "accuracy", "at target", "distance", "95 %", "both at target", "published"]
    return tabulate([_cells(row) for row in rows], headers=headers, tablefmt="github", disable_numparse=True)


def _cells(row: Record) -> list[str]:
    interval = row["interval"]
    return [
        row["group"],
        str(row["n"]),
        _shown(row.get("accuracy")),
        "" if row.get("at target") is None else str(row["at target"]),
        _shown(row["mean"]),
        f"{interval[0]:.3f} to {interval[1]:.3f}" if interval else "",
        _shown(row.get("mean of those at target")),
        _shown(row["published"]),
    ]


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
