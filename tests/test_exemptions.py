"""The file of exemptions: read whole or refused with a way out, and quoted line by line."""

import datetime

import pytest

from metric_harness import scoring
from metric_harness.errors import ExemptionError
from metric_harness.exemptions import Exemptions, read_exemptions
from metric_harness.records import CaseRecord, Exemption, Outcome

TODAY = datetime.date(2026, 6, 30)
PLAIN = '[[exempt]]\ncase = "noise.floor"\nreason = "known"\n'


@pytest.fixture
def read(tmp_path):
    """Write a file of exemptions and read it."""

    def written(text: str) -> Exemptions:
        (tmp_path / "exempt.toml").write_text(text, encoding="utf-8")
        return read_exemptions(tmp_path / "exempt.toml", tmp_path, TODAY)

    return written


def record(outcome: Outcome, message: str = "") -> CaseRecord:
    return CaseRecord(id="noise.floor", version=1, group="noise", tier="validity", outcome=outcome, message=message)


def test_an_entry_carries_all_that_was_written(read):
    (entry,) = read(f'{PLAIN}issue = "https://example.org/7"\nuntil = 2026-12-31\nmetric = "mine"\n').entries
    assert entry.case == "noise.floor"
    assert entry.metric == "mine"
    assert entry.exemption == Exemption(reason="known", issue="https://example.org/7", until="2026-12-31")


@pytest.mark.parametrize("text", ["", "# nothing is exempt any more\n"])
def test_a_file_without_entries_exempts_nothing(read, text):
    assert read(text).of("mine", "noise.floor") is None


@pytest.mark.parametrize(
    ("until", "expired"), [("2026-06-29", True), ("2026-06-30", False), ("2026-07-01", False)], ids=str
)
def test_the_last_day_is_included(read, until, expired):
    (entry,) = read(f"{PLAIN}until = {until}\n").entries
    assert entry.exemption.expired is expired


def test_an_entry_holds_for_every_metric_or_for_the_one_it_names(read):
    exemptions = read(f'{PLAIN}metric = "mine"\n\n[[exempt]]\ncase = "noise.discriminability"\nreason = "both"\n')
    assert exemptions.of("mine", "noise.floor")
    assert exemptions.of("yours", "noise.floor") is None
    assert exemptions.of("yours", "noise.discriminability")
    assert exemptions.for_other_metrics(["yours"]) == ["mine"]
    assert exemptions.for_other_metrics(["mine"]) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '[[exempt]]\ncase = "noise.flor"\nreason = "r"',
            r"entry 1: unknown case 'noise.flor'. Did you mean noise.f",
        ),
        ('[[exempt]]\ncase = "noise.floor"', "entry 1: reason is missing; needed case and reason"),
        ('[[exempt]]\nreason = "r"', "entry 1: case is missing; needed case and reason"),
        ('[[exempt]]\ncase = "noise.floor"\nreason = "  "', "reason is '  '; needed a text that says something"),
        ('[[exempt]]\ncase = "noise.floor"\nreason = 3', "reason is 3; needed a text that says something"),
        (f'{PLAIN}because = "r"', r"unknown keys \['because'\]; needed only case, reason, issue, until, metric"),
        (f'{PLAIN}issue = "see mail"', "issue is 'see mail'; needed an address that begins with https://"),
        (f'{PLAIN}until = "2030-01-01"', "until is '2030-01-01'; needed a date without quotes"),
        (f"{PLAIN}until = 2030-01-01T00:00:00", "needed a date without quotes"),
        (PLAIN + PLAIN, "exempts noise.floor twice; delete one of the entries"),
        (f'{PLAIN}{PLAIN}metric = "mine"', "exempts noise.floor twice"),
        ('[exempt]\ncase = "noise.floor"', r"'exempt' as a single table; needed only entries headed \[\[exempt\]\]"),
        ('[[exempted]]\ncase = "noise.floor"', r"the top-level keys \['exempted'\]"),
        ("exempt = [3]", "entry 1: got 3; needed a table with the keys"),
        ("[[exempt]\n", "exempt.toml is not TOML: "),
    ],
)
def test_a_mistake_is_told_with_the_place_and_a_way_out(read, text, message):
    with pytest.raises(ExemptionError, match=message):
        read(text)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(ExemptionError, match=r"cannot read none\.toml: No such file or directory\. Give a TOML file"):
        read_exemptions(tmp_path.relative_to(tmp_path) / "none.toml", tmp_path, TODAY)
    (tmp_path / "latin.toml").write_bytes(b'# \xe9\n[[exempt]]\ncase = "noise.floor"')
    with pytest.raises(ExemptionError, match="is not TOML: 'utf-8' codec can't decode"):
        read_exemptions(tmp_path / "latin.toml", tmp_path, TODAY)


def test_the_lines_to_delete_are_the_entrys_own(read):
    text = (
        "# why we are behind\n\n"
        f"{PLAIN}# the next one is older\n\n"
        '  [[ exempt ]]  # [[exempt]]\ncase = "noise.discriminability"\nreason = """\nsee [[exempt]]\n"""\n'
    )
    first, second = read(text).entries
    assert first.place.startswith("lines 3-5 of ")
    assert first.place.endswith(':\n    [[exempt]]\n    case = "noise.floor"\n    reason = "known"')
    assert second.place.startswith("lines 8-12 of ")
    assert 'add metric = "NAME" to it instead' in first.unexpected_pass()


def test_entries_in_another_style_are_counted(read):
    inline = 'exempt = [{case = "noise.floor", reason = "known", metric = "mine"}]'
    (entry,) = read(inline).entries
    assert entry.place.startswith("the entry number 1 of ")
    assert "instead" not in entry.unexpected_pass()


@pytest.mark.parametrize(
    ("outcome", "until", "after"),
    [
        (Outcome.XFAILED, "2027-01-01", Outcome.XFAILED),
        (Outcome.PASSED, "2027-01-01", Outcome.XPASSED),
        (Outcome.PASSED, "2025-01-01", Outcome.PASSED),
        (Outcome.FAILED, "2025-01-01", Outcome.FAILED),
        (Outcome.NOT_APPLICABLE, "2027-01-01", Outcome.NOT_APPLICABLE),
        (Outcome.INCONCLUSIVE, "2027-01-01", Outcome.INCONCLUSIVE),
        (Outcome.NOT_RUN, "2027-01-01", Outcome.NOT_RUN),
        (Outcome.CRASHED, "2027-01-01", Outcome.CRASHED),
    ],
)
def test_the_card_lists_the_exemption_whatever_came_out(read, outcome, until, after):
    (entry,) = read(f"{PLAIN}until = {until}\n").entries
    exempted = scoring.exempted(record(outcome), entry)
    assert exempted.outcome is after
    assert exempted.exemption == entry.exemption


def test_a_case_with_parameters_passes_unexpectedly_only_on_all_of_them(read):
    (entry,) = read(PLAIN).entries
    parts = [scoring.Part(parameters=p, record=record(Outcome.PASSED)) for p in ("n3", "n10")]
    assert scoring.exempted(scoring.merge(parts), entry).outcome is Outcome.XPASSED
    parts[0] = scoring.Part(parameters="n3", record=record(Outcome.XFAILED, "no"))
    assert scoring.exempted(scoring.merge(parts), entry).outcome is Outcome.XFAILED


def test_an_exempt_failure_stays_in_the_denominator():
    summary = scoring.summarize([record(Outcome.PASSED), record(Outcome.XFAILED)])
    assert summary.pass_rate == 0.5
    assert summary.coverage == 1.0
