"""What a case measured, sorted for readers: curves, matrices, and the numbers that are left.

Names alone tell which measurement is which, so that a case gains a plot by naming what it records:

- "<quantity> by <x>", a list, is a curve; its grid is the list "<x>s", of numbers or labels. The plural is that of the
  first noun ("numbers of units" for "number of units"), or of the last.
- "<quantity> intervals by <x>", a list of [low, high], are the curve's intervals.
- "breakdown <x>", a number, is the place on the grid where every curve over it breaks down.
- "share of its range by <x>", over labels, is a part of the metric's sensitivity profile: all of them together are one
  bar chart, and a comparison sets them side by side.
- "<quantity> matrix", a square list of lists, is a matrix; "<quantity> matrix labels" name its rows and columns.

A case with parameters has them in brackets at the end of every name; curves and grids meet within the same brackets.
"""

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeGuard, cast, final

from metric_harness.records import CaseRecord, Plain

UNITS = ("distance", "AUC", "seconds", "bytes", "accuracy", "correlation", "activity")
"""Words by which two quantities are known to share a unit, and may share a plot."""
RANGE_SHARE = "share of its range"
"""The quantity of a sensitivity profile: how far a change moves a metric; 1 is as far as unrelated recordings are."""
ELSEWHERE = ("published ", "at ", "settings ")
"""What the names of measurements begin with that have a section of their own."""

_NAME = re.compile(r"(?P<name>.*?)(?P<parameters>\[[^\]]*\])?", re.DOTALL)


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class Number:
    """A measurement that is neither curve nor matrix, with its 95 % interval where it has one."""

    name: str
    value: Plain
    interval: tuple[float, float] | None = None


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class Curve:
    """One quantity over a grid; a value is None where there is none.

    Attributes:
        quantity: what was measured, its parameters included.
        x: what the grid counts, in the singular.
        grid: places, numbers or labels.
        values: one for each place.
        intervals: the 95 % interval at each place, if any were recorded.
        breakdown: place at which the curve breaks down, if one was recorded.
    """

    quantity: str
    x: str
    grid: Sequence[float] | Sequence[str]
    values: Sequence[float | None]
    intervals: Sequence[tuple[float, float]] | None = None
    breakdown: float | None = None

    @property
    def unit(self) -> str:
        """The word for what is measured; equal for curves that one axis can hold."""
        words = self.quantity.split()
        return next((unit for unit in UNITS if unit in words), self.quantity)

    @property
    def is_profile(self) -> bool:
        """Whether it is a part of the metric's sensitivity profile."""
        return self.quantity == RANGE_SHARE and all(isinstance(place, str) for place in self.grid)


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class Matrix:
    """A square matrix with a label for each row; an entry is None where there is none."""

    quantity: str
    labels: Sequence[str]
    rows: Sequence[Sequence[float | None]]


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class Evidence:
    """Everything that one case measured for its own verdict."""

    numbers: Sequence[Number]
    curves: Sequence[Curve]
    matrices: Sequence[Matrix]


def evidence(case: CaseRecord) -> Evidence:
    """Sort a case's own measurements; those with a section of their own (`ELSEWHERE`) are left out."""
    own = {name: value for name, value in case.measurements.items() if not name.startswith(ELSEWHERE)}
    curves, matrices = _found(own, _curve), _found(own, _matrix)
    used = {name for _, names in [*curves, *matrices] for name in names}
    rest = {name: value for name, value in own.items() if name not in used}
    return Evidence(
        numbers=_numbers(rest), curves=[curve for curve, _ in curves], matrices=[matrix for matrix, _ in matrices]
    )


def on_one_grid(curves: Iterable[Curve]) -> list[list[Curve]]:
    """Group curves over the same grid, in the order in which they come; one table holds a group."""
    return _grouped(curves, lambda curve: (curve.x, tuple(curve.grid)))


def on_one_axis(curves: Iterable[Curve]) -> list[list[Curve]]:
    """Group curves over the same grid and of the same unit; one plot holds a group."""
    return _grouped(curves, lambda curve: (curve.x, tuple(curve.grid), curve.unit))


def sensitivity(cases: Iterable[CaseRecord]) -> list[Curve]:
    """Return the parts of a metric's sensitivity profile, whichever cases measured them."""
    return [curve for case in cases for curve in evidence(case).curves if curve.is_profile]


def plurals(x: str) -> list[str]:
    """Return the names under which the grid of `x` may be recorded."""
    first, rest = cast("re.Match[str]", re.fullmatch(r"(.*?)((?: (?:of|in) .*)?)", x, re.DOTALL)).groups()
    return [f"{_plural(first)}{rest}", _plural(x)]


def _plural(noun: str) -> str:
    return f"{noun[:-1]}ies" if re.search("[^aeiou]y$", noun) else f"{noun}s"


def _grouped(curves: Iterable[Curve], key: Callable[[Curve], object]) -> list[list[Curve]]:
    groups: dict[object, list[Curve]] = {}
    for curve in curves:
        groups.setdefault(key(curve), []).append(curve)
    return list(groups.values())


def _found(
    own: Mapping[str, Plain], make: Callable[[Mapping[str, Plain], str], "tuple[Any, list[str]] | None"]
) -> list[tuple[Any, list[str]]]:
    """Return what can be made of the measurements, each with the names that it uses up."""
    return [made for name in own if (made := make(own, name)) is not None]


def _curve(own: Mapping[str, Plain], full: str) -> tuple[Curve, list[str]] | None:
    name, parameters = _parts(full)
    quantity, by, x = name.rpartition(" by ")
    values = own[full]
    if not by or not _are_numbers(values):
        return None
    grid_name = next((f"{p}{parameters}" for p in plurals(x) if f"{p}{parameters}" in own), "")
    grid = own.get(grid_name)
    if not (_are_places(grid) and len(grid) == len(values)):
        return None
    intervals_name, mark_name = f"{quantity} intervals by {x}{parameters}", f"breakdown {x}{parameters}"
    intervals, mark = own.get(intervals_name), own.get(mark_name)
    bounded = _are_intervals(intervals) and len(intervals) == len(values)
    curve = Curve(
        quantity=f"{quantity}{parameters}",
        x=x,
        grid=grid,
        values=values,
        intervals=[(low, high) for low, high in cast("list[list[float]]", intervals)] if bounded else None,
        breakdown=float(mark) if _is_number(mark) and _is_number(grid[0]) else None,
    )
    # The breakdown stays among the numbers, too: it is what a reader looks for.
    return curve, [full, grid_name, *([intervals_name] if bounded else [])]


def _matrix(own: Mapping[str, Plain], full: str) -> tuple[Matrix, list[str]] | None:
    name, parameters = _parts(full)
    labels_name = f"{name} labels{parameters}"
    rows, labels = own[full], own.get(labels_name)
    if not name.endswith(" matrix") or not isinstance(rows, list) or not isinstance(labels, list):
        return None
    if not rows or len(rows) != len(labels) or not all(_are_numbers(r) and len(r) == len(rows) for r in rows):
        return None
    return Matrix(
        quantity=f"{name.removesuffix(' matrix')}{parameters}",
        labels=[str(label) for label in labels],
        rows=cast("list[list[float | None]]", rows),
    ), [full, labels_name]


def _numbers(rest: Mapping[str, Plain]) -> list[Number]:
    intervals = {name: value for name, value in rest.items() if _interval_of(name) in rest and _are_intervals([value])}
    return [
        Number(
            name=name,
            value=value,
            interval=next(
                (cast(Any, tuple(cast(Any, i))) for n, i in intervals.items() if _interval_of(n) == name), None
            ),
        )
        for name, value in rest.items()
        if name not in intervals
    ]


def _interval_of(name: str) -> str:
    """Return the name of the number whose interval a name promises; the name itself if it promises none."""
    stem, parameters = _parts(name)
    return f"{stem.removesuffix(' interval')}{parameters}" if stem.endswith(" interval") else ""


def _parts(full: str) -> tuple[str, str]:
    """Return a measurement's name and its parameters, brackets included."""
    found = _NAME.fullmatch(full)
    return (found["name"], found["parameters"] or "") if found else (full, "")


def _is_number(value: object) -> "TypeGuard[float]":
    return isinstance(value, int | float) and not isinstance(value, bool)


def _are_numbers(value: Plain) -> "TypeGuard[list[float | None]]":
    return isinstance(value, list) and bool(value) and all(v is None or _is_number(v) for v in value)


def _are_places(value: Plain) -> "TypeGuard[list[float] | list[str]]":
    if not isinstance(value, list):
        return False
    return all(_is_number(v) for v in value) or all(isinstance(v, str) for v in value)


def _are_intervals(value: Plain) -> "TypeGuard[list[list[float]]]":
    return isinstance(value, list) and all(
        isinstance(ends, list) and len(ends) == 2 and all(map(_is_number, ends)) for ends in value
    )
