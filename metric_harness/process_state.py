"""What all code of a process shares and no metric may change: random generators, settings, the environment."""

import mmap
import os
import random
import sys
import warnings
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

SET_ASIDE = 2**29
"""Bytes of address space that are kept from a case: four times what reports take, and pytest to tell of an error."""


def snapshot() -> Mapping[str, object]:
    """Return the shared state by the name that a message calls it, comparable with a later one.

    torch counts only once something has loaded it; this module never does.
    """
    state: dict[str, object] = {
        "NumPy's global generator": _numpy_generator(),
        "Python's global generator": random.getstate(),
        "the floating-point error settings (np.seterr)": dict(np.geterr()),
        "the warning filters": list(warnings.filters),
        "the environment variables": dict(os.environ),
        "the working directory": str(Path.cwd()),
    }
    torch: Any = sys.modules.get("torch")
    if torch:
        state["torch's global generator"] = torch.get_rng_state().numpy().tobytes()
        state["torch's default type, threads or gradient mode"] = (
            torch.get_default_dtype(),
            torch.get_num_threads(),
            torch.is_grad_enabled(),
        )
    return state


def unsettle() -> None:
    """Move what a metric may set to one value with every call, so that setting it again is seen to change it.

    To be called inside `restored`. Of all settings it is only torch's number of threads that `restored` cannot put back
    if the metric's first call has loaded torch.
    """
    torch: Any = sys.modules.get("torch")
    if torch:
        torch.set_num_threads(torch.get_num_threads() + 1)


def changed(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    """Return the names of what differs between two snapshots; what only one of them knows is left out."""
    return [name for name, value in before.items() if name in after and after[name] != value]


def _numpy_generator() -> tuple[object, ...]:
    name, key, *rest = np.random.get_state()  # noqa: NPY002 - the global generator is the point here
    return name, np.asarray(key).tobytes(), *rest


@contextmanager
def restored() -> Generator[None]:
    """Put the shared state back after the block, so that what one metric changes never reaches the next case."""
    torch: Any = sys.modules.get("torch")
    torch_state = (torch.get_rng_state(), torch.get_default_dtype(), torch.get_num_threads()) if torch else None
    grad_enabled = torch.is_grad_enabled() if torch else None
    numpy_state, python_state = np.random.get_state(), random.getstate()  # noqa: NPY002
    environment, folder = dict(os.environ), Path.cwd()
    try:
        with warnings.catch_warnings(), np.errstate():
            yield
    finally:
        np.random.set_state(numpy_state)  # noqa: NPY002
        random.setstate(python_state)
        if dict(os.environ) != environment:
            os.environ.clear()
            os.environ.update(environment)
        os.chdir(folder)
        if torch_state is not None:
            torch.set_rng_state(torch_state[0])
            torch.set_default_dtype(torch_state[1])
            torch.set_num_threads(torch_state[2])
            torch.set_grad_enabled(grad_enabled)
        elif torch := sys.modules.get("torch"):
            # Loaded inside the block, so that nobody has looked before: these are what it begins with.
            torch.set_default_dtype(torch.float32)
            torch.set_grad_enabled(True)


@contextmanager
def room_afterwards() -> Generator[None]:
    """Keep some address space from the block, so that what follows has room even if the block used up all there was.

    Nothing is written there, so that it takes no memory.
    """
    held = _set_aside()
    try:
        yield
    finally:
        for part in held:
            part.close()


def _set_aside() -> list[mmap.mmap]:
    """Return maps of `SET_ASIDE` bytes, or of all but a few that there are: what is left over, a metric takes.

    NumPy's arrays would not do: what they leave in a fragmented heap is of no use to a library that is to be loaded.
    """
    held: list[mmap.mmap] = []
    size = SET_ASIDE
    while size >= 2**20 and sum(map(len, held)) < SET_ASIDE:
        with suppress(OSError, MemoryError):
            held.append(mmap.mmap(-1, size))
        size //= 2
    return held
