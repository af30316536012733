"""Claims about changes of a pair of recordings, held against a fixed corpus and a search.

The fixed corpus gives the number by which two metrics can be compared; the search, drawing data until something breaks,
gives the counterexample. What a metric's numerical floor and an example's conditioning explain is no violation.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import final

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from metric_harness import strategies
from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array, Trajectories
from metric_harness.changes import Change, Changes
from metric_harness.checks import ClaimFailedError, NotApplicableError, Recorder
from metric_harness.corpora import fingerprint, fixed_corpus
from metric_harness.errors import MetricError
from metric_harness.profiles import Profile
from metric_harness.search import search
from metric_harness.seeding import generator
from metric_harness.statistics import unique_pairs

Streams = Callable[..., np.random.Generator]
MOST_SHOWN = 60
"""Entries up to which an array is written out in a message."""


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class Law:
    """One claim, the change that it is about, and what must come of it.

    Attributes:
        claim: field of `Claims`.
        sentence: the claim in words.
        hint: what usually lies behind a violation.
        changes: the change.
        moves: whether the claim says that the change moves the distance; otherwise it says that it does not.
        from_itself: whether the distance is the one between a recording and its changed self, which must be zero.
        long: whether only long recordings are searched, as where a change of a short one may be none.
    """

    claim: str
    sentence: str
    hint: str
    changes: Changes
    moves: bool = False
    from_itself: bool = False
    long: bool = False


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Trial:
    """One example put to a metric: arrays as the metric gets them, both distances, and what rounding explains."""

    arrays: Mapping[str, Array]
    change: str
    before: float
    after: float
    tolerance: float

    @property
    def deviation(self) -> float:
        """How far the change moved the distance."""
        return abs(self.after - self.before)

    def breaks(self, law: Law) -> bool:
        """Return whether this example contradicts the law; where there is no distance, there is none to move."""
        moved = self.deviation > self.tolerance
        return self.before > self.tolerance and not moved if law.moves else moved


def hold(law: Law, metric: MetricUnderTest, measure: Recorder, profile: Profile, streams: Streams) -> None:
    """Measure how far a law is broken, then hold that against what the metric claims.

    An example that broke it in an earlier run is tried too, and stands where neither search nor corpus finds another;
    so a second run says what the first one said.

    Args:
        law: the claim and its change.
        metric: the metric.
        measure: recorder of the case.
        profile: how many examples to search.
        streams: generators of the case.

    Raises:
        ClaimFailedError: if a claim `True` is broken, or a claim `False` is broken nowhere.
        NotApplicableError: if the metric claims nothing either way.
    """
    corpus = _on_corpus(law, metric, measure, streams)
    worst = (min if law.moves else max)(corpus, key=lambda trial: trial.deviation)
    measure("worst deviation on the corpus", worst.deviation)
    earlier = _replayed(law, metric, measure.earlier)
    broken = _searched(law, metric, measure, profile, streams)
    broken = broken or next((trial for trial in corpus if trial.breaks(law)), earlier)
    claimed: bool | None = getattr(metric.claims, law.claim)
    deviations = [worst.deviation, *([broken.deviation] if broken else [])]
    deviation = min(deviations) if law.moves else max(deviations)
    measure.observe(law.claim, claimed=claimed, observed=broken is None, deviation=deviation)
    relation = "above" if law.moves else "at most"
    measure.bound = f"change of the distance {relation} the metric's numerical floor times the example's condition"
    if claimed is None:
        held = "held" if broken is None else "did not hold"
        raise NotApplicableError(
            f"the metric does not claim '{law.claim}'; observed: it {held}, worst deviation {deviation:.3g}"
        )
    measure.set_score(float((broken is None) is claimed))
    if claimed and broken is not None:
        measure.counterexample = {**broken.arrays, "tolerance": np.array(broken.tolerance)}
        raise ClaimFailedError(_refutation(law, metric, broken))
    if not claimed and broken is None:
        raise ClaimFailedError(
            f"claim refuted: not always: {law.sentence}\n"
            f"  worst deviation = {deviation:.3g}, never {'within' if law.moves else 'above'} what rounding explains\n"
            f"  hint: the metric claims {law.claim}=False; claim True, or None if nothing is meant"
        )


def _tried(law: Law, metric: MetricUnderTest, x: Trajectories, y: Trajectories, change: Change) -> Trial:
    if law.from_itself:
        y = x
    changed_x, changed_y = change.apply(x, y)
    condition = max(strategies.condition_of(x), strategies.condition_of(y)) * change.condition
    arrays = {"x": x, "y": y, "changed_x": changed_x, "changed_y": changed_y}
    prepared = {name: metric.prepared(array) for name, array in arrays.items()}
    return _asked(law, metric, prepared, change.text, metric.floor * condition)


def _asked(law: Law, metric: MetricUnderTest, arrays: Mapping[str, Array], change: str, tolerance: float) -> Trial:
    # What a metric does to its input must not reach the next question.
    def ask(*names: str) -> float:
        return metric.answer(*(arrays[name].copy() for name in names))

    before = 0.0 if law.from_itself else ask("x", "y")
    return Trial(arrays, change, before, ask("changed_x", "changed_y"), tolerance)


def _on_corpus(law: Law, metric: MetricUnderTest, measure: Recorder, streams: Streams) -> list[Trial]:
    recordings = fixed_corpus(streams("corpus"))
    measure("corpus", fingerprint(recordings))
    trials: list[Trial] = []
    for k, (i, j) in enumerate(unique_pairs(len(recordings))):
        x, y = recordings[i], recordings[j]
        trials.append(_tried(law, metric, x, y, law.changes.fixed(x, streams("change", k))))
    return trials


def _searched(law: Law, metric: MetricUnderTest, measure: Recorder, profile: Profile, streams: Streams) -> Trial | None:
    long = law.long or not _answers_small(metric)

    @st.composite
    def examples(draw: DrawFn) -> tuple[Trajectories, Trajectories, Change]:
        x, y = draw(strategies.trajectory_pairs(long=long))
        return x, y, draw(law.changes.drawn(x))

    def judge(example: tuple[Trajectories, Trajectories, Change]) -> Trial | None:
        trial = _tried(law, metric, *example)
        return trial if trial.breaks(law) else None

    seed = int(streams("search").integers(2**32))
    # What breaks a claim that is not made is counted, not shown.
    claimed = getattr(metric.claims, law.claim) is True
    found = search(examples(), judge, n_examples=profile.n_examples, seed=seed, shrink=claimed)
    measure("examples answered in the search", found.n_answers)
    return found.broken


def _answers_small(metric: MetricUnderTest) -> bool:
    """Return whether the metric can be asked about recordings small enough to read."""
    rng = generator(0, "laws", "small")
    try:
        metric.distance(*rng.standard_normal((2, 3, 4, 3)))
    except MetricError:
        return False
    return True


def _replayed(law: Law, metric: MetricUnderTest, saved: Mapping[str, Array]) -> Trial | None:
    if not saved:
        return None
    arrays = {name: array for name, array in saved.items() if name != "tolerance"}
    uncounted = MetricUnderTest(metric.name, metric.bare)  # what lies in a folder must not show in the count of calls
    try:
        trial = _asked(law, uncounted, arrays, "as found in an earlier run", float(saved["tolerance"]))
    except (KeyError, MetricError):
        return None  # of another version of the case, or no longer a question that the metric answers
    return trial if trial.breaks(law) else None


def _refutation(law: Law, metric: MetricUnderTest, broken: Trial) -> str:
    recipe = metric.recipe
    asked = ", ".join(repr(text) for text in ((recipe.value, *recipe.settings) if recipe else (metric.name,)))
    shown = {name: array for name, array in broken.arrays.items() if not _is_repeated(name, broken.arrays)}
    first, second = ("changed_x" if "changed_x" in shown else "x"), ("changed_y" if "changed_y" in shown else "y")
    allowed = f"{'more than ' if law.moves else ''}{broken.tolerance:.3g}"
    lines = [
        f"claim refuted: {law.sentence}",
        f"  change of the distance = {broken.deviation:.4g}, allowed {allowed} (the metric's numerical floor times the "
        "example's condition)",
        f"  counterexample, {broken.change}: distance {broken.before:.6g} before, {broken.after:.6g} after",
        "  reproduce:",
        "    import numpy as np",
        "    from metric_harness.resolution import load",
        f"    metric = load({asked})",
        *(f"    {line}" for line in _loading(shown, metric.name, f"invariance.{law.claim}")),
        *([] if law.from_itself else ["    print(metric.distance(x, y))"]),
        f"    print(metric.distance({first}, {second}))",
        f"  hint: {law.hint}",
    ]
    return "\n".join(lines)


def _is_repeated(name: str, arrays: Mapping[str, Array]) -> bool:
    """Return whether a changed array is the array before the change."""
    before = arrays.get(name.removeprefix("changed_"))
    return name.startswith("changed_") and before is not None and np.array_equal(arrays[name], before)


def _loading(arrays: Mapping[str, Array], metric: str, case: str) -> list[str]:
    """Return lines of Python that make the arrays: written out where they can be read, else from the saved file."""
    if sum(array.size for array in arrays.values()) <= len(arrays) * MOST_SHOWN:
        return [f"{name} = np.array({array.tolist()})" for name, array in arrays.items()]
    names = ", ".join(arrays)
    shapes = ", ".join(str(array.shape) for array in arrays.values())
    return [
        f"saved = np.load('reports/{metric}/counterexamples/{case}.npz')  # shapes {shapes}",
        f"{names} = (saved[name] for name in {list(arrays)})",
    ]
