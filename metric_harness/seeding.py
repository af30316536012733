"""The only place where randomness is born: a seed path becomes an independent generator."""

import threading
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, cast

import numpy as np

DEFAULT_SEED = 20241024
"""Root seed of a run unless `--metric-seed` names another."""

_TORCH = threading.Lock()


def generator(seed: int, *path: str | int) -> np.random.Generator:
    """Return the generator that belongs to a root seed and a path below it.

    Equal paths give equal streams on every machine; unequal paths give independent ones. A path names
    the case and the draw, never the metric, so that all metrics are judged on the same data.

    Args:
        seed: root seed, a non-negative integer.
        path: words and counters, such as `("noise.floor", "world", 3)`.

    Returns:
        A PCG64 generator seeded by `numpy.random.SeedSequence(seed, spawn_key=...)`.

    Raises:
        ValueError: if `seed` is negative or a counter is not between 0 and 2³² - 1.
    """
    key = tuple(word for part in path for word in _words(part))
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))


@contextmanager
def seeded_torch(seed: int) -> Generator[None, None, None]:
    """Seed torch's global generator for the body, for foreign code that draws from no other, and put it back after.

    Only one thread at a time gets in: the generator is the process's.
    """
    import torch

    # Accelerators' generators are left alone.
    with _TORCH, cast(Any, torch).random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield


def _words(part: str | int) -> tuple[int, int]:
    """Return a part of a path as two 32-bit words: its kind, so that no name equals a counter, and its value."""
    if isinstance(part, str):
        return 1, zlib.crc32(part.encode())
    if not 0 <= part < 2**32:
        raise ValueError(f"{part} is no counter of a seed path; needed 0 to 2**32 - 1.")
    return 0, part
