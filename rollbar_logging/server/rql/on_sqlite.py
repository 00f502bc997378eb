"""How SQLite computes: by functions in Python where it has none of its own, or others than PostgreSQL's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from sqlalchemy import (
    REAL,
    Column,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    Text,
    case,
    cast,
    func,
    literal,
    not_,
    null,
    or_,
)

from rollbar_logging.server.rql.payloads import BODY_KINDS
from rollbar_logging.server.rql.values import COMPARISONS, Backend, Kind, Lifted, Value, made

_NO_NUMBERS = ("[^-0-9]*", "*[^0-9.eE+-]*")
"""What begins as no number does, or goes on as none does."""


class OnSqlite(Backend):
    """SQLite; the functions ``rql_…`` are those of `sqlite_functions.py`."""

    def constant(self, value: str | float | None) -> Value:
        """See `Backend`."""
        kind: Kind = "any" if value is None else "text" if isinstance(value, str) else "number"
        return Value(literal(value), kind)

    def paths(
        self, data: Column[Any], names: Sequence[str], lifted: Mapping[str, Lifted]
    ) -> tuple[list[FromClause], dict[str, Value]]:
        """See `Backend`."""
        return [], {name: self._at(data, name, lifted.get(name)) for name in names}

    def _at(self, data: Column[Any], name: str, lifted: Lifted | None) -> Value:
        at_path: ColumnElement[Any] = func.rql_level(data) if name == "level" else func.rql_path(data, name)
        if lifted is None:
            return Value(at_path, "any")
        found = case((self.is_certain(lifted), lifted.column), else_=at_path)
        if lifted.body is not None:
            of_kind = {kind: found if kind == lifted.body else null() for kind in BODY_KINDS}
            found = case(of_kind, value=func.rql_body_kind(data), else_=at_path)
        return made(found, "any", Value(at_path, "any"), times=2)

    def reads_like_number(self, column: ColumnElement[str]) -> ColumnElement[bool]:
        """See `Backend`."""
        return not_(or_(*(column.op("GLOB", is_comparison=True)(literal(pattern, Text())) for pattern in _NO_NUMBERS)))

    def once(self, rows: Select[Any]) -> Select[Any]:
        """See `Backend`."""
        # SQLite would write a subquery without a limit out into the outer query, and sort whole payloads by what it
        # finds in them, to look into them again afterwards.
        return rows.limit(-1)

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

    def total(self, name: Literal["sum", "avg"], number: Value) -> Value:
        """See `Backend`."""
        return made(getattr(func, f"rql_{name}")(number.expression), "number", number)

    def extreme(self, name: Literal["min", "max"], value: Value) -> Value:
        """See `Backend`."""
        kind = "number" if value.kind == "truth" else value.kind
        return made(getattr(func, name)(value.expression), kind, value)

    def order(self, value: Value, *, is_descending: bool) -> list[ColumnElement[Any]]:
        """See `Backend`."""
        return [value.expression.desc() if is_descending else value.expression.asc()]
