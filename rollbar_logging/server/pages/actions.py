"""What people do to an item: resolve, mute, reopen, assign."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from rollbar_logging.server.answers import Refused
from rollbar_logging.server.pages.lists import STATUSES
from rollbar_logging.server.pages.site import LARGEST_ID, Site, number, see_other
from rollbar_logging.server.pages.views.wording import item_url
from rollbar_logging.server.storage import overview
from rollbar_logging.server.storage.items import change_item as change_stored

_LONGEST_VERSION = 40


async def change_item(request: Request, site: Site) -> Response:
    """Change an item as its form says, and show it again.

    Raises:
        Refused: 403 for a form that is none of ours, 404 without the item, 422 for what cannot be.
    """
    item_id = min(request.path_params["id"], LARGEST_ID)
    fields = await site.form(request)
    columns = _columns(fields)
    assignee = fields.get("assignee", "")
    now = site.parts.unix_clock()

    def change(database: Connection) -> None:
        """Change the item as it is by then."""
        item = overview.item_anywhere(database, item_id)
        if item is None:
            raise Refused(404, "There is no such item")
        if assignee and assignee not in dict(overview.list_people(database)):
            raise Refused(422, "There is nobody of that name to assign an item to")
        change_stored(database, item, columns, now)

    await site.change(change)
    site.hub.touch([item_id])
    return see_other(item_url(item_id))


def _columns(fields: Mapping[str, str]) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    status = fields.get("status")
    if status is not None:
        if status not in STATUSES:
            raise Refused(422, f"An item can be {', '.join(STATUSES)}")
        columns["status"] = status
        version = fields.get("resolved_in_version", "").strip()[:_LONGEST_VERSION]
        columns["resolved_in_version"] = version if status == "resolved" and version else None
    if "assignee" in fields:
        kind, _, given = fields["assignee"].partition(":")
        chosen = number(given, 0) or None
        columns["assigned_user_id"] = chosen if kind == "user" else None
        columns["assigned_team_id"] = chosen if kind == "team" else None
    return columns
