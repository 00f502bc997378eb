"""The server as one ASGI application: the API under ``/api/``, the pages beside it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from rollbar_logging.server.answers import failure
from rollbar_logging.server.api.item_post import post_item
from rollbar_logging.server.api.routes import api_routes
from rollbar_logging.server.body import Disconnected, Receive
from rollbar_logging.server.page_routes import page_routes
from rollbar_logging.server.parts import Parts
from rollbar_logging.server.wire import Send, api_response, json_response, send_answer, send_preflight

_log = logging.getLogger(__name__)

_MESSAGES = {404: "not found", 405: "method not allowed"}


class LocalApp:
    """The ASGI application. Both forms of the API's paths, with a final slash and without, are the same."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._api = _starlette(api_routes(parts), api_response)
        self._pages = _starlette(page_routes(parts), json_response)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one call. No error leaves: it becomes an answer of 500 and a line in the log."""
        if not scope["path"].startswith("/api/"):
            await _guarded(self._pages(scope, receive, send))
            return

        async def counting(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                self._parts.counters.count_answer(message["status"])
            await send(message)

        await _guarded(self._call_api(scope, receive, counting))

    async def _call_api(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        path = scope["path"].rstrip("/")
        if scope["method"] == "OPTIONS":
            asked = next((value for name, value in scope["headers"] if name == b"access-control-request-headers"), b"")
            await send_preflight(send, asked)
        elif scope["method"] == "POST" and path == "/api/1/item":
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


def _starlette(routes: Any, respond: Callable[[Any], Response]) -> Starlette:
    async def refuse(_request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        response = respond(failure(status, _MESSAGES.get(status, "internal server error")))
        response.headers.update(getattr(error, "headers", None) or {})
        return response

    app = Starlette(routes=routes, exception_handlers={HTTPException: refuse, Exception: refuse})
    app.router.redirect_slashes = False
    return app


async def _guarded(call: Awaitable[None]) -> None:
    try:
        await call
    except Exception:  # noqa: BLE001 - Starlette has answered by now and raises all the same, for the log
        _log.exception("a call could not be answered")
