"""The page of an item, which opens on its latest occurrence, and that of any occurrence; and both as files."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from rollbar_logging.server.account import Deploy
from rollbar_logging.server.answers import Refused
from rollbar_logging.server.pages.guard import HEADERS
from rollbar_logging.server.pages.lists import read_search
from rollbar_logging.server.pages.site import LARGEST_ID, Site, see_other
from rollbar_logging.server.pages.views.graph import HOUR, HOURS, chart, first_hour
from rollbar_logging.server.pages.views.items import history, item_row, occurrence_row, title_parts
from rollbar_logging.server.pages.views.markdown import file_name, occurrence_markdown
from rollbar_logging.server.pages.views.occurrence import occurrence_view
from rollbar_logging.server.pages.views.traces import OPEN_APPLICATION, OPEN_RAISING, OPENINGS
from rollbar_logging.server.pages.views.wording import json_text, moment_of, occurrence_url
from rollbar_logging.server.parts import PROJECT_ID
from rollbar_logging.server.received import Neighbours, OccurrenceSummary, ReceivedOccurrence, StoredItem
from rollbar_logging.server.search import Term
from rollbar_logging.server.storage import overview
from rollbar_logging.server.storage.reading import list_summaries, neighbours

_LISTED = 10
_DAYS = 14
_HOURS_EACH = 6


class _Found(NamedTuple):
    """What both pages show, as it is stored."""

    projects: list[overview.Project]
    item: StoredItem
    occurrence: ReceivedOccurrence | None
    is_hit: bool
    around: Neighbours
    uuids: dict[int, str]
    listed: list[OccurrenceSummary]
    hours: overview.HourCounts
    deploys: list[Deploy]
    siblings: list[overview.Sibling]
    events: list[overview.ItemEvent]
    versions: list[overview.VersionCount]
    people: list[tuple[str, str]]


class Walk(NamedTuple):
    """Addresses of the hits around an occurrence; empty where there is none."""

    first: str
    previous: str
    next: str
    last: str


async def item_page(request: Request, site: Site) -> Response:
    """Show an item, opened on its latest occurrence, or on the latest that a search finds."""
    item_id = min(request.path_params["id"], LARGEST_ID)
    search = request.query_params.get("q", "").strip()
    terms, mistake = read_search(search)
    now = site.parts.unix_clock()

    def find(database: Connection) -> _Found:
        """Find what the page shows."""
        projects = overview.list_projects(database)
        item = overview.item_anywhere(database, item_id)
        if item is None:
            raise Refused(404, "There is no such item")
        found = overview.latest_of_item(database, item, terms)
        # The search may have matched the item itself, whose title is its first occurrence's.
        shown = found or (overview.latest_of_item(database, item) if terms else None)
        is_hit = found is not None and not mistake
        return _surroundings(database, projects, item, shown, terms if found else (), now, is_hit=is_hit)

    return await _shown(site, request, await site.ask(find), OPEN_RAISING)


async def occurrence_page(request: Request, site: Site) -> Response:
    """Show an occurrence; or, with ``download``, answer with it as JSON or as Markdown."""
    uuid = request.path_params["uuid"]
    terms, mistake = read_search(request.query_params.get("q", "").strip())
    now = site.parts.unix_clock()

    def find(database: Connection) -> _Found:
        """Find what the page shows."""
        projects = overview.list_projects(database)
        found = overview.occurrence_anywhere(database, projects, uuid)
        if found is None:
            raise Refused(404, "There is no such occurrence; it may have been deleted")
        item, occurrence = found
        return _surroundings(database, projects, item, occurrence, terms, now, is_hit=not mistake)

    found = await site.ask(find)
    wanted = request.query_params.get("download")
    if wanted is not None and found.occurrence is not None:
        return await asyncio.to_thread(_download, request, found.item, found.occurrence, wanted, now)
    return await _shown(site, request, found, OPEN_APPLICATION)


async def linked_page(request: Request, _site: Site) -> Response:
    """Lead on from an address as clients print it, with rollbar.com in place of this server, to the occurrence's page.

    Raises:
        Refused: 404, when the query has no ``uuid``.
    """
    uuid = request.query_params.get("uuid", "")
    if not uuid:
        raise Refused(404, "There is no uuid in this address: /occurrence/uuid/?uuid=…")
    return see_other(occurrence_url(uuid))


def _surroundings(
    database: Connection,
    projects: list[overview.Project],
    item: StoredItem,
    occurrence: ReceivedOccurrence | None,
    terms: Sequence[Term],
    now: float,
    *,
    is_hit: bool,
) -> _Found:
    around = Neighbours(None, None, None, None) if occurrence is None else neighbours(database, occurrence, terms)
    ids = {each for each in around if each is not None}
    since = first_hour(now, _DAYS * HOURS)
    deploys = overview.list_deploys(database, item.project_id, now=now, since=since, environment=item.environment)
    return _Found(
        projects=projects,
        item=item,
        occurrence=occurrence,
        is_hit=is_hit,
        around=around,
        uuids=overview.uuids_of(database, ids) if ids else {},
        listed=list_summaries(database, item.project_id, item_id=item.id, limit=_LISTED, search=terms),
        hours=overview.hours_of_items(database, [item.id], since)[item.id],
        deploys=deploys,
        siblings=overview.list_siblings(database, item.project_id, [item.hash]),
        events=overview.list_events(database, item.id),
        versions=overview.list_versions(database, item.id),
        people=overview.list_people(database),
    )


async def _shown(site: Site, request: Request, found: _Found, opening: str) -> Response:
    # A large report's page takes long to be made; meanwhile reports have to be taken.
    return await asyncio.to_thread(_page, site, request, found, opening)


def _page(site: Site, request: Request, found: _Found, opening: str) -> Response:
    search = request.query_params.get("q", "").strip()
    now = site.parts.unix_clock()
    item, occurrence = found.item, found.occurrence
    asked = request.query_params.get("frames", "")
    opening = asked if asked in OPENINGS else opening
    project = next(each for each in found.projects if each.id == item.project_id)
    return site.page(
        "item.html",
        request,
        projects=found.projects,
        project=project,
        item=item,
        row=item_row(item, found.hours, found.siblings, now),
        title=title_parts(item.title if occurrence is None else occurrence.title),
        occurrence=None if occurrence is None else occurrence_view(occurrence, now=now, opening=opening),
        opening=opening,
        asked_frames=asked,
        walk=_walk(found, search, asked),
        search=search,
        mistake=read_search(search)[1],
        is_hit=found.is_hit,
        is_latest=occurrence is not None and occurrence.id == item.last_occurrence_id,
        listed=[
            occurrence_row(
                each, now, search=search if found.is_hit else "", shown_id=occurrence.id if occurrence else None
            )
            for each in found.listed
        ],
        day=chart(found.hours, found.deploys, now),
        fortnight=chart(found.hours, found.deploys, now, slots=_DAYS * HOURS // _HOURS_EACH, hours_each=_HOURS_EACH),
        history=history(found.events, now),
        versions=[(each, moment_of(each.last_occurrence_timestamp, now)) for each in found.versions],
        people=found.people,
        assignee=_assignee(item),
        has_other_projects=item.project_id != PROJECT_ID,
        hour=HOUR,
    )


def _assignee(item: StoredItem) -> str:
    if item.assigned_user_id is not None:
        return f"user:{item.assigned_user_id}"
    return f"team:{item.assigned_team_id}" if item.assigned_team_id is not None else ""


def _walk(found: _Found, search: str, frames: str) -> Walk:
    shown = None if found.occurrence is None else found.occurrence.id
    query = {"q": search if found.is_hit else "", "frames": frames}

    def url(occurrence_id: int | None) -> str:
        uuid = found.uuids.get(occurrence_id or 0)
        return "" if uuid is None or occurrence_id == shown else occurrence_url(uuid, **query)

    return Walk(*(url(each) for each in found.around))


def _download(request: Request, item: StoredItem, occurrence: ReceivedOccurrence, wanted: str, now: float) -> Response:
    if wanted == "json":
        text, media_type, ending = json_text(occurrence.data) + "\n", "application/json", "json"
    elif wanted == "markdown":
        page_url = f"{str(request.base_url).rstrip('/')}{occurrence_url(occurrence.uuid)}"
        text = occurrence_markdown(occurrence_view(occurrence, now=now), item._asdict(), page_url)
        media_type, ending = "text/markdown; charset=utf-8", "md"
    else:
        raise Refused(404, "An occurrence can be downloaded as json and as markdown")
    headers = {
        **HEADERS,
        "cache-control": "no-store",
        "content-disposition": f'attachment; filename="{file_name(occurrence, ending)}"',
    }
    return Response(text.encode("utf-8", "replace"), headers=headers, media_type=media_type)
