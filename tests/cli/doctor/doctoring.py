"""Runs the doctor in this process for its tests, and sees to it that it never shows the access token."""

from __future__ import annotations

import json
import os
import re
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from rollbar_logging.cli import main
from tests.loopback import Loopback

TOKEN = "0123456789abcdef0123456789abcdef"
CERTIFICATES = Path(__file__).parent / "certificates"


class Said(NamedTuple):
    """What the doctor said.

    Attributes:
        status: Its exit status.
        found: The parsed JSON document.
        out: All of standard output.
        err: All of standard error.
    """

    status: int
    found: dict[str, Any]
    out: str
    err: str

    def lines(self, title: str) -> list[tuple[str, str]]:
        """Return the findings of a section: mark and text with its mend."""
        for section in self.found["sections"]:
            if section["title"] == title:
                return [(f["mark"], f["text"] + (f" -> {f['mend']}" if f["mend"] else "")) for f in section["findings"]]
        raise AssertionError(title)

    def line(self, title: str, pattern: str) -> str:
        """Return ``mark: text`` of the one finding of a section in which *pattern* is found."""
        found = [f"{mark}: {text}" for mark, text in self.lines(title) if re.search(pattern, text)]
        assert len(found) == 1, self.lines(title)
        return found[0]

    def problems(self) -> list[str]:
        """Return the texts of all problems."""
        return [f["text"] for s in self.found["sections"] for f in s["findings"] if f["mark"] == "problem"]


def doctor(capsys: pytest.CaptureFixture[str], *words: str) -> Said:
    """Run ``doctor --json``; its output is one document, and no token of the environment is in it."""
    status = main(["doctor", "--json", *words])
    out, err = capsys.readouterr()
    for name, value in os.environ.items():
        if name.startswith("ROLLBAR_") and "TOK" in name:
            assert value not in out
            assert value not in err
    said = Said(status, json.loads(out), out, err)
    assert (status == 0) == said.found["healthy"] == (not said.problems())
    return said


def serve_tls(loopback: Loopback, name: str) -> str:
    """Make a server speak TLS with one of the certificates; return its endpoint by the name localhost."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / f"{name}.pem", CERTIFICATES / "key.pem")
    loopback._server.tls = context
    return f"https://localhost:{loopback.port}/api/1/"


class _Tunnel(socketserver.BaseRequestHandler):
    server: _Proxy

    def handle(self) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            read = self.request.recv(1)
            if not read:
                return
            head += read
        self.server.heads.append(head.decode("latin-1"))
        target = head.split(b" ")[1].decode()
        host, _, port = target.rpartition(":")
        with socket.create_connection((host, int(port)), 10) as far:
            self.request.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_pump, args=(far, self.request))
            back.start()
            _pump(self.request, far)
            back.join()


class _Proxy(socketserver.ThreadingTCPServer):
    daemon_threads = False
    heads: list[str]


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while read := source.recv(65536):
            target.sendall(read)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@contextmanager
def connect_proxy() -> Iterator[tuple[int, list[str]]]:
    """Run a proxy that opens every way it is asked for; its port, and the heads of the requests that it got."""
    with _Proxy(("127.0.0.1", 0), _Tunnel) as proxy:
        proxy.heads = []
        thread = threading.Thread(target=proxy.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield proxy.server_address[1], proxy.heads
        finally:
            proxy.shutdown()
            thread.join()
