"""The API's description of itself, for programs that read OpenAPI."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from rollbar_logging.server.answers import Answer, render
from rollbar_logging.server.api.described.document import document
from rollbar_logging.server.wire import api_response


def openapi_routes() -> list[BaseRoute]:
    """Return the route; it needs no token: the description is no secret."""
    described: list[bytes] = []

    async def respond(_request: Request) -> Response:
        """Answer with the description."""
        if not described:  # made when it is first asked for: most servers are never asked
            described.append(render(document()))
        return api_response(Answer(200, described[0]))

    return [Route("/api/1/openapi.json", respond, methods=["GET"])]
