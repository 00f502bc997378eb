"""Items: lists, one by its id, counter or an occurrence's uuid, and what people change."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from starlette.routing import BaseRoute, Route

from rollbar_logging.server.answers import Answer, Refused, render, success
from rollbar_logging.server.api.calls import (
    Call,
    boolean_field,
    existing_projects,
    integer_field,
    project_call,
    text_field,
)
from rollbar_logging.server.parts import Parts
from rollbar_logging.server.received import ReceivedOccurrence, StoredItem
from rollbar_logging.server.search import SearchError, parse_search
from rollbar_logging.server.storage.items import (
    ITEMS_PER_PAGE,
    ItemFilter,
    change_item,
    find_item,
    list_items,
)
from rollbar_logging.server.storage.people import user_exists
from rollbar_logging.server.storage.reading import find_occurrence
from rollbar_logging.server.storage.teams import team_exists

LEVELS = ("debug", "info", "warning", "error", "critical")
STATUSES = ("active", "resolved", "muted")

_MOST_PER_PAGE = 5000
_MOST_COUNTED = 100_000
"""Items whose number the API tells; of more, it tells none."""

_LONGEST_TITLE = 255
_LONGEST_VERSION = 40


def item_routes(parts: Parts) -> list[BaseRoute]:
    """Return the routes; their paths have no final slash."""

    def reading(path: str, endpoint: Any) -> Route:
        return Route(path, project_call(parts, "read", endpoint), methods=["GET"])

    return [
        reading("/api/1/items", _items),
        reading("/api/1/search", _search),
        reading("/api/1/item", _item_by),
        reading("/api/1/item/{id:int}", _item),
        Route("/api/1/item/{id:int}", project_call(parts, "write", _change), methods=["PATCH"]),
        reading("/api/1/item_by_counter/{counter:int}", _item_by_counter),
    ]


async def _items(call: Call) -> Answer:
    page = call.page()
    limit = call.number("limit", default=ITEMS_PER_PAGE, low=1, high=_MOST_PER_PAGE)
    wanted, projects = _filter(call), await _projects(call)
    now = call.parts.unix_clock()
    total, found = await call.ask(
        lambda database: list_items(database, projects, wanted, page=page, limit=limit, now=now)
    )
    shown = [item_json(item, now) for item in found]
    return success({"page": page, "total_count": _told_count(total), "items": shown})


async def _projects(call: Call) -> int | Sequence[int]:
    """Return the projects whose items are asked for: an account's token may name several, by ``project_ids``."""
    named = call.values("project_ids")
    several = call.token.project_id is None and len(named) > 1
    return await existing_projects(call.parts, named) if several else call.project_id


def _told_count(total: int) -> int | None:
    return total if total <= _MOST_COUNTED else None


async def _search(call: Call) -> Answer:
    """Answer the undocumented search of pyrollbar's ``search_items``."""
    page = call.page()
    title = call.request.query_params.get("title", "")
    wanted = _filter(call)
    try:
        wanted = wanted._replace(search=(*wanted.search, *parse_search(title)))
    except SearchError as error:
        raise Refused(422, f"Invalid format. title: {error}.") from error
    now = call.parts.unix_clock()
    total, found = await call.ask(lambda database: list_items(database, call.project_id, wanted, page=page, now=now))
    fields = [name for name in call.request.query_params.get("fields", "").split(",") if name]
    shown = [item_json(item, now) for item in found]
    if fields:
        shown = [{name: item[name] for name in fields if name in item} for item in shown]
    return success({"page": page, "total_count": _told_count(total), "items": shown})


def _filter(call: Call) -> ItemFilter:
    query = call.request.query_params
    try:
        search = parse_search(query.get("query", ""))
    except SearchError as error:
        raise Refused(422, f"Invalid format. query: {error}.") from error
    snoozed = query.get("is_snoozed")
    if snoozed is not None and snoozed.lower() not in {"true", "false", "1", "0"}:
        raise Refused(422, "Invalid format. is_snoozed should be boolean.")
    wanted = ItemFilter(
        status=call.values("status"),
        level=call.values("level"),
        environment=call.values("environment"),
        framework=call.values("framework"),
        ids=_numbers("ids", ",".join(call.values("ids"))),
        assigned_user=query.get("assigned_user", ""),
        assigned_team=_numbers("assigned_team", ",".join(call.values("assigned_team"))),
        is_snoozed=None if snoozed is None else snoozed.lower() in {"true", "1"},
        search=search,
    )
    if wanted.assigned_user and wanted.assigned_team:
        raise Refused(422, "Invalid format. assigned_user and assigned_team exclude each other.")
    return wanted


def _numbers(name: str, text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not all(part.isascii() and part.isdecimal() and len(part) < 16 for part in parts):  # noqa: PLR2004 - 53 bits
        raise Refused(422, f"Invalid format. {name} should be integers.")
    return tuple(int(part) for part in parts)


async def _item(call: Call) -> Answer:
    return success(item_json(await found_item(call, id=call.path_id()), call.parts.unix_clock()))


async def _item_by(call: Call) -> Answer:
    """Answer ``item?uuid=U`` (an occurrence's) and ``item?counter=N``."""
    now = call.parts.unix_clock()
    if "counter" in call.request.query_params:
        return success(item_json(await found_item(call, counter=call.number("counter", default=0)), now))
    given = call.request.query_params.get("uuid", "")
    try:
        uuid.UUID(given)
    except ValueError:
        raise Refused(400, "Invalid UUID format") from None
    occurrence = await _occurrence_by(call, given)
    return success(item_json(await found_item(call, id=occurrence.item_id), now))


async def _occurrence_by(call: Call, given: str) -> ReceivedOccurrence:
    """Find an occurrence by its uuid, as it is given or in the usual forms: clients send it with dashes or without."""
    usual = uuid.UUID(given)
    for text in dict.fromkeys((given, str(usual), usual.hex)):
        occurrence = await call.ask(partial(find_occurrence, project_id=call.project_id, uuid=text))
        if occurrence is not None:
            return occurrence
    raise Refused(404, "UUID did not match any occurrence")


async def _item_by_counter(call: Call) -> Answer:
    item = await found_item(call, counter=call.path_id("counter"))
    path = f"/api/1/item/{item.id}"
    body = render({"err": 0, "result": {"itemId": item.id, "path": path, "uri": path}})
    return Answer(301, body, (("location", path),))


async def found_item(call: Call, **key: int) -> StoredItem:
    """Return the item of that ``id`` or ``counter``.

    Raises:
        Refused: 404, when the project has none.
    """
    item = await call.ask(lambda database: find_item(database, call.project_id, **key))
    if item is None:
        raise Refused(404, "Item not found in this project.")
    return item


async def _change(call: Call) -> Answer:
    item = await found_item(call, id=call.path_id())
    now = call.parts.unix_clock()
    columns = {name: read(call.fields, name) for name, read in _CHANGEABLE.items() if name in call.fields}
    if "resolved_in_version" in columns and columns.get("status", item.status) != "resolved":
        raise Refused(422, "Invalid format. resolved_in_version needs status resolved.")
    columns |= _snooze(call.fields, item, now)

    def change(database: Any) -> None:
        if columns.get("assigned_user_id") is not None and not user_exists(database, columns["assigned_user_id"]):
            raise Refused(422, "User not found for this account")
        if columns.get("assigned_team_id") is not None and not team_exists(database, columns["assigned_team_id"]):
            raise Refused(422, "Team not found in this account.")
        # As it is by now: an occurrence may have made it active again since it was looked for.
        change_item(database, find_item(database, item.project_id, id=item.id) or item, columns, now)

    await call.change(change)
    call.tell_pages(item.id)
    sent = (*_CHANGEABLE, "snooze_enabled", "snooze_expiration_in_seconds")
    return success({name: call.fields[name] for name in sent if name in call.fields})


def _one_of(allowed: tuple[str, ...]) -> Callable[[Mapping[str, Any], str], str]:
    def read(fields: Mapping[str, Any], name: str) -> str:
        value = fields.get(name)
        if value not in allowed:
            raise Refused(422, f"Invalid format. {name} should be one of {', '.join(allowed)}.")
        return str(value)

    return read


def _title(fields: Mapping[str, Any], name: str) -> str:
    title = text_field(fields, name, longest=_LONGEST_TITLE)
    if not title:
        raise Refused(422, f"Invalid format. {name} should be string of 1 to {_LONGEST_TITLE} characters.")
    return title


_CHANGEABLE: Mapping[str, Callable[[Mapping[str, Any], str], Any]] = {
    "status": _one_of(STATUSES),
    "level": _one_of(LEVELS),
    "title": _title,
    "resolved_in_version": lambda fields, name: text_field(fields, name, longest=_LONGEST_VERSION),
    "assigned_user_id": integer_field,
    "assigned_team_id": integer_field,
}


def _snooze(fields: Mapping[str, Any], item: StoredItem, now: float) -> dict[str, Any]:
    is_enabled = boolean_field(fields, "snooze_enabled")
    seconds = integer_field(fields, "snooze_expiration_in_seconds")
    if is_enabled is None and seconds is None:
        return {}
    if is_enabled is False:
        return {"snooze_until": None, "snooze_expiration_threshold_seconds": None}
    seconds = seconds or item.snooze_expiration_threshold_seconds
    if not seconds or seconds < 1:
        raise Refused(422, "Invalid format. snooze_expiration_in_seconds is missing and it is required.")
    return {"snooze_until": int(now) + seconds, "snooze_expiration_threshold_seconds": seconds}


def item_json(item: StoredItem, now: float) -> dict[str, Any]:
    """Return an item as the API shows it; what this server does not keep is null, as it is there at first."""
    shown = item._asdict()
    del shown["kind"], shown["snooze_until"], shown["snooze_expiration_threshold_seconds"]
    shown |= {
        "unique_occurrences": None,
        "group_item_id": None,
        "group_status": 1,
        "controlling_id": item.id,
        "public_item_id": None,
        "integrations_data": None,
    }
    if item.snooze_until is not None and item.snooze_until > now:
        shown |= {
            "snooze_status": "active",
            "snooze_type": "time",
            "snooze_expiration_threshold_seconds": item.snooze_expiration_threshold_seconds,
            "snooze_expiration_datetime": item.snooze_until,
        }
    return shown
