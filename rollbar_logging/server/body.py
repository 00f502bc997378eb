"""A call's body: read within bounds, unpacked, and understood by what it is.

The ``Content-Type`` is not looked at, because official clients send JSON under the type of a form.
"""

from __future__ import annotations

import json
import math
import re
import zlib
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, NamedTuple, NoReturn
from urllib.parse import parse_qsl

from rollbar_logging.server.answers import Refused
from rollbar_logging.server.multipart import is_multipart, multipart_fields

try:
    from orjson import loads as _fast_loads
except ModuleNotFoundError:
    _fast_loads = None  # type: ignore[assignment]

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

DEFAULT_MAX_BODY = 131_072
"""Bytes: the 128 KB of the status table in the API reference; the page of the item says 1024 KB."""

MAX_DEPTH = 200
"""Levels of nested objects and lists; JSON readers and writers give up somewhere above."""

_USUAL_START = re.compile(rb'\{\s*"data"\s*:\s*')

_LONG = b"0" * 20
_AS_NOUGHTS = bytes.maketrans(b"123456789", b"000000000")

MOST_FIELDS = 1000
"""Of one form."""

_DRAINED_BYTES = 64 * 1024 * 1024
"""So much of a body that is too large is read and thrown away: a client that is still sending
would otherwise see a broken connection in place of the answer."""


class Disconnected(Exception):  # noqa: N818 - an event, not an error
    """The client went away in the middle of its body."""


class Parsed(NamedTuple):
    """A body, understood.

    Attributes:
        payload: The JSON value.
        access_token: The token given in the body, if any.
        data: JSON text of the payload's ``data`` as it came, where it is all that the body holds.
    """

    payload: Any
    access_token: str | None
    data: str | None = None


async def read_body(receive: Receive, headers: Mapping[str, str], limit: int) -> bytes:
    """Read a whole body as it arrived, holding no more than *limit* bytes of it.

    Raises:
        Refused: 413, when there are more.
        Disconnected: The client went away.
    """
    declared = headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit and not _would_be_sent(int(declared), headers):
        raise too_large()
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= limit:
            chunks.append(chunk)
        else:
            chunks.clear()
        if not message.get("more_body", False) or size > limit + _DRAINED_BYTES:
            break
    if size > limit:
        raise too_large()
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _would_be_sent(declared: int, headers: Mapping[str, str]) -> bool:
    return declared <= _DRAINED_BYTES and headers.get("expect", "").lower() != "100-continue"


def too_large() -> Refused:
    """Return the refusal of a body that is over the limit."""
    return Refused(413, "request entity too large")


def _bad_request() -> Refused:
    return Refused(400, "Bad request")


def unpack(body: bytes, encoding: str, limit: int) -> bytes:
    """Undo a ``Content-Encoding`` of ``gzip`` or ``deflate``, up to *limit* bytes.

    Raises:
        Refused: 413, when more comes out; 400, when the body is not what it says, is cut short, or goes on.
    """
    encoding = encoding.strip().lower()
    if encoding in {"", "identity"}:
        return body
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        raise _bad_request()
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # 32: tells gzip from zlib by the header
    try:
        unpacked = unpacker.decompress(body, limit + 1)
    except zlib.error:
        raise _bad_request() from None
    if len(unpacked) > limit:
        raise too_large()
    if not unpacker.eof or unpacker.unused_data:
        raise _bad_request()
    return unpacked


def parse_body(body: bytes) -> Parsed:
    """Understand a body: JSON, or a form (of either kind) whose field ``payload`` is JSON.

    Raises:
        Refused: 400, when it is neither: broken JSON, no UTF-8, ``NaN``, nested deeper than `MAX_DEPTH`.
    """
    body = body.removeprefix(b"\xef\xbb\xbf").strip()
    if body[:1] in b"{[":
        if (usual := _parse_usual(body)) is not None:
            return usual
        payload = parse_json(body)
        return Parsed(payload, _text(payload.get("access_token")) if isinstance(payload, dict) else None)
    form = multipart_fields(body, MOST_FIELDS) if is_multipart(body) else dict(form_fields(body))
    if "payload" not in form:
        return Parsed(parse_json(body), None)
    payload = parse_json(form["payload"].encode("utf-8", "replace"))
    given = payload.get("access_token") if isinstance(payload, dict) else None
    return Parsed(payload, _text(given) or _text(form.get("access_token")))


def form_fields(body: bytes) -> list[tuple[str, str]]:
    """Read a form's fields.

    Raises:
        Refused: 400, when there are more than `MOST_FIELDS`.
    """
    try:
        return parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise _bad_request() from None


def _parse_usual(body: bytes) -> Parsed | None:
    """Understand ``{"data": {…}}`` without anything else, as handlers send it; ``None``: it is something else.

    Nine of ten calls are such, and take a third of the time in this way. What the fast reader refuses, the other
    one looks at.
    """
    start = _USUAL_START.match(body)
    if start is None or not body.endswith(b"}"):
        return None
    text = body[start.end() : -1]
    try:
        data = _strict_loads(text) if _fast_loads is None or _may_have_long(text) else _fast_loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict) or _is_too_deep(text, data):
        return None
    return Parsed({"data": data}, None, text.decode("utf-8").rstrip())


def _may_have_long(text: bytes) -> bool:
    """Whether a whole number of more than 64 bits may be in it, of which the fast reader makes a float."""
    return _LONG in text.translate(_AS_NOUGHTS)  # twenty times as fast as a regular expression


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def parse_json(text: bytes) -> Any:
    """Read JSON text.

    Raises:
        Refused: 400, as `parse_body`.
    """
    try:
        value = _strict_loads(text)
    except (ValueError, RecursionError):
        raise _bad_request() from None
    if _is_too_deep(text, value):
        raise _bad_request()
    return value


def _strict_loads(text: bytes) -> Any:
    return json.loads(text.decode("utf-8"), parse_constant=_refuse_constant, parse_float=_finite)


def _is_too_deep(text: bytes, value: Any) -> bool:
    # Depth is at most the number of brackets, which is cheap to count; few bodies need the walk.
    return text.count(b"{") + text.count(b"[") > MAX_DEPTH and _depth_exceeds(value, MAX_DEPTH)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError(digits)  # 1e999: it could not be written out again
    return number


def _depth_exceeds(value: Any, limit: int) -> bool:
    level = [value]
    for _ in range(limit + 1):
        inner: list[Any] = []
        for container in level:
            if isinstance(container, dict):
                inner.extend(container.values())
            elif isinstance(container, list):
                inner.extend(container)
        if not inner:
            return False
        level = inner
    return any(isinstance(left, (dict, list)) for left in level)
