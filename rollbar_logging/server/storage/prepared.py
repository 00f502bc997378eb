"""Statements that are put together once, and then run by the database's driver itself.

SQLAlchemy's own way looks at the statement, and at every value of every row, anew. For statements that the next group
of occurrences runs again that takes several times as long as the database does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, ClauseElement, Connection, Dialect, Text, bindparam

Row = Mapping[str, Any]
_Process = Callable[[Any], Any]


class _Compiled(NamedTuple):
    """A statement as the driver takes it.

    Attributes:
        text: SQL.
        names: Of the parameters in their order.
        is_positional: Whether the driver takes them by their place, and not by their name.
        processes: What has to be done to the value of a parameter before.
    """

    text: str
    names: tuple[str, ...]
    is_positional: bool
    processes: tuple[tuple[str, _Process], ...]

    def values(self, row: Row) -> Any:
        """Return a row's values in the driver's form."""
        if self.processes:
            row = {**row, **{name: process(row[name]) for name, process in self.processes}}
        return [row[name] for name in self.names] if self.is_positional else {name: row[name] for name in self.names}


def run(connection: Connection, statement: ClauseElement, row: Row) -> list[Any]:
    """Run a statement once; return the rows that it gives, as the driver does: values are not turned into Python's.

    Args:
        connection: In a transaction.
        statement: The same object each time.
        row: A value for each of its parameters.
    """
    compiled = _compiled(statement, connection.dialect, ())
    cursor = _cursor(connection)
    try:
        cursor.execute(compiled.text, compiled.values(row))
        return list(cursor.fetchall())
    finally:
        cursor.close()


def run_all(connection: Connection, statement: ClauseElement, rows: Sequence[Row]) -> None:
    """Run a statement that gives nothing for each of the rows, which all have the same columns.

    Args:
        connection: In a transaction.
        statement: The same object each time.
        rows: One or more, each with a value for all parameters, or for all columns of an insert.
    """
    compiled = _compiled(statement, connection.dialect, tuple(rows[0]))
    cursor = _cursor(connection)
    try:
        cursor.executemany(compiled.text, [compiled.values(row) for row in rows])
    finally:
        cursor.close()


def run_for_any(
    connection: Connection, statement_of: Callable[[int], ClauseElement], row: Row, values: Sequence[str]
) -> list[Any]:
    """Run a statement that looks for any of *values*, as `run` does.

    Args:
        connection: In a transaction.
        statement_of: Gives the statement whose parameters `listed` names, for that many values.
        row: A value for each of the other parameters.
        values: One or more.
    """
    found: list[Any] = []
    for start in range(0, len(values), _LISTED[-1]):
        part = values[start : start + _LISTED[-1]]
        size = next(size for size in _LISTED if size >= len(part))
        filled = [*part, *[part[-1]] * (size - len(part))]
        found += run(connection, statement_of(size), {**row, **dict(zip(_names(size), filled, strict=True))})
    return found


def listed(size: int) -> list[BindParameter[str]]:
    """Return the parameters of a list of values, for `run_for_any`."""
    return [bindparam(name, type_=Text) for name in _names(size)]


_LISTED = (1, 4, 16, 64, 256)
"""So long are lists of values made, by saying the last one more than once: a statement for each length is too many."""


@cache
def _names(size: int) -> tuple[str, ...]:
    return tuple(f"value_{number}" for number in range(size))


def _cursor(connection: Connection) -> Any:
    return connection.connection.cursor()


@lru_cache(64)
def _compiled(statement: ClauseElement, dialect: Dialect, columns: tuple[str, ...]) -> _Compiled:
    compiled: Any = statement.compile(dialect=dialect, column_keys=list(columns) or None)
    is_positional = bool(compiled.positional)
    names = tuple(compiled.positiontup if is_positional else compiled.binds)
    processes = {name: bind.type.dialect_impl(dialect).bind_processor(dialect) for name, bind in compiled.binds.items()}
    needed = tuple((name, process) for name, process in processes.items() if process is not None)
    return _Compiled(str(compiled), names, is_positional, needed)
