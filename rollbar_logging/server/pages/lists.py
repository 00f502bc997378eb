"""The page of all items, and that of all occurrences."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from rollbar_logging.server.account import Deploy
from rollbar_logging.server.pages.site import Site, chosen_project, number
from rollbar_logging.server.pages.views.graph import chart, first_hour
from rollbar_logging.server.pages.views.items import item_row, occurrence_row, page_links
from rollbar_logging.server.pages.views.wording import with_query
from rollbar_logging.server.parts import PROJECT_ID
from rollbar_logging.server.received import OccurrenceSummary, StoredItem
from rollbar_logging.server.search import SearchError, Term, parse_search
from rollbar_logging.server.storage import overview
from rollbar_logging.server.storage.items import ALL_ITEMS, ItemFilter, list_items
from rollbar_logging.server.storage.reading import list_summaries

LEVELS = ("critical", "error", "warning", "info", "debug")
STATUSES = ("active", "resolved", "muted")
_ITEMS_PER_PAGE = 40
_OCCURRENCES_PER_PAGE = 50
_LAST_PAGE = 10**9


class Wanted(NamedTuple):
    """What a query asks of the list of items.

    Attributes:
        search: The text of the search box.
        terms: The same, read.
        mistake: Why it could not be read.
        levels: Only these.
        status: Only this.
        environment: Only this.
        page: From 1.
    """

    search: str
    terms: tuple[Term, ...]
    mistake: str
    levels: tuple[str, ...]
    status: str
    environment: str
    page: int

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the page is asked for."""
        return bool(self.search or self.levels or self.status or self.environment)

    def query(self) -> dict[str, Any]:
        """Return what makes the same list again, but for its page."""
        return {"q": self.search, "level": self.levels, "status": self.status, "environment": self.environment}


class _Found(NamedTuple):
    projects: list[overview.Project]
    project: overview.Project
    total: int
    items: list[StoredItem]
    hours: dict[int, overview.HourCounts]
    siblings: list[overview.Sibling]
    project_hours: overview.HourCounts
    deploys: list[Deploy]
    environments: list[str]
    is_empty: bool


def read_search(text: str) -> tuple[tuple[Term, ...], str]:
    """Return the terms of a search, or why it cannot be read."""
    try:
        return parse_search(text), ""
    except SearchError as error:
        return (), str(error)[:1].upper() + str(error)[1:]


def _wanted(request: Request) -> Wanted:
    given = request.query_params
    search = given.get("q", "").strip()
    terms, mistake = read_search(search)
    status = given.get("status", "")
    return Wanted(
        search=search,
        terms=terms,
        mistake=mistake,
        levels=tuple(level for level in LEVELS if level in given.getlist("level")),
        status=status if status in STATUSES else "",
        environment=given.get("environment", ""),
        page=min(max(number(given.get("page"), 1), 1), _LAST_PAGE),
    )


async def items_page(request: Request, site: Site) -> Response:
    """Show the items, the last active first."""
    wanted = _wanted(request)
    now = site.parts.unix_clock()
    found = await site.ask(lambda database: _find(database, site, request, wanted, now))
    by_hash: dict[str, list[overview.Sibling]] = {}
    for each in found.siblings:
        by_hash.setdefault(each.hash, []).append(each)
    rows = [
        item_row(item, found.hours[item.id], by_hash.get(item.hash, ()), now, search=wanted.search)
        for item in found.items
    ]
    project = found.project.id if found.project.id != PROJECT_ID else None
    links = page_links(
        "/", {**wanted.query(), "project": project}, page=wanted.page, per_page=_ITEMS_PER_PAGE, total=found.total
    )
    return site.page(
        "items.html",
        request,
        projects=found.projects,
        project=found.project,
        wanted=wanted,
        rows=rows,
        links=links,
        chart=chart(found.project_hours, found.deploys, now),
        levels=LEVELS,
        statuses=STATUSES,
        environments=found.environments,
        is_empty=found.is_empty,
        setup=site.setup(request, found.project),
        stats=site.parts.counters.snapshot(),
    )


def _find(database: Connection, site: Site, request: Request, wanted: Wanted, now: float) -> _Found:
    projects = overview.list_projects(database)
    project = chosen_project(request, projects)
    narrowed = ALL_ITEMS._replace(
        level=wanted.levels,
        status=(wanted.status,) if wanted.status else (),
        environment=(wanted.environment,) if wanted.environment else (),
        search=wanted.terms,
    )
    total, items = _items(database, project.id, narrowed, wanted, now)
    since = first_hour(now)
    return _Found(
        projects=projects,
        project=project,
        total=total,
        items=items,
        hours=overview.hours_of_items(database, [item.id for item in items], since),
        siblings=overview.list_siblings(database, project.id, {item.hash for item in items}),
        project_hours=site.hours.of_project(database, project.id, since, now),
        deploys=overview.list_deploys(database, project.id, now=now, since=since),
        environments=overview.list_environments(database, project.id),
        is_empty=not items and not wanted.is_narrowed and wanted.page == 1,
    )


def _items(
    database: Connection, project_id: int, narrowed: ItemFilter, wanted: Wanted, now: float
) -> tuple[int, list[StoredItem]]:
    if wanted.mistake:
        return 0, []
    return list_items(database, project_id, narrowed, page=wanted.page, limit=_ITEMS_PER_PAGE, now=now)


async def occurrences_page(request: Request, site: Site) -> Response:
    """Show occurrences, the newest first: all, those of an item, those that a search finds."""
    search = request.query_params.get("q", "").strip()
    terms, mistake = read_search(search)
    before = number(request.query_params.get("before"), 0) or None
    item_id = number(request.query_params.get("item"), 0)
    now = site.parts.unix_clock()

    def find(database: Connection) -> tuple[Any, ...]:
        """Find what the page shows."""
        projects = overview.list_projects(database)
        item = overview.item_anywhere(database, item_id) if item_id else None
        project = chosen_project(request, projects)
        project_id = project.id if item is None else item.project_id
        listed = [] if mistake else _listed(database, project_id, item_id, before, terms)
        return projects, next(each for each in projects if each.id == project_id), item, listed

    projects, project, item, listed = await site.ask(find)
    shown = listed[:_OCCURRENCES_PER_PAGE]
    query = {"q": search, "item": item_id or None, "project": project.id if project.id != PROJECT_ID else None}
    is_more = len(listed) > len(shown)
    return site.page(
        "occurrences.html",
        request,
        projects=projects,
        project=project,
        item=item,
        search=search,
        mistake=mistake,
        rows=[occurrence_row(each, now, search=search) for each in shown],
        newest=with_query("/occurrences", query) if before else "",
        older=with_query("/occurrences", {**query, "before": shown[-1].id}) if is_more else "",
    )


def _listed(
    database: Connection, project_id: int, item_id: int, before: int | None, terms: tuple[Term, ...]
) -> list[OccurrenceSummary]:
    limit = _OCCURRENCES_PER_PAGE + 1
    if item_id:
        return list_summaries(database, project_id, item_id=item_id, before=before, limit=limit, search=terms)
    return overview.list_newest(database, project_id, before=before, limit=limit, search=terms)
