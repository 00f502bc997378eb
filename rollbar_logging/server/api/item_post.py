"""``POST /api/1/item/``: one call, from its first byte to its answer.

Plain ASGI: this is the one route whose speed matters. The order of the checks: size, token, rate limit,
JSON, schema, scope. An answer of 200 means that the occurrence is in the database.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any

from rollbar_logging.server.answers import Answer, Refused, failure, item_taken
from rollbar_logging.server.arrival import Sender, arrival_of, limit_reached, rejected
from rollbar_logging.server.body import Parsed, Receive, parse_body, read_body, unpack
from rollbar_logging.server.parts import Caller, Parts
from rollbar_logging.server.schema import complaints
from rollbar_logging.server.tokens import HEADER, Token, require, require_posting

Scope = MutableMapping[str, Any]


async def post_item(scope: Scope, receive: Receive, parts: Parts) -> Answer:
    """Take one item.

    Args:
        scope: ASGI scope of the call.
        receive: Gives the body.
        parts: The server's parts.

    Raises:
        Disconnected: The client went away before its body was complete; there is nobody to answer.
    """
    caller = Caller()
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    try:
        body = await read_body(receive, headers, parts.max_body)
        answer = await _take(body, headers, scope, parts, caller)
    except Refused as refused:
        answer = failure(refused.status, refused.message)
    return answer._replace(headers=caller.rate_headers())


async def _take(body: bytes, headers: Mapping[str, str], scope: Scope, parts: Parts, caller: Caller) -> Answer:
    parsed: Parsed | None = None
    if not headers.get(HEADER, "").strip():
        parsed = parse(body, headers, parts)
    token, sender = await admit(scope, headers, parsed.access_token if parsed else None, parts, caller, len(body))
    return item_taken(await take_item(parsed or parse(body, headers, parts), token, sender, parts))


async def admit(
    scope: Scope, headers: Mapping[str, str], in_body: str | None, parts: Parts, caller: Caller, body_bytes: int
) -> tuple[Token, Sender]:
    """Admit one item: its token is known, within its limit, and may post.

    Args:
        scope: ASGI scope of the call.
        headers: The call's.
        in_body: The token that the body passes.
        parts: The server's parts.
        caller: Learns who it is.
        body_bytes: The item's, as they came.

    Raises:
        Refused: 422 without a token, 403 for one that may not post, 429 over its limit.
    """
    token = caller.admit(parts, headers, in_body, scope["query_string"].decode("latin-1"))
    if token.project_id is None:
        raise _not_of_a_project()
    address = scope["client"][0] if scope.get("client") else ""
    sender = Sender(token.project_id, token.name, address, parts.unix_clock(), body_bytes)
    if caller.is_first_over:
        await parts.database.add(limit_reached(sender))
    caller.refuse_if_over()
    permit_posting(token)
    return token, sender


def permit_posting(token: Token) -> None:
    """Refuse the call (403) unless *token* may post items of some kind; which of them, `take_item` looks at."""
    if token.project_id is None:
        raise _not_of_a_project()
    if "post_client_item" not in token.scopes:
        require(token, "post_server_item")


def _not_of_a_project() -> Refused:
    return Refused(403, "insufficient privileges: post_server_item scope is required but this is an account token.")


async def take_item(parsed: Parsed, token: Token, sender: Sender, parts: Parts) -> str:
    """Check and store an admitted item; return its uuid.

    Raises:
        Refused: 422 for what is wrong with it, 403 when the token may not post it.
    """
    payload = parsed.payload
    wrong = complaints(payload)
    if wrong:
        message = f"Invalid format. {' '.join(wrong)}"
        await parts.database.add(rejected(payload, message, sender))
        raise Refused(422, message)
    require_posting(token, payload["data"].get("platform"))
    added = await parts.database.add(arrival_of(payload["data"], sender, text=parsed.data))
    parts.counters.count_item(sender.body_bytes, added.is_duplicate)
    return added.uuid


def parse(body: bytes, headers: Mapping[str, str], parts: Parts) -> Parsed:
    """Unpack and understand a body; refusals as `unpack` and `parse_body`."""
    return parse_body(unpack(body, headers.get("content-encoding", ""), parts.max_body))
