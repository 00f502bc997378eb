"""What the server makes of an accepted item before it is stored. Pure.

The server's clock replaces the client's, ``$remote_ip`` becomes the sender's address, and texts are cut
to the lengths that the API keeps. Whatever else is in ``data`` is stored untouched.
"""

from __future__ import annotations

import ipaddress
import json
import uuid
from typing import Any, Literal, NamedTuple

from rollbar_logging.server.grouping import fingerprint_of, level_of_data, title_of
from rollbar_logging.server.traits import storable, traits_of

Kind = Literal["item", "api_error", "system"]
"""``item``: sent by a client; ``api_error``: tells of a rejected item; ``system``: tells of a rate limit."""

_LONGEST = {"environment": 255, "context": 255, "title": 255, "code_version": 40}
LONGEST_OF_PERSON = {"id": 40, "username": 255, "email": 255}
"""Characters that are kept of what names a person."""


class Arrival(NamedTuple):
    """One occurrence on its way to the store.

    Attributes:
        uuid: As the client sent it, or made here.
        kind: See `Kind`.
        project_id: The token's project.
        token_name: Name of the token that posted it.
        received_at: Unix seconds of the server's clock.
        body_bytes: Bytes of the call's body as they came over the wire, compressed or not.
        environment: Of the item.
        fingerprint: Of the item.
        title: Of the item.
        level: One of the five names.
        platform: As sent, or ``unknown``.
        framework: As sent, or ``unknown``.
        language: As sent, or ``unknown``.
        data: JSON text of the ``data`` to be stored.
        traits: What people search by; see `traits_of`.
    """

    uuid: str
    kind: Kind
    project_id: int
    token_name: str
    received_at: float
    body_bytes: int
    environment: str
    fingerprint: str
    title: str
    level: str
    platform: str
    framework: str
    language: str
    data: str
    traits: dict[str, str | None]


class Sender(NamedTuple):
    """Who posted an item, and when."""

    project_id: int
    token_name: str
    address: str
    received_at: float
    body_bytes: int


def arrival_of(data: dict[str, Any], sender: Sender, kind: Kind = "item", *, text: str | None = None) -> Arrival:
    """Turn the checked ``data`` of an item into what is stored; *data* itself is not changed.

    Args:
        data: What the payload held.
        sender: Who sent it.
        kind: See `Kind`.
        text: *data* as JSON text, where it is at hand.
    """
    stored = stored_form(data, sender)
    return Arrival(
        uuid=storable(stored["uuid"]),
        kind=kind,
        project_id=sender.project_id,
        token_name=sender.token_name,
        received_at=sender.received_at,
        body_bytes=sender.body_bytes,
        environment=storable(stored["environment"]),
        fingerprint=storable(fingerprint_of(stored)),
        title=storable(title_of(stored)),
        level=level_of_data(data),
        platform=storable(stored.get("platform") or "unknown"),
        framework=storable(stored["framework"]),
        language=storable(stored.get("language") or "unknown"),
        data=_stored_text(stored, data, text),
        traits=traits_of(stored),
    )


def _stored_text(stored: dict[str, Any], data: dict[str, Any], text: str | None) -> str:
    """Return the JSON text of *stored*; where *text* is that of *data*, with what differs put at its end.

    Of two equal keys the later one counts, for JSON readers as for databases.
    """
    if text is None:
        return _compact(stored)
    changed = {key: value for key, value in stored.items() if value is not data.get(key)}
    return f"{text[:-1]},{_compact(changed)[1:]}"


_compact = json.JSONEncoder(separators=(",", ":")).encode


def stored_form(data: dict[str, Any], sender: Sender) -> dict[str, Any]:
    """Return ``data`` as the API gives it back later: see the module's docstring."""
    stored = _cut(data, _LONGEST)
    stored["uuid"] = data.get("uuid") or str(uuid.uuid4())
    stored["level"] = data.get("level") or level_of_data(data)
    stored["framework"] = data.get("framework") or "unknown"
    stored["timestamp"] = int(sender.received_at)
    stored["metadata"] = {
        "customer_timestamp": data.get("timestamp"),
        "timestamp_ms": int(sender.received_at * 1000),
        "access_token": "",
        "api_server_hostname": "localhost",
    }
    if isinstance(data.get("person"), dict):
        stored["person"] = _cut(data["person"], LONGEST_OF_PERSON)
    request = data.get("request")
    if isinstance(request, dict) and "user_ip" in request:
        stored["request"] = {**request, "user_ip": _resolved_ip(request["user_ip"], sender.address)}
    return stored


def _cut(mapping: dict[str, Any], longest: dict[str, int]) -> dict[str, Any]:
    cut = dict(mapping)
    for key, length in longest.items():
        value = cut.get(key)
        if isinstance(value, str) and len(value) > length:
            cut[key] = value[:length]
    return cut


def _resolved_ip(value: Any, address: str) -> Any:
    if value == "$remote_ip":
        return address
    return anonymized(address) if value == "$remote_ip_anonymize" else value


def anonymized(address: str) -> str:
    """Return the network that *address* is in: its first three bytes (IPv4) or six (IPv6)."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return ""
    prefix = 24 if parsed.version == 4 else 48  # noqa: PLR2004 - the protocol's number
    return str(ipaddress.ip_network((parsed, prefix), strict=False).network_address)


def rejected(payload: Any, message: str, sender: Sender) -> Arrival:
    """Return the occurrence that tells of a rejected item, as Rollbar shows it in the project."""
    data = payload.get("data") if isinstance(payload, dict) else None
    environment = data.get("environment") if isinstance(data, dict) else None
    told = {
        "environment": environment if isinstance(environment, str) and environment else "unknown",
        "level": "error",
        "framework": "rollbar-system",
        "title": f"API error: {message}",
        "body": {"message": {"body": f"API error: {message}"}},
        "custom": {"rejected": _without_token(payload)},
    }
    return arrival_of(told, sender, "api_error")


def _without_token(payload: Any) -> Any:
    if not isinstance(payload, dict):
        return payload
    return {key: value for key, value in payload.items() if key != "access_token"}


def limit_reached(sender: Sender) -> Arrival:
    """Return the occurrence that tells of a token's rate limit, as Rollbar shows it in the project."""
    text = f'Your rate limit has been reached for access token "{sender.token_name}".'
    told = {
        "environment": "unknown",
        "level": "warning",
        "framework": "rollbar-system",
        "title": text,
        "body": {"message": {"body": text}},
    }
    return arrival_of(told, sender, "system")
