"""One case's measurements as tables: its numbers, its curves, its matrices."""

from collections.abc import Sequence

from metric_harness.evidence import Curve, Matrix, Number
from metric_harness.tables import Cell, Table
from metric_harness.wording import number, shown

INTERVAL = "95 % interval"


def numbers_table(case_id: str, numbers: Sequence[Number]) -> Table | None:
    """Return the numbers of a case, with their intervals if any has one; None if there are none."""
    rows = [[one.name, shown(one.value), "" if one.interval is None else shown([*one.interval])] for one in numbers]
    n_columns = 3 if any(one.interval for one in numbers) else 2
    return (
        Table(
            title=f"Numbers of {case_id}",
            columns=["measured", "value", INTERVAL][:n_columns],
            rows=[row[:n_columns] for row in rows],
        )
        if rows
        else None
    )


def curves_table(case_id: str, curves: Sequence[Curve]) -> Table:
    """Return curves over one grid, a column for each place of it."""
    rows: list[list[Cell]] = []
    for curve in curves:
        rows.append([curve.quantity, *(shown(value) for value in curve.values)])
        if curve.intervals is not None:
            rows.append([f"{curve.quantity}, {INTERVAL}", *(shown([*ends]) for ends in curve.intervals)])
    x = curves[0].x
    return Table(title=f"{case_id} by {x}", columns=[x, *map(number, curves[0].grid)], rows=rows)


def matrix_table(case_id: str, matrix: Matrix) -> Table:
    """Return a matrix, a row and a column for each label."""
    rows = [[label, *map(number, row)] for label, row in zip(matrix.labels, matrix.rows, strict=True)]
    return Table(title=f"{matrix.quantity} in {case_id}", columns=[matrix.quantity, *matrix.labels], rows=rows)
