"""The body of a call, as it comes and as fields: JSON, or a form of either kind, whose files go to the disk.

The ``Content-Type`` is looked at for forms of several parts only, as they have their boundary there.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, MutableMapping
from typing import Any

from starlette.datastructures import Headers
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.responses import Response

from rollbar_logging.server.answers import Refused
from rollbar_logging.server.body import (
    MOST_FIELDS,
    Disconnected,
    Receive,
    form_fields,
    parse_json,
    read_body,
    too_large,
    unpack,
)
from rollbar_logging.server.traits import storable
from rollbar_logging.server.wire import Send

TOKEN = "access_token"  # noqa: S105 - the name of a field

_MOST_FILES = 100
_DRAINED_BYTES = 64 * 1024 * 1024
_MARK = b"\xef\xbb\xbf"


class Form(dict[str, Any]):
    """The fields of a form: numbers and booleans are texts there, which they may not be in JSON."""


class Incoming:
    """The body of a call on its way; gives ASGI messages.

    Attributes:
        is_over: Whether all of it has come, or nobody is there to send the rest.
    """

    def __init__(self, receive: Receive, headers: Headers) -> None:
        self.headers = headers
        self.is_over = False
        self._receive = receive
        self._again: MutableMapping[str, Any] | None = None

    async def __call__(self) -> MutableMapping[str, Any]:
        """Return the next message."""
        if self._again is not None:
            message, self._again = self._again, None
            return message
        message = await self._receive()
        self.is_over = message["type"] == "http.disconnect" or not message.get("more_body", False)
        return message

    async def beginning(self) -> bytes:
        """Return what comes first, which will come again."""
        self._again = await self()
        return _stripped(self._again.get("body", b""))

    async def chunks(self, limit: int) -> AsyncGenerator[bytes, None]:
        """Yield the body.

        Raises:
            Refused: 413, when it has more than *limit* bytes.
            Disconnected: The client went away.
        """
        size, is_first = 0, True
        while True:
            message = await self()
            if message["type"] == "http.disconnect":
                raise Disconnected
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > limit:
                raise too_large()
            yield _stripped(chunk) if is_first else chunk
            is_first = False
            if self.is_over:
                return

    async def drain(self) -> None:
        """Take what is still being sent, and throw it away, within bounds."""
        if self.headers.get("expect", "").lower() == "100-continue":
            return  # the client has been answered, and sends nothing
        left = _DRAINED_BYTES
        while left > 0 and not self.is_over:
            left -= len((await self()).get("body", b""))


class EarlyResponse(Response):
    """An answer to a call whose body has not been read to its end.

    It is sent as a whole at once. A client that is still sending would see a broken connection in its place if that
    was closed already.
    """

    def __init__(self, response: Response, incoming: Incoming) -> None:
        """Send *response*."""
        super().__init__(response.body, response.status_code)
        self.raw_headers = response.raw_headers
        self._incoming = incoming

    async def __call__(self, _scope: Any, _receive: Any, send: Send) -> None:
        """Send it, and take what is still on its way."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        await self._incoming.drain()
        await send({"type": "http.response.body", "body": b""})


def answered(response: Response, incoming: Incoming) -> Response:
    """Return what sends *response* to a caller whose body may not have been read to its end."""
    return response if incoming.is_over else EarlyResponse(response, incoming)


class _Cut(MultiPartException):
    """Ends the reading of a form, which closes its files for this kind of exception only."""

    def __init__(self, cause: Exception) -> None:
        super().__init__("")
        self.cause = cause


async def read_fields(
    incoming: Incoming, *, most: int, most_of_parts: int, on_token: Callable[[str], object]
) -> Mapping[str, Any]:
    """Read the body of a call, and understand it by what it is.

    Args:
        incoming: The body.
        most: Bytes that it may have, packed or not.
        most_of_parts: Bytes that it may have as a form of several parts, whose files are not held in memory.
        on_token: Is told the ``access_token`` of such a form as soon as it has come; what it raises is raised here.

    Raises:
        Refused: 400, when it is not understood; 413, when it is too large.
        Disconnected: The client went away.
    """
    headers = incoming.headers
    is_packed = headers.get("content-encoding", "").strip().lower() not in {"", "identity"}
    has_parts = headers.get("content-type", "").startswith("multipart/form-data")
    if has_parts and not is_packed and (await incoming.beginning()).startswith(b"--"):
        return await _multipart(headers, incoming.chunks(most_of_parts), on_token)
    body = unpack(await read_body(incoming, headers, most), headers.get("content-encoding", ""), most)
    body = _stripped(body).rstrip()
    if not body:
        return {}
    if body[:1] in b"{[":
        return _object(parse_json(body))
    if has_parts and body.startswith(b"--"):
        return await _multipart(headers, _at_once(body), on_token)
    form = Form(_storable(dict(form_fields(body))))
    return _object(parse_json(form["payload"].encode("utf-8", "replace"))) if "payload" in form else form


def _stripped(beginning: bytes) -> bytes:
    return beginning.removeprefix(_MARK).lstrip()


async def _at_once(body: bytes) -> AsyncGenerator[bytes, None]:
    yield body


async def _multipart(headers: Headers, chunks: AsyncGenerator[bytes, None], on_token: Callable[[str], object]) -> Form:
    async def told() -> AsyncGenerator[bytes, None]:
        """Look, before more is taken, whether the token has come."""
        is_known = False
        try:
            async for chunk in chunks:
                yield chunk
                text = None if is_known else next((text for name, text in parser.items if name == TOKEN), None)
                if isinstance(text, str):
                    on_token(text)
                    is_known = True
        except (Refused, Disconnected) as cause:
            raise _Cut(cause) from cause

    parser = MultiPartParser(headers, told(), max_files=_MOST_FILES, max_fields=MOST_FIELDS)
    try:
        form = await parser.parse()
    except _Cut as cut:
        raise cut.cause from None
    except (MultiPartException, ValueError, KeyError):
        raise Refused(400, "Bad request") from None
    return Form(_storable(dict(form.multi_items())))


def _object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Refused(400, "Bad request")
    return dict(_storable(value))


def _storable(value: Any) -> Any:
    """Replace in all texts of a JSON value what no database carries."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list):
        return [_storable(inner) for inner in value]
    return {_storable(key): _storable(inner) for key, inner in value.items()} if isinstance(value, dict) else value
