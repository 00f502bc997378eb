"""Counts over time: of occurrences, and of items that became active."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, func, select

from rollbar_logging.server.received import StoredItem
from rollbar_logging.server.storage.tables import hourly_counts, item_events, items, occurrences
from rollbar_logging.server.storage.whole_seconds import bucket_of, whole_seconds

HOUR = 3600
ACTIVATIONS = ("new", "reactivated", "reopened")
"""Events after which an item is active."""

_COLUMNS = tuple(items.c[name] for name in StoredItem._fields)


class ReportFilter(NamedTuple):
    """Which items count; an empty part lets all through."""

    environments: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    item_id: int | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the conditions of SQL; they need the table ``items``."""
        found: list[ColumnElement[bool]] = []
        if self.environments:
            found.append(items.c.environment.in_(self.environments))
        if self.levels:
            found.append(items.c.level.in_(self.levels))
        if self.item_id is not None:
            found.append(items.c.id == self.item_id)
        return found


ALL = ReportFilter()


class ActiveItem(NamedTuple):
    """An item and how often it occurred.

    Attributes:
        item: The item.
        occurrences: In the whole span.
        by_hour: Of the last hours, by the hour's start in Unix seconds; hours without any are not in it.
    """

    item: StoredItem
    occurrences: int
    by_hour: Mapping[int, int]


class Buckets(NamedTuple):
    """A row of equal spans of time.

    Attributes:
        first: Start of the first, Unix seconds; a multiple of `size`.
        size: Seconds of each.
        number: How many.
    """

    first: int
    size: int
    number: int

    @classmethod
    def until(cls, now: float, size: int, number: int) -> Buckets:
        """Return the *number* buckets of which the last holds *now*."""
        return cls(int(now) // size * size - (number - 1) * size, size, number)

    def filled(self, counts: Mapping[int, int]) -> list[tuple[int, int]]:
        """Return start and count of each bucket, from the counts of those that have any."""
        starts = range(self.first, self.first + self.size * self.number, self.size)
        return [(start, counts.get(start, 0)) for start in starts]


def top_active_items(
    connection: Connection, project_id: int, wanted: ReportFilter, hours: Buckets, *, days_first_hour: int, limit: int
) -> list[ActiveItem]:
    """Return the active items that occurred most often, the most frequent first.

    Args:
        connection: The database.
        project_id: Whose items.
        wanted: Which of them.
        hours: In which hours.
        days_first_hour: From which hour on counts are returned one by one, Unix seconds.
        limit: At most so many items.
    """
    total = func.sum(hourly_counts.c.count)
    counted = (
        select(hourly_counts.c.item_id, total.label("total"))
        .where(hourly_counts.c.project_id == project_id, hourly_counts.c.hour >= hours.first)
        .group_by(hourly_counts.c.item_id)
        .subquery()
    )
    query = (
        select(counted.c.total, *_COLUMNS)
        .join(counted, counted.c.item_id == items.c.id)
        .where(items.c.status == "active", *wanted.conditions())
        .order_by(counted.c.total.desc(), items.c.last_occurrence_id.desc())
        .limit(limit)
    )
    found = [(int(row[0]), StoredItem(*row[1:])) for row in connection.execute(query)]
    by_item: dict[int, dict[int, int]] = {item.id: {} for _, item in found}
    per_hour = select(hourly_counts.c.item_id, hourly_counts.c.hour, hourly_counts.c.count).where(
        hourly_counts.c.item_id.in_(by_item), hourly_counts.c.hour >= days_first_hour
    )
    for item_id, hour, count in connection.execute(per_hour):
        by_item[item_id][hour] = count
    return [ActiveItem(item, count, by_item[item.id]) for count, item in found]


def occurrence_counts(
    connection: Connection, project_id: int, wanted: ReportFilter, buckets: Buckets
) -> list[tuple[int, int]]:
    """Return how many occurrences there were in each bucket.

    Hours and days are read from what was counted as occurrences came, so that those deleted since are in it;
    minutes are counted now.
    """
    if buckets.size % HOUR == 0:
        at: ColumnElement[int] = hourly_counts.c.hour
        count: ColumnElement[Any] = func.sum(hourly_counts.c.count)
        conditions = [hourly_counts.c.project_id == project_id, hourly_counts.c.hour >= buckets.first]
        item_id = hourly_counts.c.item_id
    else:
        at = whole_seconds(occurrences.c.received_at)
        count = func.count()
        conditions = [occurrences.c.project_id == project_id, occurrences.c.received_at >= buckets.first]
        item_id = occurrences.c.item_id
    return _counted(connection, at, count, item_id, conditions, wanted, buckets)


def activated_counts(
    connection: Connection, project_id: int, wanted: ReportFilter, buckets: Buckets
) -> list[tuple[int, int]]:
    """Return how often items became active in each bucket."""
    conditions = [
        item_events.c.project_id == project_id,
        item_events.c.timestamp >= buckets.first,
        item_events.c.event.in_(ACTIVATIONS),
    ]
    return _counted(
        connection, item_events.c.timestamp, func.count(), item_events.c.item_id, conditions, wanted, buckets
    )


def _counted(
    connection: Connection,
    at: ColumnElement[int],
    count: ColumnElement[Any],
    item_id: ColumnElement[int],
    conditions: list[ColumnElement[bool]],
    wanted: ReportFilter,
    buckets: Buckets,
) -> list[tuple[int, int]]:
    start = bucket_of(at, buckets.size).label("start")
    query = select(start, count).where(*conditions).group_by(start)
    of_items = wanted.conditions()
    if of_items:
        query = query.join(items, items.c.id == item_id).where(*of_items)
    return buckets.filled({int(row[0]): int(row[1]) for row in connection.execute(query)})
