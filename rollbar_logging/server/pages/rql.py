"""The page that answers RQL queries with a table."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from rollbar_logging.server.pages.guard import is_cross_site
from rollbar_logging.server.pages.site import Site, chosen_project
from rollbar_logging.server.pages.views.table import table_view
from rollbar_logging.server.rql.run import RqlResult, run_rql
from rollbar_logging.server.storage import overview

_LONGEST = 8000
EXAMPLES = (
    "SELECT item.counter, count(*) FROM item_occurrence GROUP BY item.counter ORDER BY count(*) DESC LIMIT 20",
    "SELECT timestamp, body.trace.exception.class, server.host FROM item_occurrence ORDER BY timestamp DESC LIMIT 50",
    "SELECT environment, revision, timestamp FROM deploy ORDER BY timestamp DESC",
)


async def rql_page(request: Request, site: Site) -> Response:
    """Show the box and, when a query is given, what it found."""
    query = request.query_params.get("q", "").strip()[:_LONGEST]
    # Another site may not keep the database busy by a link in its pages.
    is_asked = bool(query) and not is_cross_site(request.headers)
    now = site.parts.unix_clock()

    def find(database: Connection) -> tuple[Any, ...]:
        """Find what the page shows."""
        projects = overview.list_projects(database)
        project = chosen_project(request, projects)
        result = run_rql(database, project.id, query, now=now) if is_asked else None
        return projects, project, result

    projects, project, result = await site.ask(find)

    def page() -> Response:
        """Make the page."""
        return site.page(
            "rql.html",
            request,
            projects=projects,
            project=project,
            query=query,
            is_held_back=bool(query) and not is_asked,
            result=result,
            table=_table(result, now),
            examples=EXAMPLES,
        )

    # A wide table takes long to be made; meanwhile reports have to be taken.
    return await asyncio.to_thread(page)


def _table(result: RqlResult | None, now: float) -> Any:
    return None if result is None or result.errors else table_view(result.columns, result.rows, now)
