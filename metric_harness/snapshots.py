"""Writes a training stack to a file and reads it back, to the last bit and without pickle."""

import json
from pathlib import Path
from typing import Any, cast

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from metric_harness.files import write_whole
from metric_harness.recording import tensor_of
from metric_harness.training import Progress, Stack


def write_snapshot(stack: Stack, path: Path) -> None:
    """Write a stack; a kill leaves the file as it was before, or whole."""
    tensors: dict[str, Tensor] = {}
    for name, parameter in stack.parameters.items():
        tensors[f"parameters/{name}"] = parameter.detach()
        tensors[f"first/{name}"], tensors[f"second/{name}"] = stack.moments[name]
    for k, progress in enumerate(stack.progress):
        for update, weights in progress.checkpoints.items():
            tensors |= {f"kept/{k}/{update}/{name}": tensor_of(w) for name, w in weights.items()}
    state = {
        "active": stack.active,
        "update": stack.update,
        # The file sorts names, and in another order the sum of a gradient's squares has another last bit.
        "parameters": list(stack.parameters),
        "progress": [{"curve": p.curve, "stopped": p.stopped} for p in stack.progress],
    }
    write_whole(path, save({name: t.contiguous() for name, t in tensors.items()}, {"state": json.dumps(state)}))


def read_snapshot(path: Path, device: str = "cpu") -> Stack | None:
    """Return the stack in a file, on a device; none if there is no file, or one that has to be made again."""
    if not path.exists():
        return None
    try:
        with cast(Any, safe_open)(path, framework="pt") as file:
            metadata: dict[str, str] = file.metadata() or {}
            state = json.loads(metadata["state"])
            tensors: dict[str, Tensor] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    except (SafetensorError, KeyError, ValueError):
        return None
    progress = [
        Progress(curve={int(u): share for u, share in p["curve"].items()}, stopped=p["stopped"])
        for p in state["progress"]
    ]
    names: list[str] = state["parameters"]
    stack = Stack(
        active=state["active"],
        parameters={name: tensors[f"parameters/{name}"].to(device) for name in names},
        moments={name: (tensors[f"first/{name}"].to(device), tensors[f"second/{name}"].to(device)) for name in names},
        progress=progress,
        update=state["update"],
    )
    kept = sorted(
        {(int(k), int(update)) for k, update in (key.split("/")[1:3] for key in tensors if key[:4] == "kept")}
    )
    for k, update in kept:
        weights = {name: tensors[f"kept/{k}/{update}/{name}"].numpy() for name in names}
        stack.progress[k].checkpoints[update] = weights
    return stack
