"""The page of deploys."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from rollbar_logging.server.account import Deploy
from rollbar_logging.server.pages.site import LARGEST_ID, Site, chosen_project, number
from rollbar_logging.server.pages.views.graph import HOURS, chart, first_hour
from rollbar_logging.server.pages.views.wording import moment_of, span, with_query
from rollbar_logging.server.parts import PROJECT_ID
from rollbar_logging.server.storage import overview

_PER_PAGE = 50
_DAYS = 14
_HOURS_EACH = 6


async def deploys_page(request: Request, site: Site) -> Response:
    """Show the deploys, the newest first, on the time line of occurrences and in a table."""
    now = site.parts.unix_clock()
    since = first_hour(now, _DAYS * HOURS)
    before = number(request.query_params.get("before"), LARGEST_ID)

    def find(database: Connection) -> tuple[Any, ...]:
        """Find what the page shows."""
        projects = overview.list_projects(database)
        project = chosen_project(request, projects)
        listed = overview.list_deploys(database, project.id, now=now, limit=_PER_PAGE + 1, before=before)
        return (
            projects,
            project,
            listed,
            site.hours.of_project(database, project.id, since, now),
            overview.list_deploys(database, project.id, now=now, since=since),
            overview.new_items_by_version(database, project.id, {each.revision for each in listed}),
        )

    projects, project, listed, hours, recent, new_items = await site.ask(find)
    shown = listed[:_PER_PAGE]
    other = project.id if project.id != PROJECT_ID else None
    return site.page(
        "deploys.html",
        request,
        projects=projects,
        project=project,
        chart=chart(hours, recent, now, slots=_DAYS * HOURS // _HOURS_EACH, hours_each=_HOURS_EACH),
        deploys=[
            {
                "deploy": deploy,
                "began": moment_of(deploy.start_time, now),
                "took": _took(deploy),
                "new_items": new_items.get(deploy.revision, 0),
            }
            for deploy in shown
        ],
        setup=site.setup(request, project),
        older=with_query("/deploys", {"before": shown[-1].id, "project": other}) if len(listed) > len(shown) else "",
    )


def _took(deploy: Deploy) -> str:
    """Say how long a deploy took; one that was told at its end took nobody knows how long."""
    seconds = (deploy.finish_time or 0) - deploy.start_time
    return span(seconds) if seconds > 0 else ""
