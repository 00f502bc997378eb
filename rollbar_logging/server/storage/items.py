"""Items out of the database, and what people do to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, func, insert, select, update
from sqlalchemy.sql import Select

from rollbar_logging.server.received import StoredItem
from rollbar_logging.server.search import Term
from rollbar_logging.server.storage.searching import item_matches
from rollbar_logging.server.storage.tables import item_events, items, users

ITEMS_PER_PAGE = 100


_COLUMNS = tuple(items.c[name] for name in StoredItem._fields)


class ItemFilter(NamedTuple):
    """Which items; an empty part lets all through.

    Attributes:
        assigned_user: A user's name, ``assigned`` or ``unassigned``.
        is_snoozed: Whether at the moment.
    """

    status: tuple[str, ...] = ()
    level: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    framework: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    ids: tuple[int, ...] = ()
    assigned_user: str = ""
    assigned_team: tuple[int, ...] = ()
    is_snoozed: bool | None = None
    search: tuple[Term, ...] = ()


ALL_ITEMS = ItemFilter()


def list_items(
    connection: Connection,
    project_id: int | Sequence[int],
    wanted: ItemFilter = ALL_ITEMS,
    *,
    page: int = 1,
    limit: int = ITEMS_PER_PAGE,
    now: float = 0,
) -> tuple[int, list[StoredItem]]:
    """Return how many items match, and one page of them, the last active first.

    Args:
        connection: The database.
        project_id: Whose items; those of several projects, where there are several.
        wanted: Which of them.
        page: From 1.
        limit: Items of a page.
        now: Unix seconds, to tell who is snoozed.
    """
    column = items.c.project_id
    of_project = column == project_id if isinstance(project_id, int) else column.in_(project_id)
    conditions = [of_project, *_conditions(wanted, now)]
    latest_first = items.c.last_occurrence_id.desc()
    first = (page - 1) * limit
    if wanted.search:
        # A search may have to look at every occurrence: it does so once, for the count and the page.
        ids = connection.scalars(select(items.c.id).where(*conditions).order_by(latest_first)).all()
        of_page = select(*_COLUMNS).where(items.c.id.in_(ids[first : first + limit])).order_by(latest_first)
        return len(ids), _items(connection, of_page)
    total = connection.scalar(select(func.count()).select_from(items).where(*conditions))
    query = select(*_COLUMNS).where(*conditions).order_by(latest_first).limit(limit).offset(first)
    return int(total or 0), _items(connection, query)


def _conditions(wanted: ItemFilter, now: float) -> list[ColumnElement[bool]]:
    plain = {name: getattr(wanted, name) for name in ("status", "level", "environment", "framework", "kind")}
    found: list[ColumnElement[bool]] = [items.c[name].in_(values) for name, values in plain.items() if values]
    if wanted.ids:
        found.append(items.c.id.in_(wanted.ids))
    if wanted.assigned_team:
        found.append(items.c.assigned_team_id.in_(wanted.assigned_team))
    if wanted.assigned_user == "unassigned":
        found.append(items.c.assigned_user_id.is_(None) & items.c.assigned_team_id.is_(None))
    elif wanted.assigned_user == "assigned":
        found.append(items.c.assigned_user_id.is_not(None) | items.c.assigned_team_id.is_not(None))
    elif wanted.assigned_user:
        found.append(items.c.assigned_user_id.in_(select(users.c.id).where(users.c.username == wanted.assigned_user)))
    if wanted.is_snoozed is not None:
        is_snoozed = func.coalesce(items.c.snooze_until, 0) > int(now)
        found.append(is_snoozed if wanted.is_snoozed else ~is_snoozed)
    return [*found, *item_matches(wanted.search)]


def find_item(connection: Connection, project_id: int, **key: int) -> StoredItem | None:
    """Return the item of that ``id`` or that ``counter``, or ``None``."""
    ((column, value),) = key.items()
    query = select(*_COLUMNS).where(items.c.project_id == project_id, items.c[column] == value)
    return next(iter(_items(connection, query)), None)


def _items(connection: Connection, query: Select[Any]) -> list[StoredItem]:
    return [StoredItem(*row) for row in connection.execute(query)]


def change_item(connection: Connection, item: StoredItem, columns: Mapping[str, Any], now: float) -> None:
    """Change columns of an item; a new status also notes when, and is told of in the item's history.

    Args:
        connection: The writer's.
        item: As it is.
        columns: New values by column.
        now: Unix seconds.
    """
    values = dict(columns)
    status = values.get("status", item.status)
    if status != item.status:
        event = _EVENTS[status]
        version = values.get("resolved_in_version") if status == "resolved" else None
        connection.execute(
            insert(item_events).values(
                project_id=item.project_id, item_id=item.id, event=event, timestamp=int(now), version=version
            )
        )
        if status in _MOMENTS:
            values[_MOMENTS[status]] = int(now)
    if "status" in values:  # the version belongs to this status; that of an earlier one must not linger
        values.setdefault("resolved_in_version", None)
    if status == item.status == "resolved" and "resolved_in_version" in values:
        _tell_version(connection, item, values["resolved_in_version"])
    if "title" in values:
        values["title_lock"] = 1
    if "level" in values:
        values["level_lock"] = 1
    if values:
        connection.execute(update(items).where(items.c.id == item.id).values(values))


def _tell_version(connection: Connection, item: StoredItem, version: str | None) -> None:
    """Have the item's last resolution be one in that version: it is known only now."""
    of_item = (item_events.c.item_id == item.id, item_events.c.event == "resolved")
    last = select(func.max(item_events.c.id)).where(*of_item).scalar_subquery()
    connection.execute(update(item_events).where(item_events.c.id == last).values(version=version))


_EVENTS = {"active": "reopened", "resolved": "resolved", "muted": "muted"}
_MOMENTS = {
    "active": "last_activated_timestamp",
    "resolved": "last_resolved_timestamp",
    "muted": "last_muted_timestamp",
}
