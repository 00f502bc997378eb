"""Functions that SQLite lacks, or has with another meaning than MySQL's; registered on each connection.

None of them raises: what has no answer is NULL. Numbers of texts: a position counts from 1.
"""

from __future__ import annotations

import json
import math
import re
import zlib
from collections.abc import Callable
from decimal import Context, Decimal
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

from rollbar_logging.server.rql.values import NUMBER_PATTERN
from rollbar_logging.server.storage.payload import unpack
from rollbar_logging.server.traits import storable

_LARGEST_INTEGER = 2**63 - 1
_NUMBER = re.compile(NUMBER_PATTERN)
_EXACT = Context(prec=700)
"""Wide enough for any two floats."""
_INDEX = re.compile(r"-?[0-9]{1,9}")


def register_functions(connection: Any) -> None:
    """Register the functions on a connection of `sqlite3`."""
    path = _path_function()
    for name, function in {"path": path, **_FUNCTIONS}.items():
        connection.create_function(f"rql_{name}", -1, function, deterministic=True)


def _path_function() -> Callable[[bytes, str], Any]:
    """Return a function that remembers the last payload: several paths of one row unpack it once."""
    last: tuple[bytes, Any] = (b"", None)

    def at_path(packed: bytes, path: str) -> Any:
        nonlocal last
        if packed != last[0]:
            last = (packed, _load(packed))
        return plain(_find(last[1], path))

    return at_path


def _load(packed: bytes) -> Any:
    try:
        text = unpack(packed)
    except (zlib.error, UnicodeDecodeError, TypeError):
        return None
    try:
        return _read()(text)
    except ValueError:
        pass  # orjson is stricter: half a surrogate pair
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


@lru_cache(1)
def _read() -> Callable[[str], Any]:
    if find_spec("orjson") is None:
        return json.loads
    import orjson  # noqa: PLC0415 - an extra

    return orjson.loads


def _find(value: Any, path: str) -> Any:
    for part in _parts(path):
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and _INDEX.fullmatch(part):
            index = int(part)
            value = value[index] if -len(value) <= index < len(value) else None
        else:
            return None
    return value


@lru_cache(1024)
def _parts(path: str) -> tuple[str, ...]:
    return tuple(path.split("."))


def plain(value: Any) -> Any:
    """Return a JSON value as SQLite can hold it: truths are 1 and 0, objects and lists are JSON text."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, (dict, list)):
        return storable(json.dumps(value, ensure_ascii=False))
    if isinstance(value, bool):
        return int(value)
    return _float(value) if isinstance(value, int) and abs(value) > _LARGEST_INTEGER else value


def _float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:  # larger than all of them, as it is on PostgreSQL
        return math.inf if value > 0 else -math.inf


def number(value: Any) -> int | float | None:
    """Return a value as a number, ``None`` when it reads like none."""
    if isinstance(value, (int, float)):
        return value if math.isfinite(value) else None
    if not isinstance(value, str) or not _NUMBER.search(value):
        return None
    if value.strip().lstrip("+-").isdecimal() and abs(int(value)) <= _LARGEST_INTEGER:
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
    return _computed(left, right, _EXACT.divide_int)


def _mod(left: Any, right: Any) -> Any:
    return _computed(left, right, _EXACT.remainder)


def _computed(left: Any, right: Any, compute: Callable[[Decimal, Decimal], Decimal]) -> Any:
    """Compute as decimal numbers, so that 0.3 MOD 0.1 is 0; towards zero, with the dividend's sign."""
    if left is None or right is None or not right:
        return None
    try:
        found = compute(Decimal(repr(left)), Decimal(repr(right)))
    except ArithmeticError:  # an infinity
        return None
    is_whole = found == found.to_integral_value() and abs(found) <= _LARGEST_INTEGER
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
