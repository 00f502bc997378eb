"""Queries put together at random give what a second, plain evaluation in Python gives, on both databases."""

# ruff: noqa: S608 - what is put together here is RQL, which is to bear whatever stands in it

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.server.rql.samples import Asker

Row = dict[str, Any]
Kind = str


class Expression(NamedTuple):
    """An expression: how it is written, what kind of value it has, and what it is for a payload."""

    text: str
    kind: Kind
    of: Callable[[Row], Any]


def path(name: str) -> Expression:
    """A path into the payload."""

    def find(row: Row) -> Any:
        found: Any = row
        for part in name.split("."):
            found = found.get(part) if isinstance(found, dict) else None
        if isinstance(found, str):
            return found.replace("\ud800", "?").replace("\udc00", "?").replace("\0", "\ufffd")
        return int(found) if isinstance(found, bool) else found

    return Expression(name, "any", find)


def constant(value: Any) -> Expression:
    """A text, a number or NULL."""
    text = "NULL" if value is None else repr(value)
    kind = "any" if value is None else "text" if isinstance(value, str) else "number"
    return Expression(text, kind, lambda _: value)


def number(value: Any) -> Any:
    """A value taken as a number."""
    if isinstance(value, str):
        return float(value) if re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?", value) else None
    return value


def text(value: Any) -> Any:
    """A value taken as a text."""
    if value is None or isinstance(value, str):
        return value
    return (
        f"{Decimal(repr(value)).normalize():f}".replace("-0", "0")
        if value == 0
        else f"{Decimal(repr(value)):f}".removesuffix(".0")
    )


def truth(value: Any) -> Any:
    """A value taken as a truth."""
    found = number(value)
    return None if found is None else found != 0


def both(compute: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """NULL where either is NULL."""
    return lambda one, other: None if one is None or other is None else compute(one, other)


def key(value: Any) -> tuple[int, float, bytes]:
    """NULL, numbers, texts."""
    if value is None:
        return (0, 0, b"")
    return (2, 0, value.encode()) if isinstance(value, str) else (1, value, b"")


COMPARE = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    ">=": lambda a, b: a >= b,
}
ARITHMETIC = {"+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b}


def compared(sign: str, one: Expression, other: Expression) -> Expression:
    """A comparison."""
    kinds = {one.kind, other.kind}
    take = number if "number" in kinds else text if "text" in kinds else lambda value: value
    compare = both(lambda a, b: int(COMPARE[sign](key(a), key(b))))
    return Expression(
        f"({one.text} {sign} {other.text})", "number", lambda row: compare(take(one.of(row)), take(other.of(row)))
    )


def computed(sign: str, one: Expression, other: Expression) -> Expression:
    """A sum, difference or product."""
    compute = both(ARITHMETIC[sign])
    return Expression(
        f"({one.text} {sign} {other.text})", "number", lambda row: compute(number(one.of(row)), number(other.of(row)))
    )


def joined(sign: str, one: Expression, other: Expression) -> Expression:
    """AND and OR with three values."""

    def join(row: Row) -> Any:
        values = {truth(one.of(row)), truth(other.of(row))}
        decisive = sign == "OR"
        if decisive in values:
            return int(decisive)
        return None if None in values else int(not decisive)

    return Expression(f"({one.text} {sign} {other.text})", "number", join)


def negated(one: Expression) -> Expression:
    """NOT."""

    def negate(row: Row) -> Any:
        value = truth(one.of(row))
        return None if value is None else int(not value)

    return Expression(f"(NOT {one.text})", "number", negate)


def missing(one: Expression) -> Expression:
    """IS NULL."""
    return Expression(f"({one.text} IS NULL)", "number", lambda row: int(one.of(row) is None))


def between(one: Expression, low: Expression, high: Expression) -> Expression:
    """BETWEEN is two comparisons."""
    found = joined("AND", compared(">=", one, low), compared(">=", high, one))
    return found._replace(text=f"({one.text} BETWEEN {low.text} AND {high.text})")


def within(one: Expression, *choices: Expression) -> Expression:
    """IN is as many comparisons as there are choices."""
    found = compared("=", one, choices[0])
    for choice in choices[1:]:
        found = joined("OR", found, compared("=", one, choice))
    return found._replace(text=f"({one.text} IN ({', '.join(choice.text for choice in choices)}))")


def chosen(condition: Expression, one: Expression, other: Expression) -> Expression:
    """if()."""
    kind = one.kind if one.kind == other.kind else "any"
    written = f"if({condition.text}, {one.text}, {other.text})"
    return Expression(written, kind, lambda row: (one if truth(condition.of(row)) else other).of(row))


def applied(name: str, compute: Callable[[str], Any], kind: Kind) -> Callable[[Expression], Expression]:
    """A function of one text."""

    def apply(one: Expression) -> Expression:
        def of(row: Row) -> Any:
            value = text(one.of(row))
            return None if value is None else compute(value)

        return Expression(name.replace("X", one.text), kind, of)

    return apply


FUNCTIONS = [
    applied("left(X, 2)", lambda value: value[:2], "text"),
    applied("right(X, 2)", lambda value: value[-2:], "text"),
    applied("substring(X, 2)", lambda value: value[1:], "text"),
    applied("concat('<', X)", lambda value: f"<{value}", "text"),
    applied("char_length(X)", len, "number"),
    applied("length(X)", lambda value: len(value.encode()), "number"),
    applied("locate('b', X)", lambda value: value.find("b") + 1, "number"),
    applied("(X LIKE '%b%')", lambda value: int("b" in value.lower()), "number"),
]

LEAVES = st.one_of(
    st.sampled_from([path(f"custom.{name}") for name in ("n", "t", "flag", "mixed", "none")]),
    st.sampled_from([path("person.id"), path("server.host"), path("body.message.body"), path("environment")]),
    st.sampled_from([None, 0, 1, 3, -4, 10, 1.5, "abc", "ab", "12", "7", "", "web1", "x"]).map(constant),
)


def _larger(smaller: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    return st.one_of(
        st.builds(compared, st.sampled_from(sorted(COMPARE)), smaller, smaller),
        st.builds(computed, st.sampled_from(sorted(ARITHMETIC)), smaller, smaller),
        st.builds(joined, st.sampled_from(["AND", "OR"]), smaller, smaller),
        st.builds(negated, smaller),
        st.builds(missing, smaller),
        st.builds(between, smaller, smaller, smaller),
        st.builds(within, smaller, smaller, smaller),
        st.builds(chosen, smaller, smaller, smaller),
        st.tuples(st.sampled_from(FUNCTIONS), smaller).map(lambda pair: pair[0](pair[1])),
    )


EXPRESSIONS = st.recursive(LEAVES, _larger, max_leaves=6)
_SETTINGS = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def rounded(value: Any) -> Any:
    """Without what two ways to compute make of the last digits."""
    return round(float(value), 6) if isinstance(value, (int, float)) else value


@_SETTINGS
@given(
    selected=st.lists(EXPRESSIONS, min_size=1, max_size=3),
    where=EXPRESSIONS,
    order=EXPRESSIONS,
    descending=st.booleans(),
)
def test_rows(asker: Asker, selected: list[Expression], where: Expression, order: Expression, descending: bool) -> None:
    """SELECT, WHERE and ORDER BY."""
    numbers = sorted(asker.data, reverse=True)
    kept = [number for number in numbers if truth(where.of(asker.data[number]))]
    kept.sort(key=lambda number: key(rounded(order.of(asker.data[number]))), reverse=descending)
    if descending:  # Python keeps the order of equals also in reverse
        kept.sort(key=lambda number: key(rounded(order.of(asker.data[number]))), reverse=True)
    expected = [[number, *(rounded(each.of(asker.data[number])) for each in selected)] for number in kept]

    query = (
        f"SELECT occurrence_id, {', '.join(each.text for each in selected)} FROM item_occurrence "
        f"WHERE {where.text} ORDER BY {_not_a_place(order)} {'DESC' if descending else ''}"
    )

    assert [[row[0], *map(rounded, row[1:])] for row in asker.ask(query)] == expected, query


def _not_a_place(order: Expression) -> str:
    return f"({order.text} + 0)" if re.fullmatch(r"-?\d+", order.text) else order.text


@_SETTINGS
@given(group=EXPRESSIONS, value=EXPRESSIONS)
def test_groups(asker: Asker, group: Expression, value: Expression) -> None:
    """GROUP BY and the aggregates."""
    groups: dict[Any, list[Any]] = {}
    for data in asker.data.values():
        groups.setdefault(rounded(group.of(data)), []).append(value.of(data))
    expected = []
    for name, values in sorted(groups.items(), key=lambda pair: key(pair[0])):
        given_values = sorted((each for each in values if each is not None), key=key)
        numbers = [found for each in given_values if (found := number(each)) is not None]
        expected.append(
            [
                name,
                len(values),
                len(given_values),
                len(set(map(rounded, given_values))),
                rounded(sum(numbers)) if numbers else None,
                *([rounded(given_values[0]), rounded(given_values[-1])] if given_values else [None, None]),
            ]
        )

    query = (
        f"SELECT if(1, {group.text}, {group.text}), count(*), count({value.text}), count_distinct({value.text}), "
        f"sum({value.text}), min({value.text}), max({value.text}) FROM item_occurrence GROUP BY 1"
    )

    assert [list(map(rounded, row)) for row in asker.ask(query)] == expected, query
