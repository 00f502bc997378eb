"""All routes of the API but ``POST /api/1/item/``, which has a way of its own."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from rollbar_logging.server.answers import CORS_HEADERS
from rollbar_logging.server.api.access_tokens import access_token_routes
from rollbar_logging.server.api.deploys import deploy_routes
from rollbar_logging.server.api.environments import environment_routes
from rollbar_logging.server.api.invites import invite_routes
from rollbar_logging.server.api.item_batch import post_batch
from rollbar_logging.server.api.items import item_routes
from rollbar_logging.server.api.metrics import metrics_routes
from rollbar_logging.server.api.occurrences import occurrence_routes
from rollbar_logging.server.api.openapi import openapi_routes
from rollbar_logging.server.api.people_jobs import people_job_routes
from rollbar_logging.server.api.projects import project_routes
from rollbar_logging.server.api.reports import report_routes
from rollbar_logging.server.api.rql import rql_routes
from rollbar_logging.server.api.teams import team_routes
from rollbar_logging.server.api.uploads import upload_routes
from rollbar_logging.server.api.users import user_routes
from rollbar_logging.server.api.versions import version_routes
from rollbar_logging.server.parts import Parts


def api_routes(parts: Parts) -> list[BaseRoute]:
    """Return the routes; their paths have no final slash."""
    return [
        Route("/api/1/status/ping", _ping),
        Route("/api/1/item_batch", partial(post_batch, parts=parts), methods=["POST"]),
        *openapi_routes(),
        *item_routes(parts),
        *occurrence_routes(parts),
        *report_routes(parts),
        *version_routes(parts),
        *metrics_routes(parts),
        *upload_routes(parts),
        *deploy_routes(parts),
        *environment_routes(parts),
        *project_routes(parts),
        *access_token_routes(parts),
        *user_routes(parts),
        *team_routes(parts),
        *invite_routes(parts),
        *people_job_routes(parts),
        *rql_routes(parts),
    ]


async def _ping(_request: Request) -> Response:
    return PlainTextResponse("pong", headers=dict(CORS_HEADERS))
