"""What a payload has at a path, in SQLite: read as seldom, and as little of it, as will do.

To unpack a payload and to make Python's objects of it is what a query over all of them costs. So the last one is kept
for the other paths of its row; where a key of the path does not even stand in the text, no objects are made; and what
can be told from the beginning of the text is told from there.
"""

from __future__ import annotations

import json
import math
import re
import zlib
from collections.abc import Callable
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

from rollbar_logging.server.rql.words import LARGEST_INTEGER
from rollbar_logging.server.traits import storable

_INDEX = re.compile(r"-?[0-9]{1,9}")
_PLAIN_KEY = re.compile(r"[ !#-.0-\[\]-~]+")
r"""Keys that JSON can write in one way only, but for ``\u00…``: without quotes, backslashes and slashes, and ASCII."""

_BEGINNING = 1024
"""Bytes of the unpacked text: about what stands before the frames of a trace."""

_STRING = rb'"[^"\\]*(?:\\.[^"\\]*)*"'


def _inside(levels: int) -> bytes:
    """Return the pattern of what may stand in an object or a list that has so many levels below it."""
    inner = _STRING if not levels else _STRING + rb"|[\[{]" + _inside(levels - 1) + rb"[\]}]"
    # In this form there is one way to match, and so none to come back to.
    return rb'[^][{}"]*(?:(?:' + inner + rb')[^][{}"]*)*'


_VALUE = _STRING + rb'|[^][{}",\s]+|[\[{]' + _inside(2) + rb"[\]}]"


def _after_others(key: bytes, value: bytes) -> re.Pattern[bytes]:
    """Return the pattern of an object's beginning up to a key and its value, where short values stand before it."""
    other = rb'\s*"(?!' + re.escape(key) + rb'")[^"\\]*"\s*:\s*(?:' + _VALUE + rb")\s*,"
    return re.compile(rb"\{(?:" + other + rb')*\s*"' + re.escape(key) + rb'"\s*:\s*' + value, re.DOTALL)


BODY_KINDS = ("trace", "trace_chain", "message", "crash_report")
_BODY = _after_others(b"body", rb'\{\s*"(' + "|".join(BODY_KINDS).encode("ascii") + rb')"\s*:\s*[\[{]')
_LEVEL = _after_others(b"level", rb'"([^"\\]+)"')
"""Of a payload whose level is empty, or nothing, the server puts another one at the end."""

_UNREAD = object()


class Payloads:
    """The payload that one connection has read last."""

    def __init__(self) -> None:
        self._packed: Any = b""
        self._text = b""
        self._value: Any = None

    def at_path(self, packed: Any, path: str) -> Any:
        """Return what a packed payload has at a path, as SQLite can hold it; ``None`` where it has nothing."""
        if packed != self._packed:
            self._packed, self._text, self._value = packed, _unpacked(packed), _UNREAD
        if self._value is _UNREAD:
            if _is_missing(self._text, path):
                return None
            self._value = _loaded(self._text)
        return plain(_find(self._value, path))

    def level(self, packed: Any) -> Any:
        """Return what `at_path` does for ``level``, which every payload has."""
        match = None if packed == self._packed else _LEVEL.match(_beginning(packed))
        return self.at_path(packed, "level") if match is None else match[1].decode("utf-8")


def body_kind(packed: Any) -> str | None:
    """Return which of its four kinds the payload's ``body`` is of, ``None`` where the beginning does not tell.

    It is of one kind: the server makes sure of that.
    """
    match = _BODY.match(_beginning(packed))
    return None if match is None else match[1].decode("ascii")


def _beginning(packed: Any) -> bytes:
    try:
        return zlib.decompressobj().decompress(packed, _BEGINNING)
    except (zlib.error, TypeError):
        return b""


def _unpacked(packed: Any) -> bytes:
    try:
        return zlib.decompress(packed)
    except (zlib.error, TypeError):
        return b""


def _is_missing(text: bytes, path: str) -> bool:
    r"""Whether a key of the path stands nowhere in the text; a text with ``\u00…`` may have it in other letters."""
    is_missing = any(sign not in text for sign in _signs(path))
    return is_missing and not (b"\\" in text and b"\\u00" in text)  # a single byte is found far faster


@lru_cache(1024)
def _signs(path: str) -> tuple[bytes, ...]:
    keys = (part for part in _parts(path) if _PLAIN_KEY.fullmatch(part) and not _INDEX.fullmatch(part))
    return tuple(f'"{key}"'.encode("ascii") for key in keys)


def _loaded(text: bytes) -> Any:
    try:
        return _read()(text)
    except ValueError:
        pass  # orjson is stricter: half a surrogate pair
    try:
        return json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError):
        return None


@lru_cache(1)
def _read() -> Callable[[bytes], Any]:
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
    return _float(value) if isinstance(value, int) and abs(value) > LARGEST_INTEGER else value


def _float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:  # larger than all of them, as it is on PostgreSQL
        return math.inf if value > 0 else -math.inf
