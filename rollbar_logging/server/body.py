"""A call's body: read within bounds, unpacked, and understood by what it is.

The ``Content-Type`` is not looked at, because official clients send JSON under the type of a form.
"""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, NamedTuple, NoReturn
from urllib.parse import parse_qsl

from rollbar_logging.server.answers import Refused

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

DEFAULT_MAX_BODY = 1_048_576
"""Bytes: the "1024kb" of the item's page in the API reference; other pages of it say 128 KB."""

MAX_DEPTH = 200
"""Levels of nested objects and lists; JSON readers and writers give up somewhere above."""

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
    """

    payload: Any
    access_token: str | None


async def read_body(receive: Receive, headers: Mapping[str, str], limit: int) -> bytes:
    """Read a whole body as it arrived, holding no more than *limit* bytes of it.

    Raises:
        Refused: 413, when there are more.
        Disconnected: The client went away.
    """
    declared = headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit and not _would_be_sent(int(declared), headers):
        raise _too_large()
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
        raise _too_large()
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _would_be_sent(declared: int, headers: Mapping[str, str]) -> bool:
    return declared <= _DRAINED_BYTES and headers.get("expect", "").lower() != "100-continue"


def _too_large() -> Refused:
    return Refused(413, "request entity too large")


def _bad_request() -> Refused:
    return Refused(400, "Bad request")


def unpack(body: bytes, encoding: str, limit: int) -> bytes:
    """Undo a ``Content-Encoding`` of ``gzip`` or ``deflate``, up to *limit* bytes.

    Raises:
        Refused: 413, when more comes out; 400, when the body is not what it says or is cut short.
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
        raise _too_large()
    if not unpacker.eof:
        raise _bad_request()
    return unpacked


def parse_body(body: bytes) -> Parsed:
    """Understand a body: JSON, or a form whose field ``payload`` is JSON.

    Raises:
        Refused: 400, when it is neither: broken JSON, no UTF-8, ``NaN``, nested deeper than `MAX_DEPTH`.
    """
    body = body.removeprefix(b"\xef\xbb\xbf").strip()
    if body[:1] in b"{[":
        payload = parse_json(body)
        return Parsed(payload, _text(payload.get("access_token")) if isinstance(payload, dict) else None)
    form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    if "payload" not in form:
        return Parsed(parse_json(body), None)
    payload = parse_json(form["payload"].encode("utf-8", "replace"))
    given = payload.get("access_token") if isinstance(payload, dict) else None
    return Parsed(payload, _text(given) or _text(form.get("access_token")))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def parse_json(text: bytes) -> Any:
    """Read JSON text.

    Raises:
        Refused: 400, as `parse_body`.
    """
    try:
        value = json.loads(text.decode("utf-8"), parse_constant=_refuse_constant, parse_float=_finite)
    except (ValueError, RecursionError):
        raise _bad_request() from None
    # Depth is at most the number of brackets, which is cheap to count; few bodies need the walk.
    if text.count(b"{") + text.count(b"[") > MAX_DEPTH and _depth_exceeds(value, MAX_DEPTH):
        raise _bad_request()
    return value


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
