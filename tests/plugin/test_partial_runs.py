"""What did not run still counts: the denominator is the suite, whatever narrowed the run."""

import json
import sys

import pytest

ARGUMENTS = ("--metric-profile=smoke", "--metric-group=contract")
VALUE, IDENTITY = "metric-harness::contract::test_value", "metric-harness::contract::test_identity"


def outcomes(card: dict) -> dict[str, str]:
    return {case["id"]: case["outcome"] for case in card["cases"]}


def requires_the_whole_denominator(card: dict) -> None:
    """Require that the counts are over all cases of the suite, and that the missing ones have their reason."""
    counts, n_cases = card["summary"]["outcomes"], card["suite"]["n_cases"]
    applicable = n_cases - counts["not_applicable"]
    assert sum(counts.values()) == n_cases == len(card["cases"])
    assert card["summary"]["coverage"] == pytest.approx(1 - counts["not_run"] / n_cases)
    assert card["summary"]["pass_rate"] == pytest.approx(counts["passed"] / applicable)
    assert not card["run"]["complete"]
    assert all(case["message"] for case in card["cases"] if case["outcome"] not in ("passed", "not_applicable"))


@pytest.mark.parametrize(
    ("options", "n_ran"),
    [
        (("-k", "value or determinism"), 2),
        (("--deselect", f"{VALUE}[good]", "-k", "value or determinism"), 1),
        ((f"{VALUE}[good]",), 1),
        ((VALUE, IDENTITY), 2),
    ],
    ids=["-k", "--deselect", "one id", "two ids"],
)
def test_a_selection_makes_the_card_partial(run, card, options, n_ran):
    result = run("--metric=mymetrics:good", *ARGUMENTS, *options)
    assert result.ret == 0
    found = card("good")
    assert found["suite"]["n_cases"] - found["summary"]["outcomes"]["not_run"] == n_ran
    requires_the_whole_denominator(found)
    result.stdout.fnmatch_lines(["*partial run"])


def test_stopping_at_the_first_failure_leaves_the_rest_not_run(run, card):
    result = run("--metric=mymetrics:raises", "--metric-profile=smoke", "-x")
    assert result.ret in (1, 2)  # with workers, pytest-xdist reports the stop as an interruption
    found = card("raises")
    assert found["summary"]["outcomes"]["passed"] == 0
    assert found["summary"]["outcomes"]["not_run"] > found["suite"]["n_cases"] / 2
    requires_the_whole_denominator(found)


def test_the_last_failures_alone_make_the_card_partial(run, card):
    run("--metric=mymetrics:random", *ARGUMENTS)
    result = run("--metric=mymetrics:random", *ARGUMENTS, "--lf")
    found = card("random")
    assert result.ret == 1
    assert set(outcomes(found).values()) == {"failed", "not_run"}
    requires_the_whole_denominator(found)


def test_a_metric_of_which_no_case_ran_fails_the_run(run):
    result = run("--metric=mymetrics:good", "--metric=cka", *ARGUMENTS, "-k", "value and cka")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["no case ran for good; nothing was validated."])


def test_skips_from_elsewhere_are_not_runs(run, card, repository):
    repository.makeconftest(
        """
        import pytest

        def pytest_collection_modifyitems(items):
            for item in items:
                item.add_marker(pytest.mark.skip(reason="slow"))
        """
    )
    result = run("--metric=mymetrics:good", *ARGUMENTS)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["no case ran for good; nothing was validated."])
    found = card("good")
    assert set(outcomes(found).values()) == {"not_run"}
    requires_the_whole_denominator(found)
    assert "skipped in setup by something outside the suite: slow" in {case["message"] for case in found["cases"]}


@pytest.mark.parametrize("strict", [True, False])
def test_an_xfail_marker_from_elsewhere_changes_no_verdict(run, card, repository, strict):
    repository.makeconftest(
        f"""
        import pytest

        def pytest_collection_modifyitems(items):
            for item in items:
                item.add_marker(pytest.mark.xfail(reason="please", strict={strict}))
        """
    )
    result = run("--metric=mymetrics:random", *ARGUMENTS, "-k", "value or determinism or identity")
    assert result.ret == 1
    result.assert_outcomes(passed=1, failed=1, skipped=1)
    assert outcomes(card("random"))["contract.determinism"] == "failed"


def test_a_metric_cannot_skip_its_own_trial(run, card, repository):
    repository.makepyfile(
        evasive="""
        import pytest
        import mymetrics

        def skips(x, y):
            pytest.skip("not today")

        def leaves(x, y):
            raise SystemExit(0)
        """
    )
    names = ("skips", "leaves")
    result = run(*(f"--metric=evasive:{name}" for name in names), *ARGUMENTS, "-k", "symmetry")
    assert result.ret == 1
    assert [outcomes(card(name))["contract.symmetry"] for name in names] == ["error", "error"]


def test_the_same_error_is_told_once_in_the_summary_and_kept_on_the_card(run, card):
    result = run("--metric=mymetrics:raises", *ARGUMENTS)
    start = next(k for k, line in enumerate(result.stdout.lines) if "metric conformance" in line)
    lines = result.stdout.lines[start:]
    told = [line for line in lines if "the battery is empty" in line]
    assert len(told) == 1
    assert told[0].startswith("  contract.value: recordings 0 and 1: the metric raised RuntimeError")
    n_failed = sum(outcome in ("failed", "error") for outcome in outcomes(card("raises")).values())
    assert f"    {n_failed - 1} further cases ended in the same error" in lines
    assert n_failed >= 5
    messages = [case["message"] for case in card("raises")["cases"] if case["outcome"] == "error"]
    assert all("the battery is empty" in message for message in messages)


@pytest.mark.parametrize("option", ["--full-trace", "--tb=long"])
def test_a_traceback_is_shown_only_when_asked_for(run, option):
    result = run("--metric=mymetrics:raises", *ARGUMENTS, option, "-k", "symmetry")
    text = result.stdout.str()
    assert "rerun: pytest --metric=mymetrics:raises" in text
    assert ("test_symmetry.py:" in text) is (option == "--full-trace")


def test_validate_works_inside_somebodys_own_tests(run, repository):
    repository.makeini("[pytest]\nfilterwarnings = error\nxfail_strict = true")
    repository.makeconftest("import pytest\n\n@pytest.fixture(autouse=True)\ndef own():\n    yield\n")
    repository.makepyfile(
        test_own="""
        import sys
        import metric_harness
        import mymetrics

        def test_inside(request, capsys):
            modules, path = set(sys.modules), list(sys.path)
            card = metric_harness.validate(mymetrics.good, profile="smoke", groups=["contract"])
            assert card.summary.outcomes["passed"] >= 3
            assert card.summary.outcomes["failed"] == card.summary.outcomes["error"] == 0
            assert sys.path == path
            assert not any(name.startswith("metric_harness_testcases") for name in sys.modules)
            print("still captured")
            assert capsys.readouterr().out == "still captured\\n"

        def test_after():
            values = [1, 2]
            assert values == [1, 3]
        """
    )
    result = run("test_own.py", "-vv")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["E * At index 1 diff: 2 != 3"])
    assert not (repository.path / "reports").exists()


def test_validate_and_a_running_validation_do_not_mix(run, card, repository):
    repository.makepyfile(
        test_own="""
        import metric_harness
        import mymetrics

        def test_inside():
            card = metric_harness.validate(mymetrics.raises, profile="smoke", groups=["contract"])
            assert card.summary.outcomes["error"] >= 3
        """
    )
    result = run("--metric=mymetrics:good", *ARGUMENTS, "-k", "value or inside or determinism", "test_own.py")
    assert result.ret == 0, result.stdout.str()
    assert json.dumps(outcomes(card("good"))).count('"passed"') == 2


def test_shards_merge_into_the_undivided_run(run, card, repository):
    """Two groups as two shards, each into a folder of its own: the digest is that of one run of both."""
    common = ("--metric=mymetrics:good", "--metric-profile=smoke", "--metric-format=json")
    groups = [f"--metric-group={group}" for group in ("noise", "dynamics")]
    for k, group in enumerate(groups):
        run(*common, f"--metric-reports=shard{k}", group)
    run(*common, *groups)
    shards = [f"shard{k}/good/scorecard.partial.json" for k in range(len(groups))]
    merged = repository.run(
        sys.executable, "-m", "metric_harness", "merge", *shards, "--reports", "merged", "--format", "json"
    )
    assert merged.ret == 1
    merged.stdout.fnmatch_lines(["good: * cases, coverage *%", "  not run: contract.value"])
    joined = json.loads((repository.path / "merged/good/scorecard.partial.json").read_text(encoding="utf-8"))
    assert joined["results_digest"] == card("good")["results_digest"]
