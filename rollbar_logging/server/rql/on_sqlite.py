"""How SQLite computes: by functions in Python where it has none of its own, or others than PostgreSQL's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from sqlalchemy import (
    REAL,
    Column,
    ColumnElement,
    FromClause,
    Integer,
    Text,
    and_,
    case,
    cast,
    func,
    literal,
    or_,
)

from rollbar_logging.server.rql.values import COMPARISONS, Backend, Kind, Value, made

_NEEDS_PATH = 255
"""Lifted texts of this length may have been cut."""

_NO_NUMBERS = ("[^-0-9]*", "*[^0-9.eE+-]*")
"""What begins as no number does, or goes on as none does."""

_DEFAULT = "unknown"
"""What some columns have where the payload has nothing."""


class OnSqlite(Backend):
    """SQLite; the functions ``rql_…`` are those of `sqlite_functions.py`."""

    def constant(self, value: str | float | None) -> Value:
        """See `Backend`."""
        kind: Kind = "any" if value is None else "text" if isinstance(value, str) else "number"
        return Value(literal(value), kind)

    def paths(self, data: Column[Any], names: Sequence[str]) -> tuple[list[FromClause], dict[str, Value]]:
        """See `Backend`."""
        return [], {name: Value(func.rql_path(data, name), "any") for name in names}

    def only_project(self, column: Column[Any], project_id: int, *, is_bounded: bool) -> ColumnElement[bool]:
        """See `Backend`."""
        # Without a bound, have SQLite walk the table from its end: by an index it would look into all payloads
        # of the project and sort the rows, before it kept the newest hundred.
        return column == project_id if is_bounded else column + 0 == project_id

    def number(self, value: Value) -> Value:
        """See `Backend`."""
        if value.kind == "number":
            return value
        if value.kind == "truth":
            return made(cast(value.expression, Integer), "number", value)
        return made(func.rql_number(value.expression), "number", value)

    def text(self, value: Value) -> Value:
        """See `Backend`."""
        if value.kind == "text":
            return value
        return made(func.rql_text(value.expression), "text", value)

    def anything(self, value: Value) -> Value:
        """See `Backend`."""
        return value._replace(kind="any")

    def compared(self, operator: str, left: Value, right: Value) -> Value:
        """See `Backend`."""
        return made(COMPARISONS[operator](left.expression, right.expression), "truth", left, right)

    def like(self, text: Value, pattern: Value) -> Value:
        """See `Backend`."""
        return made(text.expression.like(pattern.expression, escape="\\"), "truth", text, pattern)

    def arithmetic(self, operator: str, left: Value, right: Value) -> Value:
        """See `Backend`."""
        one, other = left.expression, right.expression
        if operator in {"div", "mod"}:
            return made(getattr(func, f"rql_{operator}")(one, other), "number", left, right)
        if operator == "/":
            return made(cast(one, REAL).op("/")(other), "number", left, right)
        return made(one.op(operator)(other), "number", left, right)

    def text_function(self, name: str, arguments: Sequence[Value]) -> Value:
        """See `Backend`."""
        is_number = name in {"locate", "char_length", "length"}
        made_of = getattr(func, f"rql_{name}")(*(argument.expression for argument in arguments))
        return made(made_of, "number" if is_number else "text", *arguments)

    def extreme(self, name: Literal["min", "max"], value: Value) -> Value:
        """See `Backend`."""
        kind = "number" if value.kind == "truth" else value.kind
        return made(getattr(func, name)(value.expression), kind, value)

    def order(self, value: Value, *, is_descending: bool) -> list[ColumnElement[Any]]:
        """See `Backend`."""
        return [value.expression.desc() if is_descending else value.expression.asc()]


def lifted_first(lifted: ColumnElement[Any], at_path: Value) -> Value:
    """Take a text from its own column where that is certainly what the payload has, and else from there.

    The column has neither what is longer, nor an empty text, nor whether a number was one, nor what is neither.
    """
    is_no_number = (lifted.op("GLOB", is_comparison=True)(literal(pattern, Text())) for pattern in _NO_NUMBERS)
    is_certain = and_(func.length(lifted) < _NEEDS_PATH, lifted != _DEFAULT, or_(*is_no_number))
    return made(case((is_certain, lifted), else_=at_path.expression), "any", at_path)
