"""The page of what was refused, by count and by reason."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from rollbar_logging.server.pages.site import Site, chosen_project
from rollbar_logging.server.pages.views.items import occurrence_row
from rollbar_logging.server.pages.views.refusals import refusals_view
from rollbar_logging.server.storage import overview


async def refusals_page(request: Request, site: Site) -> Response:
    """Show how many calls were refused since the start, and the newest rejected payloads."""
    now = site.parts.unix_clock()

    def find(database: Connection) -> tuple[Any, ...]:
        """Find what the page shows."""
        projects = overview.list_projects(database)
        project = chosen_project(request, projects)
        told = [overview.list_told(database, project.id, kind) for kind in ("api_error", "system")]
        return projects, project, *told

    projects, project, rejected, limited = await site.ask(find)
    return site.page(
        "refusals.html",
        request,
        projects=projects,
        project=project,
        view=refusals_view(site.parts.counters.snapshot(), site.parts.max_body),
        rejected=[occurrence_row(each, now) for each in rejected],
        limited=[occurrence_row(each, now) for each in limited],
    )
