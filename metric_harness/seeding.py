"""The only place where randomness is born: a seed path becomes an independent generator."""

import zlib

import numpy as np

DEFAULT_SEED = 20241024
"""Root seed of a run unless `--metric-seed` names another."""


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
        ValueError: if `seed` or a counter is negative.
    """
    key = tuple(zlib.crc32(part.encode()) if isinstance(part, str) else part for part in path)
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))
