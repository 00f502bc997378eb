"""The reading half of the API: items and occurrences for a token of the scope ``read``."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from rollbar_logging.server import reading
from rollbar_logging.server.answers import CORS_HEADERS, Answer, Refused, failure, success
from rollbar_logging.server.parts import Caller, Parts
from rollbar_logging.server.tokens import Token, require
from rollbar_logging.server.wire import api_response

_LARGEST_ID = 2**63 - 1
_MOST_PER_PAGE = 5000

Endpoint = Callable[[Request, Parts, Token], Awaitable[Answer]]


def api_routes(parts: Parts) -> list[Route]:
    """Return the routes; their paths have no final slash."""
    return [
        Route("/api/1/status/ping", _ping),
        Route("/api/1/items", _reading(parts, _items)),
        Route("/api/1/item", _reading(parts, _item_by)),
        Route("/api/1/item/{id:int}", _reading(parts, _item)),
        Route("/api/1/item/{id:int}/instances", _reading(parts, _instances)),
        Route("/api/1/instances", _reading(parts, _instances)),
        Route("/api/1/instance/{id:int}", _reading(parts, _instance)),
    ]


async def _ping(_request: Request) -> Response:
    return PlainTextResponse("pong", headers=dict(CORS_HEADERS))


def _reading(parts: Parts, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    """Wrap an endpoint that needs a token with the scope ``read``."""

    async def respond(request: Request) -> Response:
        caller = Caller()
        try:
            token = caller.admit(parts, request.headers, None, request.url.query)
            caller.refuse_if_over(token)
            require(token, "read")
            answer = await endpoint(request, parts, token)
        except Refused as refused:
            answer = failure(refused.status, refused.message)
        return api_response(answer._replace(headers=caller.rate_headers()))

    return respond


async def _items(request: Request, parts: Parts, token: Token) -> Answer:
    page = _number(request, "page", default=1, low=1)
    filters = {name: request.query_params.getlist(name) for name in request.query_params}
    total, items = await asyncio.wrap_future(
        parts.database.ask(lambda database: reading.list_items(database, token.project_id, filters, page))
    )
    return success({"page": page, "total_count": total, "items": [_item_json(item) for item in items]})


async def _item(request: Request, parts: Parts, token: Token) -> Answer:
    return success(_item_json(await _find_item(parts, token, id=_id(request))))


async def _item_by(request: Request, parts: Parts, token: Token) -> Answer:
    """Answer ``item?uuid=U`` (an occurrence's) and ``item?counter=N``."""
    if "counter" in request.query_params:
        counter = _number(request, "counter", default=0, low=0)
        return success(_item_json(await _find_item(parts, token, counter=counter)))
    given = request.query_params.get("uuid", "")
    try:
        uuid.UUID(given)
    except ValueError:
        raise Refused(400, "Invalid UUID format") from None
    occurrence = await asyncio.wrap_future(
        parts.database.ask(lambda database: reading.find_occurrence(database, token.project_id, uuid=given))
    )
    if occurrence is None:
        raise Refused(404, "UUID did not match any occurrence")
    return success(_item_json(await _find_item(parts, token, id=occurrence.item_id)))


async def _find_item(parts: Parts, token: Token, **key: int) -> reading.StoredItem:
    item = await asyncio.wrap_future(
        parts.database.ask(lambda database: reading.find_item(database, token.project_id, **key))
    )
    if item is None:
        raise Refused(404, "Item not found in this project.")
    return item


async def _instances(request: Request, parts: Parts, token: Token) -> Answer:
    page = _number(request, "page", default=1, low=1)
    limit = min(_number(request, "limit", default=20, low=1), _MOST_PER_PAGE)
    last_id = _number(request, "lastId", default=0, low=0)
    item = await _find_item(parts, token, id=_id(request)) if "id" in request.path_params else None
    found = await asyncio.wrap_future(
        parts.database.ask(
            lambda database: reading.list_occurrences(
                database,
                token.project_id,
                item_id=item.id if item else None,
                before=last_id or None,
                limit=limit,
                offset=0 if last_id else (page - 1) * limit,
            )
        )
    )
    return success({"page": page, "instances": [_instance_json(occurrence) for occurrence in found]})


async def _instance(request: Request, parts: Parts, token: Token) -> Answer:
    wanted = _id(request)
    occurrence = await asyncio.wrap_future(
        parts.database.ask(lambda database: reading.find_occurrence(database, token.project_id, occurrence_id=wanted))
    )
    if occurrence is None:
        raise Refused(404, "not found")
    return success(_instance_json(occurrence))


def _id(request: Request) -> int:
    number = int(request.path_params["id"])
    if number > _LARGEST_ID:
        raise Refused(404, "not found")
    return number


def _number(request: Request, name: str, *, default: int, low: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(_LARGEST_ID)) and low <= int(text) < 2**53):
        raise Refused(422, f"Invalid format. {name} should be integer.")
    return int(text)


def _item_json(item: reading.StoredItem) -> dict[str, Any]:
    """Return an item as the API shows it; what this server does not keep is null, as it is there at first."""
    return {
        **item._asdict(),
        "activating_occurrence_id": item.first_occurrence_id,
        "last_activated_timestamp": item.first_occurrence_timestamp,
        "last_resolved_timestamp": None,
        "last_muted_timestamp": None,
        "unique_occurrences": None,
        "last_modified_by": None,
        "resolved_in_version": None,
        "assigned_user_id": None,
        "assigned_team_id": None,
        "level_lock": 0,
        "title_lock": 0,
        "group_item_id": None,
        "group_status": 1,
        "controlling_id": item.id,
        "public_item_id": None,
        "integrations_data": None,
    }


def _instance_json(occurrence: reading.ReceivedOccurrence) -> dict[str, Any]:
    return {
        "id": occurrence.id,
        "project_id": 1,
        "item_id": occurrence.item_id,
        "timestamp": int(occurrence.received_at),
        "version": 2,
        "billable": int(occurrence.kind == "item"),
        "data": occurrence.data,
    }
