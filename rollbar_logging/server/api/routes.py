"""All routes of the API but ``POST /api/1/item/``, which has a way of its own."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from rollbar_logging.server.answers import CORS_HEADERS
from rollbar_logging.server.api.items import item_routes
from rollbar_logging.server.api.occurrences import occurrence_routes
from rollbar_logging.server.parts import Parts


def api_routes(parts: Parts) -> list[BaseRoute]:
    """Return the routes; their paths have no final slash."""
    return [Route("/api/1/status/ping", _ping), *item_routes(parts), *occurrence_routes(parts)]


async def _ping(_request: Request) -> Response:
    return PlainTextResponse("pong", headers=dict(CORS_HEADERS))
