"""Strict JSON for whatever an item holds: no NaN, no lone surrogates, no number that others cannot read.

The captured data are plain already, so the fast encoder nearly always takes them as they are. What a
user's ``before_send`` puts in may be anything: only when the fast encoder refuses it, or when its output
shows what others would refuse, a cleaned copy is made and encoded instead. The given data never change.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from math import isfinite, isnan
from typing import Any

from rollbar_logging.capture.kinds import Kinds
from rollbar_logging.capture.values import Bounds, Reading

try:
    import orjson
except ImportError:  # the extra "fast" is not installed
    orjson = None  # type: ignore[assignment]

MAX_NESTING = 100
"""Containers within containers; a common bound of the parsers on the other side."""

_MAX_NODES = 524_288
"""Values of a cleaned copy. Each takes two bytes or more, so an item that may be sent never reaches it; but
the paths through containers that refer to each other are too many to walk."""

_LEAVES = frozenset({str, int, float, bool, type(None)})
_CONTAINERS: tuple[Any, ...] = (dict, list, tuple, set, frozenset)
_BOUNDS = Bounds(max_string=256, max_items=16, max_depth=2, capture_budget=0.25)
_MAX_INT_BITS = 2048  # 617 digits: `str` of an int refuses from 640 on, if an application so wishes

_dump = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
_DIGITS_TO_ZERO = bytes.maketrans(b"123456789", b"000000000")
_LONG_NUMBERS = (b"0" * 20, b"-" + b"0" * 19)  # no longer than those of 64 bits, but perhaps larger


def encode(value: Any, *, is_plain: bool = False) -> bytes:
    """Turn any value into JSON, UTF-8, without spaces.

    NaN and the infinities become ``"NaN"``, ``"Infinity"`` and ``"-Infinity"``; lone surrogates U+FFFD; whole
    numbers outside of 64 bits text; keys text; tuples and sets lists; anything else what the capture of values
    makes of it, a short description for which nothing lazy is evaluated. Cycles, and what is nested more than
    `MAX_NESTING` deep, are replaced by a marker.

    Args:
        value: Anything.
        is_plain: The caller's word that *value* is made of JSON's own types only: finite floats, numbers of 64
            bits, nesting within `MAX_NESTING`. Then there is nothing to look for in the output, and the faster
            `orjson` is used where it is installed; it would make NaN ``null``.
    """
    try:
        return _dump_plain(value) if is_plain else _dump_any(value)
    except Exception:  # noqa: BLE001 - beside its own errors, those of any container's own methods
        return _dump(cleaned(value)).encode()


def size_of(value: Any) -> int:
    """Return how many bytes a plain value takes as JSON; plain as ``encode(…, is_plain=True)`` has it."""
    return len(_dump_plain(value))


def cleaned(value: Any) -> Any:
    """Return a copy of *value* that is made of JSON's own types only; see `encode` for what becomes of the rest."""
    return _Cleaner().clean(value)


def _dump_plain(value: Any) -> bytes:
    return _dump(value).encode() if orjson is None else orjson.dumps(value)


def _dump_any(value: Any) -> bytes:
    body = _dump(value).encode()
    numbers = body.translate(_DIGITS_TO_ZERO)
    if any(number in numbers for number in _LONG_NUMBERS):  # perhaps but digits in a text: the copy will tell
        raise ValueError
    # Few bodies have so many brackets at all, and counting those is cheaper than a walk.
    if body.count(b"{") + body.count(b"[") > MAX_NESTING and _is_nested_too_deep(value):
        raise RecursionError
    return body


def _is_nested_too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_NESTING):
        level = [
            inner
            for outer in level
            for inner in (dict.values(outer) if isinstance(outer, dict) else outer)
            if type(inner) not in _LEAVES and isinstance(inner, (dict, list, tuple))
        ]
    return bool(level)


def _is(value: Any, kinds: type | tuple[type, ...]) -> bool:
    # Not `isinstance`: it believes what mocks and proxies say of their ``__class__``.
    return issubclass(type(value), kinds)


class _Cleaner:
    """Makes one cleaned copy. Goes by the built-in types' own methods, as subclasses may override theirs."""

    def __init__(self) -> None:
        self._parents: set[int] = set()
        self._nodes_left = _MAX_NODES
        self._reading = Reading(_BOUNDS, Kinds())

    def clean(self, value: Any) -> Any:
        self._nodes_left -= 1
        kind = next((kind for kind in _CONTAINERS if _is(value, kind)), None)
        if kind is None:
            return self._single(value)
        if id(value) in self._parents:
            return "<cycle>"
        if len(self._parents) >= MAX_NESTING or self._nodes_left < 0:
            return f"<{kind.__name__}>"
        self._parents.add(id(value))
        try:
            return self._mapping(value) if kind is dict else self._sequence(kind.__iter__(value))
        finally:
            self._parents.discard(id(value))

    def _mapping(self, value: dict[Any, Any]) -> dict[str, Any]:
        copy: dict[str, Any] = {}
        for key, inner in list(dict.items(value)):
            if self._nodes_left < 0:
                copy["…"] = "…"
                break
            name = _key(self.clean(key))
            # Two keys may become the same text: 1 and "1", or two of different lone surrogates.
            copy[f"{name} #{len(copy)}" if name in copy else name] = self.clean(inner)
        return copy

    def _single(self, value: Any) -> Any:
        if value is None or value is True or value is False:
            return value
        if _is(value, str):
            return _text(str.__str__(value))
        if _is(value, int):
            return _whole_number(int.__int__(value))
        if _is(value, float):
            return _number(float.__float__(value))
        return self.clean(self._reading.describe(value))

    def _sequence(self, values: Iterable[Any]) -> list[Any]:
        copy: list[Any] = []
        for inner in list(values):
            if self._nodes_left < 0:
                copy.append("…")
                break
            copy.append(self.clean(inner))
        return copy


def _key(name: Any) -> str:
    return name if isinstance(name, str) else _dump(name)


def _text(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        # By way of UTF-16 the two halves of a pair join, and a half without its other is replaced.
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _whole_number(number: int) -> int | str:
    if -(2**63) <= number < 2**64:
        return number
    if number.bit_length() > _MAX_INT_BITS:
        return f"<int of {number.bit_length()} bits>"
    return str(number)


def _number(number: float) -> float | str:
    if isfinite(number):
        return number
    if isnan(number):
        return "NaN"
    return "Infinity" if number > 0 else "-Infinity"
