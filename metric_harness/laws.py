"""Laws: what a claim says must come of a change of a pair of recordings."""

import dataclasses
from collections.abc import Sequence
from typing import ClassVar, final

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from metric_harness import strategies
from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Trajectories
from metric_harness.changes import Change, Changes
from metric_harness.checks import Recorder
from metric_harness.questions import Call, Example, Question, Streams, Trial
from metric_harness.statistics import unique_pairs


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class Law(Question):
    """One claim, the change that it is about, and what must come of it.

    Attributes:
        changes: the change; where a change of a short recording may be none, set `long`.
        from_itself: whether the distance is the one between a recording and its changed self, which must be zero.
    """

    changes: Changes
    from_itself: bool = False

    quantity: ClassVar[str] = "change of the distance"

    @property
    def calls(self) -> Sequence[Call]:
        """The distance before the change, unless that is zero anyway, and the one after it."""
        after = ("changed_x", "changed_y")
        return [after] if self.from_itself else [("x", "y"), after]

    def deviation(self, distances: Sequence[float]) -> float:
        """Return how far the change moved the distance."""
        before = 0.0 if self.from_itself else distances[0]
        return abs(distances[-1] - before)

    def breaks(self, trial: Trial) -> bool:
        """Return whether a trial contradicts the law; where there is no distance, there is none to move."""
        moved = super().breaks(trial)
        return trial.distances[0] > trial.tolerance and not moved if self.moves else moved

    def drawn(self, *, long: bool) -> SearchStrategy[Example]:
        """Return the strategy that draws a pair and its change."""

        @st.composite
        def examples(draw: DrawFn) -> Example:
            x, y = draw(strategies.trajectory_pairs(long=long))
            return self._changed(x, y, draw(self.changes.drawn(x)))

        return examples()

    def on_corpus(
        self, metric: MetricUnderTest, recordings: Sequence[Trajectories], measure: Recorder, streams: Streams
    ) -> Sequence[Trial]:
        """Return the trials of one change of each pair."""
        trials: list[Trial] = []
        for k, (i, j) in enumerate(unique_pairs(len(recordings))):
            x, y = recordings[i], recordings[j]
            trials.append(self.tried(metric, self._changed(x, y, self.changes.fixed(x, streams("change", k)))))
        return trials

    def _changed(self, x: Trajectories, y: Trajectories, change: Change) -> Example:
        if self.from_itself:
            y = x
        changed_x, changed_y = change.apply(x, y)
        condition = max(strategies.condition_of(x), strategies.condition_of(y)) * change.condition
        return Example({"x": x, "y": y, "changed_x": changed_x, "changed_y": changed_y}, change.text, condition)
