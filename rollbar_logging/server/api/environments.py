"""Environments of a project."""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from rollbar_logging.server.answers import Answer, success
from rollbar_logging.server.api.calls import Call, project_call
from rollbar_logging.server.parts import Parts
from rollbar_logging.server.storage.environments import list_environments

_PER_PAGE = 20
_MOST_PER_PAGE = 5000


def environment_routes(parts: Parts) -> list[BaseRoute]:
    """Return the routes; their paths have no final slash."""
    return [Route("/api/1/environments", project_call(parts, "read", _list), methods=["GET"])]


async def _list(call: Call) -> Answer:
    page = call.page()
    limit = min(call.number("limit", default=_PER_PAGE, low=1), _MOST_PER_PAGE)
    found = await call.ask(lambda database: list_environments(database, call.project_id, page=page, limit=limit))
    return success({"page": page, "environments": found})
