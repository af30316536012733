"""`--metric-exempt`: the body runs, a known failure is no failure, and a mended one must be struck off the list."""

import json

import jsonschema
import pytest

from metric_harness.cli import schema
from metric_harness.comparison import read_scorecard
from metric_harness.records import Exemption

ARGUMENTS = ("--metric-profile=smoke", "--metric-group=contract", "--metric-exempt=exempt.toml")
VALUE, DETERMINISM = "contract.value", "contract.determinism"


@pytest.fixture
def exempt(repository):
    """Write entries, each a case with more lines, to the file of exemptions."""

    def write(entries: dict[str, str]) -> None:
        blocks = [f'[[exempt]]\ncase = "{case}"\nreason = "known since May"\n{more}' for case, more in entries.items()]
        (repository.path / "exempt.toml").write_text("\n".join(blocks), encoding="utf-8")

    return write


def by_id(card: dict) -> dict:
    return {case["id"]: case for case in card["cases"]}


def test_a_known_failure_is_shown_and_does_not_raise_the_exit_status(run, card, exempt, repository):
    exempt({DETERMINISM: 'issue = "https://example.org/7"\nuntil = 2100-01-01\n'})
    result = run("--metric=mymetrics:random", *ARGUMENTS, "-rx", "-k", "determinism")
    assert result.ret == 0
    result.assert_outcomes(xfailed=1)
    result.stdout.fnmatch_lines(
        [
            "contract.determinism * xfail*",
            "*contract.determinism: exempt (known since May): worst difference*",
            "XFAIL *test_determinism* - known since May",
        ]
    )
    case = by_id(card("random"))[DETERMINISM]
    assert case["outcome"] == "xfailed"
    assert case["metric_calls"] > 0
    assert case["message"].startswith("claim refuted")
    assert case["exemption"] == {
        "reason": "known since May",
        "issue": "https://example.org/7",
        "until": "2100-01-01",
        "expired": False,
    }
    jsonschema.validate(card("random"), json.loads(schema()))
    path = repository.path / "reports" / "random" / "scorecard.partial.json"
    read = {case.id: case.exemption for case in read_scorecard(path).cases}
    assert read.pop(DETERMINISM) == Exemption(**case["exemption"])
    assert set(read.values()) == {None}
    text = path.with_suffix(".md").read_text()
    assert "## Exemptions" in text
    assert "known since May" in text


def test_an_error_is_excused_too_but_only_in_its_own_case(run, card, exempt):
    exempt({"contract.identity": ""})
    result = run("--metric=mymetrics:raises", *ARGUMENTS, "-k", "identity or symmetry")
    assert result.ret == 1
    result.assert_outcomes(xfailed=1, failed=1)
    assert by_id(card("raises"))["contract.identity"]["score"] is None


@pytest.mark.parametrize("ini", ["xfail_strict = true", "xfail_strict = false"])
def test_an_unexpected_pass_fails_and_prints_the_lines_to_delete(run, card, exempt, repository, ini):
    repository.makeini(f"[pytest]\n{ini}")
    exempt({DETERMINISM: "until = 2100-01-01\n", VALUE: ""})
    result = run("--metric=mymetrics:random", "--metric=cka", *ARGUMENTS, "-k", "determinism or (value and cka)")
    assert result.ret == 1
    result.assert_outcomes(failed=2, xfailed=1)
    result.stdout.fnmatch_lines(
        [
            "unexpected pass: contract.determinism passes in spite of its exemption. Delete lines 1-4 of exempt.toml:",
            "    ??exempt??",
            '    case = "contract.determinism"',
            '    reason = "known since May"',
            "    until = 2100-01-01",
        ]
    )
    assert {by_id(card("cka"))[case]["outcome"] for case in (DETERMINISM, VALUE)} == {"xpassed"}
    assert by_id(card("random"))[DETERMINISM]["outcome"] == "xfailed"


def test_an_expired_exemption_excuses_nothing_and_is_listed(run, card, exempt):
    exempt({DETERMINISM: "until = 2020-02-29\n", VALUE: "until = 2020-02-29\n"})
    result = run("--metric=mymetrics:random", *ARGUMENTS, "-k", "determinism or value")
    assert result.ret == 1
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*contract.determinism: its exemption (known since May) ended 2020-02-29; it counts*"])
    assert by_id(card("random"))[DETERMINISM]["exemption"]["expired"]


def test_what_is_not_applicable_stays_so(run, card, exempt):
    exempt({"contract.identity": ""})
    assert run("--metric=mymetrics:good", *ARGUMENTS, "-k", "identity").ret == 0
    case = by_id(card("good"))["contract.identity"]
    assert case["outcome"] == "not_applicable"
    assert case["exemption"]["reason"] == "known since May"


def test_an_exemption_of_one_metric_is_not_the_others(run, exempt):
    exempt({DETERMINISM: 'metric = "random"\n', VALUE: 'metric = "elsewhere"\n'})
    result = run("--metric=mymetrics:random", "--metric=mymetrics:raises", *ARGUMENTS, "-k", "determinism")
    result.assert_outcomes(xfailed=1, failed=1)
    result.stdout.fnmatch_lines(["exemptions for metrics that are not in this run: elsewhere"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '[[exempt]]\ncase = "contract.valu"\nreason = "r"',
            "*'contract.valu'. Did you mean contract.value*",
        ),
        ('[[exempt]]\ncase = "contract.value"', "*reason is missing*"),
        ("exempt", "*exempt.toml is not TOML*"),
        (None, "*cannot read exempt.toml: No such file*"),
    ],
)
def test_a_mistake_in_the_file_is_exit_4_before_the_first_case(run, repository, text, message):
    if text is not None:
        (repository.path / "exempt.toml").write_text(text, encoding="utf-8")
    result = run("--metric=cka", *ARGUMENTS)
    assert result.ret == 4
    pytest.LineMatcher(result.stdout.lines + result.stderr.lines).fnmatch_lines([message])
    assert not (repository.path / "reports" / "cka").exists()
