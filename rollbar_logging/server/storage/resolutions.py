"""When items were resolved, out of their history."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, select

from rollbar_logging.server.resolution import Resolved, resolutions
from rollbar_logging.server.storage.tables import item_events, items

_EVENTS = ("new", "reactivated", "reopened", "resolved")


class ResolvedFilter(NamedTuple):
    """Which items; an empty part lets all through.

    Attributes:
        project_id: Whose; ``None``: of all projects.
    """

    project_id: int | None
    counters: tuple[int, ...] = ()
    environments: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    frameworks: tuple[str, ...] = ()

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the conditions of SQL; they need the table ``items``."""
        found = [] if self.project_id is None else [items.c.project_id == self.project_id]
        plain = (
            (items.c.counter, self.counters),
            (items.c.environment, self.environments),
            (items.c.level, self.levels),
            (items.c.framework, self.frameworks),
        )
        return [*found, *(column.in_(values) for column, values in plain if values)]


class ItemResolutions(NamedTuple):
    """An item and every time that it was resolved, in order."""

    item_id: int
    counter: int
    resolved: Sequence[Resolved]


def list_resolutions(connection: Connection, wanted: ResolvedFilter) -> list[ItemResolutions]:
    """Return the items that match, by their ids; those that were never resolved are among them when named."""
    conditions = wanted.conditions()
    if not wanted.counters:  # few items are ever resolved: the history of the others need not be read
        ever = select(item_events.c.item_id).where(item_events.c.event == "resolved")
        conditions.append(items.c.id.in_(ever))
    query = (
        select(items.c.id, items.c.counter, item_events.c.event, item_events.c.timestamp)
        .join(item_events, item_events.c.item_id == items.c.id)
        .where(*conditions, item_events.c.event.in_(_EVENTS))
        .order_by(items.c.id, item_events.c.id)
    )
    return [
        ItemResolutions(item_id, counter, resolutions((row[2], row[3]) for row in rows))
        for (item_id, counter), rows in groupby(connection.execute(query), key=lambda row: (row[0], row[1]))
    ]
