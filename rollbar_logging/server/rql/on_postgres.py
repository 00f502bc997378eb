r"""How PostgreSQL computes: numbers are ``numeric``, what a payload holds is ``jsonb``.

The payload is stored as ``json``, which may hold what no text of PostgreSQL can: ``\u0000`` and halves of
surrogate pairs. They are replaced first, by what the lifted texts have in their place.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from rollbar_logging.server.rql.values import COMPARISONS, NUMBER_PATTERN, Backend, Value, made

_FAR = 1_000_000_000
"""Further than any text is long, and no sum of two overflows."""

_HIGH = r"\\u[dD][89abAB][0-9a-fA-F]{2}"
_LOW = r"\\u[dD][c-fC-F][0-9a-fA-F]{2}"


class OnPostgres(Backend):
    """PostgreSQL 13 and later."""

    def constant(self, value: str | float | None) -> Value:
        """See `Backend`."""
        if value is None:
            return Value(cast(null(), JSONB), "any")
        if isinstance(value, str):
            return Value(literal(value, Text()), "text")
        return Value(cast(literal(Decimal(repr(value)), Numeric()), Numeric), "number")

    def paths(self, data: Column[Any], names: Sequence[str]) -> tuple[list[FromClause], dict[str, Value]]:
        """See `Backend`."""
        # Each step once a row: OFFSET keeps the planner from writing it out wherever its result is used.
        text = select(_stored_text(data).label("text")).correlate(data.table).offset(0).lateral("stored")
        document = select(_readable(text.c.text).label("document")).correlate(text).offset(0).lateral("document")
        at = [document.c.document.op("#>")(cast(name.split("."), ARRAY(Text))) for name in names]
        found = select(*(each.label(f"found_{index}") for index, each in enumerate(at)))
        found_in_row = found.correlate(document).offset(0).lateral("found")
        plain = [_plain(column).label(f"path_{index}") for index, column in enumerate(found_in_row.c)]
        payload = select(*plain).correlate(found_in_row).offset(0).lateral("payload")
        values = {name: Value(payload.c[f"path_{index}"], "any") for index, name in enumerate(names)}
        return [text, document, found_in_row, payload], values

    def number(self, value: Value) -> Value:
        """See `Backend`."""
        if value.kind == "number":
            return value
        if value.kind == "truth":
            return made(cast(cast(value.expression, Integer), Numeric), "number", value)
        if value.kind == "text":
            return made(_read(value.expression), "number", value, times=2)
        return made(_read(_text_of(value.expression)), "number", value, times=2)

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
        one, other = left.expression, right.expression
        if operator in {"/", "div", "mod"}:
            other = func.nullif(other, 0)
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


def _stored_text(data: ColumnElement[Any]) -> ColumnElement[Any]:
    # JSON text may be stored as what it says, or as one text of JSON.
    is_text = func.json_typeof(data) == "string"
    return case((is_text, data.op("#>>")(cast([], ARRAY(Text)))), else_=cast(data, Text))


def _readable(text: ColumnElement[Any]) -> ColumnElement[Any]:
    is_unreadable = or_(*(func.strpos(text, sign) > 0 for sign in (r"\u0000", r"\ud", r"\uD")))
    cleaned = func.replace(text, r"\u0000", r"\ufffd")
    cleaned = func.regexp_replace(cleaned, rf"{_HIGH}(?!{_LOW})", r"\\u003f", "g")
    cleaned = func.regexp_replace(cleaned, rf"(?<!{_HIGH}){_LOW}", r"\\u003f", "g")
    return cast(case((is_unreadable, cleaned), else_=text), JSONB)


def _plain(found: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return what was found in a payload: truths are 1 and 0, objects and lists are JSON text."""
    kind = func.jsonb_typeof(found)
    return case(
        (kind == "null", cast(null(), JSONB)),
        (kind == "boolean", func.to_jsonb(cast(cast(found, Text) == "true", Integer))),
        (kind.in_(["object", "array"]), func.to_jsonb(cast(found, Text))),
        else_=found,
    )


def _text_of(found: ColumnElement[Any]) -> ColumnElement[Any]:
    return found.op("#>>", return_type=Text())(cast([], ARRAY(Text)))


def _shown(found: ColumnElement[Any]) -> ColumnElement[Any]:
    is_number = func.jsonb_typeof(found) == "number"
    return case((is_number, cast(func.trim_scale(cast(_text_of(found), Numeric)), Text)), else_=_text_of(found))


def _read(text: ColumnElement[Any]) -> ColumnElement[Any]:
    return case((text.op("~")(NUMBER_PATTERN), cast(text, Numeric)))


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
