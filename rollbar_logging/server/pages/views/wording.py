"""Moments, sizes, counts and addresses as pages say them. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timezone
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

try:
    import orjson
except ModuleNotFoundError:
    orjson = None  # type: ignore[assignment]

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_KIB = 1024
_THOUSAND, _MILLION = 1000, 1_000_000
_LAST_SECOND = 253_402_300_799
"""Of the year 9999: what lies behind it is no moment that a client can have meant."""
_MILLISECONDS_FROM = 10**11
"""As seconds, a year that nobody reports from; as milliseconds, 1973."""


class Moment(NamedTuple):
    """A moment, as its age with the exact time at hand.

    Attributes:
        unix: Unix seconds.
        age: ``3 min ago``.
        exact: ``2026-11-24 10:00:00 UTC``.
        iso: For machines.
    """

    unix: float
    age: str
    exact: str
    iso: str


def moment_of(unix: Any, now: float) -> Moment | None:
    """Return the moment of a Unix time: seconds or, where they cannot be meant, milliseconds; ``None`` for no time."""
    if isinstance(unix, bool) or not isinstance(unix, (int, float)):
        return None
    # Compared before it is divided: JSON has numbers that no float can be.
    if not 0 <= unix <= _LAST_SECOND * 1000:
        return None
    seconds = unix / 1000 if unix >= _MILLISECONDS_FROM else unix
    exact = datetime.fromtimestamp(seconds, timezone.utc)
    return Moment(
        seconds, age(now - seconds), exact.strftime("%Y-%m-%d %H:%M:%S UTC"), exact.isoformat(timespec="milliseconds")
    )


def age(seconds: float) -> str:
    """Say how long ago something was."""
    if seconds < _MINUTE:
        return f"{max(int(seconds), 0)} s ago"
    if seconds < _HOUR:
        return f"{int(seconds // _MINUTE)} min ago"
    return f"{int(seconds // _HOUR)} h ago" if seconds < _DAY else f"{int(seconds // _DAY)} d ago"


def span(seconds: float) -> str:
    """Say a length of time."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    if seconds < _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    return f"{seconds / _HOUR:.0f} h" if seconds < _DAY else f"{seconds / _DAY:.0f} d"


def size(count: int) -> str:
    """Say a number of bytes."""
    if count < _KIB:
        return f"{count} bytes"
    return f"{count / _KIB:.1f} KiB" if count < _KIB * _KIB else f"{count / _KIB / _KIB:.1f} MiB"


def short_count(count: int) -> str:
    """Say a count in at most five characters."""
    if count < 10 * _THOUSAND:
        return f"{count:,}"
    return f"{count // _THOUSAND}k" if count < _MILLION else f"{count / _MILLION:.1f}M"


def times(count: int, one: str, many: str | None = None) -> str:
    """Say a count with its noun: ``1 item``, ``1,200 items``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def with_query(path: str, parameters: Mapping[str, Any]) -> str:
    """Return *path* with those parameters that are not empty; a list gives one each."""
    given = {name: value for name, value in parameters.items() if value not in {None, ""} and value != ()}
    text = urlencode(given, doseq=True, errors="replace")
    return f"{path}?{text}" if text else path


def occurrence_url(uuid: str, **parameters: Any) -> str:
    """Return the address of an occurrence's page."""
    return with_query(f"/occurrence/{quote(uuid, safe='', errors='replace')}", parameters)


def item_url(item_id: int, **parameters: Any) -> str:
    """Return the address of an item's page."""
    return with_query(f"/item/{item_id}", parameters)


def json_text(value: Any) -> str:
    """Write a value as JSON for people."""
    if orjson is not None:
        # What it refuses, half a surrogate pair and large numbers, the other one writes.
        with suppress(TypeError):
            return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode("utf-8")
    return json.dumps(value, indent=2, ensure_ascii=False)


_DIRECTIONS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])


def undirected(text: str) -> str:
    """Return a text without the signs that turn the direction of what follows it in a line.

    An element of its own is not enough: an isolate that the text opens and does not close goes on behind it.
    """
    return text.translate(_DIRECTIONS)


def mapping(value: Any) -> Mapping[str, Any]:
    """Return *value* if it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def sequence(value: Any) -> list[Any]:
    """Return *value* if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def text_of(value: Any) -> str:
    """Return a text for any value; nothing for ``None``."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
