"""What a run leaves behind: frozen records whose fields are the keys of the JSON files."""

import dataclasses
import enum
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias, cast

SCHEMA_VERSION = "1.5"
"""Version of the scorecard's and the comparison's keys; a new key raises the part after the dot."""
SUITE = "metric-harness"
"""Root of the suite's node ids, and what selects cases on the command line: `metric-harness::noise::test_floor`."""

DEFAULT_NETWORK = "leaky_rnn"
"""The architecture whose networks cases compare unless another is asked for; a file name in `networks/`."""

Plain: TypeAlias = "bool | int | float | str | list[Plain] | dict[str, Plain] | None"
"""What JSON can hold without loss."""
Tier: TypeAlias = Literal["required", "validity"]


class Outcome(str, enum.Enum):
    """How a case ended, in the order from best to worst."""

    PASSED = "passed"
    XFAILED = "xfailed"
    NOT_APPLICABLE = "not_applicable"
    INCONCLUSIVE = "inconclusive"
    NOT_RUN = "not_run"
    XPASSED = "xpassed"
    FAILED = "failed"
    ERROR = "error"
    CRASHED = "crashed"

    @property
    def is_failure(self) -> bool:
        """Whether this outcome raises the exit status."""
        return self in (Outcome.FAILED, Outcome.ERROR, Outcome.CRASHED, Outcome.XPASSED)

    @property
    def rank(self) -> int:
        """Position from best (0) to worst; of several parameters of one case the worst counts."""
        return list(Outcome).index(self)


@dataclasses.dataclass(frozen=True, kw_only=True)
class CaseInfo:
    """A case of the suite as its marker declares it."""

    id: str
    version: int
    tier: Tier
    source: str
    title: str
    explanation: str
    path: str
    drift: float = 1e-6
    """Relative change of a measurement up to which it counts as the same as in an earlier scorecard."""

    @property
    def group(self) -> str:
        """The part of the id before the dot, which is also the folder."""
        return self.id.partition(".")[0]

    @property
    def selector(self) -> str:
        """What selects this case on pytest's command line."""
        return f"{SUITE}::{self.id.replace('.', '::test_')}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Exemption:
    """Why the failure of a case is accepted; `until` is the last day, after which the case counts again."""

    reason: str
    issue: str | None = None
    until: str | None = None
    expired: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class CaseRecord:
    """One case's result for one metric; `volatile` names the measurements that differ from run to run."""

    id: str
    version: int
    group: str
    tier: Tier
    outcome: Outcome
    score: float | None = None
    measurements: Mapping[str, Plain] = dataclasses.field(default_factory=dict[str, Plain])
    volatile: Sequence[str] = ()
    bound: str = ""
    message: str = ""
    duration_s: float = 0.0
    metric_calls: int = 0
    metric_s: float = 0.0
    exemption: Exemption | None = None


class Change(str, enum.Enum):
    """What became of a case since an earlier scorecard, in the order in which people want to read it."""

    REGRESSED = "regressed"
    REMOVED = "removed"
    INCOMPARABLE = "incomparable"
    VERSION_CHANGED = "version_changed"
    DRIFTED = "drifted"
    FIXED = "fixed"
    NEW = "new"
    UNCHANGED = "unchanged"

    @property
    def is_worse(self) -> bool:
        """Whether a gate stops it: what did not run again can't show that it still passes."""
        return self in (Change.REGRESSED, Change.REMOVED, Change.INCOMPARABLE)


@dataclasses.dataclass(frozen=True, kw_only=True)
class CaseChange:
    """One case then and now; an outcome is None where the case did not exist."""

    id: str
    change: Change
    before: Outcome | None
    after: Outcome | None
    detail: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Baseline:
    """The earlier scorecard that a run was compared with, and every case's change since."""

    path: str
    results_digest: str
    changes: Sequence[CaseChange]

    @property
    def worse(self) -> list[CaseChange]:
        """The changes that a gate does not let through."""
        return [change for change in self.changes if change.change.is_worse]

    def count(self, change: Change) -> int:
        """Return how many cases changed so."""
        return sum(one.change is change for one in self.changes)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Observation:
    """What was seen of one claim: what was claimed, whether it held, and the worst deviation."""

    claimed: bool | None
    observed: bool
    deviation: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class MetricInfo:
    """The metric that a scorecard is about."""

    name: str
    source: str
    settings: Mapping[str, Plain]
    claims: Mapping[str, Plain]
    observed: Mapping[str, Observation]


@dataclasses.dataclass(frozen=True, kw_only=True)
class NetworkInfo:
    """The architecture whose networks were compared; without arguments, the one of scorecards before schema 1.5.

    `zoo` is the digest of the networks' table, which tells one training from another; empty where none was written.
    """

    name: str = DEFAULT_NETWORK
    settings: Mapping[str, Plain] = dataclasses.field(default_factory=dict[str, Plain])
    zoo: str = ""

    @property
    def suffix(self) -> str:
        """What the names of reports end with, so that no architecture takes another's place."""
        return "" if self.name == DEFAULT_NETWORK else f"-{self.name}"

    def is_that_of(self, other: "NetworkInfo") -> bool:
        """Return whether two scorecards rest on the same networks, as far as both tell."""
        known = self.zoo and other.zoo
        return self == other if known else self.name == other.name


@dataclasses.dataclass(frozen=True, kw_only=True)
class SuiteInfo:
    """Which cases were asked, on how much data, and about which networks."""

    version: str
    profile: str
    n_cases: int
    network: NetworkInfo = dataclasses.field(default_factory=NetworkInfo)


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunInfo:
    """When and how the run took place; nothing here enters the digest but the seed."""

    started: str
    duration_s: float
    complete: bool
    command: str
    seed: int
    workers: int
    reused: int = 0
    """Distances that an earlier run had answered, and that the metric was not asked for again."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Summary:
    """Counts over the fixed list of cases, so that a case that did not run is never forgotten."""

    outcomes: Mapping[str, int]
    pass_rate: float
    coverage: float
    by_group: Mapping[str, Mapping[str, int]]
    by_tier: Mapping[str, Mapping[str, int]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scorecard:
    """Everything one run learned about one metric."""

    schema_version: str
    suite: SuiteInfo
    run: RunInfo
    environment: Mapping[str, Plain]
    metric: MetricInfo
    summary: Summary
    cases: Sequence[CaseRecord]
    results_digest: str
    baseline: Baseline | None = None

    @property
    def folder(self) -> str:
        """The folder of its reports: the metric's name, with the architecture behind it unless it is the default."""
        return f"{self.metric.name}{self.suite.network.suffix}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class ComparedCase:
    """One case over several metrics; the mappings go from metric name to value."""

    id: str
    version: int
    group: str
    tier: Tier
    outcomes: Mapping[str, Outcome]
    scores: Mapping[str, float | None]
    seconds: Mapping[str, float]
    metric_s: Mapping[str, float] = dataclasses.field(default_factory=dict[str, float])


@dataclasses.dataclass(frozen=True, kw_only=True)
class GroupScore:
    """How a metric did in a group or tier: the mean score of the cases that apply, and how many of them passed.

    A case that applies and ended without a score, in an error, counts as zero. `low` and `high` are Student's interval
    over cases, clipped to [0, 1]; None where the scores do not scatter.
    """

    score: float
    low: float | None
    high: float | None
    n_passed: int
    n_cases: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Comparison:
    """Several scorecards of one suite, profile and seed, side by side; what is new since 1.2 has a default."""

    schema_version: str
    suite: SuiteInfo
    seed: int
    complete: bool
    metrics: Sequence[str]
    digests: Mapping[str, str]
    pass_rates: Mapping[str, float]
    cases: Sequence[ComparedCase]
    published: Sequence[Mapping[str, Plain]]
    claims: Mapping[str, Mapping[str, Plain]] = dataclasses.field(default_factory=dict[str, Mapping[str, Plain]])
    observed: Mapping[str, Mapping[str, Observation]] = dataclasses.field(
        default_factory=dict[str, Mapping[str, Observation]]
    )
    groups: Mapping[str, Mapping[str, GroupScore]] = dataclasses.field(
        default_factory=dict[str, Mapping[str, GroupScore]]
    )
    """Of each metric, its score in each group that applies to it."""
    tiers: Mapping[str, Mapping[str, GroupScore]] = dataclasses.field(
        default_factory=dict[str, Mapping[str, GroupScore]]
    )
    profiles: Mapping[str, Mapping[str, float | None]] = dataclasses.field(
        default_factory=dict[str, Mapping[str, float | None]]
    )
    """Of each metric, the share of its range that each change moves; those that it refuses are left out."""
    profiled: Mapping[str, Sequence[str]] = dataclasses.field(default_factory=dict[str, Sequence[str]])
    """The changes of the profiles in order, by what they are: nuisances, signals."""


def plain(value: object) -> Plain:
    """Return `value` as plain JSON types; NumPy scalars and arrays, enums and records included.

    Raises:
        ValueError: if a number is NaN or infinite, which strict JSON cannot hold.
        TypeError: if the value has no JSON form.
    """
    if hasattr(value, "tolist"):
        value = cast(Any, value).tolist()
    if isinstance(value, enum.Enum):
        return plain(value.value)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} cannot be recorded; needed a finite number. Record None for 'no value'.")
        return value
    if dataclasses.is_dataclass(value):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in cast(Mapping[object, object], value).items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in cast(Sequence[object], value)]
    raise TypeError(f"{type(value).__name__} cannot be recorded; needed numbers, text, lists or mappings.")


def to_json(record: object) -> str:
    """Return a record as strict JSON with sorted keys, two-space indents and a final newline."""
    return json.dumps(plain(record), allow_nan=False, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def digest(suite: SuiteInfo, seed: int, metric: MetricInfo, cases: Sequence[CaseRecord]) -> str:
    """Return the SHA-256 of what must be equal between a serial and a parallel run.

    Times, volatile measurements and the environment are left out: they differ between two runs that agree in every
    result.
    """
    results = [repeatable(case) for case in cases]
    content = plain({"suite": suite, "seed": seed, "metric": metric, "cases": results})
    text = json.dumps(content, allow_nan=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def repeatable(case: CaseRecord) -> Mapping[str, object]:
    """Return what of a record comes out the same whenever the case is run: all but times and volatile measurements."""
    steady = {name: value for name, value in case.measurements.items() if name not in case.volatile}
    kept = {key: item for key, item in vars(case).items() if key not in ("duration_s", "metric_s")}
    return kept | {"measurements": steady}
