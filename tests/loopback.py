"""A real HTTP server on 127.0.0.1 that answers by a script, keeps what it was sent, and can misbehave.

It speaks HTTP/1.1 with kept-alive connections, one thread each. It knows nothing of the package: it is
the other side of the wire. Faults happen on real sockets, so what a client sees is what it would see.
"""

from __future__ import annotations

import contextlib
import json
import math
import socket
import ssl
import struct
import sys
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

Unread = Literal["reset", "reset_sending", "early", "early_close"]
Fault = Literal[Unread, "close", "cut", "drip", "drip_body", "endless", "flood", "black_hole"]


class Reply(NamedTuple):
    """One scripted answer.

    Attributes:
        status: HTTP status.
        headers: Added to ``Content-Type`` and ``Content-Length``, or replacing them.
        body: A mapping goes out as JSON. ``None``: success with the posted uuid, or an error with ``message``.
        delay: Seconds before the answer; with a drip, seconds between two bytes (0: a twentieth).
        fault: ``reset``: the connection is reset, the request unread. ``reset_sending``: reset after half of the
            request's body. ``early``: answered before the request's body is read, then ended; ``early_close``:
            closed at once, the body unread. ``close``: read, then closed without an answer. ``cut``: half of the
            answer, then reset. ``drip``: byte by byte from the status line on; ``drip_body``: the body only.
            ``endless``: a body without end or length. ``flood``: headers without end. ``black_hole``: read, then
            silence until the server stops.
        raw: All bytes of the answer, in place of what the other attributes make; the connection ends with them.
    """

    status: int = 200
    headers: Mapping[str, str] = {}
    body: Mapping[str, Any] | str | bytes | None = None
    delay: float = 0.0
    fault: Fault | None = None
    raw: bytes | None = None


class Received(NamedTuple):
    """One request as it arrived (one that was reset, or answered early, was not read and is not kept).

    Attributes:
        method: ``POST``, ...
        path: As on the request line: a whole URL when the server is used as a proxy.
        headers: By lower-case name.
        body: As sent.
        item: The parsed JSON, or ``None``.
        connection: Which connection it came on, from 1.
        status: What it was answered (or would have been, but for a fault).
    """

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    item: Any
    connection: int
    status: int


class Loopback:
    """The server. A context manager; ``stop`` ends every connection and thread.

    Attributes:
        script: The answers to come, first one first; afterwards every request is answered with success.
        limit: ``(count, seconds)``: a rate limit by fixed windows, from the first unscripted request on, with
            truthful ``X-Rate-Limit-*`` headers and 429 beyond it. ``None``: no limit, no such headers.
        requests: What arrived, in order.
        connections: How many connections were accepted.
        endpoint: The API's base URL, with a final slash.
        certificate: Path of the certificate to trust, with TLS.
    """

    def __init__(self, *, tls: Path | None = None, port: int = 0, certificate: str | None = None) -> None:
        """Listen at once.

        Args:
            tls: A folder to keep the certificate in; makes it an HTTPS server.
            port: Where to listen, such as where another one has stopped; by default a free one.
            certificate: Key and certificate as PEM, in place of one for 127.0.0.1 and localhost.
        """
        self.script: list[Reply] = []
        self.limit: tuple[int, float] | None = None
        self.requests: list[Received] = []
        self.connections = 0
        self._window = _FixedWindow()
        self._changed = threading.Condition()
        self._server = _Server(self, port)
        self.certificate: Path | None = None
        if tls is not None:
            self.certificate = tls / "certificate.pem"
            self.certificate.write_text(certificate or _CERTIFICATE)
            self._server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._server.tls.load_cert_chain(self.certificate)
        self.endpoint = f"http{'s' * (tls is not None)}://127.0.0.1:{self._server.server_port}/api/1/"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="loopback")
        self._thread.start()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._server.server_port

    def wait_for(self, count: int, timeout: float = 60.0) -> bool:
        """Wait until *count* requests have arrived since the start; whether they have."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self.requests) >= count, timeout)

    def stop(self) -> None:
        """End every connection and thread. May be called more than once."""
        self._server.stopping.set()
        self._server.shutdown()
        self._thread.join()
        self._server.end_connections()
        self._server.server_close()

    def __enter__(self) -> Loopback:  # noqa: PYI034 - typing.Self is newer than Python 3.10
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _take(self, wanted: Callable[[Reply], bool]) -> Reply | None:
        with self._changed:
            return self.script.pop(0) if self.script and wanted(self.script[0]) else None

    def _receive(self, make: Callable[[int], Received]) -> Reply:
        """Keep one request and decide its answer, in one step, so that order and counts agree."""
        with self._changed:
            if self.script:
                reply = self.script.pop(0)
            elif self.limit is not None:
                reply = self._window.count(*self.limit)
            else:
                reply = Reply()
            self.requests.append(make(reply.status))
            self._changed.notify_all()
            return reply


class _FixedWindow:
    """Rollbar's counting: a window starts with the first call and lasts its size."""

    def __init__(self) -> None:
        self.ends_at = -math.inf
        self.used = 0
        self.reset = 0

    def count(self, limit: int, seconds: float) -> Reply:
        now = time.monotonic()
        if now >= self.ends_at:
            self.ends_at, self.used, self.reset = now + seconds, 0, math.ceil(time.time() + seconds)
        self.used += 1
        headers = {
            "X-Rate-Limit-Limit": str(limit),
            "X-Rate-Limit-Remaining": str(max(0, limit - self.used)),
            "X-Rate-Limit-Remaining-Seconds": str(max(1, math.ceil(self.ends_at - now))),
            "X-Rate-Limit-Reset": str(self.reset),
        }
        return Reply(200 if self.used <= limit else 429, headers)


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # stop() joins every thread
    request_queue_size = 64

    def __init__(self, owner: Loopback, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.owner = owner
        self.tls: ssl.SSLContext | None = None
        self.stopping = threading.Event()
        self.open: dict[socket.socket, int] = {}

    def get_request(self) -> tuple[Any, Any]:
        connection, address = super().get_request()
        if self.tls is not None:  # the handshake comes with the first read, on the connection's own thread
            connection = self.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        self.owner.connections += 1
        self.open[connection] = self.owner.connections
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        self.open.pop(request, None)
        if struct.unpack("ii", request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8))[0]:
            self.close_request(request)  # a FIN first would be a polite end, not a reset
        else:
            super().shutdown_request(request)

    def end_connections(self) -> None:
        for connection in list(self.open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], OSError):  # clients that go away are what some tests are about
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.number = self.server.open[self.connection]

    def handle_one_request(self) -> None:
        stream: Any = self.rfile
        if stream.peek(1) and self.server.owner._take(lambda reply: reply.fault == "reset"):
            self._reset()
        elif self.server.stopping.is_set():
            self.close_connection = True
        else:
            super().handle_one_request()

    def _reset(self) -> None:
        self.close_connection = True
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        unread = self.server.owner._take(lambda reply: reply.fault in get_args(Unread))
        if unread is not None:
            self._answer_unread(unread, length)
            return
        body = self.rfile.read(length)
        try:
            item = json.loads(body)
        except ValueError:
            item = None
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.server.owner._receive(
            lambda status: Received(self.command, self.path, headers, body, item, self.number, status)
        )
        if reply.fault in {"close", "black_hole"}:
            self.close_connection = True
            if reply.fault == "black_hole":
                self.server.stopping.wait()
        elif not reply.delay or reply.fault in {"drip", "drip_body"} or not self.server.stopping.wait(reply.delay):
            self._give(reply, *_rendered(reply, item))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_CONNECT = _answer  # noqa: N815 - http.server's names

    def _answer_unread(self, reply: Reply, length: int) -> None:
        if reply.fault == "reset_sending":
            self.rfile.read(length // 2)
            self._reset()
            return
        self.close_connection = True
        self.wfile.write(b"".join(_rendered(reply, None)))
        if reply.fault == "early":  # to close with something unread would be a reset, and take the answer along
            self.connection.shutdown(socket.SHUT_WR)
            self.rfile.read(length)

    def _give(self, reply: Reply, head: bytes, body: bytes) -> None:
        if "close" in {value.lower() for name, value in reply.headers.items() if name.lower() == "connection"}:
            self.close_connection = True
        if reply.raw is not None:
            self.close_connection = True
            self.wfile.write(reply.raw)
        elif reply.fault == "cut":
            self.wfile.write((head + body)[: len(head) + len(body) // 2])
            self._reset()
        elif reply.fault in {"endless", "flood"}:
            self.close_connection = True
            self.wfile.write(head if reply.fault == "endless" else head.removesuffix(b"\r\n"))
            more = b"x" * 65536 if reply.fault == "endless" else b"X-More: " + b"x" * 60000 + b"\r\n"
            while not self.server.stopping.is_set():
                self.wfile.write(more)
        elif reply.fault in {"drip", "drip_body"}:
            start = 0 if reply.fault == "drip" else len(head)
            self.wfile.write((head + body)[:start])
            for i in range(start, len(head) + len(body)):
                if self.server.stopping.wait(reply.delay or 0.05):
                    break
                self.wfile.write((head + body)[i : i + 1])
        else:
            self.wfile.write(head + body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Say nothing."""


def _rendered(reply: Reply, item: Any) -> tuple[bytes, bytes]:
    try:
        phrase = HTTPStatus(reply.status).phrase
    except ValueError:
        phrase = "Unknown"
    body, content_type = reply.body, "application/json; charset=utf-8"
    if body is None:
        data = item.get("data") if isinstance(item, dict) else None
        posted = data.get("uuid") if isinstance(data, dict) else None
        success = {"err": 0, "result": {"id": None, "uuid": posted or uuid.uuid4().hex}}
        body = success if reply.status < 400 else {"err": 1, "message": phrase.lower()}
    if isinstance(body, Mapping):
        body = json.dumps(body, indent=2)
    else:
        content_type = "text/html"
    content = body if isinstance(body, bytes) else body.encode()
    headers = {"Content-Type": content_type}
    if reply.fault != "endless":
        headers["Content-Length"] = str(len(content))
    given = {name.title(): value for name, value in reply.headers.items()}
    lines = [f"HTTP/1.1 {reply.status} {phrase}", *(f"{n}: {v}" for n, v in {**headers, **given}.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1"), content


# For 127.0.0.1 and localhost, from 2020 to 2120; it protects nothing.
_CERTIFICATE = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg8SbOlx+BJrzMgxCv
Vz9AbP82q0pElvilthleUmN7G/+hRANCAATyZCm1vtKPpMI959+fFAAPseg/YwVD
gs1tm6gR940NrIxlbLYxSDVqrlN0NQhea8h3ivr2v70AfQR8CP7310xu
-----END PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
MIIBxDCCAWmgAwIBAgIUQfVbcwMDyOOLSMSBxHdJgGd8eB4wCgYIKoZIzj0EAwIw
IDEeMBwGA1UEAwwVcm9sbGJhcl9sb2dnaW5nIHRlc3RzMCAXDTIwMDEwMTAwMDAw
MFoYDzIxMjAwMTAxMDAwMDAwWjAgMR4wHAYDVQQDDBVyb2xsYmFyX2xvZ2dpbmcg
dGVzdHMwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATyZCm1vtKPpMI959+fFAAP
seg/YwVDgs1tm6gR940NrIxlbLYxSDVqrlN0NQhea8h3ivr2v70AfQR8CP7310xu
o38wfTAPBgNVHRMBAf8EBTADAQH/MA4GA1UdDwEB/wQEAwIChDAdBgNVHQ4EFgQU
pklypZkB7P/FLo5Gmdvh/tddZ7swHwYDVR0jBBgwFoAUpklypZkB7P/FLo5Gmdvh
/tddZ7swGgYDVR0RBBMwEYIJbG9jYWxob3N0hwR/AAABMAoGCCqGSM49BAMCA0kA
MEYCIQCFaRcM2McTaVm4fHp2IBGoL9GzfyM75rw0Ply/5D/M/QIhAPNMES14LWdj
VS3Vt9cgZUJuV9dcLU9gptnp2W+ZUgIh
-----END CERTIFICATE-----
"""
