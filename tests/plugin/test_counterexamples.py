"""A broken claim comes with a counterexample: shrunk, printed with a snippet that works, saved, and tried again."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

RARE = Path(__file__).parents[1] / "negative_controls"
"""Where the liars are whose lie only a search finds."""
LIAR = """
import numpy as np

from metric_harness.arrays import paired_activations
from metric_harness.interfaces import Claims, metric

FACTOR = 1.0


@metric(claims=Claims(orthogonal=True))
def liar(x, y):
    x, y = (FACTOR * np.abs(z - z.mean(axis=0)) for z in paired_activations(x, y))
    return float(1 - np.linalg.norm(x.T @ y) ** 2 / (np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y)))
"""
CASE = ("--metric=liar.py:liar", "--metric-profile=smoke", "metric-harness::invariance::test_orthogonal")


@pytest.fixture
def saved(repository):
    repository.makepyfile(liar=LIAR)
    return repository.path / "reports" / "liar" / "counterexamples" / "invariance.orthogonal.npz"


def snippet(lines: list[str]) -> str:
    start = next(k for k, line in enumerate(lines) if line.strip() == "reproduce:")
    end = next(k for k, line in enumerate(lines) if line.strip().startswith("hint:"))
    return "\n".join(line.strip() for line in lines[start + 1 : end])


def test_the_counterexample_is_small_saved_and_reproducible(run, repository, saved):
    result = run(*CASE)
    assert result.ret == 1
    arrays = dict(np.load(saved))
    assert set(arrays) == {"x", "y", "changed_x", "changed_y", "tolerance"}
    assert arrays["x"].size <= 48
    done = subprocess.run(
        [sys.executable, "-c", snippet(result.stdout.lines)],
        cwd=repository.path,
        capture_output=True,
        text=True,
        check=True,
    )
    before, after = map(float, done.stdout.split())
    assert abs(after - before) > arrays["tolerance"]


@pytest.mark.parametrize(
    ("name", "claim", "n_asked"),
    [
        ("asymmetric_at_zero", "symmetry", 2),
        ("offset_for_few", "identity", 3),
        ("squared_for_few", "triangle", 3),
        ("negative_at_rank_one", "range", 1),
    ],
)
def test_a_counterexample_of_the_contract_is_saved_and_reproducible(run, repository, card, name, claim, n_asked):
    case = (f"--metric={RARE / 'rare.py'}:{name}", "--metric-profile=smoke", f"metric-harness::contract::test_{claim}")
    results = [(run(*case), card(name)["results_digest"]) for _ in range(2)]
    lines = snippet(results[0][0].stdout.lines)
    found = next(entry for entry in card(name)["cases"] if entry["id"] == f"contract.{claim}")
    done = subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True, check=True)
    told = [f"= {float(value):.6g}" for value in done.stdout.split()]
    assert len(told) == n_asked
    assert all(value in found["message"] for value in told)
    saved = dict(np.load(repository.path / "reports" / name / "counterexamples" / f"contract.{claim}.npz"))
    assert max(array.size for array in saved.values()) <= 48
    assert results[0][1] == results[1][1]


def test_a_saved_counterexample_counts_where_the_search_finds_none(run, repository, saved):
    # Seven samples are never drawn: with them alone this metric sees a rotation.
    repository.makepyfile(liar=LIAR.replace("FACTOR * np.abs(z -", "(np.abs if len(z) == 7 else np.asarray)(z -"))
    assert run(*CASE).ret == 0
    x, y = np.random.default_rng(3).standard_normal((2, 7, 2))
    turned = y @ np.array([[0.0, -1.0], [1.0, 0.0]]) @ np.array([[0.8, -0.6], [0.6, 0.8]])
    saved.parent.mkdir(parents=True)
    np.savez(saved, x=x, y=y, changed_x=x, changed_y=turned, tolerance=1e-6)
    result = run(*CASE)
    assert result.ret == 1
    assert "as found in an earlier run" in result.stdout.str()
    np.testing.assert_array_equal(dict(np.load(saved))["x"], x)


@pytest.mark.parametrize("content", [b"", b"not an archive"])
def test_a_damaged_counterexample_does_no_harm(run, saved, content):
    saved.parent.mkdir(parents=True)
    saved.write_bytes(content)
    result = run(*CASE)
    assert result.ret == 1
    assert "Traceback" not in result.stdout.str()
    assert "x" in dict(np.load(saved))


def test_a_second_run_says_what_the_first_one_said(run, card, saved):
    digests = [card("liar")["results_digest"] for _ in range(2) if run(*CASE)]
    assert saved.exists()
    assert digests[0] == digests[1]
