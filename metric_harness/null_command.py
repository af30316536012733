"""What `metric-harness null` does: the chance distribution of a metric, for the user's sizes or recordings."""

import argparse
import shlex
import sys
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
from tqdm import tqdm

from metric_harness import arrays
from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Trajectories
from metric_harness.chance import Chance, Pair, Sizes, chances_of_pair, chances_of_sizes
from metric_harness.chance_report import ChanceReport
from metric_harness.drawing import standing
from metric_harness.errors import InvalidInputError, MetricError, UsageError
from metric_harness.files import write_whole
from metric_harness.records import to_json
from metric_harness.resolution import resolve

EXTENSIONS = ("json", "md", "svg")


def run(options: argparse.Namespace, words: Sequence[str]) -> str:
    """Measure what chance is, write the report as JSON, Markdown and SVG, and return what to print.

    Args:
        options: of the command.
        words: what was typed after `metric-harness`.

    Raises:
        UsageError: if the metric, a setting, a size or a file is wrong, or the metric has no answer at these sizes.
    """
    (resolved,) = resolve([options.metric], options.metric_set or [], Path.cwd())
    metric = MetricUnderTest(resolved.name, resolved.bare)
    if options.seed < 0:
        raise UsageError(f"--seed {options.seed}; needed 0 or more.")
    try:
        data, observed, chances = _drawn(metric, options) if options.recordings is None else _own(metric, options)
    except (InvalidInputError, MetricError) as error:
        raise UsageError(f"{metric.name} tells nothing about such recordings: {error}") from error
    report = ChanceReport(
        metric=metric.name,
        settings=metric.settings,
        data=data,
        command=shlex.join(["metric-harness", *words]),
        seed=options.seed,
        largest=metric.largest_similarity,
        chances=chances,
        observed=observed,
    )
    paths = [options.reports / metric.name / f"null.{extension}" for extension in EXTENSIONS]
    contents = [to_json(report.as_plain()), report.markdown(paths[-1].name), standing(report.figure().svg)]
    for path, content in zip(paths, contents, strict=True):
        write_whole(path, content)
    return "\n\n".join([report.sentence, report.table(), "\n".join(f"written: {path}" for path in paths)])


def _drawn(metric: MetricUnderTest, options: argparse.Namespace) -> tuple[str, None, list[Chance]]:
    if options.samples is None or options.units is None:
        raise UsageError("no sizes; needed --samples and --units, or --recordings.")
    sizes = Sizes(
        n_samples=options.samples,
        n_units=options.units,
        n_trials=1 if options.trials is None else options.trials,
        autocorrelation=options.autocorrelation or 0.0,
    )
    counts = zip(sizes.shape, ("trial", "sample", "unit"), strict=True)
    counted = " x ".join(f"{n} {noun if n == 1 else noun + 's'}" for n, noun in counts)
    data = f"Gaussian recordings of {counted}, autocorrelation {sizes.autocorrelation:g}"
    with _progress(3 * options.draws) as bar:
        return data, None, chances_of_sizes(metric, sizes, n_draws=options.draws, seed=options.seed, tell=_told(bar))


def _own(metric: MetricUnderTest, options: argparse.Namespace) -> tuple[str, float, list[Chance]]:
    given = [
        f"--{name}" for name in ("samples", "units", "trials", "autocorrelation") if vars(options)[name] is not None
    ]
    if given:
        raise UsageError(f"--recordings have their own sizes; leave out {', '.join(given)}.")
    x, y = read_pair(options.recordings)
    data = f"{' and '.join(path.name for path in options.recordings)}, of shapes {x.shape} and {y.shape}"
    observed = metric.distance(x, y)
    with _progress(2 * options.draws) as bar:
        chances = chances_of_pair(metric, (x, y), n_draws=options.draws, seed=options.seed, tell=_told(bar))
    return data, observed, chances


def _progress(total: int) -> "tqdm[Any]":
    return tqdm(total=total, unit="pair", file=sys.stderr)


def _told(bar: "tqdm[Any]") -> Callable[[int], None]:
    return lambda n: cast(None, bar.update(n))


def read_pair(paths: Sequence[Path]) -> Pair:
    """Return two recordings of shape (trials, time, units) from two .npy files, or one .npz with x and y.

    Raises:
        UsageError: if a file is missing, is no such file, or lacks x or y.
        InvalidInputError: if an array is not two or three axes of finite numbers.
    """
    loaded = [_loaded(path) for path in paths]
    names = [sorted(arrays_of) for arrays_of in loaded]
    if names == [[""], [""]]:
        return _with_trials(loaded[0][""], "x"), _with_trials(loaded[1][""], "y")
    if len(names) == 1 and {"x", "y"} <= set(names[0]):
        return _with_trials(loaded[0]["x"], "x"), _with_trials(loaded[0]["y"], "y")
    held = "; ".join(
        f"{path} with {', '.join(filter(None, held)) or 'one array'}" for path, held in zip(paths, names, strict=True)
    )
    raise UsageError(f"--recordings got {held}; needed two .npy files, or one .npz with x and y.")


def _loaded(path: Path) -> Mapping[str, Any]:
    """Return the arrays of a file by name; that of a .npy file has the empty name."""
    try:
        loaded: Any = np.load(path, allow_pickle=False)
        return {"": loaded} if isinstance(loaded, np.ndarray) else {name: loaded[name] for name in loaded.files}
    except (EOFError, OSError, ValueError, zipfile.BadZipFile) as error:
        raise UsageError(f"cannot read {path}: {error}. Save arrays with numpy.save or numpy.savez.") from error


def _with_trials(array: Any, name: str) -> Trajectories:
    """Return a recording of shape (samples, units) as one trial."""
    return arrays.trajectories(array[None] if np.ndim(array) == 2 else array, name)
