"""What there is: implementations found by file name, cases found by their markers.

Nothing is imported to list it. An implementation is imported when it is asked for; a case's marker is
read from the source text, so that listing the suite costs no numerical library.
"""

import ast
import difflib
import importlib
import inspect
import types
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

from metric_harness.errors import MetricHarnessError, UnknownCaseError
from metric_harness.records import CaseInfo

PACKAGE = Path(__file__).parent
Interface = TypeVar("Interface")


class CatalogueError(MetricHarnessError):
    """A file in a folder of implementations or cases does not hold what its place promises."""


def testcases_folder() -> Path:
    """Return the folder of the cases: inside an installed package, beside it in a checkout."""
    installed = PACKAGE / "testcases"
    return installed if installed.is_dir() else PACKAGE.parent / "testcases"


def suite_file() -> Path:
    """Return the file that stands for the suite; it holds the version of the set of cases."""
    return testcases_folder() / "VERSION"


def suite_version() -> str:
    """Return the version of the set of cases, raised when a case is added, removed or decides differently."""
    return suite_file().read_text(encoding="utf-8").strip()


def implementations(folder: str) -> list[str]:
    """Return the names in an implementation folder, such as `metrics`, sorted."""
    return sorted(path.stem for path in (PACKAGE / folder).glob("*.py") if not path.stem.startswith("_"))


def distribution(folder: str, name: str) -> str | None:
    """Return the optional distribution that a file of an implementation folder wraps: its constant DISTRIBUTION."""
    tree = ast.parse((PACKAGE / folder / f"{name}.py").read_text(encoding="utf-8"))
    values = [node.value for node in tree.body if isinstance(node, ast.Assign) and _assigns(node, "DISTRIBUTION")]
    return cast(str, ast.literal_eval(values[0])) if values else None


def _assigns(node: ast.Assign, name: str) -> bool:
    return any(isinstance(target, ast.Name) and target.id == name for target in node.targets)


def load(folder: str, name: str, interface: type[Interface]) -> type[Interface]:
    """Import one file of an implementation folder and return its one class.

    Raises:
        CatalogueError: if the file defines none or several concrete subclasses of `interface`.
        ImportError: if the file's own imports fail.
    """
    module = importlib.import_module(f"metric_harness.{folder}.{name}")
    found = [value for value in vars(module).values() if _is_implementation(value, module, interface)]
    if len(found) != 1:
        raise CatalogueError(
            f"{folder}/{name}.py defines {len(found)} concrete subclasses of {interface.__name__}; needed one."
        )
    return found[0]


def make(folder: str, name: str, interface: type[Interface], settings: Mapping[str, Any]) -> Interface:
    """Return an instance of the one class in a file of an implementation folder.

    Raises:
        CatalogueError: as in `load`.
        ImportError: if the file's own imports fail.
        TypeError: if a setting is not a field of the class.
    """
    return cast(Any, load(folder, name, interface))(**settings)


def _is_implementation(value: object, module: types.ModuleType, interface: type[Any]) -> bool:
    return (
        isinstance(value, type)
        and issubclass(value, interface)
        and not inspect.isabstract(value)
        and value.__module__ == module.__name__
    )


@cache
def cases() -> tuple[CaseInfo, ...]:
    """Return every case of the suite, sorted by id.

    Raises:
        CatalogueError: if a case file has no marker, an incomplete one, or repeats an id.
    """
    found = [case for path in case_files() for case in _cases_in(path)]
    ids = [case.id for case in found]
    repeated = sorted({i for i in ids if ids.count(i) > 1})
    if repeated:
        raise CatalogueError(f"case ids {repeated} occur twice; needed unique ids.")
    return tuple(sorted(found, key=lambda case: case.id))


def case(case_id: str) -> CaseInfo:
    """Return one case.

    Raises:
        UnknownCaseError: if there is no such id; the nearest ids are listed.
    """
    known = {case.id: case for case in cases()}
    if case_id not in known:
        near = difflib.get_close_matches(case_id, known, n=3, cutoff=0.4)
        raise UnknownCaseError(
            f"unknown case '{case_id}'. Did you mean {' or '.join(near)}?" if near else f"unknown case '{case_id}'."
        )
    return known[case_id]


def case_files() -> list[Path]:
    """Return the case modules, `<group>/test_<claim>.py`, sorted."""
    return sorted(testcases_folder().glob("*/test_*.py"))


def _cases_in(path: Path) -> Iterator[CaseInfo]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    tests = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name.startswith("test_")]
    if not tests:
        raise CatalogueError(f"{path.name} holds no test; needed one case per file.")
    for test in tests:
        marker = _marker(test)
        if marker is None:
            raise CatalogueError(f"{path.name}::{test.name} has no @pytest.mark.case(id=…, version=…, tier=…).")
        title, _, explanation = (ast.get_docstring(test) or ast.get_docstring(tree) or "").partition("\n")
        yield CaseInfo(
            id=marker["id"],
            version=marker["version"],
            tier=marker["tier"],
            source=marker["source"],
            title=title,
            explanation=explanation.strip(),
            path=f"{path.parent.name}/{path.name}",
            **{key: marker[key] for key in ("drift",) if key in marker},
        )


def _marker(test: ast.FunctionDef) -> dict[str, Any] | None:
    for decorator in test.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.case":
            values = {k.arg: ast.literal_eval(k.value) for k in decorator.keywords if k.arg}
            missing = {"id", "version", "tier", "source"} - set(values)
            if missing:
                raise CatalogueError(f"{test.name}'s case marker lacks {sorted(missing)}.")
            return values
    return None
