"""The addresses of the pages, and the door in front of them."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from rollbar_logging.server.answers import Refused, failure
from rollbar_logging.server.body import Disconnected
from rollbar_logging.server.pages import actions, deploys, lists, local, occurrence, refusals, rql, tokens
from rollbar_logging.server.pages.guard import HEADERS, is_own_host
from rollbar_logging.server.pages.live import TooManyListenersError, stream
from rollbar_logging.server.pages.site import Site
from rollbar_logging.server.wire import json_response

_log = logging.getLogger(__name__)


class _Anything(Convertor[str]):
    """What is left of a path, line breaks included: a client may have put them into a uuid."""

    regex = "(?s:.*)"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("anything", _Anything())

Endpoint = Callable[[Request, Site], Awaitable[Response]]

_LINKED = ("occurrence", "item", "instance")
"""Rollbar's addresses ``/occurrence/uuid/?uuid=…`` and so on, which clients write into logs."""


def page_routes(site: Site) -> list[Route]:
    """Return the routes of all pages and of ``/local/``."""
    readable: dict[str, Endpoint] = {
        "/": lists.items_page,
        "/occurrences": lists.occurrences_page,
        "/item/{id:int}": occurrence.item_page,
        **{f"/{name}/uuid{slash}": occurrence.linked_page for name in _LINKED for slash in ("", "/")},
        "/occurrence/{uuid:anything}": occurrence.occurrence_page,
        "/deploys": deploys.deploys_page,
        "/rql": rql.rql_page,
        "/tokens": tokens.tokens_page,
        "/refusals": refusals.refusals_page,
        "/events": _events,
        "/static/{name}": _static,
    }
    programs: dict[str, Endpoint] = {"/local/stats": local.stats, "/local/occurrences": local.occurrences}
    posted: dict[str, Endpoint] = {
        "/item/{id:int}/change": actions.change_item,
        "/tokens": tokens.post_token,
    }
    return [
        *(Route(path, _guarded(site, endpoint), methods=["GET"]) for path, endpoint in readable.items()),
        *(Route(path, _guarded(site, endpoint), methods=["POST"]) for path, endpoint in posted.items()),
        *(Route(path, _of_own_host(site, endpoint), methods=["GET"]) for path, endpoint in programs.items()),
        Route("/{path:anything}", _guarded(site, _nothing), methods=["GET"]),
    ]


def _of_own_host(site: Site, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    async def respond(request: Request) -> Response:
        if not is_own_host(request.headers.get("host", ""), site.parts.own_hosts):
            return json_response(failure(403, "pages are served under an IP address or localhost only"))
        return await endpoint(request, site)

    return respond


def _guarded(site: Site, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request, site: Site) -> Response:
        # Noted before the database is asked: what comes meanwhile is then told once too often, never too little.
        request.state.seen = site.hub.seen
        try:
            return await endpoint(request, site)
        except Refused as refusal:
            return site.problem(request, refusal.status, refusal.message)
        except Disconnected:
            return Response(status_code=400, headers=HEADERS)
        except Exception:  # noqa: BLE001 - whatever happens, the reader gets a page
            _log.exception("a page could not be made")
            return site.problem(request, 500, "The server could not make this page; its log says why")

    return _of_own_host(site, answer)


async def _nothing(_request: Request, _site: Site) -> Response:
    raise Refused(404, "There is no such page")


async def _static(request: Request, site: Site) -> Response:
    found = site.statics.get(request.path_params["name"])
    if found is None:
        return json_response(failure(404, "not found"))
    headers = {**HEADERS, "etag": found.etag, "cache-control": "no-cache"}
    if request.headers.get("if-none-match") == found.etag:
        return Response(status_code=304, headers=headers)
    return Response(found.content, headers=headers, media_type=found.media_type)


async def _events(_request: Request, site: Site) -> Response:
    try:
        listener = site.hub.listen()
    except TooManyListenersError:
        return Response("too many pages listen", 503, HEADERS, "text/plain")
    headers = {**HEADERS, "cache-control": "no-store"}
    return StreamingResponse(stream(site.hub, listener), headers=headers, media_type="text/event-stream")
