"""What the pages ask the database beside items and occurrences: counts by hour, deploys, people, histories."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from rollbar_logging.server.account import Deploy, as_of
from rollbar_logging.server.received import OccurrenceSummary, ReceivedOccurrence, StoredItem
from rollbar_logging.server.search import Term
from rollbar_logging.server.storage.items import find_item
from rollbar_logging.server.storage.projects import DELETED
from rollbar_logging.server.storage.reading import find_occurrence, list_summaries
from rollbar_logging.server.storage.searching import occurrence_matches
from rollbar_logging.server.storage.tables import (
    deploys,
    environments,
    hourly_counts,
    item_events,
    items,
    occurrences,
    projects,
    teams,
    users,
    version_counts,
)

HourCounts = dict[int, int]
"""Occurrences by the Unix second at which the hour begins."""


class Project(NamedTuple):
    """A project as pages name it."""

    id: int
    name: str


class ItemEvent(NamedTuple):
    """Something in an item's life: ``new``, ``reactivated``, ``reopened``, ``resolved``, ``muted``."""

    event: str
    timestamp: int
    version: str | None


class VersionCount(NamedTuple):
    """How often an item occurred in a version."""

    version: str
    occurrences: int
    first_occurrence_timestamp: int
    last_occurrence_timestamp: int


class Sibling(NamedTuple):
    """An item with the same fingerprint in an environment."""

    id: int
    hash: str
    environment: str


def list_projects(connection: Connection) -> list[Project]:
    """Return all projects by id."""
    query = select(projects.c.id, projects.c.name).where(projects.c.status != DELETED).order_by(projects.c.id)
    return [Project(*row) for row in connection.execute(query)]


def list_environments(connection: Connection, project_id: int) -> list[str]:
    """Return the names of a project's environments."""
    query = select(environments.c.environment).where(environments.c.project_id == project_id)
    return list(connection.scalars(query.order_by(environments.c.environment)))


def item_anywhere(connection: Connection, item_id: int) -> StoredItem | None:
    """Return the item of that id, whichever project has it, unless that is being deleted."""
    found = (
        select(items.c.project_id)
        .join(projects, projects.c.id == items.c.project_id)
        .where(items.c.id == item_id, projects.c.status != DELETED)
    )
    project_id = connection.scalar(found)
    return None if project_id is None else find_item(connection, project_id, id=item_id)


def occurrence_anywhere(
    connection: Connection, among: Sequence[Project], uuid: str
) -> tuple[StoredItem, ReceivedOccurrence] | None:
    """Return the occurrence of that uuid, and its item; when several of the projects have the uuid, the first one's."""
    for project in among:
        occurrence = find_occurrence(connection, project.id, uuid=uuid)
        item = None if occurrence is None else find_item(connection, project.id, id=occurrence.item_id)
        if occurrence is not None and item is not None:
            return item, occurrence
    return None


def uuids_of(connection: Connection, ids: Collection[int]) -> dict[int, str]:
    """Return the uuids of occurrences by id."""
    query = select(occurrences.c.id, occurrences.c.uuid).where(occurrences.c.id.in_(ids))
    return {row.id: row.uuid for row in connection.execute(query)}


def hours_of_items(connection: Connection, item_ids: Collection[int], since: float) -> dict[int, HourCounts]:
    """Return the counts by hour of some items, from the hour that begins at or after *since*."""
    found: dict[int, HourCounts] = {item_id: {} for item_id in item_ids}
    columns = (hourly_counts.c.item_id, hourly_counts.c.hour, hourly_counts.c.count)
    query = select(*columns).where(hourly_counts.c.item_id.in_(item_ids), hourly_counts.c.hour >= int(since))
    for item_id, hour, count in connection.execute(query):
        found[item_id][hour] = count
    return found


def hours_of_project(connection: Connection, project_id: int, since: float) -> HourCounts:
    """Return a project's counts by hour, from the hour that begins at or after *since*."""
    query = (
        select(hourly_counts.c.hour, func.sum(hourly_counts.c.count))
        .where(hourly_counts.c.project_id == project_id, hourly_counts.c.hour >= int(since))
        .group_by(hourly_counts.c.hour)
    )
    return {hour: int(count) for hour, count in connection.execute(query)}


def list_siblings(connection: Connection, project_id: int, hashes: Collection[str]) -> list[Sibling]:
    """Return all items of these fingerprints, in whichever environment."""
    query = select(items.c.id, items.c.hash, items.c.environment).where(
        items.c.project_id == project_id, items.c.hash.in_(hashes)
    )
    return [Sibling(*row) for row in connection.execute(query.order_by(items.c.environment))]


def list_deploys(
    connection: Connection,
    project_id: int,
    *,
    now: float,
    since: float = 0,
    environment: str | None = None,
    limit: int = 100,
    before: int | None = None,
) -> list[Deploy]:
    """Return a project's deploys, the newest first.

    Args:
        connection: The database.
        project_id: Whose.
        now: Unix seconds, to tell which have timed out.
        since: Only those that began at or after this Unix second.
        environment: Only those of this one.
        limit: At most so many.
        before: Only those with a smaller id.
    """
    query = select(*(deploys.c[name] for name in Deploy._fields)).where(
        deploys.c.project_id == project_id, deploys.c.start_time >= int(since)
    )
    if environment is not None:
        query = query.where(deploys.c.environment == environment)
    if before is not None:
        query = query.where(deploys.c.id < before)
    found = connection.execute(query.order_by(deploys.c.id.desc()).limit(limit))
    return [as_of(Deploy(*row), now) for row in found]


def new_items_by_version(connection: Connection, project_id: int, versions: Collection[str]) -> dict[str, int]:
    """Return how many items were seen for the first time in each of these versions."""
    query = (
        select(version_counts.c.version, func.count())
        .join(items, items.c.id == version_counts.c.item_id)
        .where(
            version_counts.c.project_id == project_id,
            version_counts.c.version.in_(versions),
            version_counts.c.first_occurrence_id == items.c.first_occurrence_id,
        )
        .group_by(version_counts.c.version)
    )
    return {version: int(count) for version, count in connection.execute(query)}


def list_events(connection: Connection, item_id: int, limit: int = 20) -> list[ItemEvent]:
    """Return what happened to an item, the newest first."""
    query = select(item_events.c.event, item_events.c.timestamp, item_events.c.version).where(
        item_events.c.item_id == item_id
    )
    return [ItemEvent(*row) for row in connection.execute(query.order_by(item_events.c.id.desc()).limit(limit))]


def list_versions(connection: Connection, item_id: int, limit: int = 10) -> list[VersionCount]:
    """Return the versions in which an item occurred, the last seen first."""
    query = select(
        version_counts.c.version,
        version_counts.c.count,
        version_counts.c.first_occurrence_timestamp,
        version_counts.c.last_occurrence_timestamp,
    ).where(version_counts.c.item_id == item_id)
    ordered = query.order_by(version_counts.c.last_occurrence_id.desc()).limit(limit)
    return [VersionCount(*row) for row in connection.execute(ordered)]


def list_people(connection: Connection) -> list[tuple[str, str]]:
    """Return whom an item may be assigned to: ``user:ID`` or ``team:ID``, and the name."""
    found = [
        (f"user:{row.id}", row.username)
        for row in connection.execute(select(users.c.id, users.c.username).order_by(users.c.username))
    ]
    found += [
        (f"team:{row.id}", f"team {row.name}")
        for row in connection.execute(select(teams.c.id, teams.c.name).order_by(teams.c.name))
    ]
    return found


def list_told(connection: Connection, project_id: int, kind: str, limit: int = 20) -> list[OccurrenceSummary]:
    """Return the newest occurrences of a kind that the server itself makes: ``api_error``, ``system``."""
    found = select(items.c.id).where(items.c.project_id == project_id, items.c.kind == kind)
    query = (
        select(*(occurrences.c[name] for name in OccurrenceSummary._fields))
        .where(occurrences.c.item_id.in_(found))
        .order_by(occurrences.c.id.desc())
        .limit(limit)
    )
    return [OccurrenceSummary(*row) for row in connection.execute(query)]


def list_newest(
    connection: Connection, project_id: int, *, before: int | None = None, limit: int, search: Sequence[Term] = ()
) -> list[OccurrenceSummary]:
    """Return a project's occurrences, the last received first: the order that has an index.

    Args:
        connection: The database.
        project_id: Whose.
        before: Only those behind the occurrence of this id.
        limit: At most so many.
        search: Only what this finds.
    """
    query = select(*(occurrences.c[name] for name in OccurrenceSummary._fields)).where(
        occurrences.c.project_id == project_id, *occurrence_matches(search)
    )
    if before is not None:
        at = connection.scalar(
            select(occurrences.c.received_at)
            .where(occurrences.c.project_id == project_id, occurrences.c.id <= before)
            .order_by(occurrences.c.id.desc())
            .limit(1)
        )
        came, number = occurrences.c.received_at, occurrences.c.id
        query = query.where(came <= at, (came < at) | (number < before))
    ordered = query.order_by(occurrences.c.received_at.desc(), occurrences.c.id.desc()).limit(limit)
    return [OccurrenceSummary(*row) for row in connection.execute(ordered)]


def latest_of_item(connection: Connection, item: StoredItem, search: Sequence[Term] = ()) -> ReceivedOccurrence | None:
    """Return the item's latest occurrence, or the latest that *search* finds."""
    found = list_summaries(connection, item.project_id, item_id=item.id, limit=1, search=search)
    return find_occurrence(connection, item.project_id, occurrence_id=found[0].id) if found else None
