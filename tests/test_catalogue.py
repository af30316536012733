"""Files are the list: what is there is found, what breaks the rules is refused by name, and listing costs nothing."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import metric_harness.metrics
from metric_harness import catalogue
from metric_harness.catalogue import CatalogueError
from metric_harness.errors import MetricHarnessError, UnknownCaseError
from metric_harness.interfaces import AbstractMetric

METRIC = """
class {name}(AbstractMetric):
    def distance(self, x, y):
        return 0.0
"""
IMPORT = "from metric_harness.interfaces import AbstractMetric\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A package of metrics at another place, forgotten afterwards."""
    monkeypatch.setattr(metric_harness.metrics, "__path__", [str(tmp_path)])
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith("metric_harness.metrics."):
            del sys.modules[name]
            vars(metric_harness.metrics).pop(name.rpartition(".")[2], None)


def test_the_one_implementation_of_a_file_is_found_whatever_it_imports(folder):
    (folder / "one.py").write_text(
        f"{IMPORT}from metric_harness.adapter import FunctionMetric\n{METRIC.format(name='Own')}\n"
        "class Helper:\n    pass\n\nclass AbstractPart(AbstractMetric):\n    pass\n"
    )
    assert catalogue.load("metrics", "one", AbstractMetric).__name__ == "Own"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        (IMPORT, 0),
        (f"{IMPORT}class Unfinished(AbstractMetric):\n    pass\n", 0),
        ("class Alone:\n    def distance(self, x, y):\n        return 0.0\n", 0),
        ("from metric_harness.adapter import FunctionMetric\n", 0),
        (IMPORT + METRIC.format(name="First") + METRIC.format(name="Second"), 2),
    ],
)
def test_a_file_with_none_or_several_implementations_is_refused(folder, text, count):
    (folder / "bad.py").write_text(text)
    with pytest.raises(
        CatalogueError, match=f"metrics/bad.py defines {count} concrete subclasses of AbstractMetric; needed one"
    ):
        catalogue.load("metrics", "bad", AbstractMetric)


def test_a_file_whose_imports_fail_tells_which():
    with pytest.raises(ImportError, match="no_such_metric"):
        catalogue.load("metrics", "no_such_metric", AbstractMetric)


def test_a_catalogue_error_is_one_of_the_packages():
    assert issubclass(CatalogueError, MetricHarnessError)


def test_implementations_are_the_files_of_their_folder(tmp_path, monkeypatch):
    (tmp_path / "metrics").mkdir()
    for name in ("b.py", "a.py", "__init__.py", "_private.py", "notes.txt"):
        (tmp_path / "metrics" / name).write_text("")
    monkeypatch.setattr(catalogue, "PACKAGE", tmp_path)
    assert catalogue.implementations("metrics") == ["a", "b"]
    assert catalogue.implementations("nothing") == []


def test_installed_cases_go_before_those_of_a_checkout(tmp_path, monkeypatch):
    monkeypatch.setattr(catalogue, "PACKAGE", tmp_path / "package")
    assert catalogue.testcases_folder() == tmp_path / "testcases"
    (tmp_path / "package" / "testcases").mkdir(parents=True)
    assert catalogue.testcases_folder() == tmp_path / "package" / "testcases"


MARKER = '@pytest.mark.case(id="{id}", version=2, tier="required", source="ours")'


def case_text(marker: str, docstring: str = '"""A title.\n\n    What it is about.\n    """') -> str:
    head = '"""The module."""\n\nimport pytest\nimport no_such_library\n'
    return f"{head}\n{marker}\ndef test_it(metric):\n    {docstring}\n"


@pytest.fixture
def suite(tmp_path, monkeypatch):
    """A folder of cases at another place; the list of cases is forgotten before and after."""

    def write(**files: str) -> None:
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/test_")
            path.parent.mkdir(exist_ok=True)
            path.with_suffix(".py").write_text(text)

    monkeypatch.setattr(catalogue, "testcases_folder", lambda: tmp_path)
    catalogue.cases.cache_clear()
    yield write
    catalogue.cases.cache_clear()


def test_a_case_is_what_its_marker_and_docstring_say(suite):
    suite(noise__floor=case_text(MARKER.format(id="noise.floor")))
    (found,) = catalogue.cases()
    assert (found.id, found.version, found.tier, found.source) == ("noise.floor", 2, "required", "ours")
    assert (found.title, found.explanation) == ("A title.", "What it is about.")
    assert (found.path, found.group) == ("noise/test_floor.py", "noise")


def test_a_case_without_a_docstring_bears_its_modules(suite):
    suite(noise__floor=case_text(MARKER.format(id="noise.floor"), "pass"))
    assert catalogue.cases()[0].title == "The module."


def test_cases_are_sorted_by_id_and_other_files_are_none(suite, tmp_path):
    suite(b__x=case_text(MARKER.format(id="a.x")), a__x=case_text(MARKER.format(id="b.x")))
    (tmp_path / "a" / "notes.py").write_text("not python at all")
    (tmp_path / "test_outside.py").write_text("not python at all")
    assert [case.id for case in catalogue.cases()] == ["a.x", "b.x"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1\n", "test_bad.py holds no test; needed one case per file"),
        (case_text(""), r"test_bad.py::test_it has no @pytest.mark.case"),
        (case_text("@pytest.mark.slow"), r"test_bad.py::test_it has no @pytest.mark.case"),
        (case_text("@pytest.mark.case"), r"test_bad.py::test_it has no @pytest.mark.case"),
        (case_text("@pytest.mark.case()"), r"marker lacks \['id', 'source', 'tier', 'version'\]"),
        (case_text('@pytest.mark.case(id="a.bad", version=1, source="")'), r"test_it's case marker lacks \['tier'\]"),
        (
            case_text(MARKER.format(id="a.bad")) + "\ndef test_unmarked(metric):\n    pass\n",
            "test_bad.py::test_unmarked has no @pytest.mark.case",
        ),
    ],
)
def test_a_malformed_case_is_refused_by_name(suite, text, message):
    suite(a__bad=text)
    with pytest.raises(CatalogueError, match=message):
        catalogue.cases()


def test_an_id_that_occurs_twice_is_refused(suite):
    suite(a__x=case_text(MARKER.format(id="a.x")), b__x=case_text(MARKER.format(id="a.x")))
    with pytest.raises(CatalogueError, match=r"case ids \['a.x'\] occur twice"):
        catalogue.cases()


@pytest.mark.parametrize("case", catalogue.cases(), ids=lambda case: case.id)
def test_every_case_of_the_suite_is_named_after_its_file(case):
    group, _, claim = case.id.partition(".")
    assert case.path == f"{group}/test_{claim}.py"
    assert catalogue.case(case.id) == case
    assert case.version >= 1
    assert case.tier in ("required", "validity")
    assert case.title.endswith(".")
    for heading in ("Why it matters:", "Given:", "Measured:", "Verdict:", "Negative controls:"):
        assert heading in case.explanation, heading


def test_an_unknown_case_suggests_what_is_near():
    with pytest.raises(UnknownCaseError, match=r"unknown case 'noise.flor'. Did you mean noise.floor"):
        catalogue.case("noise.flor")


def test_an_unknown_case_like_no_other_suggests_nothing():
    with pytest.raises(UnknownCaseError, match=r"^unknown case 'xyzzy'\.$"):
        catalogue.case("xyzzy")


def test_listing_imports_no_numerical_library_no_case_and_no_implementation():
    script = """
        import sys
        from metric_harness import catalogue
        before = set(sys.modules)
        assert len(catalogue.cases()) > 5
        assert "cka" in catalogue.implementations("metrics")
        catalogue.suite_version()
        new = sorted(set(sys.modules) - before)
        heavy = sorted({"numpy", "scipy", "pandas", "torch", "pytest", "testcases"} & set(sys.modules))
        implementations = [name for name in sys.modules if name.startswith("metric_harness.metrics")]
        print([new, heavy, implementations])
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[1],
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[[], [], []]"
