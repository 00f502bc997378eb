"""The pages, and the same for programs under ``/local/``. They ask for no token, so they ask who asks.

A page of another site that had its name point here would be read by its scripts as its own; it cannot,
because the ``Host`` it asks under is none of ours.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rollbar_logging.server.answers import Answer, failure, success
from rollbar_logging.server.occurrence_page import occurrence_page
from rollbar_logging.server.pages import index_page, item_page
from rollbar_logging.server.parts import PROJECT_ID, Parts
from rollbar_logging.server.storage import reading
from rollbar_logging.server.storage.items import find_item, list_items
from rollbar_logging.server.style import STYLE_SHEET
from rollbar_logging.server.wire import json_response

_NEWEST = 50
_LARGEST_ID = 2**63 - 1
_MOST_AT_ONCE = 1000

_PAGE_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
}

Endpoint = Callable[[Request, Parts], Awaitable[Response]]


def page_routes(parts: Parts) -> list[Route]:
    """Return the routes."""
    endpoints: dict[str, Endpoint] = {
        "/": _index,
        "/item/{id:int}": _item,
        "/occurrence/{uuid:path}": _occurrence,
        "/style.css": _style,
        "/local/stats": _stats,
        "/local/occurrences": _occurrences,
    }
    return [Route(path, _guarded(parts, endpoint)) for path, endpoint in endpoints.items()]


def _guarded(parts: Parts, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    async def respond(request: Request) -> Response:
        if not is_own_host(request.headers.get("host", ""), parts.own_hosts):
            return json_response(failure(403, "pages are served under an IP address or localhost only"))
        return await endpoint(request, parts)

    return respond


def is_own_host(host: str, own_hosts: frozenset[str]) -> bool:
    """Whether a ``Host`` header names this server and nothing that another could own.

    Args:
        host: The header: a name or an address, perhaps with a port.
        own_hosts: Names that are ours beside ``localhost`` and IP addresses.
    """
    name = host.rpartition("]")[0].removeprefix("[") if host.startswith("[") else host.partition(":")[0]
    name = name.lower().rstrip(".")
    if name in own_hosts or name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


async def _ask(parts: Parts, question: Callable[..., Any]) -> Any:
    return await asyncio.wrap_future(parts.database.ask(question))


def _page(content: bytes, status: int = 200) -> Response:
    return Response(content, status, _PAGE_HEADERS, "text/html; charset=utf-8")


async def _index(request: Request, parts: Parts) -> Response:
    def question(database: Any) -> tuple[Any, Any]:
        return (
            list_items(database, PROJECT_ID),
            reading.list_summaries(database, PROJECT_ID, limit=_NEWEST),
        )

    (total, items), occurrences = await _ask(parts, question)
    return _page(
        index_page(
            items,
            total,
            occurrences,
            parts.counters.snapshot(),
            now=parts.unix_clock(),
            endpoint=f"{request.base_url}api/1/",
            is_refreshing=request.query_params.get("refresh") == "on",
        )
    )


async def _item(request: Request, parts: Parts) -> Response:
    item_id = min(request.path_params["id"], _LARGEST_ID)
    item = await _ask(parts, lambda database: find_item(database, PROJECT_ID, id=item_id))
    if item is None:
        return json_response(failure(404, "not found"))
    occurrences = await _ask(
        parts, lambda database: reading.list_summaries(database, PROJECT_ID, item_id=item_id, limit=_NEWEST)
    )
    return _page(item_page(item, occurrences, now=parts.unix_clock()))


async def _occurrence(request: Request, parts: Parts) -> Response:
    uuid = request.path_params["uuid"]
    occurrence = await _ask(parts, lambda database: reading.find_occurrence(database, PROJECT_ID, uuid=uuid))
    if occurrence is None:
        return json_response(failure(404, "not found"))
    return _page(occurrence_page(occurrence, now=parts.unix_clock()))


async def _style(_request: Request, _parts: Parts) -> Response:
    return Response(STYLE_SHEET, headers=_PAGE_HEADERS, media_type="text/css")


async def _stats(_request: Request, parts: Parts) -> Response:
    return _json(success(parts.counters.snapshot().as_json()))


async def _occurrences(request: Request, parts: Parts) -> Response:
    """Answer up to 1000 occurrences in the order of arrival, those with an id over ``after``."""
    text = request.query_params.get("after", "0")
    if not (text.isascii() and text.isdecimal() and int(text) <= _LARGEST_ID):
        return _json(failure(422, "Invalid format. after should be integer."))
    kind = request.query_params.get("kind", "item")
    found = await _ask(
        parts,
        lambda database: reading.list_arrivals(
            database, PROJECT_ID, after=int(text), limit=_MOST_AT_ONCE, kind=None if kind == "all" else kind
        ),
    )
    return _json(success([occurrence._asdict() for occurrence in found]))


def _json(answer: Answer) -> Response:
    return json_response(answer)
