"""A password before the pages: HTTP's Basic scheme, which browsers, curl and scripts all know.

The user's name is not looked at. Whoever guesses has to wait, the longer the more often; while he waits,
even the right password is refused, or the wait would tell nothing to one who tries in many connections.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
import math
import secrets
from collections.abc import Callable, MutableMapping
from typing import Any, NamedTuple

from cachetools import TTLCache

from rollbar_logging.server.access_log import App
from rollbar_logging.server.answers import MEDIA_TYPE, failure
from rollbar_logging.server.body import Receive
from rollbar_logging.server.wire import Send

_FREE = 5
_LONGEST_WAIT = 60.0
_REMEMBERED = 900.0
_MOST_CLIENTS = 10_000
_NETWORK_BITS = 64
_HEADERS = [
    (b"content-type", MEDIA_TYPE.encode()),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
]


class Failures(NamedTuple):
    """What a client has guessed.

    Attributes:
        wrong: Wrong passwords in a row.
        until: Seconds of the clock before which it is not listened to.
    """

    wrong: int = 0
    until: float = 0.0


def after_failure(before: Failures, now: float) -> Failures:
    """Count one more wrong password: after the fifth, the wait is a second, and doubles up to a minute."""
    wrong = before.wrong + 1
    wait = min(2.0 ** min(wrong - _FREE, 10), _LONGEST_WAIT) if wrong >= _FREE else 0.0
    return Failures(wrong, now + wait)


class Password:
    """Knows the password, and who has guessed how often."""

    def __init__(self, text: str, clock: Callable[[], float]) -> None:
        """Keep a digest of *text*; *clock* gives monotonic seconds."""
        self._key = secrets.token_bytes(32)
        self._digest = self._digest_of(text.encode())
        self._clock = clock
        self._failures: TTLCache[str, Failures] = TTLCache(_MOST_CLIENTS, _REMEMBERED, timer=clock)

    def __repr__(self) -> str:
        return "Password(…)"

    def wait_of(self, address: str) -> int:
        """Return the whole seconds for which nothing that comes from *address* is looked at."""
        failures = self._failures.get(_network(address), Failures())
        return max(math.ceil(failures.until - self._clock()), 0)

    def is_known(self, authorization: str, address: str) -> bool:
        """Whether the header has the password; a wrong one is counted.

        Args:
            authorization: The header's text; an empty one is not counted.
            address: The client's.
        """
        if not authorization:
            return False
        # Digests are of one length, and the key is nobody's: how long the comparison takes tells nothing.
        if hmac.compare_digest(self._digest_of(_password_of(authorization)), self._digest):
            self._failures.pop(_network(address), None)
            return True
        network = _network(address)
        self._failures[network] = after_failure(self._failures.get(network, Failures()), self._clock())
        return False

    def _digest_of(self, password: bytes) -> bytes:
        return hashlib.blake2b(password, key=self._key).digest()


def _password_of(authorization: str) -> bytes:
    scheme, _, encoded = authorization.partition(" ")
    try:
        pair = base64.b64decode(encoded.strip(), validate=True) if scheme.lower() == "basic" else b""
    except (binascii.Error, ValueError):
        pair = b""
    return pair.partition(b":")[2]


def _network(address: str) -> str:
    """Return what stands for a client: who has one IPv6 address has as many as he likes of its network."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if found.version == 4:  # noqa: PLR2004 - IPv4
        return address
    mapped = getattr(found, "ipv4_mapped", None)
    return str(mapped or ipaddress.ip_network((int(found), _NETWORK_BITS), strict=False))


def behind_password(app: App, password: Password) -> App:
    """Return *app* for those who know the password; others are answered 401, or 429 while they have to wait."""

    async def call(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Ask for the password first."""
        address = scope["client"][0] if scope.get("client") else ""
        wait = password.wait_of(address)
        if wait:
            await _refuse(send, 429, "too many wrong passwords: wait", (b"retry-after", str(wait).encode()))
        elif password.is_known(_authorization(scope), address):
            await app(scope, receive, send)
        else:
            scheme = (b"www-authenticate", b'Basic realm="rollbar-logging", charset="UTF-8"')
            await _refuse(send, 401, "the pages ask for the password of the server, and for any user's name", scheme)

    return call


def _authorization(scope: MutableMapping[str, Any]) -> str:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == b"authorization"), "")


async def _refuse(send: Send, status: int, message: str, header: tuple[bytes, bytes]) -> None:
    body = failure(status, message).body
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*_HEADERS, header, length]})
    await send({"type": "http.response.body", "body": body})
