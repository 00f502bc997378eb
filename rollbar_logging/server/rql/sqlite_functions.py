"""Functions that SQLite lacks, or has with another meaning than MySQL's; registered on each connection.

None of them raises: what has no answer is NULL. Numbers of texts: a position counts from 1.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from rollbar_logging.server.rql.payloads import Payloads, body_kind
from rollbar_logging.server.rql.sqlite_totals import EXACT, Average, Sum
from rollbar_logging.server.rql.values import NUMBER_PATTERN
from rollbar_logging.server.rql.words import LARGEST_INTEGER

_NUMBER = re.compile(NUMBER_PATTERN)


def register_functions(connection: Any) -> None:
    """Register the functions on a connection of `sqlite3`."""
    payloads = Payloads()
    of_payloads = {"path": payloads.at_path, "level": payloads.level, "body_kind": body_kind}
    for name, function in {**of_payloads, **_FUNCTIONS}.items():
        connection.create_function(f"rql_{name}", -1, function, deterministic=True)
    for name, aggregate in {"sum": Sum, "avg": Average}.items():
        connection.create_aggregate(f"rql_{name}", 1, aggregate)


def number(value: Any) -> int | float | None:
    """Return a value as a number, ``None`` when it reads like none."""
    if isinstance(value, (int, float)):
        return value if math.isfinite(value) else None
    if not isinstance(value, str) or not _NUMBER.search(value):
        return None
    if value.strip().lstrip("+-").isdecimal() and abs(int(value)) <= LARGEST_INTEGER:
        return int(value)
    return float(value)


def text(value: Any) -> str | None:
    """Return a value as a text; numbers without an exponent and without needless zeros."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return str(value)
    if not math.isfinite(value):
        return None
    return f"{Decimal(repr(value)).normalize():f}" if value else "0"


def _div(left: Any, right: Any) -> Any:
    return _computed(left, right, EXACT.divide_int)


def _mod(left: Any, right: Any) -> Any:
    return _computed(left, right, EXACT.remainder)


def _computed(left: Any, right: Any, compute: Callable[[Decimal, Decimal], Decimal]) -> Any:
    """Compute as decimal numbers, so that 0.3 MOD 0.1 is 0; towards zero, with the dividend's sign."""
    if left is None or right is None or not right:
        return None
    try:
        found = compute(Decimal(repr(left)), Decimal(repr(right)))
    except ArithmeticError:  # an infinity
        return None
    is_whole = found == found.to_integral_value() and abs(found) <= LARGEST_INTEGER
    return int(found) if is_whole else float(found)


def _lower(value: str | None) -> str | None:
    return None if value is None else value.lower()


def _upper(value: str | None) -> str | None:
    return None if value is None else value.upper()


def _left(value: str | None, count: float | None) -> str | None:
    return None if value is None or count is None else value[: max(_whole(count), 0)]


def _right(value: str | None, count: float | None) -> str | None:
    if value is None or count is None:
        return None
    return value[max(len(value) - max(_whole(count), 0), 0) :]


def _substring(value: str | None, position: float | None, length: float | None = math.inf) -> str | None:
    """Return a part; a negative position counts from the end, and there is nothing at 0."""
    if value is None or position is None or length is None:
        return None
    at = _whole(position)
    start = at - 1 if at > 0 else len(value) + at
    if at == 0 or start < 0:
        return ""
    return value[start : start + max(_whole(length), 0)]


def _locate(part: str | None, value: str | None, position: float | None = 1) -> int | None:
    if part is None or value is None or position is None:
        return None
    at = _whole(position)
    return value.find(part, at - 1) + 1 if at > 0 else 0


def _whole(value: float) -> int:
    return int(max(min(value, 2.0**31 - 1), -(2.0**31) + 1))


def _char_length(value: str | None) -> int | None:
    return None if value is None else len(value)


def _length(value: str | None) -> int | None:
    return None if value is None else len(value.encode("utf-8", "replace"))


def _concat(*values: str | None) -> str | None:
    return None if None in values else "".join(value or "" for value in values)


def _concat_ws(separator: str | None, *values: str | None) -> str | None:
    return None if separator is None else separator.join(value for value in values if value is not None)


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "number": number,
    "text": text,
    "div": _div,
    "mod": _mod,
    "lower": _lower,
    "upper": _upper,
    "left": _left,
    "right": _right,
    "substring": _substring,
    "locate": _locate,
    "char_length": _char_length,
    "length": _length,
    "concat": _concat,
    "concat_ws": _concat_ws,
}
