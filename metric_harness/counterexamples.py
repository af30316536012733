"""Counterexamples: printed with the lines that reproduce them, and tried again in a later run."""

from collections.abc import Mapping

import numpy as np

from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array
from metric_harness.errors import MetricError
from metric_harness.questions import Question, Trial

MOST_SHOWN = 60
"""Entries up to which an array is written out in a message."""


def saved(broken: Trial) -> Mapping[str, Array]:
    """Return the arrays by which a counterexample can be tried again."""
    return {**broken.arrays, "tolerance": np.array(broken.tolerance)}


def replayed(question: Question, metric: MetricUnderTest, earlier: Mapping[str, Array]) -> Trial | None:
    """Return the trial of a saved counterexample, if it is still one."""
    if not earlier:
        return None
    arrays = {name: array for name, array in earlier.items() if name != "tolerance"}
    uncounted = MetricUnderTest(metric.name, metric.bare)  # what lies in a folder must not show in the count of calls
    try:
        trial = question.asked(uncounted, arrays, "as found in an earlier run", float(earlier["tolerance"]))
    except (KeyError, MetricError):
        return None  # of another version of the case, or no longer a question that the metric answers
    return trial if question.breaks(trial) else None


def told(question: Question, metric: MetricUnderTest, broken: Trial, case_id: str) -> str:
    """Return the message of a refuted claim: numbers, origin of the tolerance, and a snippet without pytest."""
    recipe = metric.recipe
    asked = ", ".join(repr(text) for text in ((recipe.value, *recipe.settings) if recipe else (metric.name,)))
    values = [f"d({x}, {y}) = {value:.6g}" for (x, y), value in zip(question.calls, broken.distances, strict=True)]
    allowed = f"{'more than ' if question.moves else ''}{broken.tolerance:.3g}"
    file = f"reports/{metric.name}/counterexamples/{case_id}.npz"
    lines = [
        f"claim refuted: {question.sentence}",
        f"  {question.quantity} = {broken.deviation:.4g}, allowed {allowed} ({question.origin})",
        f"  counterexample, {broken.text}: {', '.join(values)}",
        "  reproduce:",
        "    import numpy as np",
        "    from metric_harness.resolution import load",
        f"    metric = load({asked})",
        *(f"    {line}" for line in _definitions(question, broken.arrays, file)),
        *(f"    print(metric.distance({x}, {y}))" for x, y in question.calls),
        f"  hint: {question.hint}",
    ]
    return "\n".join(lines)


def _definitions(question: Question, arrays: Mapping[str, Array], file: str) -> list[str]:
    """Return lines of Python that make the arrays of a question's calls: each number is written or loaded once."""
    needed = {name: arrays[name] for name in arrays if any(name in call for call in question.calls)}
    sources = {name: _first_equal(array, needed) for name, array in needed.items()}
    lines = _loading({name: needed[name] for name, source in sources.items() if name == source}, file)
    for name, source in sources.items():
        if name in question.strided:
            lines.append(f"{name} = np.repeat({source}, 2, axis=-1)[..., ::2]")
        elif name != source:
            lines.append(f"{name} = {source}.copy()")
    return lines


def _first_equal(array: Array, arrays: Mapping[str, Array]) -> str:
    """Return the first name of an array of the same shape and bytes; the sign of zero counts."""
    return next(
        name for name, other in arrays.items() if array.shape == other.shape and array.tobytes() == other.tobytes()
    )


def _loading(arrays: Mapping[str, Array], file: str) -> list[str]:
    """Return lines of Python that make arrays: written out where they can be read, else from the saved file."""
    if sum(array.size for array in arrays.values()) <= len(arrays) * MOST_SHOWN:
        return [f"{name} = np.array({array.tolist()})" for name, array in arrays.items()]
    shapes = ", ".join(str(array.shape) for array in arrays.values())
    return [
        f"saved = np.load('{file}')  # shapes {shapes}",
        *(f"{name} = saved['{name}']" for name in arrays),
    ]
