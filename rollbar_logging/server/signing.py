"""Addresses that permit one thing for an hour, without a token: a ticket and the server's signature of it. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from typing import NamedTuple

SECONDS = 3600
"""For so long a ticket holds."""

_SIGNATURE_BYTES = 32


class Ticket(NamedTuple):
    """What a signed address permits: to put one bundle of source maps.

    Attributes:
        project_id: Whose.
        version: Of the code.
        prefix_url: Where the files of the bundle are served.
        expires: Unix seconds.
    """

    project_id: int
    version: str
    prefix_url: str
    expires: int


def signed(ticket: Ticket, key: bytes) -> str:
    """Return the ticket as a part of an address."""
    text = json.dumps(ticket, separators=(",", ":")).encode("ascii")
    return base64.urlsafe_b64encode(_signature(text, key) + text).decode("ascii").rstrip("=")


def checked(text: str, key: bytes, now: float) -> Ticket | None:
    """Return the ticket, ``None`` when this server has not signed it, or when it has expired."""
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return None
    signature, content = packed[:_SIGNATURE_BYTES], packed[_SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, _signature(content, key)):
        return None
    ticket = Ticket(*json.loads(content))
    return ticket if now < ticket.expires else None


def _signature(text: bytes, key: bytes) -> bytes:
    return hashlib.blake2b(text, key=key, person=b"rollbar-ticket", digest_size=_SIGNATURE_BYTES).digest()
