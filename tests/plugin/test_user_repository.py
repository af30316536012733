"""The suite inside somebody else's repository, whatever their settings are."""

import json

import pytest

from metric_harness import catalogue

ARGUMENTS = ("--metric=mymetrics:good", "--metric-group=contract", "--metric-profile=smoke")
N_CASES = sum(case.group == "contract" for case in catalogue.cases())
SETTINGS = {
    "odd patterns": "python_files = spec_*.py\npython_functions = should_*\npython_classes = Describe*",
    "strict": "addopts = --strict-markers --strict-config\nxfail_strict = true",
    "warnings are errors": "filterwarnings = error",
    "own test paths": "testpaths = tests\naddopts = -q",
    "importlib": "addopts = --import-mode=importlib",
}


def outcomes(repository: pytest.Pytester) -> dict[str, int]:
    path = repository.path / "reports" / "good" / "scorecard.partial.json"
    counts = json.loads(path.read_text())["summary"]["outcomes"]
    return {outcome: n for outcome, n in counts.items() if n and outcome != "not_run"}


@pytest.mark.parametrize("name", SETTINGS)
def test_the_verdict_does_not_depend_on_the_ini_file(run, repository, name):
    repository.makeini(f"[pytest]\n{SETTINGS[name]}")
    repository.mkdir("tests").joinpath("test_own.py").write_text("def test_own(): raise SystemError")
    result = run(*ARGUMENTS)
    assert result.ret == 0, result.stdout.str()
    counts = outcomes(repository)
    assert counts["passed"] >= 3
    assert counts["passed"] + counts["not_applicable"] == N_CASES


def test_the_users_tests_stay_out_unless_named(run, repository):
    repository.makepyfile(test_own="def test_own(): print('OWN TEST'); assert False")
    assert run(*ARGUMENTS).ret == 0
    result = run(*ARGUMENTS, "test_own.py")
    assert result.ret == 1
    counts = result.parseoutcomes()
    assert counts["passed"] + counts["skipped"] == N_CASES
    assert counts["failed"] == 1


def test_the_users_fixtures_and_the_suites_do_not_mix(run, repository):
    repository.makeconftest(
        """
        import pytest

        @pytest.fixture
        def metric():
            return "the user's"

        @pytest.fixture
        def measure():
            raise SystemError
        """
    )
    repository.makepyfile(test_own='def test_own(metric): assert metric == "the user\'s"')
    result = run(*ARGUMENTS, "test_own.py")
    counts = result.parseoutcomes()
    assert counts["passed"] + counts["skipped"] == N_CASES + 1
    assert result.ret == 0


def test_one_case_can_be_selected_and_the_card_is_partial(run, repository):
    result = run("--metric=mymetrics:good", "metric-harness::contract::test_value")
    assert result.ret == 0
    result.assert_outcomes(passed=1)
    assert outcomes(repository) == {"passed": 1}


def test_keyword_selection_works(run, repository):
    result = run(*ARGUMENTS, "-k", "test_value or test_identity")
    result.assert_outcomes(passed=1, skipped=1)


def test_a_run_without_a_single_case_is_no_success(run):
    result = run(*ARGUMENTS, "-k", "nothing_is_called_so")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*no case ran*"])


def test_node_ids_do_not_tell_where_the_package_lives(run):
    result = run(*ARGUMENTS, "--collect-only", "-q")
    if "-n2" not in str(result.stdout):
        result.stdout.fnmatch_lines(["metric-harness::contract::test_value?good?"])
