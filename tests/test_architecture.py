"""The package keeps its layers, and no file of it grows beyond what one can read."""

import ast
import functools
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from metric_harness import catalogue

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "metric_harness"
MODULES = sorted(path for folder in (PACKAGE, ROOT / "testcases") for path in folder.rglob("*.py"))
OWN = [path for path in MODULES if PACKAGE in path.parents]
REGISTRIES = ("metrics", "systems", "tasks", "networks", "report_formats")
MOST_LINES_OF_A_FILE = 400
MOST_LINES_OF_A_FUNCTION = 45


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@functools.cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree_of(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return a function's lines without its docstring."""
    first = function.body[0]
    documented = ast.get_docstring(function) is not None
    words = (first.end_lineno or 0) - first.lineno + 1 if documented else 0
    return (function.end_lineno or 0) - function.lineno + 1 - words


def branches(tree: ast.AST, words: set[str]) -> list[int]:
    """Return the lines that compare with, match, look up or ask for one of the words."""
    found: list[int] = []
    for node in ast.walk(tree):
        asked: list[ast.AST] = []
        if isinstance(node, ast.Compare):
            asked = [node.left, *node.comparators]
        elif isinstance(node, ast.MatchValue):
            asked = [node.value]
        elif isinstance(node, ast.Dict):
            asked = [key for key in node.keys if key is not None]
        elif isinstance(node, ast.Subscript):
            asked = [node.slice]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            asked = [*node.args] if node.func.attr in ("startswith", "endswith", "get", "index", "count") else []
        constants = [part for item in asked for part in ast.walk(item) if isinstance(part, ast.Constant)]
        found += [part.lineno for part in constants if isinstance(part.value, str) and part.value.lower() in words]
    return found


@pytest.mark.parametrize(
    ("text", "branching"),
    [
        ("if name == 'cka': pass", True),
        ("if name in ('rsa', 'CKA'): pass", True),
        ("{'dsa': 1}[name]", True),
        ("rules.get('procrustes', 0)", True),
        ("name.startswith('cka')", True),
        ("match name:\n  case 'cka': pass", True),
        ("'''cka'''\nx = 'cka'\nprint('cka')", False),
        ("if name == 'shift': pass", False),
    ],
)
def test_a_branch_on_a_name_is_seen_in_every_form(text, branching):
    assert bool(branches(ast.parse(text), {"cka", "dsa", "procrustes"})) is branching


def test_no_module_branches_on_the_name_of_a_metric():
    names = set(catalogue.implementations("metrics"))
    allowed = {PACKAGE / "published.py", *(PACKAGE / "metrics").glob("*.py")}
    lines = [f"{named(p)}:{line}" for p in MODULES if p not in allowed for line in branches(tree_of(p), names)]
    assert lines == []


def test_no_module_outside_its_folder_imports_a_metric():
    def imported(path: Path) -> Iterator[str]:
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield from (f"{node.module}.{alias.name}" for alias in node.names)

    found = [
        f"{named(path)} imports {name}"
        for path in MODULES
        for name in imported(path)
        if name.startswith("metric_harness.metrics") and path.parent.name != "metrics"
    ]
    assert found == []


def test_the_contracts_of_the_import_linter_are_kept():
    pytest.importorskip("importlinter")
    done = subprocess.run(
        [sys.executable, "-c", "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert ", 0 broken" in done.stdout


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_a_module_is_short_and_named_for_what_it_holds(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES_OF_A_FILE
    assert path.stem not in ("utils", "util", "helpers", "helper", "common", "misc")


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_a_module_says_what_it_is_unless_it_is_an_empty_registry(path):
    empty_registry = path.name == "__init__.py" and path.parent.name in REGISTRIES
    if empty_registry:
        assert path.read_text(encoding="utf-8") == ""
    else:
        assert ast.get_docstring(tree_of(path))


@pytest.mark.parametrize("path", OWN, ids=named)
def test_no_function_is_longer_than_a_page(path):
    long = {function.name: length(function) for function in functions(path)}
    assert {name: n for name, n in long.items() if n > MOST_LINES_OF_A_FUNCTION} == {}


@pytest.mark.parametrize("path", [path for path in OWN if path.parent.name in REGISTRIES], ids=named)
def test_an_implementation_knows_no_other(path):
    siblings = {other.stem for other in path.parent.glob("[!_]*.py")} - {path.stem}
    modules = [node.module or "" for node in ast.walk(tree_of(path)) if isinstance(node, ast.ImportFrom)]
    assert not [m for m in modules for s in siblings if m.startswith(f"metric_harness.{path.parent.name}.{s}")]


def test_randomness_is_born_in_one_place_only():
    born = {"default_rng", "SeedSequence", "PCG64", "RandomState", "manual_seed"}
    found = {
        path.name
        for path in MODULES
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in born
    }
    assert found == {"seeding.py"}
