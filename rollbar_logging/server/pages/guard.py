"""Who may see a page, and who may post a form. Pages ask for no token, so they ask who asks.

A page of another site that had its name point here would be read by its scripts as its own; it cannot,
because the ``Host`` it asks under is none of ours. A form of another site is not taken, because its ``Origin``
is none of ours and it does not know the token that ours carry.
"""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Mapping
from urllib.parse import urlsplit

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)

HEADERS = {
    "content-security-policy": POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    # Not no-referrer: browsers would then hide the origin of our own forms from us.
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
}
"""On every answer of the pages."""

EVERY_HOST = "*"


def is_own_host(host: str, own_hosts: frozenset[str]) -> bool:
    """Whether a ``Host`` header names this server and nothing that another could own.

    Args:
        host: The header: a name or an address, perhaps with a port.
        own_hosts: Names that are ours beside ``localhost`` and IP addresses; ``*`` among them: all names.
    """
    name = host.rpartition("]")[0].removeprefix("[") if host.startswith("[") else host.partition(":")[0]
    name = name.lower().rstrip(".")
    if EVERY_HOST in own_hosts or name in own_hosts or name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_own_form(headers: Mapping[str, str], given_token: object, form_token: str) -> bool:
    """Whether a posted form is one of ours.

    Args:
        headers: Of the call, by lower-case name.
        given_token: What the form carries.
        form_token: What ours carry.
    """
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower():
        return False
    given = given_token if isinstance(given_token, str) else ""
    return secrets.compare_digest(given.encode("utf-8", "replace"), form_token.encode())


def is_cross_site(headers: Mapping[str, str]) -> bool:
    """Whether a browser says that another site made it ask."""
    return headers.get("sec-fetch-site", "none") in {"cross-site", "same-site"}
