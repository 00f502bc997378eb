"""What one connection may take: bytes of headers, time to send, time to read; and how many there may be.

uvicorn's protocols know none of these bounds but an idle connection's, so that a client which sends a byte
now and then would keep a connection, and what is built for it, for ever. Each protocol is put into a `Guard`
that notes what comes; once a second all are looked at.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, MutableMapping
from typing import Any, NamedTuple

from rollbar_logging.server.access_log import App
from rollbar_logging.server.answers import CORS_HEADERS, MEDIA_TYPE, failure
from rollbar_logging.server.body import Receive
from rollbar_logging.server.wire import Send

_PHRASES = {
    400: "Bad Request",
    408: "Request Timeout",
    431: "Request Header Fields Too Large",
    503: "Service Unavailable",
}
_REFUSED = "rollbar_logging.refused"
"""Key of a call's scope."""
_SWEEP_SECONDS = 1.0
_LINGER_SECONDS = 1.0
_UNREAD_BODY = 128 * 1024 * 1024
"""Bytes that a client may go on sending after its answer: more than any call is read to its end for."""


class Limits(NamedTuple):
    """The bounds.

    Attributes:
        connections: At the same time; one more is answered 503.
        header_bytes: Of one call, its first line included.
        header_seconds: From its first byte, or from the connection's begin, to the end of a call's headers.
        body_seconds: From there to the end of its body.
        silent_seconds: Between two parts of a body.
        unread_seconds: During which an answer may wait for a client that does not read on.
        idle_seconds: Between two calls: longer than clients keep connections, so that they close first.
    """

    connections: int = 1000
    header_bytes: int = 32_768
    header_seconds: float = 10.0
    body_seconds: float = 60.0
    silent_seconds: float = 10.0
    unread_seconds: float = 30.0
    idle_seconds: int = 75


DEFAULT_LIMITS = Limits()


class Guards:
    """All open connections. For the event loop's thread."""

    def __init__(self, limits: Limits, on_refused: Callable[[int, str], None]) -> None:
        """Keep the bounds; *on_refused* is told the status and the client's address."""
        self.limits = limits
        self.on_refused = on_refused
        self._guards: set[Guard] = set()
        self._lingering: set[Guard] = set()

    def protocol(self, inner: Callable[..., Any]) -> Callable[..., Guard]:
        """Return what makes guarded protocols, in place of *inner*, which makes uvicorn's."""
        return lambda **given: Guard(inner(**given), self)

    @staticmethod
    def app(app: App) -> App:
        """Return *app* without the calls that were refused before they reached it."""

        async def call(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
            """Answer what was refused on the way, and pass the rest on."""
            if _REFUSED not in scope:
                await app(scope, receive, send)

        return call

    def admit(self, guard: Guard) -> bool:
        """Take in a connection, or say that it is one too many."""
        if len(self._guards) >= self.limits.connections:
            return False
        self._guards.add(guard)
        return True

    def forget(self, guard: Guard) -> None:
        """Note that a connection is gone."""
        self._guards.discard(guard)
        self._lingering.discard(guard)

    def linger(self, guard: Guard) -> None:
        """Close a connection soon: at once, what the client is still sending would cost it the answer."""
        self._lingering.add(guard)
        asyncio.get_running_loop().call_later(_LINGER_SECONDS, guard.close)

    async def watch(self) -> None:
        """End what takes too long, until cancelled."""
        while True:
            await asyncio.sleep(min(_SWEEP_SECONDS, self.limits.header_seconds, self.limits.silent_seconds))
            self.sweep(asyncio.get_running_loop().time())

    def sweep(self, now: float) -> None:
        """Look at all connections once.

        Args:
            now: Seconds of the event loop's clock.
        """
        for guard in list(self._guards):
            guard.check(now)

    def end_lingering(self) -> None:
        """Close the connections that are to be closed soon."""
        for guard in list(self._lingering):
            guard.close()

    def end_all(self) -> None:
        """Drop what is left: nothing may outlive the event loop."""
        for guard in [*self._guards, *self._lingering]:
            guard.drop()

    def end_answers(self) -> None:
        """Close connections in the middle of their answers, as those of event streams always are."""
        for guard in list(self._guards):
            guard.end_answer()


class Guard(asyncio.Protocol):
    """One connection: passes everything on to uvicorn's protocol, and notes how far its call has come."""

    def __init__(self, inner: Any, guards: Guards) -> None:
        """Guard uvicorn's protocol *inner*."""
        self._inner = inner
        inner.send_400_response = self._refuse_malformed  # uvicorn's own is no JSON
        self._guards = guards
        self._limits = guards.limits
        self._time: Callable[[], float] = asyncio.get_running_loop().time
        self._transport: Any = None
        self._is_over = False
        self._cycle: Any = None  # uvicorn's name for the call whose headers came last
        self._bytes = 0  # since then, of the next call's headers
        self._since = self._heard_at = self._unread_since = 0.0
        self._unread = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, or refuse one connection too many."""
        self._transport = transport
        self._since = self._unread_since = self._time()
        if self._guards.admit(self):
            self._inner.connection_made(transport)
        else:
            self._refuse(503, "too many connections: try again soon")

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass it on."""
        self._guards.forget(self)
        if self._inner.transport is not None:
            self._inner.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Pass it on, and note what of a call it was."""
        if self._is_over:
            return
        was_body = self._cycle is not None and self._cycle.more_body
        self._inner.data_received(data)
        if self._transport.is_closing():  # it was no HTTP
            return
        now = self._heard_at = self._time()
        if self._inner.cycle is not self._cycle:
            self._cycle = self._inner.cycle
            most = self._bytes + len(data)  # a body's begin may be among them, so they are counted only when in doubt
            self._bytes, self._since = 0, now
            if most > self._limits.header_bytes and self._header_bytes() > self._limits.header_bytes:
                self._refuse_headers()
        elif self._cycle is None or not (was_body or self._cycle.more_body):
            if not self._bytes:
                self._since = now
            self._bytes += len(data)
            if self._bytes > self._limits.header_bytes:
                self._refuse_headers()
        elif self._cycle.response_complete and self._cycle.more_body:
            self._bytes += len(data)
            if self._bytes > _UNREAD_BODY:
                self._end()

    def eof_received(self) -> bool | None:
        """Pass it on."""
        return None if self._is_over else self._inner.eof_received()

    def pause_writing(self) -> None:
        """Pass it on."""
        if self._inner.transport is not None:
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        """Pass it on."""
        if self._inner.transport is not None:
            self._inner.resume_writing()

    def check(self, now: float) -> None:
        """End the connection when it takes too long.

        Args:
            now: Seconds of the event loop's clock.
        """
        if self._is_unread(now):
            self._transport.abort()
        elif self._is_over or self._transport.is_closing():
            return
        elif self._cycle is None or (self._cycle.response_complete and not self._cycle.more_body):
            self._check_headers(now)
        elif self._cycle.more_body:
            self._check_body(now)
        else:
            self._since = now  # our turn; what may have come of the next call need not end before we have answered

    def end_answer(self) -> None:
        """Close the connection when its answer has begun and not ended."""
        if self._cycle is not None and self._cycle.response_started and not self._cycle.response_complete:
            self._end()

    def close(self) -> None:
        """Close the connection, if it is not closed."""
        self._transport.close()

    def drop(self) -> None:
        """End the connection without sending what is left."""
        self._transport.abort()

    def _is_unread(self, now: float) -> bool:
        unread = self._transport.get_write_buffer_size()
        if not unread or unread != self._unread:
            self._unread, self._unread_since = unread, now
        return now - self._unread_since > self._limits.unread_seconds

    def _check_headers(self, now: float) -> None:
        if now - self._since <= self._limits.header_seconds:
            return
        if self._bytes:
            self._refuse(408, "the headers took too long")
        elif self._cycle is None:
            self._end()  # a connection that was opened to be used later, perhaps: no word of blame

    def _check_body(self, now: float) -> None:
        if self._inner.flow.read_paused:
            self._heard_at = self._since = now  # it is us who do not listen
        elif (
            now - self._since > self._limits.body_seconds
            or now - max(self._heard_at, self._since) > self._limits.silent_seconds
        ):
            self._refuse(408, "the body took too long")

    def _header_bytes(self) -> int:
        scope = self._cycle.scope
        fields = sum(len(name) + len(value) + 4 for name, value in scope["headers"])
        return fields + len(scope["raw_path"]) + len(scope["query_string"])

    def _refuse_malformed(self, _message: str) -> None:
        self._refuse(400, "Bad request")

    def _refuse_headers(self) -> None:
        self._refuse(431, f"the headers are larger than {self._limits.header_bytes} bytes")

    def _refuse(self, status: int, message: str) -> None:
        """Answer in place of the application, unless it has begun to, and close."""
        if self._is_over:
            return
        peer = self._transport.get_extra_info("peername")
        self._guards.on_refused(status, str(peer[0]) if isinstance(peer, tuple) else "")
        if self._cycle is None or self._cycle.response_complete or not self._cycle.response_started:
            self._transport.write(_answer(status, message))
        self._give_up()
        self._transport.write_eof()
        self._guards.linger(self)

    def _end(self) -> None:
        self._give_up()
        self._transport.close()

    def _give_up(self) -> None:
        self._is_over = True
        if self._cycle is not None and not self._cycle.response_complete:
            # At once, not when the connection is gone: a call that was refused must not be carried out.
            self._cycle.scope[_REFUSED] = True
            self._cycle.disconnected = True
            self._cycle.message_event.set()


def _answer(status: int, message: str) -> bytes:
    body = failure(status, message).body
    permitted = "".join(f"{name}: {value}\r\n" for name, value in CORS_HEADERS)
    head = (
        f"HTTP/1.1 {status} {_PHRASES[status]}\r\n{permitted}content-type: {MEDIA_TYPE}\r\n"
        f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    return head.encode("ascii") + body
