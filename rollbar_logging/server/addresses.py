"""Where the server listens, and who can reach it there."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket

from rollbar_logging.errors import RollbarError

_BACKLOG = 1024


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Raises:
        RollbarError: The address is taken, or is none of this machine's.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise RollbarError(f"cannot listen on {host}: {getattr(error, 'strerror', None) or error}") from error
    try:
        if os.name == "posix":
            # Start again at once after a stop; connections of before may still be winding down.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise RollbarError(_reason(error, host, port)) from error
    except BaseException:
        listener.close()
        raise
    return listener


def _reason(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} of {host} is taken: choose another one"
    if error.errno == errno.EACCES:
        return f"port {port} of {host} is for administrators: choose one from 1024 up"
    return f"cannot listen on {host}, port {port}: {error.strerror}"


def is_loopback(listener: socket.socket) -> bool:
    """Whether only programs of this machine can reach the socket."""
    # An IPv6 address may have a zone at its end.
    return ipaddress.ip_address(str(listener.getsockname()[0]).partition("%")[0]).is_loopback


def url_of(host: str, port: int) -> str:
    """Return the address of the first page, with a final slash."""
    shown = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - to be shown only
    return f"http://[{shown}]:{port}/" if ":" in shown else f"http://{shown}:{port}/"
