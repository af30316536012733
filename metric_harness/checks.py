"""From numbers to a verdict: findings against bounds, and the recorder that a case writes to.

A case measures first and decides last. Each bound becomes a `Finding` that holds, fails or straddles;
`decide` raises the verdict. Nothing here knows pytest.
"""

import dataclasses
import enum
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import final

from metric_harness.adapter import MetricUnderTest
from metric_harness.arrays import Array
from metric_harness.errors import MetricError
from metric_harness.records import Observation, Plain, plain
from metric_harness.statistics import Estimate, exact


class ClaimFailedError(AssertionError):
    """The claim of a case is refuted."""


class ClaimInconclusiveError(Exception):
    """The interval straddles the bound, so that neither verdict is justified."""


class NotApplicableError(Exception):
    """The case does not ask this metric for a verdict."""


def refuse_unpaired(metric: MetricUnderTest) -> None:
    """Ask no metric for a verdict that compares the dynamics of recordings and no sample with its partner.

    Raises:
        NotApplicableError: if it claims to need no correspondence of trials, and sees the order of time.
    """
    if metric.claims.unpaired_trials is True and metric.sees_time:
        raise NotApplicableError("the metric compares dynamics (time_order) and claims to need no paired samples")


def require_time(metric: MetricUnderTest) -> None:
    """Leave a case about dynamics unless the metric may see them.

    Raises:
        NotApplicableError: if it needs only activations and does not claim `time_order`, or denies that.
    """
    if not metric.sees_time:
        raise NotApplicableError("the metric needs only activations and does not claim time_order")


def require_unpaired(metric: MetricUnderTest) -> None:
    """Leave a case whose recordings share no trials, once it has measured, unless the metric claims to need none.

    Raises:
        NotApplicableError: if it does not claim `unpaired_trials`.
    """
    if metric.claims.unpaired_trials is not True:
        raise NotApplicableError("the metric does not claim unpaired_trials; measured only")


class Standing(enum.Enum):
    """How an estimate stands to its bound."""

    HOLDS = "holds"
    STRADDLES = "straddles"
    FAILS = "fails"


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class Finding:
    """One quantity set against one bound, and where the bound comes from."""

    quantity: str
    estimate: Estimate
    relation: str
    bound: float
    origin: str
    standing: Standing

    def __str__(self) -> str:
        verb = {Standing.HOLDS: "is", Standing.STRADDLES: "may be", Standing.FAILS: "is not"}[self.standing]
        return f"{self.quantity} = {self.estimate} {verb} {self.relation} {self.bound:g} ({self.origin})"


@final
class Recorder:
    """Collects what one case measures; reaches the scorecard whatever the case's end.

    Attributes:
        case_id: the case, under whose name its counterexample is saved.
    """

    def __init__(self, case_id: str = "") -> None:
        self.case_id = case_id
        self.measurements: dict[str, Plain] = {}
        self.volatile_names: list[str] = []
        self.observed: dict[str, Observation] = {}
        self.bound = ""
        self.score: float | None = None
        self.earlier: Mapping[str, Array] = {}
        """Arrays of the counterexample that an earlier run saved for this case; to be tried first."""
        self.counterexample: Mapping[str, Array] = {}
        """Arrays of the counterexample to be saved."""

    def __call__(self, name: str, value: object) -> None:
        """Record one named number, list or text; an `Estimate` also records its interval.

        Raises:
            ValueError: if the name is taken or a number is not finite.
        """
        if name in self.measurements:
            raise ValueError(f"'{name}' is measured twice; needed one name per quantity.")
        if isinstance(value, Estimate):
            self.measurements[name] = plain(value.value)
            self.measurements[f"{name} interval"] = plain([value.low, value.high])
        else:
            self.measurements[name] = plain(value)

    def curve(self, quantity: str, x: str, estimates: Iterable[Estimate]) -> None:
        """Record a quantity over a grid with its intervals, under the names by which reports know a curve.

        Args:
            quantity: what was measured.
            x: what the grid counts, in the singular; the grid itself is recorded under its plural.
            estimates: one for each place of the grid.
        """
        known = list(estimates)
        self(f"{quantity} by {x}", [estimate.value for estimate in known])
        self(f"{quantity} intervals by {x}", [[estimate.low, estimate.high] for estimate in known])

    def volatile(self, name: str, value: object) -> None:
        """Record what another run would find otherwise, such as a time; it stays out of the results' digest."""
        known = set(self.measurements)
        self(name, value)
        self.volatile_names += [new for new in self.measurements if new not in known]

    def observe(self, claim: str, *, claimed: bool | None, observed: bool, deviation: float) -> None:
        """Record what was seen of one claim."""
        self.observed[claim] = Observation(claimed=claimed, observed=observed, deviation=float(deviation))

    def set_score(self, value: float) -> None:
        """Set the case's score, clipped to [0, 1]."""
        self.score = min(1.0, max(0.0, float(value)))


def _finding(
    quantity: str,
    value: Estimate | float,
    relation: str,
    bound: float,
    origin: str,
    test: Callable[[float], bool],
) -> Finding:
    estimate = value if isinstance(value, Estimate) else exact(value)
    ends = [test(estimate.low), test(estimate.high)]
    standing = Standing.HOLDS if all(ends) else Standing.STRADDLES if any(ends) else Standing.FAILS
    return Finding(
        quantity=quantity, estimate=estimate, relation=relation, bound=bound, origin=origin, standing=standing
    )


def at_least(quantity: str, value: Estimate | float, bound: float, origin: str) -> Finding:
    """Find whether a quantity is at least its bound; its whole interval must be, or must not be."""
    return _finding(quantity, value, "at least", bound, origin, lambda end: end >= bound)


def at_most(quantity: str, value: Estimate | float, bound: float, origin: str) -> Finding:
    """Find whether a quantity is at most its bound."""
    return _finding(quantity, value, "at most", bound, origin, lambda end: end <= bound)


def above(quantity: str, value: Estimate | float, bound: float, origin: str) -> Finding:
    """Find whether a quantity is strictly above its bound."""
    return _finding(quantity, value, "above", bound, origin, lambda end: end > bound)


def below(quantity: str, value: Estimate | float, bound: float, origin: str) -> Finding:
    """Find whether a quantity is strictly below its bound."""
    return _finding(quantity, value, "below", bound, origin, lambda end: end < bound)


def decide(measure: Recorder, claim: str, findings: Sequence[Finding], *, hint: str) -> None:
    """Raise the verdict that the findings add up to; return only if every bound holds.

    Args:
        measure: recorder of the case, which receives the bounds.
        claim: the sentence that was put to the test.
        findings: at least one quantity with its bound.
        hint: what usually lies behind a failure and what to look at next.

    Raises:
        ClaimFailedError: if any bound fails.
        ClaimInconclusiveError: if none fails and any straddles.
    """
    if not findings:
        raise ValueError(f"'{claim}' has no findings; needed at least one bound to decide by.")
    measure.bound = "; ".join(f"{f.quantity} {f.relation} {f.bound:g} ({f.origin})" for f in findings)
    holds = [f.standing is Standing.HOLDS for f in findings]
    if measure.score is None:
        measure.set_score(sum(holds) / len(holds))
    broken = [f for f in findings if f.standing is Standing.FAILS]
    if broken:
        raise ClaimFailedError(_verdict("refuted", claim, broken, hint))
    undecided = [f for f in findings if f.standing is Standing.STRADDLES]
    if undecided:
        raise ClaimInconclusiveError(_verdict("undecided", claim, undecided, hint))


def _verdict(word: str, claim: str, findings: Sequence[Finding], hint: str) -> str:
    lines = [f"claim {word}: {claim}", *(f"  {finding}" for finding in findings), f"  hint: {hint}"]
    return "\n".join(lines)


def decide_faults(measure: Recorder, claim: str, faults: Sequence[str], *, asked: int, origin: str, hint: str) -> None:
    """Raise the verdict over a list of questions, none of which may have been answered wrongly.

    Args:
        measure: recorder of the case, which receives the faults and the share of good answers as the score.
        claim: the sentence that was put to the test.
        faults: what went wrong, one line each, led by the name of the question.
        asked: number of questions.
        origin: why not a single fault is allowed.
        hint: what usually lies behind a fault and what to look at next.

    Raises:
        ClaimFailedError: if there is any fault.
    """
    measure("asked", asked)
    measure("faults", list(faults))
    measure.set_score(1 - len(faults) / asked)
    measure.bound = f"faults = 0 of {asked} ({origin})"
    if faults:
        raise ClaimFailedError("\n".join([f"claim refuted: {claim}", *(f"  {f}" for f in faults), f"  hint: {hint}"]))


def measure_neighbors(
    measure: Recorder,
    metric: MetricUnderTest,
    quantity: str,
    headline: Callable[[MetricUnderTest], float],
    *,
    holds: Callable[[float], bool],
) -> None:
    """Record a case's headline number at the metric's neighboring settings, measured only.

    Args:
        measure: recorder of the case.
        metric: the metric; one without settings has no neighbors.
        quantity: name of the headline number.
        headline: computes it for one setting.
        holds: whether a value lies on the good side of the case's bound.
    """
    neighbors = metric.neighbors()
    if not neighbors:
        return
    sides: dict[str, bool] = {}
    for label, near in neighbors.items():
        try:
            value = headline(near)
        except MetricError as error:
            measure(f"at {label}: error", str(error))
            continue
        measure(f"at {label}: {quantity}", value)
        sides[label] = holds(value)
    measure("settings that hold", [label for label, side in sides.items() if side])
    measure("settings that do not hold", [label for label, side in sides.items() if not side])
