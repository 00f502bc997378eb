"""The beginning of a value, within so many bytes of JSON, with a word on what is missing.

Works on plain values. The work done grows with the bytes that stay, not with those that go.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from rollbar_logging.item.encode import size_of

LEAST = 64
"""Bytes that `shorten` needs at least."""

_MARKER = 32  # bytes of the entry that tells how many more there were, with its comma
_LONG_KEY = 128
_CUT = re.compile(r"… \(\d{1,10} characters\)\Z")
_MORE = re.compile(r"… (\d{1,10}) more")


def shorten(value: Any, room: int) -> Any:
    """Return the beginning of a plain value that is larger than *room*.

    A text ends in its full length. Of a list or mapping the first entries stay, the first that does not fit
    is shortened itself, and a last entry tells how many more there were.

    Args:
        value: A plain value that takes more than *room* bytes as JSON.
        room: Bytes that the result may take; `LEAST` or more.
    """
    if isinstance(value, str):
        return _beginning(value, room)
    left = room - 2 - _MARKER
    kept: list[tuple[str, Any]] = []
    for key, inner in value.items() if isinstance(value, dict) else (("", inner) for inner in value):
        name = key if len(key) < _LONG_KEY else _beginning(key, _LONG_KEY)
        cost = size_of(name) + 2 if isinstance(value, dict) else 1
        size = _size_within(inner, left - cost)
        if size is None:
            if left - cost >= LEAST:
                kept.append((name, shorten(inner, left - cost)))
            break
        kept.append((name, inner))
        left -= cost + size
    gone = f"… {len(value) - len(kept) + _gone_before(value)} more"
    return {**dict(kept), "…": gone} if isinstance(value, dict) else [*(inner for _, inner in kept), gone]


def common_room(sizes: Sequence[int], excess: int, floor: int) -> int:
    """Return the size to which all larger ones must be cut so that *excess* bytes go.

    Args:
        sizes: Sizes, largest first.
        excess: Bytes to save.
        floor: The result is not below this, even if too little is saved then.
    """
    total = 0
    for count, size in enumerate(sizes, 1):
        total += size
        room = (total - excess) // count
        if count == len(sizes) or room >= sizes[count]:
            return max(room, floor)
    return floor


def _beginning(text: str, room: int) -> str:
    before = _CUT.search(text[-_MARKER:])
    mark = before.group() if before else f"… ({len(text)} characters)"
    left = room - size_of(mark)
    # One character takes one byte at least, so no more than that many need a look.
    fitting = bisect_right(range(min(len(text), left) + 1), left, key=lambda length: size_of(text[:length]) - 2)
    return text[: fitting - 1] + mark


def _gone_before(container: dict[str, Any] | list[Any]) -> int:
    """Return how many entries the marker stands for, beside itself, that an earlier shortening has left."""
    last = next(reversed(container.values() if isinstance(container, dict) else container))
    before = _MORE.fullmatch(last) if isinstance(last, str) else None
    return int(before[1]) - 1 if before else 0


def _size_within(value: Any, room: int) -> int | None:
    """Return the size of *value*, or ``None`` if it is more than *room*."""
    if isinstance(value, (dict, list)):
        return _container_size_within(value, room)
    if isinstance(value, str) and len(value) > room:
        return None
    size = size_of(value)
    return size if size <= room else None


def _container_size_within(value: dict[str, Any] | list[Any], room: int) -> int | None:
    total = 2 + max(len(value) - 1, 0)
    for key, inner in value.items() if isinstance(value, dict) else (("", inner) for inner in value):
        total += size_of(key) + 1 if isinstance(value, dict) else 0
        size = _size_within(inner, room - total)
        if size is None:
            return None
        total += size
    return total if total <= room else None
