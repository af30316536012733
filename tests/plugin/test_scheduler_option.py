"""`--metric-scheduler`: the same card from a Dask cluster, and an error with its reason where the cluster fails."""

import os
from collections.abc import Iterator

import pytest

pytest.importorskip("distributed", reason="needs Dask: pip install distributed")

from tests.dask_cluster import LocalCluster

CASE = "metric-harness::learning::test_gradual"
ARGUMENTS = ("--metric-profile=smoke", "--metric-format=json")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    # Given up at the first death: each takes seconds until the worker is back.
    environment = [("DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES", "0")]
    running = LocalCluster(tmp_path_factory.mktemp("dask"), 2, environment=environment)
    running.wait(2)
    yield running
    running.close()


@pytest.fixture
def scheduler(cluster: LocalCluster) -> str:
    return f"--metric-scheduler={cluster.address}"


@pytest.fixture
def record(card):
    """Load the record of the case that was run."""
    return lambda metric: next(case for case in card(metric)["cases"] if case["outcome"] != "not_run")


def test_the_card_is_the_one_of_a_run_without(run, card, scheduler):
    here = run("--metric=mymetrics:good", *ARGUMENTS, CASE)
    digest = card("good")["results_digest"]
    result = run("--metric=mymetrics:good", *ARGUMENTS, CASE, scheduler)
    assert result.ret == here.ret
    assert card("good")["results_digest"] == digest
    if not any("workers [2" in line for line in result.stdout.lines):
        result.stdout.fnmatch_lines(["metric-harness scheduler: tcp://127.0.0.1:*, 2 threads"])


def test_a_metric_that_ends_its_process_leaves_a_card(repository, record, scheduler):
    result = repository.runpytest_subprocess("--metric=mymetrics:dies", *ARGUMENTS, CASE, scheduler)
    assert result.ret == 1
    assert record("dies")["outcome"] == "error"
    assert "killed every worker that it was given to" in record("dies")["message"]


def test_a_metric_that_never_returns_is_a_timeout(repository, record, scheduler):
    result = repository.runpytest_subprocess(
        "--metric=mymetrics:sleeps", *ARGUMENTS, CASE, scheduler, "--metric-timeout=15"
    )
    assert result.ret == 1
    assert record("sleeps")["outcome"] == "error"
    assert record("sleeps")["message"].startswith("timeout: the case took longer than 15 s")


def test_no_scheduler_is_told_before_the_first_case(repository):
    result = repository.runpytest_subprocess("--metric=cka", *ARGUMENTS, "--metric-scheduler=tcp://127.0.0.1:9")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*--metric-scheduler tcp://127.0.0.1:9 does not answer within 10 s*dask scheduler*"])


def test_without_dask_the_extra_is_named(repository, monkeypatch):
    repository.makepyfile(distributed="raise ImportError('no Dask here')")
    path = os.pathsep.join([str(repository.path), os.environ.get("PYTHONPATH", "")])
    monkeypatch.setenv("PYTHONPATH", path)
    result = repository.runpytest_subprocess("--metric=cka", *ARGUMENTS, "--metric-scheduler=tcp://127.0.0.1:9")
    assert result.ret == 4
    result.stderr.fnmatch_lines(['*--metric-scheduler needs the package dask*pip install "metric-harness?dask?"*'])
