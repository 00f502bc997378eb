"""What happened in one version of the code: its occurrences, its items and its deploys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, exists, func, or_, select

from rollbar_logging.server.received import StoredItem
from rollbar_logging.server.storage.tables import deploys, item_events, items, users, version_counts

EVENTS = ("new", "repeated", "reactivated", "resolved")
"""What an item may be in a version: first seen in it, seen before and again, active again, or resolved."""

_TOLD = ("new", "reactivated", "resolved")
_COLUMNS = tuple(items.c[name] for name in StoredItem._fields)
_IN_VERSION = (
    "count",
    "first_occurrence_id",
    "first_occurrence_timestamp",
    "last_occurrence_id",
    "last_occurrence_timestamp",
)


class Version(NamedTuple):
    """One version of a project's code.

    Attributes:
        first_occurrence_id: ``None``, as the other three, when nothing occurred in it.
        deployed_by: Who deployed it last, if it was reported.
        first_deploy_timestamp: Unix seconds, or ``None``.
        last_deploy_timestamp: Unix seconds, or ``None``.
    """

    first_occurrence_id: int | None
    first_occurrence_timestamp: int | None
    last_occurrence_id: int | None
    last_occurrence_timestamp: int | None
    deployed_by: str | None
    first_deploy_timestamp: int | None
    last_deploy_timestamp: int | None


class ItemInVersion(NamedTuple):
    """An item, and what it did in a version.

    Attributes:
        item: The item.
        in_version: Its number of occurrences there (``count``) and the first and the last of them; values are
            ``None`` for an item that did not occur, but was resolved in it.
    """

    item: StoredItem
    in_version: Mapping[str, int | None]


class VersionOf(NamedTuple):
    """Which version, of which project; of one environment, or of all (``None``)."""

    project_id: int
    version: str
    environment: str | None = None


def find_version(connection: Connection, of: VersionOf) -> Version | None:
    """Return what is known of a version, ``None`` when nothing is."""
    query = (
        select(
            func.min(version_counts.c.first_occurrence_id),
            func.min(version_counts.c.first_occurrence_timestamp),
            func.max(version_counts.c.last_occurrence_id),
            func.max(version_counts.c.last_occurrence_timestamp),
        )
        .join(items, items.c.id == version_counts.c.item_id)
        .where(*_counted_in(of))
    )
    seen = connection.execute(query).one()
    deployed = _deploys(connection, of)
    if seen[0] is None and deployed is None:
        return None
    return Version(*seen, *(deployed or (None, None, None)))


def _counted_in(of: VersionOf) -> list[ColumnElement[bool]]:
    conditions = [version_counts.c.project_id == of.project_id, version_counts.c.version == of.version]
    return [*conditions, *_of_environment(of, items.c.environment)]


def _of_environment(of: VersionOf, column: ColumnElement[str]) -> list[ColumnElement[bool]]:
    return [] if of.environment is None else [column == of.environment]


def _deploys(connection: Connection, of: VersionOf) -> tuple[str | None, int, int] | None:
    conditions = [deploys.c.project_id == of.project_id, deploys.c.revision == of.version]
    conditions += _of_environment(of, deploys.c.environment)
    query = (
        select(users.c.username, deploys.c.local_username, deploys.c.start_time)
        .outerjoin(users, users.c.id == deploys.c.user_id)
        .where(*conditions)
        .order_by(deploys.c.start_time.desc(), deploys.c.id.desc())
        .limit(1)
    )
    last = connection.execute(query).first()
    if last is None:
        return None
    first = connection.scalars(select(func.min(deploys.c.start_time)).where(*conditions)).one()
    return last[0] or last[1], int(first), int(last[2])


def item_stats(connection: Connection, of: VersionOf) -> dict[str, dict[str, int]]:
    """Return how many items were new, repeated, reactivated and resolved in a version, by level.

    An event or a level without any items is not in it.
    """
    stats: dict[str, dict[str, int]] = {}
    told = (
        select(item_events.c.event, items.c.level, func.count(item_events.c.item_id.distinct()))
        .join(items, items.c.id == item_events.c.item_id)
        .where(_happened(of), item_events.c.event.in_(_TOLD), *_of_environment(of, items.c.environment))
        .group_by(item_events.c.event, items.c.level)
    )
    repeated = (
        select(items.c.level, func.count())
        .select_from(version_counts)
        .join(items, items.c.id == version_counts.c.item_id)
        .where(*_counted_in(of), ~_is(of, ("new", "reactivated")))
        .group_by(items.c.level)
    )
    for event, level, count in connection.execute(told):
        stats.setdefault(event, {})[level] = count
    for level, count in connection.execute(repeated):
        stats.setdefault("repeated", {})[level] = count
    return stats


def _happened(of: VersionOf) -> ColumnElement[bool]:
    return and_(item_events.c.project_id == of.project_id, item_events.c.version == of.version)


def _is(of: VersionOf, events: Iterable[str]) -> ColumnElement[bool]:
    """Return whether one of *events* happened to the item in the version."""
    return exists().where(item_events.c.item_id == items.c.id, _happened(of), item_events.c.event.in_(events))


def list_in_version(
    connection: Connection, of: VersionOf, *, events: tuple[str, ...], levels: tuple[str, ...], page: int, limit: int
) -> tuple[int, list[ItemInVersion]]:
    """Return how many items a version has, and one page of them, the last active first.

    Args:
        connection: The database.
        of: Which version.
        events: Only items to which one of these happened in it, names of `EVENTS`; all, when empty.
        levels: Only items of these levels; all, when empty.
        page: From 1.
        limit: Items of a page.
    """
    in_version = and_(
        version_counts.c.item_id == items.c.id,
        version_counts.c.version == of.version,
    )
    conditions: list[ColumnElement[bool]] = [
        items.c.project_id == of.project_id,
        or_(*(_was(of, event) for event in events or EVENTS)),
        *_of_environment(of, items.c.environment),
    ]
    if levels:
        conditions.append(items.c.level.in_(levels))
    source = items.outerjoin(version_counts, in_version)
    total = connection.scalar(select(func.count()).select_from(source).where(*conditions))
    query = (
        select(*_COLUMNS, *(version_counts.c[name].label(f"{name}_in_version") for name in _IN_VERSION))
        .select_from(source)
        .where(*conditions)
        .order_by(items.c.last_occurrence_id.desc())
        .limit(limit)
        .offset((page - 1) * limit)
    )
    return int(total or 0), [_in_version(row) for row in connection.execute(query)]


def _was(of: VersionOf, event: str) -> ColumnElement[bool]:
    if event == "repeated":
        return and_(version_counts.c.version.is_not(None), ~_is(of, ("new", "reactivated")))
    return _is(of, (event,))


def _in_version(row: Any) -> ItemInVersion:
    size = len(_COLUMNS)
    return ItemInVersion(StoredItem(*row[:size]), dict(zip(_IN_VERSION, row[size:], strict=True)))
