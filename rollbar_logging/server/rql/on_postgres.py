"""How PostgreSQL computes: numbers are ``numeric``, what a payload holds is ``jsonb``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import (
    Column,
    ColumnElement,
    FromClause,
    Integer,
    Numeric,
    Text,
    and_,
    case,
    cast,
    collate,
    func,
    literal,
    null,
    or_,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from rollbar_logging.server.rql.postgres_payloads import InColumn, payload_paths
from rollbar_logging.server.rql.values import COMPARISONS, NUMBER_PATTERN, Backend, Lifted, Value, made

_LONGEST_NUMBER = 330
"""Characters of a float without an exponent; what is larger than all floats is taken as no number."""

_TENTHS = cast(literal(Decimal("0.0"), Numeric()), Numeric)

_FAR = 1_000_000_000
"""Further than any text is long, and no sum of two overflows."""


class OnPostgres(Backend):
    """PostgreSQL 13 and later."""

    def constant(self, value: str | float | None) -> Value:
        """See `Backend`."""
        if value is None:
            return Value(cast(null(), JSONB), "any")
        if isinstance(value, str):
            return Value(literal(value, Text()), "text")
        return Value(cast(literal(Decimal(repr(value)), Numeric()), Numeric), "number")

    def paths(
        self, data: Column[Any], names: Sequence[str], lifted: Mapping[str, Lifted]
    ) -> tuple[list[FromClause], dict[str, Value]]:
        """See `Backend`."""
        columns = {name: InColumn(lifted[name], self.is_certain(lifted[name])) for name in names if name in lifted}
        beside, found = payload_paths(data, names, columns)
        return beside, {name: Value(expression, "any") for name, expression in found.items()}

    def reads_like_number(self, column: ColumnElement[str]) -> ColumnElement[bool]:
        """See `Backend`."""
        return column.op("~", is_comparison=True)("^[-0-9][-0-9.eE+]*$")

    def number(self, value: Value) -> Value:
        """See `Backend`."""
        if value.kind == "number":
            return value
        if value.kind == "truth":
            return made(cast(cast(value.expression, Integer), Numeric), "number", value)
        if value.kind == "text":
            return made(_read(value.expression), "number", value, times=2)
        text = _text_of(value.expression)
        is_number = and_(func.jsonb_typeof(value.expression) == "number", func.char_length(text) <= _LONGEST_NUMBER)
        return made(_read(text, is_number), "number", value, times=4)

    def text(self, value: Value) -> Value:
        """See `Backend`."""
        if value.kind == "text":
            return value
        if value.kind != "any":
            number = self.number(value)
            return made(cast(func.trim_scale(number.expression), Text), "text", number)
        return made(_shown(value.expression), "text", value, times=3)

    def anything(self, value: Value) -> Value:
        """See `Backend`."""
        if value.kind == "any":
            return value
        value = self.text(value) if value.kind == "text" else self.number(value)
        return made(func.to_jsonb(value.expression, type_=JSONB), "any", value)

    def compare(self, operator: str, left: Value, right: Value) -> Value:
        """Compare; texts by their characters' numbers, as SQLite does."""
        if {left.kind, right.kind} in ({"text"}, {"text", "any"}):
            left, right = (
                made(collate(text.expression, "C"), "text", text) for text in (self.text(left), self.text(right))
            )
        return super().compare(operator, left, right)

    def compared(self, operator: str, left: Value, right: Value) -> Value:
        """See `Backend`."""
        if operator in {"=", "!="}:
            return made(COMPARISONS[operator](left.expression, right.expression), "truth", left, right)
        one, other = tuple_(*_keys(left.expression)), tuple_(*_keys(right.expression))
        return made(COMPARISONS[operator](one, other), "truth", left, right, times=5)

    def like(self, text: Value, pattern: Value) -> Value:
        """See `Backend`."""
        return made(text.expression.ilike(pattern.expression, escape="\\"), "truth", text, pattern)

    def arithmetic(self, operator: str, left: Value, right: Value) -> Value:
        """See `Backend`."""
        # Numbers of columns are integers of 64 bits, which overflow, and are divided without a rest.
        one: ColumnElement[Any] = cast(left.expression, Numeric)
        other: ColumnElement[Any] = cast(right.expression, Numeric)
        if operator in {"/", "div", "mod"}:
            other = func.nullif(other, 0, type_=Numeric)
        if operator in {"div", "mod"}:
            return made(getattr(func, operator)(one, other, type_=Numeric), "number", left, right)
        return made(one.op(operator)(other), "number", left, right)

    def text_function(self, name: str, arguments: Sequence[Value]) -> Value:
        """See `Backend`."""
        given = [argument.expression for argument in arguments]
        found: ColumnElement[Any]
        if name in {"substring", "locate"}:
            found = _substring(*given) if name == "substring" else _locate(*given)
        elif name in {"left", "right"}:
            found = getattr(func, name)(given[0], _count(given[1]))
        elif name == "concat":
            found = given[0]
            for each in given[1:]:
                found = found.op("||")(each)
        else:
            found = getattr(func, "octet_length" if name == "length" else name)(*given)
        if name in {"locate", "char_length", "length"}:
            return made(cast(found, Numeric), "number", *arguments, times=4)
        return made(cast(found, Text), "text", *arguments, times=5 if name == "substring" else 1)

    def total(self, name: Literal["sum", "avg"], number: Value) -> Value:
        """See `Backend`."""
        found = super().total(name, number)
        # An average that is a whole number is none in SQLite either, and of large ones PostgreSQL rounds it to one.
        return found if name == "sum" else made(found.expression + _TENTHS, "number", found)

    def extreme(self, name: Literal["min", "max"], value: Value) -> Value:
        """See `Backend`."""
        least_or_greatest = getattr(func, name)
        if value.kind == "text":
            return made(least_or_greatest(collate(value.expression, "C")), "text", value)
        if value.kind != "any":
            taken = self.number(value)
            return made(least_or_greatest(taken.expression), "number", taken)
        kind = func.jsonb_typeof(value.expression)
        text = case((kind == "string", collate(_text_of(value.expression), "C")))
        number = case((kind == "number", cast(_text_of(value.expression), Numeric)))
        found = [func.to_jsonb(least_or_greatest(number)), func.to_jsonb(least_or_greatest(text))]
        # Numbers come before texts.
        ordered = found if name == "min" else found[::-1]
        return made(func.coalesce(*ordered, type_=JSONB), "any", value, times=4)

    def order(self, value: Value, *, is_descending: bool) -> list[ColumnElement[Any]]:
        """See `Backend`."""
        if value.kind == "any":
            keys = _keys(value.expression)
        else:
            keys = [collate(value.expression, "C") if value.kind == "text" else value.expression]
        return [key.desc().nulls_last() if is_descending else key.asc().nulls_first() for key in keys]


def _text_of(found: ColumnElement[Any]) -> ColumnElement[Any]:
    return found.op("#>>", return_type=Text())(cast([], ARRAY(Text)))


def _shown(found: ColumnElement[Any]) -> ColumnElement[Any]:
    is_number = func.jsonb_typeof(found) == "number"
    return case((is_number, cast(func.trim_scale(cast(_text_of(found), Numeric)), Text)), else_=_text_of(found))


def _read(text: ColumnElement[Any], *others: ColumnElement[bool]) -> ColumnElement[Any]:
    return case((or_(text.op("~")(NUMBER_PATTERN), *others), cast(text, Numeric)))


def _keys(found: ColumnElement[Any]) -> list[ColumnElement[Any]]:
    """Return what orders a value: numbers first, then texts; the first is NULL when it is."""
    kind = func.jsonb_typeof(found)
    return [
        cast(kind == "string", Integer),
        case((kind == "number", cast(_text_of(found), Numeric)), else_=0),
        collate(case((kind == "string", _text_of(found)), else_=""), "C"),
    ]


def _whole(number: ColumnElement[Any]) -> ColumnElement[Any]:
    return cast(func.trunc(func.least(func.greatest(number, -_FAR), _FAR)), Integer)


def _count(number: ColumnElement[Any]) -> ColumnElement[Any]:
    # greatest() passes over NULL.
    return case((number > 0, _whole(number)), (number <= 0, 0))


def _substring(
    text: ColumnElement[Any], position: ColumnElement[Any], length: ColumnElement[Any] | None = None
) -> ColumnElement[Any]:
    """Return a part as MySQL does; a negative position counts from the end, and there is nothing at 0."""
    at = _whole(position)
    rest = () if length is None else (func.greatest(_whole(length), 0),)
    size = func.char_length(text)
    is_missing = or_(text.is_(None), position.is_(None), *(() if length is None else (length.is_(None),)))
    return case(
        (is_missing, null()),
        (at > 0, func.substr(text, at, *rest)),
        (and_(at < 0, -at <= size), func.substr(text, size + at + 1, *rest)),
        else_="",
    )


def _locate(
    part: ColumnElement[Any], text: ColumnElement[Any], position: ColumnElement[Any] | None = None
) -> ColumnElement[Any]:
    if position is None:
        return func.strpos(text, part)
    at = _whole(position)
    found = func.strpos(func.substr(text, func.greatest(at, 1)), part)
    is_missing = or_(text.is_(None), part.is_(None), position.is_(None))
    is_outside = or_(at < 1, at > func.char_length(text) + 1, found == 0)
    return case((is_missing, null()), (is_outside, 0), else_=found + at - 1)
