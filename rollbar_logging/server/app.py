"""The server as one ASGI application: the API under ``/api/``, the pages beside it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from rollbar_logging.server.access_log import App
from rollbar_logging.server.answers import failure
from rollbar_logging.server.api.item_post import post_item
from rollbar_logging.server.api.routes import api_routes
from rollbar_logging.server.body import Disconnected, Receive
from rollbar_logging.server.health import Health
from rollbar_logging.server.pages.routes import page_routes
from rollbar_logging.server.pages.site import new_site
from rollbar_logging.server.parts import Parts
from rollbar_logging.server.password import Password, behind_password
from rollbar_logging.server.wire import Send, api_response, json_response, send_answer, send_preflight

_log = logging.getLogger(__name__)

_MESSAGES = {404: "not found", 405: "method not allowed"}

_ITEM_PATH = "/api/1/item"
"""Posting to it has a way of its own."""

_LONGEST_PATH = 4096
"""Characters of a path of the API: longer ones name nothing, and their numbers may be more than Python reads."""


class LocalApp:
    """The ASGI application. Both forms of the API's paths, with a final slash and without, are the same."""

    def __init__(self, parts: Parts, health: Health, password: Password | None) -> None:
        """Answer from *parts*; with a *password*, the pages are for those who know it."""
        self._parts = parts
        self._health = health
        self._api = _starlette(api_routes(parts), api_response)
        pages: App = _starlette(page_routes(new_site(parts)), json_response)
        self._pages = pages if password is None else behind_password(pages, password)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one call. No error leaves: it becomes an answer of 500 and a line in the log."""
        if "\0" in scope["path"] or b"%00" in scope["query_string"]:
            scope = _without_nul(scope)
        if not scope["path"].startswith("/api/"):
            is_health = scope["path"].rstrip("/") == "/health"
            await _guarded(self._tell_health(scope, receive, send) if is_health else self._pages(scope, receive, send))
            return

        async def counting(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                self._parts.counters.count_answer(message["status"])
            await send(message)

        await _guarded(self._call_api(scope, receive, counting))

    async def _tell_health(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        is_asked = scope["method"] in {"GET", "HEAD"}
        response = json_response(await self._health.answer() if is_asked else failure(405, _MESSAGES[405]))
        response.headers["cache-control"] = "no-store"
        await response(scope, receive, send)

    async def _call_api(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        path = scope["path"].rstrip("/")
        if scope["method"] == "OPTIONS":
            asked = next((value for name, value in scope["headers"] if name == b"access-control-request-headers"), b"")
            await send_preflight(send, asked)
        elif len(path) > _LONGEST_PATH:
            await send_answer(send, failure(404, _MESSAGES[404]))
        elif scope["method"] == "POST" and path == _ITEM_PATH:
            await self._post_item(scope, receive, send)
        else:
            await self._api({**scope, "path": path, "raw_path": path.encode()}, receive, send)

    async def _post_item(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        try:
            answer = await post_item(scope, receive, self._parts)
        except Disconnected:
            return
        except Exception:  # noqa: BLE001 - whatever happens, the caller gets an answer
            _log.exception("an item could not be taken")
            answer = failure(500, "internal server error")
        await send_answer(send, answer)


def _without_nul(scope: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Return a call without NUL in what it asks for: databases exist that carry none, and no name here holds one."""
    path, query = scope["path"].replace("\0", "\ufffd"), scope["query_string"].replace(b"%00", b"%EF%BF%BD")
    return {**scope, "path": path, "raw_path": path.encode(), "query_string": query}


def _starlette(routes: Any, respond: Callable[[Any], Response]) -> Starlette:
    async def refuse(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        response = respond(failure(status, _MESSAGES.get(status, "internal server error")))
        response.headers.update(getattr(error, "headers", None) or {})
        if status == 405:  # noqa: PLR2004 - the error knows the methods of the path's first route only
            matching = (route for route in routes if route.matches(request.scope)[0] is not Match.NONE)
            methods = {method for route in matching for method in getattr(route, "methods", None) or ()}
            methods |= {"POST"} if request.scope["path"] == _ITEM_PATH else set()
            response.headers["allow"] = ", ".join(sorted(methods))
        return response

    app = Starlette(routes=routes, exception_handlers={HTTPException: refuse, Exception: refuse})
    app.router.redirect_slashes = False
    return app


async def _guarded(call: Awaitable[None]) -> None:
    try:
        await call
    except Exception:  # noqa: BLE001 - Starlette has answered by now and raises all the same, for the log
        _log.exception("a call could not be answered")
