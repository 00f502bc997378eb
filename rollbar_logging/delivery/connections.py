"""The connections of `transport`: what they note of an exchange, and an end to how long an answer may take."""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import threading
from time import monotonic
from typing import Any


class Notes:
    """What became of the exchange that is under way on this thread.

    Attributes:
        is_fresh: Whether its connection was opened for it.
        is_sent: Whether a byte of the item may have left.
    """

    is_fresh = False
    is_sent = False


def new_notes() -> Notes:
    """Return notes that each thread has for itself; each greenlet, once `threading` was patched."""
    kind: type[Notes] = type("_NotesHere", (Notes, threading.local), {})
    return kind()


def present_context() -> ssl.SSLContext:
    """Return a context for where `ssl` was patched after urllib3 had been imported, as by gevent.

    The kind that urllib3 knows refers to itself by its name, under which there is the new one, and so without an end.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def watched(base: Any, notes: Notes) -> type:
    """Return the connection class *base*, taking notes, and with an end to how long an answer may take."""

    class Watched(base):  # type: ignore[misc]
        response_class = _BoundedResponse

        def connect(self) -> None:
            was_sent, notes.is_fresh = notes.is_sent, True
            try:
                super().connect()
            finally:
                notes.is_sent = was_sent  # what a proxy was asked for is not the item

        def send(self, data: Any) -> None:
            if self.sock is None:
                self.connect()
            notes.is_sent = True
            super().send(data)

    return Watched


class _BoundedResponse(http.client.HTTPResponse):
    """An answer whose headers and body together must come within the socket's timeout."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_BoundedFile(sock, self.fp.detach()))

    def begin(self) -> None:
        super().begin()
        while 101 < self.status < 200:  # noqa: PLR2004 - interim, such as 103: the answer follows
            self.headers = self.msg = None  # type: ignore[assignment]
            super().begin()


class _BoundedFile(io.RawIOBase):
    """A socket's file with one timeout for all that is read, where the socket's own is for each read.

    A server that sends a byte now and then would otherwise hold a sender for as long as it likes.
    """

    def __init__(self, sock: socket.socket, raw: io.RawIOBase) -> None:
        self._sock = sock
        self._raw = raw
        self._deadline = monotonic() + (sock.gettimeout() or 0.0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline - monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()
