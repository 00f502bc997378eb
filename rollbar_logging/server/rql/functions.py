"""Operators and functions by name: how many arguments each takes, of which kind, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple

from sqlalchemy import case, distinct, func

from rollbar_logging.server.rql.tree import AGGREGATES
from rollbar_logging.server.rql.values import ARITHMETIC, COMPARISONS, Backend, Value, made
from rollbar_logging.server.rql.words import RqlError

_MANY = 100


class _Takes(NamedTuple):
    """What a function of texts takes.

    Attributes:
        fewest: Arguments.
        most: Likewise.
        numbers: Places of those that are numbers; the others are texts.
    """

    fewest: int
    most: int
    numbers: frozenset[int] = frozenset()


_TEXT_FUNCTIONS: Mapping[str, _Takes] = {
    "concat": _Takes(1, _MANY),
    "concat_ws": _Takes(2, _MANY),
    "lower": _Takes(1, 1),
    "upper": _Takes(1, 1),
    "left": _Takes(2, 2, frozenset({1})),
    "right": _Takes(2, 2, frozenset({1})),
    "substring": _Takes(2, 3, frozenset({1, 2})),
    "locate": _Takes(2, 3, frozenset({2})),
    "char_length": _Takes(1, 1),
    "length": _Takes(1, 1),
}
_COUNTS: Mapping[str, int] = {"if": 3, "unix_timestamp": 0, **dict.fromkeys(AGGREGATES, 1)}


def check_arguments(name: str, count: int) -> None:
    """Refuse a call with too few or too many arguments.

    Raises:
        RqlError: It is one.
    """
    takes = _TEXT_FUNCTIONS.get(name) or _Takes(_COUNTS.get(name, 0), _COUNTS.get(name, _MANY))
    if takes.fewest <= count <= takes.most:
        return
    wanted = str(takes.fewest) if takes.fewest == takes.most else f"{takes.fewest} to {takes.most}"
    if takes.most == _MANY:
        wanted = f"at least {takes.fewest}"
    raise RqlError(f"{name}() takes {wanted} argument{'' if wanted.endswith('1') else 's'}, not {count}.")


def applied(backend: Backend, name: str, values: Sequence[Value], now: float) -> Value:
    """Apply an operator or a function that is no aggregate.

    Args:
        backend: The database's.
        name: Its name in the tree.
        values: What it is applied to, of the right number.
        now: Unix seconds.
    """
    if name == "unix_timestamp":
        return backend.constant(int(now))
    if name in COMPARISONS:
        return backend.compare(name, *values)
    if name in ARITHMETIC:
        return backend.arithmetic(name, *(backend.number(value) for value in values))
    if name in _TEXT_FUNCTIONS:
        numbers = _TEXT_FUNCTIONS[name].numbers
        given = [backend.number(each) if at in numbers else backend.text(each) for at, each in enumerate(values)]
        return backend.text_function(name, given)
    return _OTHERS[name](backend, *values)


def _negative(backend: Backend, value: Value) -> Value:
    number = backend.number(value)
    return made(-number.expression, "number", number)


def _chosen(backend: Backend, condition: Value, first: Value, second: Value) -> Value:
    condition = backend.truth(condition)
    if first.kind == second.kind != "truth":
        kind = first.kind
    elif {first.kind, second.kind} <= {"number", "truth"}:
        kind, first, second = "number", backend.number(first), backend.number(second)
    else:
        kind, first, second = "any", backend.anything(first), backend.anything(second)
    chosen = case((condition.expression, first.expression), else_=second.expression)
    return made(chosen, kind, condition, first, second)


_OTHERS: Mapping[str, Callable[..., Value]] = {
    "negative": _negative,
    "not": lambda backend, value: backend.logic("not", [value]),
    "in": lambda backend, value, *choices: backend.within(value, choices),
    "like": lambda backend, text, pattern: backend.like(backend.text(text), backend.text(pattern)),
    "if": _chosen,
}


def aggregated(backend: Backend, name: str, value: Value | None) -> Value:
    """Apply an aggregate function to a group's values; ``None`` stands for the ``*`` of ``count(*)``."""
    if value is None:
        return made(func.count(), "number")
    if name == "count":
        return made(func.count(value.expression), "number", value)
    if name == "count_distinct":
        return made(func.count(distinct(value.expression)), "number", value)
    if name in {"sum", "avg"}:
        return backend.total("sum" if name == "sum" else "avg", backend.number(value))
    which: Literal["min", "max"] = "min" if name == "min" else "max"
    return backend.extreme(which, value)
