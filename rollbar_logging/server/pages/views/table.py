"""Rows of a query as a table. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from rollbar_logging.server.pages.views.wording import moment_of, text_of

MOST_ROWS = 500
_LONGEST_CELL = 2000
_TIMES = ("timestamp", "start_time", "finish_time", "_at", "date_created")


class Cell(NamedTuple):
    """One value.

    Attributes:
        text: What is shown.
        is_number: Whether it stands to the right.
        date: A Unix time as a date, or nothing.
        is_null: Whether there is no value.
    """

    text: str
    is_number: bool
    date: str
    is_null: bool


class Table(NamedTuple):
    """A table.

    Attributes:
        columns: Headings.
        rows: Cells of the first rows.
        left_out: Rows that are not shown.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    left_out: int


def table_view(columns: Sequence[str], rows: Sequence[Sequence[Any]], now: float) -> Table:
    """Turn columns and rows into a table of at most `MOST_ROWS` rows."""
    are_times = [name.lower().rpartition(".")[2].endswith(_TIMES) for name in columns]
    shown = tuple(
        tuple(_cell(value, now, is_time=is_time) for value, is_time in zip(row, are_times, strict=False))
        for row in rows[:MOST_ROWS]
    )
    return Table(tuple(columns), shown, max(len(rows) - MOST_ROWS, 0))


def _cell(value: Any, now: float, *, is_time: bool) -> Cell:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    moment = moment_of(value, now) if is_time else None
    text = "NULL" if value is None else text_of(value)[:_LONGEST_CELL]
    return Cell(text, is_number, moment.exact if moment else "", is_null=value is None)
