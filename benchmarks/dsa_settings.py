"""Choose DSA's default settings by held-out forecasts, on systems that no test case uses.

The rule, stated before looking: a setting forecasts a recording by its own operator, fitted on half of
the trials; its score on the other half is the root mean squared error of the raw state `HORIZON` steps
ahead over that of persistence (the last state seen), averaged as a logarithm over recordings. Settings
are admitted if every recording determines their operator and each trial has at least five windows per
dimension of rank. Among the admitted, take the smallest model, by rank, then span, then n_delays, whose
mean is within one standard error (of the paired difference to the best, over recordings) of the best.

Each recording: 60 trials of 200 fourth-order Runge-Kutta steps of 0.01 from the unit cube, whitened over
trials and time, and observed twice: exactly, and with independent Gaussian noise of standard deviation
0.1, since no measured trajectory is free of it. Forecasts start at the same states for all settings.

Run: python benchmarks/dsa_settings.py
"""

import itertools
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from metric_harness.errors import DegenerateInputError
from metric_harness.metrics.dsa import DSA
from metric_harness.seeding import DEFAULT_SEED, generator

Array = NDArray[np.float64]
Field = Callable[[Array], Array]

N_TRIALS, N_STEPS, DT = 60, 200, 0.01
NOISE_LEVELS = (0.0, 0.1)
HORIZON = 10
WINDOWS_PER_RANK = 5
N_DELAYS, INTERVALS, RANKS = (5, 10, 20, 30, 40), (1, 2, 3, 4), (5, 10, 15, 20, 30)
EARLIEST = 130
"""First state forecast from; at least the longest admitted span, so that all settings see the same ones."""


def lorenz(r: float) -> Field:
    """Lorenz (1963), sigma = 10, b = 8/3."""

    def field(state: Array) -> Array:
        x, y, z = np.moveaxis(state, -1, 0)
        return np.stack([10 * (y - x), x * (r - z) - y, x * y - 8 / 3 * z], axis=-1)

    return field


def rossler(state: Array) -> Array:
    """Rossler (1976), a = b = 0.2, c = 5.7."""
    x, y, z = np.moveaxis(state, -1, 0)
    return np.stack([-y - z, x + 0.2 * y, 0.2 + z * (x - 5.7)], axis=-1)


def duffing(state: Array) -> Array:
    """Double-well Duffing oscillator without forcing, damping 0.3, stiffened to turn within a recording."""
    x, v = np.moveaxis(state, -1, 0)
    return np.stack([v, 25 * (x - x**3) - 0.3 * v], axis=-1)


def fitzhugh_nagumo(state: Array) -> Array:
    """FitzHugh-Nagumo, a = 0.7, b = 0.8, epsilon = 0.08, current 0.5, twenty times faster than usual."""
    v, w = np.moveaxis(state, -1, 0)
    return 20 * np.stack([v - v**3 / 3 - w + 0.5, 0.08 * (v + 0.7 - 0.8 * w)], axis=-1)


SYSTEMS: dict[str, tuple[Field, int]] = {
    "Lorenz r=2": (lorenz(2.0), 3),
    "Lorenz r=20": (lorenz(20.0), 3),
    "Lorenz r=100": (lorenz(100.0), 3),
    "Rossler": (rossler, 3),
    "Duffing": (duffing, 2),
    "FitzHugh-Nagumo": (fitzhugh_nagumo, 2),
}


def simulate(field: Field, state: Array) -> Array:
    states = [state]
    for _ in range(N_STEPS - 1):
        k1 = field(state)
        k2 = field(state + DT / 2 * k1)
        k3 = field(state + DT / 2 * k2)
        k4 = field(state + DT * k3)
        state = state + DT / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        states.append(state)
    return np.stack(states, axis=1)


def whitened(x: Array) -> Array:
    flat = x.reshape(-1, x.shape[-1]) - x.mean(axis=(0, 1))
    values, vectors = np.linalg.eigh(flat.T @ flat / len(flat))
    return (flat @ (vectors / np.sqrt(values)) @ vectors.T).reshape(x.shape)


def recordings() -> Iterator[tuple[str, Array]]:
    """Yield the calibration recordings with their names."""
    for name, (field, n_units) in SYSTEMS.items():
        start = generator(DEFAULT_SEED, "calibration", name, "start").random((N_TRIALS, n_units))
        exact = whitened(simulate(field, start))
        for level in NOISE_LEVELS:
            noise = generator(DEFAULT_SEED, "calibration", name, "noise").standard_normal(exact.shape)
            yield f"{name}, noise {level:g}", exact + level * noise


def relative_error(dsa: DSA, x: Array) -> float:
    """Return the forecast's error over that of persistence, on the trials that were not fitted."""
    fitted, held_out = x[0::2], x[1::2]
    operator, to_coordinates, to_state = forecaster(dsa, fitted)
    offsets = np.arange(-(dsa.n_delays - 1) * dsa.delay_interval, 1, dsa.delay_interval)
    now = np.arange(EARLIEST, N_STEPS - HORIZON)
    windows = held_out[:, now[:, None] + offsets].reshape(-1, dsa.n_delays * x.shape[-1])
    ahead = np.linalg.matrix_power(operator, HORIZON).T
    forecast = windows @ to_coordinates @ ahead @ to_state
    target = held_out[:, now + HORIZON].reshape(forecast.shape)
    persistence = held_out[:, now].reshape(forecast.shape)
    return float(np.linalg.norm(forecast - target) / np.linalg.norm(persistence - target))


def forecaster(dsa: DSA, x: Array) -> tuple[Array, Array, Array]:
    """Return DSA's operator, the map from a window to its coordinates, and from them to the last state.

    Raises:
        DegenerateInputError: if DSA refuses the recording.
    """
    dsa.operator(x)
    n_windows = N_STEPS - (dsa.n_delays - 1) * dsa.delay_interval
    starts = np.arange(dsa.n_delays) * dsa.delay_interval
    windows = np.concatenate([x[:, start : start + n_windows] for start in starts], axis=2)
    _, values, right = np.linalg.svd(windows.reshape(-1, windows.shape[-1]), full_matrices=False)
    kept, scale = right[: dsa.rank].T, values[: dsa.rank]
    coordinates = windows @ (kept / scale)
    before, after = (part.reshape(-1, dsa.rank) for part in (coordinates[:, :-1], coordinates[:, 1:]))
    operator = np.linalg.lstsq(before, after, rcond=None)[0].T
    return operator, kept / scale, (kept * scale).T[:, -x.shape[-1] :]


def settings() -> Iterator[DSA]:
    """Yield the grid, as far as each trial has enough windows and each window enough entries."""
    for n_delays, interval, rank in itertools.product(N_DELAYS, INTERVALS, RANKS):
        span = (n_delays - 1) * interval
        if span < EARLIEST and N_STEPS - span >= WINDOWS_PER_RANK * rank and rank <= 2 * n_delays:
            yield DSA(n_delays=n_delays, delay_interval=interval, rank=rank)


def scores(dsa: DSA, data: dict[str, Array]) -> Array | None:
    """Return the logarithms of the relative errors by recording; None if DSA refuses one of them."""
    try:
        return np.log([relative_error(dsa, x) for x in data.values()])
    except DegenerateInputError:
        return None


def main() -> None:
    data = dict(recordings())
    grid = [(dsa, found) for dsa in settings() if (found := scores(dsa, data)) is not None]
    best, best_scores = min(grid, key=lambda entry: float(entry[1].mean()))
    print(f"{len(data)} recordings; error of {HORIZON}-step forecasts (geometric mean), persistence = 1")
    print("| rank | n_delays | delay_interval | error | excess over best, in standard errors |")
    print("|---|---|---|---|---|")
    near: list[DSA] = []
    for dsa, found in sorted(grid, key=lambda entry: size(entry[0])):
        difference = found - best_scores
        error = float(difference.std(ddof=1)) / len(data) ** 0.5
        excess = float(difference.mean()) / error if error else 0.0
        setting = f"{dsa.rank} | {dsa.n_delays} | {dsa.delay_interval}"
        print(f"| {setting} | {np.exp(found.mean()):.4f} | {excess:.2f} |")
        if excess <= 1:
            near.append(dsa)
    chosen = min(near, key=size)
    print(f"best: {best}\nchosen (smallest within one standard error): {chosen}")


def size(dsa: DSA) -> tuple[int, int, int]:
    """Order models from small to large."""
    return dsa.rank, (dsa.n_delays - 1) * dsa.delay_interval, dsa.n_delays


if __name__ == "__main__":
    main()
