"""A metric's fingerprint changes with whatever could change its answers, and with nothing else."""

import functools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from metric_harness.adapter import adapt
from metric_harness.interfaces import Claims, metric
from metric_harness.metrics.dsa import DSA
from metric_harness.resolution import load
from metric_harness.sources import fingerprint, local_modules

ASK = """
import sys
from pathlib import Path
from metric_harness.resolution import resolve
from metric_harness.sources import fingerprint
print(fingerprint(resolve([sys.argv[1]], sys.argv[2:], Path.cwd())[0].bare))
"""


def plain(x, y, *, power: int = 1):
    return float(np.abs(x - y).sum() ** power)


def scaled(factor):
    def distance(x, y):
        return factor * plain(x, y)

    return distance


class Stateful:
    def __init__(self, **state: object) -> None:
        vars(self).update(state)

    def distance(self, x, y):
        return plain(x, y)


def in_a_new_process(folder: Path, *words: str) -> str:
    done = subprocess.run([sys.executable, "-c", ASK, *words], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(plain, functools.partial(plain, power=2), id="keyword"),
        pytest.param(scaled(1.0), scaled(2.0), id="what a closure holds"),
        pytest.param(lambda x, y: 1.0, lambda x, y: 2.0, id="two lambdas of one module"),
        pytest.param(Stateful(a=1), Stateful(a=2), id="attribute"),
        pytest.param(Stateful(a={"b": np.zeros(2)}), Stateful(a={"b": np.ones(2)}), id="array in a mapping"),
        pytest.param(Stateful(a=Stateful(b=1)), Stateful(a=Stateful(b=2)), id="attribute of an attribute"),
        pytest.param(Stateful(a=plain), Stateful(a=scaled(1)), id="function"),
        pytest.param(plain, metric(kind="similarity")(lambda x, y: plain(x, y)), id="direction"),
        pytest.param(DSA(), DSA(rank=14), id="setting"),
    ],
)
def test_whatever_differs_tells_two_metrics_apart(one, other):
    assert fingerprint(adapt(one)) == fingerprint(adapt(one))
    assert fingerprint(adapt(one)) != fingerprint(adapt(other))


def test_claims_count():
    claimed = adapt(metric(claims=Claims(symmetric=True))(lambda x, y: plain(x, y)))
    first = fingerprint(claimed)
    vars(claimed)["claims"] = Claims(symmetric=False)
    assert fingerprint(claimed) != first


def test_a_metric_that_holds_itself_has_no_fingerprint():
    ring = Stateful()
    vars(ring)["self"] = ring
    with pytest.raises(TypeError, match="holds itself"):
        fingerprint(adapt(ring))


def test_a_built_in_metric_has_one_fingerprint_in_all_processes(tmp_path):
    assert in_a_new_process(tmp_path, "cka") == in_a_new_process(tmp_path, "cka")
    assert in_a_new_process(tmp_path, "dsa", "rank=3") != in_a_new_process(tmp_path, "dsa", "rank=4")


@pytest.mark.parametrize("changed", ["mine.py", "beside.py", "package/deep/part.py"])
def test_the_text_of_ones_own_files_counts(tmp_path, changed):
    (tmp_path / "package" / "deep").mkdir(parents=True)
    (tmp_path / "package" / "__init__.py").write_text("from package.deep.part import f\n")
    (tmp_path / "package" / "deep" / "part.py").write_text("def f(x, y):\n    return 1.0\n")
    (tmp_path / "beside.py").write_text("value = 1.0\n")
    (tmp_path / "mine.py").write_text("def g(x, y):\n    from beside import value\n    return value\n")
    value = "package:f" if changed.startswith("package") else "mine.py:g"
    first = in_a_new_process(tmp_path, value)
    assert in_a_new_process(tmp_path, value) == first
    target = tmp_path / changed
    target.write_text(target.read_text() + "# another text\n")
    assert in_a_new_process(tmp_path, value) != first


def test_local_modules_are_those_of_nobody_else():
    names = {module.__name__ for module in local_modules()}
    assert __name__ in names
    assert not names & {"numpy", "pytest", "json", "os", "metric_harness", "metric_harness.sources"}
    assert load("cka").__module__ not in names
