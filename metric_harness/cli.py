"""The console script `metric-harness`: what needs no test run."""

import argparse
import importlib.resources
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from tabulate import tabulate

from metric_harness import __version__, catalogue
from metric_harness.annotations import annotation_lines
from metric_harness.baseline import change_lines, judged, read_baselines
from metric_harness.comparison import compare, read_report, read_scorecard
from metric_harness.errors import UsageError
from metric_harness.merging import merge, missing
from metric_harness.records import Scorecard
from metric_harness.resolution import known_names
from metric_harness.seeding import DEFAULT_SEED
from metric_harness.session import report_format, write_card


def catalogue_table() -> str:
    """Return every case with tier and claim, one line each."""
    rows = [[case.id, case.version, case.tier, case.title] for case in catalogue.cases()]
    table = tabulate(rows, headers=["case", "version", "tier", "claim"], disable_numparse=True)
    return f"suite {catalogue.suite_version()}, {len(rows)} cases\n\n{table}"


def metrics_table() -> str:
    """Return every name that --metric takes, with its origin and the package that it lacks, one line each."""
    return tabulate(sorted(known_names().items()), headers=["metric", "origin"], disable_numparse=True)


def explanation(case_id: str) -> str:
    """Return a case's claim, data, statistic, bound and source.

    Raises:
        UnknownCaseError: if there is no such case.
    """
    case = catalogue.case(case_id)
    head = f"{case.id} (version {case.version}, {case.tier})\n{case.title}"
    run = f"Run it: pytest --metric=NAME {case.selector}"
    return "\n\n".join([head, case.explanation, f"Source: {case.source}", run])


def schema() -> str:
    """Return the JSON Schema of a scorecard."""
    return (importlib.resources.files("metric_harness") / "data" / "scorecard.schema.json").read_text("utf-8")


def rendered(path: Path, format_name: str) -> str:
    """Return a scorecard or a comparison in another format.

    Raises:
        ScorecardError: if the file is missing, unreadable, or of an unknown schema.
        UsageError: if there is no such format.
    """
    chosen, report = report_format(format_name), read_report(path)
    return chosen.render(report) if isinstance(report, Scorecard) else chosen.render_comparison(report)


class _Parser(argparse.ArgumentParser):
    """A parser that ends after a mistake as everything else here does, in 4; commands are parsers of its class."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(4, f"{self.prog}: error: {message}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="metric-harness",
        description="Look at cases and scorecards. To validate a metric: pytest --metric=NAME",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("list", help="print every case")
    commands.add_parser("metrics", help="print every metric that has a name, and what it needs installed")
    explain = commands.add_parser("explain", help="print what one case claims, and on what data")
    explain.add_argument("case", metavar="CASE")
    comparing = commands.add_parser("compare", help="set several scorecards side by side")
    comparing.add_argument("cards", metavar="CARD", nargs="+", type=Path)
    comparing.add_argument("--format", default="markdown", help="report format (default: %(default)s)")
    comparing.add_argument(
        "--fail-on-regression",
        action="store_true",
        help="take two scorecards of one metric, the earlier one first; exit 1 if anything got worse",
    )
    merging = commands.add_parser("merge", help="join the partial scorecards of one metric's shards")
    merging.add_argument("cards", metavar="CARD", nargs="+", type=Path)
    merging.add_argument("--reports", metavar="DIR", type=Path, default=Path("reports"), help="where the card goes")
    merging.add_argument("--format", metavar="NAME", action="append", help="report format (repeatable; default: all)")
    render = commands.add_parser("render", help="print a scorecard or a comparison in another format")
    render.add_argument("card", metavar="CARD", type=Path)
    render.add_argument("--format", default="markdown", help="report format (default: %(default)s)")
    annotate = commands.add_parser("annotate", help="print a scorecard's failures as GitHub annotations")
    annotate.add_argument("card", metavar="CARD", type=Path)
    commands.add_parser("schema", help="print the JSON Schema of a scorecard")
    _add_null(commands.add_parser("null", help="tell what a metric gives by chance, for your sizes"))
    _add_architecture(commands.add_parser("architecture", help="tell what training changes in a network of yours"))
    _add_sweep(commands.add_parser("sweep", help="train and compare the reference study's networks at its own size"))
    _add_zoo(commands.add_parser("zoo", help="train, check or describe the networks of the learning cases"))
    return parser


def _add_architecture(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("network", metavar="NETWORK", help="a built-in name, module:Class or path/to/file.py:Class")
    parser.add_argument(
        "--metric", metavar="VALUE", action="append", help="as in pytest (repeat; default: cka, procrustes, dsa)"
    )
    parser.add_argument(
        "--network-set",
        metavar="KEY=VALUE",
        action="append",
        help="a setting of the architecture, or of what is recorded of it, such as layer=1 (repeat)",
    )
    parser.add_argument("--smoke", action="store_true", help="networks that have learnt next to nothing, in seconds")
    parser.add_argument("--processes", type=int, metavar="N", help="stacks trained at once (default: one per core)")
    parser.add_argument(
        "--reports", metavar="DIR", type=Path, default=Path("reports"), help="where the page goes (default: reports)"
    )


def _add_sweep(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("metrics", metavar="METRIC", nargs="+", help="as after --metric")
    parser.add_argument("--metric-set", metavar="KEY=VALUE", action="append", help="a setting of a metric (repeat)")
    parser.add_argument("--slice", metavar="SHARE", default="1", help="of all networks, such as 1/50 (default: all)")
    parser.add_argument(
        "--updates", type=int, metavar="N", help="for every network, to measure cost; it learns next to nothing"
    )
    parser.add_argument("--processes", type=int, metavar="N", help="configurations at once (default: one per core)")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask scheduler, whose workers do it instead")
    parser.add_argument(
        "--folder", type=Path, metavar="DIR", help="of finished pieces, where it goes on (default: in your cache)"
    )
    parser.add_argument("--estimate", action="store_true", help="tell what it will take, and stop")
    parser.add_argument("--price", type=float, metavar="P", help="of a core-hour, to be told the cost")
    parser.add_argument(
        "--reports", metavar="DIR", type=Path, default=Path("reports"), help="where the tables go (default: reports)"
    )


def _add_zoo(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    build = actions.add_parser("build", help="train the networks anew")
    build.add_argument("--smoke", action="store_true", help="a tiny zoo that has learnt next to nothing, in seconds")
    build.add_argument("--processes", type=int, metavar="N", help="stacks trained at once (default: one per core)")
    build.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask scheduler, whose workers train instead")
    build.add_argument(
        "--device", metavar="NAME", default="cpu", help="cpu, or cuda where there is a GPU (default: cpu)"
    )
    verify = actions.add_parser("verify", help="recompute digests and accuracies")
    info = actions.add_parser("info", help="print how the networks were trained, and how they did")
    for action in (build, verify, info):
        action.add_argument(
            "--network",
            metavar="NAME",
            default="leaky_rnn",
            help="architecture: a built-in name, module:Class or path/to/file.py:Class (default: %(default)s)",
        )
        action.add_argument(
            "--network-set", metavar="KEY=VALUE", action="append", default=[], help="a setting of it (repeat)"
        )
        action.add_argument(
            "--folder",
            type=Path,
            metavar="DIR",
            help="of the zoo (default: in the package, or in your cache if it is of your own)",
        )


def _add_null(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("metric", metavar="METRIC", help="as after --metric")
    parser.add_argument("--metric-set", metavar="KEY=VALUE", action="append", help="a setting of the metric (repeat)")
    parser.add_argument("--samples", type=int, metavar="N", help="samples of each trial")
    parser.add_argument("--units", type=int, metavar="N", help="units of each recording")
    parser.add_argument("--trials", type=int, metavar="N", help="trials of each recording (default: 1)")
    parser.add_argument(
        "--autocorrelation", type=float, metavar="R", help="correlation of successive samples (default: 0)"
    )
    parser.add_argument(
        "--recordings",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="your own instead: two .npy files, or an .npz with x and y, of shape (samples, units) or "
        "(trials, samples, units)",
    )
    parser.add_argument("--draws", type=int, metavar="N", default=200, help="of each null (default: %(default)s)")
    parser.add_argument("--seed", type=int, metavar="N", default=DEFAULT_SEED, help="root seed (default: %(default)s)")
    parser.add_argument(
        "--reports", metavar="DIR", type=Path, default=Path("reports"), help="where the report goes (default: reports)"
    )


def regression_report(before: Path, after: Path) -> tuple[str, bool]:
    """Return what changed between two scorecards of one metric, and whether anything got worse.

    Raises:
        ScorecardError: if a file is missing, unreadable, or of an unknown schema.
        BaselineError: if the scorecards can't be compared: the earlier is partial, or metric, profile, seed or
            architecture differ.
    """
    card = read_scorecard(after)
    name = card.metric.name
    path, earlier = read_baselines([before], [name], card.suite.profile, card.run.seed, card.suite.network)[name]
    baseline = judged(earlier, card, path)
    return "\n".join(change_lines(name, baseline)), bool(baseline.worse)


def merge_report(cards: Sequence[Path], reports: Path, formats: Sequence[str]) -> tuple[str, bool]:
    """Write the scorecard that the given ones add up to; return what to print, and whether every case ran.

    Raises:
        ScorecardError: if a file is missing or unreadable, or the scorecards are not shards of one run.
        UsageError: if a report format is unknown.
    """
    made = [report_format(name) for name in formats or catalogue.implementations("report_formats")]
    card = merge([read_scorecard(path) for path in cards])
    lines = [f"{card.metric.name}: {card.suite.n_cases} cases, coverage {card.summary.coverage:.0%}"]
    lines += [f"  not run: {case_id}" for case_id in missing(card)]
    lines += [f"written: {path}" for path in write_card(card, reports, made)]
    return "\n".join(lines), card.run.complete


def _text(options: argparse.Namespace) -> str:
    if options.command == "list":
        return catalogue_table()
    if options.command == "metrics":
        return metrics_table()
    if options.command == "explain":
        return explanation(options.case)
    if options.command == "compare":
        return report_format(options.format).render_comparison(compare([read_scorecard(p) for p in options.cards]))
    if options.command == "render":
        return rendered(options.card, options.format)
    if options.command == "annotate":
        return "\n".join(annotation_lines(read_scorecard(options.card)))
    if options.command == "zoo":
        return _zoo_text(options)
    return schema()


def _zoo_text(options: argparse.Namespace) -> str:
    # Networks need torch, which no other command does.
    from metric_harness import zoo_commands

    chosen = {"network": options.network, "settings": options.network_set}
    if options.action == "build":
        placed = {"n_processes": options.processes, "scheduler": options.scheduler, "device": options.device}
        return zoo_commands.build_zoo(options.folder, smoke=options.smoke, **placed, **chosen)
    return (zoo_commands.verify if options.action == "verify" else zoo_commands.info)(options.folder, **chosen)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the console script; return 0, 4 after a mistake, 1 for a regression asked about or a hole in a merge."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "compare" and options.fail_on_regression:
            if len(options.cards) != 2:
                raise UsageError(
                    f"--fail-on-regression got {len(options.cards)} scorecards; needed two, earlier first."
                )
            text, got_worse = regression_report(*options.cards)
            print(text)
            return int(got_worse)
        if options.command == "merge":
            text, complete = merge_report(options.cards, options.reports, options.format or ())
            print(text)
            return int(not complete)
        if options.command == "architecture":
            from metric_harness import architecture_command

            return architecture_command.run(options)
        if options.command == "sweep":
            from metric_harness import sweep_command

            text, status = sweep_command.run(options, sys.argv[1:] if arguments is None else arguments)
            print(text)
            return status
        if options.command == "null":
            # Distributions need SciPy, and plots matplotlib.
            from metric_harness import null_command

            print(null_command.run(options, sys.argv[1:] if arguments is None else arguments))
            return 0
        print(_text(options).rstrip())
    except UsageError as error:
        print(f"metric-harness: {error}", file=sys.stderr)
        return 4
    return 0
