"""Tables that every report format draws in its own way: columns, rows, and cells that know what they mean."""

import dataclasses
from collections.abc import Sequence
from typing import TypeAlias, final

from metric_harness.records import Outcome
from metric_harness.wording import WORDS


@final
@dataclasses.dataclass(frozen=True)
class Verdict:
    """How a case ended, with its score in [0, 1] where it has one."""

    outcome: Outcome
    score: float | None = None

    def __str__(self) -> str:
        return WORDS[self.outcome] if self.score is None else f"{WORDS[self.outcome]} {self.score:.2f}"


@final
@dataclasses.dataclass(frozen=True)
class CaseLink:
    """The id of a case whose evidence is in the same report."""

    id: str

    def __str__(self) -> str:
        return self.id


@final
@dataclasses.dataclass(frozen=True)
class Alert:
    """Text that a reader must not miss."""

    text: str

    def __str__(self) -> str:
        return self.text


@final
@dataclasses.dataclass(frozen=True)
class Share:
    """A number in [0, 1], its 95 % interval where it has one, and what it was counted from."""

    value: float
    low: float | None = None
    high: float | None = None
    counted: str = ""

    @property
    def number(self) -> str:
        """The number with its interval."""
        if self.low is None or self.high is None:
            return f"{self.value:.2f}"
        return f"{self.value:.2f} [{self.low:.2f}, {self.high:.2f}]"

    def __str__(self) -> str:
        return f"{self.number}; {self.counted}" if self.counted else self.number


@final
@dataclasses.dataclass(frozen=True)
class Link:
    """An address outside the report; anything but a web address is shown and leads nowhere."""

    url: str

    @property
    def leads(self) -> bool:
        """Whether a reader may follow it."""
        return self.url.startswith(("https://", "http://"))

    def __str__(self) -> str:
        return self.url


Cell: TypeAlias = "str | Verdict | CaseLink | Alert | Share | Link"


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class Table:
    """Rows of cells below column names; the first cell of a row names it.

    Attributes:
        title: what the table shows, for those who come upon it without the text around it.
        columns: one name for each cell of a row.
        rows: cells, unescaped.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]

    def transposed(self) -> "Table":
        """Return the table with its rows as columns."""
        names = [self.columns[0], *(str(row[0]) for row in self.rows)]
        rows = [[column, *(row[k + 1] for row in self.rows)] for k, column in enumerate(self.columns[1:])]
        return Table(title=self.title, columns=names, rows=rows)
