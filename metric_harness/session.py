"""One run: which metrics and cases were asked for, what came back, and the files that say so.

Knows nothing of pytest. The plugin hands over a `Request` before the run and payloads during it; a
payload is the plain JSON form of one case's result, so that it can cross process boundaries.
"""

import dataclasses
import datetime
import importlib.metadata
import platform
import shlex
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias, cast, final

from metric_harness import architecture_rows, catalogue, scoring
from metric_harness.adapter import settings_of
from metric_harness.architectures import ChosenNetwork, choose
from metric_harness.baseline import judged, read_baselines
from metric_harness.comparison import compare
from metric_harness.errors import UsageError
from metric_harness.exemptions import Exemptions, read_exemptions
from metric_harness.files import write_arrays, write_whole
from metric_harness.handover import packed
from metric_harness.interfaces import AbstractReportFormat
from metric_harness.profiles import PROFILES
from metric_harness.recipes import Recipe
from metric_harness.records import (
    DEFAULT_NETWORK,
    CaseInfo,
    CaseRecord,
    MetricInfo,
    Observation,
    Outcome,
    Plain,
    RunInfo,
    Scorecard,
    SuiteInfo,
    plain,
)
from metric_harness.resolution import ResolvedMetric, resolve
from metric_harness.seeding import DEFAULT_SEED

PACKAGES = ("metric-harness", "numpy", "scipy", "numba", "torch", "hypothesis", "pytest", "pandas")
"""Distributions whose versions a scorecard names."""

Payload: TypeAlias = dict[str, Any]


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class Request:
    """What the command line asked for."""

    metrics: Sequence[ResolvedMetric]
    groups: Sequence[str]
    profile: str
    network: ChosenNetwork
    seed: int
    timeout: float | None
    reports: Path
    formats: Sequence[str]
    command: str
    root: Path
    cwd: Path
    exempt: Path | None
    exemptions: Exemptions
    cached: bool
    scheduler: str | None
    baselines: Mapping[str, tuple[Path, Scorecard]]
    """Of each metric, the earlier scorecard that gates the run; empty without `--metric-baseline`."""

    def recipe(self, metric: ResolvedMetric) -> Recipe:
        """Return what another process needs to make a metric again."""
        if not metric.by_text:
            return packed(metric.bare, metric.source)
        return Recipe(metric.value, tuple(metric.settings), str(self.cwd))

    def wants(self, case: CaseInfo) -> bool:
        """Return whether a case belongs to the chosen groups."""
        return not self.groups or case.group in self.groups

    def counterexample_file(self, metric: str, case_id: str) -> Path:
        """Return where the counterexample of a case is saved, beside the metric's scorecard."""
        return self.reports / f"{metric}{self.network.info.suffix}" / "counterexamples" / f"{case_id}.npz"

    def rerun(self, metric: str, case: CaseInfo) -> str:
        """Return the command that runs one case for one metric."""
        chosen = self.metric(metric)
        words = ["pytest", f"--metric={chosen.value}", *(f"--metric-set={s}" for s in chosen.settings)]
        words += [] if self.profile == "standard" else [f"--metric-profile={self.profile}"]
        words += [] if self.network.is_default else [f"--metric-network={self.network.value}"]
        words += [f"--metric-network-set={text}" for text in self.network.texts]
        words += [] if self.seed == DEFAULT_SEED else [f"--metric-seed={self.seed}"]
        words += [] if self.exempt is None else [f"--metric-exempt={self.exempt}"]
        return shlex.join([*words, case.selector])

    def metric(self, name: str) -> ResolvedMetric:
        """Return the metric with this report name."""
        return next(metric for metric in self.metrics if metric.name == name)


def request(
    *,
    metrics: Sequence[object],
    settings: Sequence[str],
    groups: Sequence[str],
    profile: str,
    seed: int,
    timeout: float | None,
    reports: Path,
    formats: Sequence[str],
    command: str,
    root: Path,
    cwd: Path,
    exempt: Path | None = None,
    baselines: Sequence[Path] = (),
    network: str = DEFAULT_NETWORK,
    network_settings: Sequence[str] = (),
    cached: bool = False,
    scheduler: str | None = None,
) -> Request:
    """Check every option and return the request.

    Raises:
        UsageError: if a metric, setting, group, profile, network, format, seed, timeout, exemption or baseline is
            wrong, or the report folder cannot be written.
    """
    known_formats = _require_names(groups, profile, formats)
    _require_sound(seed, timeout)
    resolved = resolve(metrics, settings, cwd)
    chosen = choose(network, cwd, network_settings)
    _require_writable(reports)
    return Request(
        metrics=resolved,
        groups=groups,
        profile=profile,
        network=chosen,
        seed=seed,
        timeout=timeout,
        reports=reports,
        formats=formats or known_formats,
        command=command,
        root=root,
        cwd=cwd,
        cached=cached,
        scheduler=scheduler,
        exempt=exempt,
        exemptions=Exemptions() if exempt is None else read_exemptions(exempt, cwd, _today()),
        baselines=read_baselines(
            [cwd / path for path in baselines], [m.name for m in resolved], profile, seed, chosen.info
        ),
    )


def _today() -> datetime.date:
    return datetime.datetime.now(datetime.timezone.utc).date()


def _require_known(option: str, values: Sequence[str], known: Sequence[str]) -> None:
    for value in values:
        if value not in known:
            raise UsageError(f"{option} {value!r} is unknown; needed one of {', '.join(known)}.")


def _require_names(groups: Sequence[str], profile: str, formats: Sequence[str]) -> list[str]:
    """Refuse names that nothing has; return those of all report formats."""
    known_formats = catalogue.implementations("report_formats")
    _require_known("--metric-group", groups, sorted({case.group for case in catalogue.cases()}))
    _require_known("--metric-profile", [profile], list(PROFILES))
    _require_known("--metric-format", formats, known_formats)
    return known_formats


def _require_sound(seed: int, timeout: float | None) -> None:
    if seed < 0:
        raise UsageError(f"--metric-seed {seed}; needed 0 or more.")
    if timeout is not None and not timeout > 0:
        raise UsageError(f"--metric-timeout {timeout}; needed more than 0 seconds.")
    if timeout is not None and not hasattr(signal, "setitimer"):
        raise UsageError("--metric-timeout needs interval timers, which this platform lacks; leave the option out.")


def _require_writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UsageError(
            f"--metric-reports {folder} cannot be written: {error.strerror}. Give another folder."
        ) from error


@final
class RunSession:
    """Remembers what came back, and turns it into scorecards at the end."""

    def __init__(self, asked: Request) -> None:
        self.request = asked
        self._parts: dict[tuple[str, str], dict[str, scoring.Part]] = {}
        self._n_parts: dict[tuple[str, str], int] = {}
        self._n_reused: dict[tuple[str, str, str], int] = {}
        self._counterexamples: dict[tuple[str, str], dict[str, Any]] = {}
        self._observed: dict[str, dict[str, Observation]] = {m.name: {} for m in asked.metrics}
        self._started = datetime.datetime.now(datetime.timezone.utc)
        self._clock = time.perf_counter()

    def receive(self, payload: Payload) -> None:
        """Take one case's result; a repeated one replaces the earlier."""
        record = CaseRecord(**(payload["record"] | {"outcome": Outcome(payload["record"]["outcome"])}))
        part = scoring.Part(parameters=payload["parameters"], record=record)
        self._parts.setdefault((payload["metric"], record.id), {})[payload["parameters"]] = part
        self._n_parts[payload["metric"], record.id] = payload["n_parts"]
        self._n_reused[payload["metric"], record.id, payload["parameters"]] = payload["n_reused"]
        if payload["counterexample"]:
            self._counterexamples[payload["metric"], record.id] = payload["counterexample"]
        for claim, seen in payload["observed"].items():
            self._observed[payload["metric"]][claim] = Observation(**seen)

    def receive_crash(self, metric: str, case_id: str, message: str) -> None:
        """Take the news that the process running a case died."""
        case = catalogue.case(case_id)
        record = dataclasses.replace(scoring.not_run(case, message), outcome=Outcome.CRASHED)
        self._parts.setdefault((metric, case_id), {})[""] = scoring.Part(parameters="", record=record)

    def scorecards(self, workers: int) -> list[Scorecard]:
        """Return one scorecard per metric over all cases of the suite, run or not."""
        environment = environment_of(self.request.root)
        return [self._scorecard(metric, environment, workers) for metric in self.request.metrics]

    def _scorecard(self, metric: ResolvedMetric, environment: Mapping[str, Plain], workers: int) -> Scorecard:
        records = [self._record(metric.name, case) for case in catalogue.cases()]
        run = RunInfo(
            started=self._started.isoformat(timespec="seconds"),
            duration_s=round(time.perf_counter() - self._clock, 3),
            complete=all(
                part.record.outcome is not Outcome.NOT_RUN
                for case in catalogue.cases()
                for part in self._all_parts(metric.name, case)
            ),
            command=self.request.command,
            seed=self.request.seed,
            workers=workers,
            reused=sum(n for (name, _, _), n in self._n_reused.items() if name == metric.name),
        )
        suite = SuiteInfo(
            version=catalogue.suite_version(),
            profile=self.request.profile,
            n_cases=len(catalogue.cases()),
            network=self.request.network.info,
        )
        info = MetricInfo(
            name=metric.name,
            source=metric.source,
            settings=settings_of(metric.bare),
            claims=_claims(metric),
            observed=self._observed[metric.name],
        )
        card = scoring.scorecard(suite=suite, run=run, environment=environment, metric=info, cases=records)
        if metric.name not in self.request.baselines:
            return card
        path, before = self.request.baselines[metric.name]
        return dataclasses.replace(card, baseline=judged(before, card, path))

    def _record(self, metric: str, case: CaseInfo) -> CaseRecord:
        record = scoring.merge(self._all_parts(metric, case))
        entry = self.request.exemptions.of(metric, case.id)
        return record if entry is None else scoring.exempted(record, entry)

    def _all_parts(self, metric: str, case: CaseInfo) -> list[scoring.Part]:
        """Return a case's results, with one more for whatever of it did not run."""
        parts = list(self._parts.get((metric, case.id), {}).values())
        if not parts:
            return [scoring.Part(parameters="", record=scoring.not_run(case))]
        n_missing = self._n_parts.get((metric, case.id), 1) - len(parts)
        if n_missing > 0:
            absent = scoring.not_run(case, f"{n_missing} of its sets of parameters did not run")
            parts.append(scoring.Part(parameters="", record=absent))
        return parts

    def write(self, cards: Sequence[Scorecard]) -> list[Path]:
        """Write every card, and the comparison of several; return the files, whole or not at all."""
        written: list[Path] = []
        formats = [report_format(name) for name in self.request.formats]
        suffix = self.request.network.info.suffix
        for (metric, case_id), arrays in self._counterexamples.items():
            written.append(write_arrays(self.request.counterexample_file(metric, case_id), arrays))
        for card in cards:
            written += write_card(card, self.request.reports, formats)
        if any(architecture_rows.asked(card) for card in cards):
            for report in formats:
                page = report.render_architecture(cards)
                if page is not None:
                    path = self.request.reports / f"architecture{suffix}.{report.suffix}"
                    written.append(write_whole(path, page))
        if len(cards) > 1:
            comparison = compare(cards)
            stem = f"comparison{suffix}{'' if comparison.complete else '.partial'}"
            for report in formats:
                path = self.request.reports / f"{stem}.{report.suffix}"
                written.append(write_whole(path, report.render_comparison(comparison)))
        return written


def write_card(card: Scorecard, reports: Path, formats: Sequence[AbstractReportFormat]) -> list[Path]:
    """Write a scorecard into its metric's folder of the reports, once for each format; return the files."""
    stem = "scorecard" if card.run.complete else "scorecard.partial"
    folder = reports / card.folder
    return [write_whole(folder / f"{stem}.{report.suffix}", report.render(card)) for report in formats]


def report_format(name: str) -> AbstractReportFormat:
    """Return a report format by name.

    Raises:
        UsageError: if there is none of that name.
    """
    _require_known("report format", [name], catalogue.implementations("report_formats"))
    make = cast("Callable[[], AbstractReportFormat]", catalogue.load("report_formats", name, AbstractReportFormat))
    return make()


def _claims(metric: ResolvedMetric) -> dict[str, Plain]:
    claims = {f.name: getattr(metric.bare.claims, f.name) for f in dataclasses.fields(metric.bare.claims)}
    if claims["value_range"] is not None:
        # JSON has no infinity; an open end is null.
        low, high = claims["value_range"]
        claims["value_range"] = [
            low if abs(low) < float("inf") else None,
            high if high < float("inf") else None,
        ]
    return {name: plain(value) for name, value in claims.items()}


def environment_of(root: Path) -> dict[str, Plain]:
    """Return interpreter, platform, package versions and the git state of the user's repository."""
    packages: dict[str, Plain] = {}
    for name in PACKAGES:
        try:
            packages[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            packages[name] = None
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": packages,
        "git": _git(root),
    }


def _git(root: Path) -> Plain:
    def ask(*words: str) -> str:
        return subprocess.run(
            ["git", "-C", str(root), *words], capture_output=True, text=True, check=True, timeout=10
        ).stdout.strip()

    try:
        return {"commit": ask("rev-parse", "HEAD"), "dirty": bool(ask("status", "--porcelain"))}
    except (OSError, subprocess.SubprocessError):
        return None
