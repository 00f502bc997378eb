"""Values of subclasses of built-in types, read past whatever the subclass put over its base's own methods."""

from __future__ import annotations

from collections import deque
from typing import Any

from rollbar_logging.capture import values
from rollbar_logging.capture.occurrence import Plain
from rollbar_logging.capture.values import Reader, Reading


def _read_str(reading: Reading, value: str, _depth: int) -> Plain:
    return reading.text(str.__str__(value))


def _read_int(reading: Reading, value: int, depth: int) -> Plain:
    return values.read_int(reading, int.__int__(value), depth)


def _read_float(reading: Reading, value: float, depth: int) -> Plain:
    return values.read_float(reading, float.__float__(value), depth)


def _sequence_of(base: Any) -> Reader:
    def read(reading: Reading, value: Any, depth: int) -> Plain:
        return reading.sequence(base.__iter__(value), base.__len__(value), depth, value)

    return read


def _read_dict(reading: Reading, value: dict[Any, Any], depth: int) -> Plain:
    return reading.mapping(dict.items(value), dict.__len__(value), depth, value)


SUBCLASSES: dict[type, Reader] = {
    str: _read_str,
    int: _read_int,
    float: _read_float,
    bytes: values.read_bytes,
    bytearray: values.read_bytes,
    dict: _read_dict,
    **{base: _sequence_of(base) for base in (list, tuple, set, frozenset, deque)},
}
"""How a value is read by the built-in type that it is of a subclass of."""
