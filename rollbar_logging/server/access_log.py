"""The access log: a line for each call, with structlog, configured by nobody and configuring nothing.

The process may log with structlog itself, and have configured it; so every part is given here.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any, TextIO
from urllib.parse import unquote

import structlog

from rollbar_logging.server.body import Receive
from rollbar_logging.server.call_note import CALL_NOTE, CallNote
from rollbar_logging.server.wire import Send

App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

LOG_FORMS = ("json", "text")

_HIDDEN = "***"
_HEALTH = "/health"
_WELL = 200
_TOKEN_SEGMENTS = frozenset({"access_token", "access_tokens"})


def access_logger(form: str, stream: TextIO) -> Any:
    """Return a logger that writes lines to *stream*.

    Args:
        form: ``json``, an object a line, or ``text``.
        stream: Where to.
    """
    render: Any = structlog.processors.JSONRenderer() if form == "json" else _as_text
    return structlog.wrap_logger(
        structlog.WriteLogger(stream),
        processors=[structlog.processors.TimeStamper(fmt="iso", utc=True), render],
        wrapper_class=structlog.BoundLogger,
        context_class=dict,
        cache_logger_on_first_use=False,
    )


class AccessLog:
    """Writes a line about each call.

    The keys: ``method``, ``path`` without its query, ``status`` (0: nobody was answered), ``ms`` until the
    answer was complete, ``bytes`` of the answer's body, ``token``, by its name, and ``remote``. Of ``/health``,
    which is asked all day, only trouble is told.
    """

    def __init__(self, logger: Any, is_secret: Callable[[str], bool]) -> None:
        """Write to *logger*; *is_secret* says which parts of a path are not to be shown."""
        self._logger = logger
        self._is_secret = is_secret

    def around(self, app: App) -> App:
        """Return *app* with a line written after each of its calls."""

        async def call(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
            """Pass the call on, and write a line when it is over."""
            began = time.perf_counter()
            status = size = 0
            note = CallNote()
            CALL_NOTE.set(note)  # for this call's task

            async def watched(message: MutableMapping[str, Any]) -> None:
                """Note what the answer says of itself."""
                nonlocal status, size
                status = message.get("status", status)
                size += len(message.get("body", b""))
                await send(message)

            try:
                await app(scope, receive, watched)
            finally:
                milliseconds = round((time.perf_counter() - began) * 1000, 1)
                if scope["path"] != _HEALTH or status != _WELL:
                    facts = _facts(scope, self._is_secret)
                    self._write("call", **facts, token=note.token_name, status=status, ms=milliseconds, bytes=size)

        return call

    def refused(self, status: int, remote: str) -> None:
        """Write a line about a call that never became one: its headers or its body did not come in time or size."""
        self._write("refused", method="-", path="-", token=None, remote=remote, status=status, ms=0.0, bytes=0)

    def _write(self, event: str, **facts: Any) -> None:
        with suppress(OSError, ValueError):  # whoever read the log has gone: no reason to fail a call
            self._logger.info(event, **facts)


def _facts(scope: MutableMapping[str, Any], is_secret: Callable[[str], bool]) -> dict[str, Any]:
    client = scope.get("client")
    return {
        "method": scope["method"],
        "path": shown_path(scope.get("raw_path") or scope["path"].encode(), is_secret),
        "remote": client[0] if client else "",
    }


def shown_path(path: bytes, is_secret: Callable[[str], bool]) -> str:
    """Return a path as a log may show it: a line's end stays escaped, and a token's text is hidden.

    Args:
        path: As it was sent, percent-encoded.
        is_secret: Whether a part of it is a token's text.
    """
    parts = path.decode("ascii", "backslashreplace").split("/")
    shown = []
    for before, part in zip(["", *parts], parts, strict=False):
        is_hidden = bool(part) and (before in _TOKEN_SEGMENTS or is_secret(unquote(part)))
        shown.append(_HIDDEN if is_hidden else part)
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in "/".join(shown))


def _as_text(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> str:
    return (
        f"{event['timestamp']} {event['remote'] or '-'} {event['method']} {event['path']} {event['status']} "
        f"{event['ms']:.1f}ms {event['bytes']}B token={event['token'] or '-'}"
    )
