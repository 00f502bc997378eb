"""A way through an HTTP proxy, as ``CONNECT`` opens it (RFC 9110, section 9.3.6)."""

from __future__ import annotations

import base64
import socket
from time import monotonic
from urllib.parse import unquote, urlsplit

from rollbar_logging.cli.doctor.options import place_of

_LONGEST_HEAD = 65_536


def open_tunnel(proxy: str, host: str, port: int, timeout: float) -> socket.socket:
    """Connect to *host* through a proxy.

    Args:
        proxy: The proxy's URL, perhaps with credentials; ``http`` only.
        host: Where to.
        port: Where to.
        timeout: Seconds to connect to the proxy, and as many for its answer.

    Returns:
        A socket on which the host is spoken to.

    Raises:
        OSError: The proxy cannot be reached, or refuses; in words, without its credentials.
    """
    _, proxy_host, proxy_port = place_of(proxy)
    connection = socket.create_connection((proxy_host, proxy_port), timeout)
    try:
        connection.sendall(_request(proxy, f"[{host}]:{port}" if ":" in host else f"{host}:{port}"))
        _require_success(_head(connection, timeout))
        connection.settimeout(timeout)
    except BaseException:
        connection.close()
        raise
    return connection


def _request(proxy: str, target: str) -> bytes:
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
    parts = urlsplit(proxy)
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        lines.append(f"Proxy-Authorization: Basic {base64.b64encode(pair.encode('latin-1', 'replace')).decode()}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")


def _head(connection: socket.socket, timeout: float) -> bytes:
    """Read up to the empty line, byte by byte: what follows belongs to the host behind the proxy."""
    deadline = monotonic() + timeout
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        left = deadline - monotonic()
        if left <= 0:
            raise TimeoutError(f"it does not answer within {timeout:g} s")
        connection.settimeout(left)
        try:
            read = connection.recv(1)
        except TimeoutError:
            raise TimeoutError(f"it does not answer within {timeout:g} s") from None
        if not read or len(head) > _LONGEST_HEAD:
            raise ConnectionError("it ends the connection, or speaks no HTTP")
        head += read
    return head


def _require_success(head: bytes) -> None:
    status, words = _status_of(head)
    if not 200 <= status < 300:  # noqa: PLR2004 - the successes
        hint = "; it asks for credentials" if status == 407 else ""  # noqa: PLR2004 - proxy authentication required
        raise ConnectionError(f"it answers {status} {words}{hint}")


def _status_of(head: bytes) -> tuple[int, str]:
    line = head.split(b"\r\n", 1)[0].decode("latin-1")
    version, _, rest = line.partition(" ")
    code, _, words = rest.partition(" ")
    if not version.startswith("HTTP/") or not (code.isascii() and code.isdecimal()):
        raise ConnectionError("it speaks no HTTP")
    return int(code), words[:100]
