"""A metric's own scale, on which similarities of different metrics can be read: 1 for the same, 0 for the unrelated."""

import dataclasses
from typing import final

import numpy as np

from metric_harness.arrays import Array
from metric_harness.checks import Finding, Recorder, above, at_least, at_most
from metric_harness.statistics import Estimate


@final
@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Yardstick:
    """Distances between recordings of one thing and between unrelated ones, one of each per world, shape (worlds,)."""

    same: Array
    unrelated: Array

    def measured(self, measure: Recorder, floor: float) -> Finding:
        """Record both ends, and find whether they are apart in every world; if they are not, there is no scale."""
        measure("mean distance of the same", float(self.same.mean()))
        measure("mean distance of the unrelated", float(self.unrelated.mean()))
        smallest = float((self.unrelated - self.same).min())
        measure("smallest range over worlds", smallest)
        return above("smallest range over worlds", smallest, floor, "the metric's numerical floor")

    def usable(self, floor: float) -> bool:
        """Return whether both ends are apart in every world."""
        return float((self.unrelated - self.same).min()) > floor

    def similarity(self, distances: Array) -> Array:
        """Return 1 - (d - same) / (unrelated - same) of distances of any shape, both ends being means over worlds."""
        unrelated, same = float(self.unrelated.mean()), float(self.same.mean())
        return (unrelated - np.asarray(distances)) / (unrelated - same)


def within(quantity: str, estimate: Estimate, bound: float, origin: str) -> list[Finding]:
    """Find whether a quantity is at most a bound in size, whichever its sign."""
    return [at_most(quantity, estimate, bound, origin), at_least(quantity, estimate, -bound, origin)]
