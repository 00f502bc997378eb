"""Items and occurrences out of the database."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

ITEMS_PER_PAGE = 100
_FILTERS = frozenset({"status", "level", "environment", "framework"})


class ReceivedOccurrence(NamedTuple):
    """One stored occurrence.

    Attributes:
        id: Counts up in the order of arrival.
        uuid: As the client sent it, or made by the server.
        item_id: The item it belongs to.
        kind: ``item``: sent by a client; ``api_error``: tells of a rejected item; ``system``: tells of a
            rate limit.
        token_name: Name of the token that posted it.
        received_at: Unix seconds of the server's clock.
        body_bytes: Bytes of the call's body as they came over the wire.
        environment: Of the item.
        level: One of Rollbar's five names.
        title: The client's, or the default.
        data: The payload's ``data`` as it is stored.
    """

    id: int
    uuid: str
    item_id: int
    kind: str
    token_name: str
    received_at: float
    body_bytes: int
    environment: str
    level: str
    title: str
    data: dict[str, Any]


class StoredItem(NamedTuple):
    """One item: all occurrences of one fingerprint in one environment."""

    id: int
    project_id: int
    counter: int
    environment: str
    hash: str
    title: str
    level: str
    platform: str
    framework: str
    status: str
    first_occurrence_id: int
    first_occurrence_timestamp: int
    last_occurrence_id: int
    last_occurrence_timestamp: int
    total_occurrences: int


_OCCURRENCE = f"SELECT {', '.join(ReceivedOccurrence._fields)} FROM occurrences"  # noqa: S608 - names of our own
_ITEM = f"SELECT {', '.join(StoredItem._fields)} FROM items"  # noqa: S608 - likewise


def list_items(
    connection: sqlite3.Connection, project_id: int, filters: Mapping[str, Sequence[str]], page: int = 1
) -> tuple[int, list[StoredItem]]:
    """Return how many items match, and one page of 100 of them, the last active first.

    Args:
        connection: The database.
        project_id: Whose items.
        filters: Accepted values of ``status``, ``level``, ``environment`` and ``framework``; other names
            are ignored.
        page: From 1.
    """
    where, parameters = "project_id = ?", list[Any]([project_id])
    for column in sorted(_FILTERS & filters.keys()):
        where += f" AND {column} IN ({', '.join('?' * len(filters[column]))})"
        parameters.extend(filters[column])
    (total,) = connection.execute(f"SELECT count(*) FROM items WHERE {where}", parameters).fetchone()  # noqa: S608 - likewise
    rows = connection.execute(
        f"{_ITEM} WHERE {where} ORDER BY last_occurrence_id DESC LIMIT ? OFFSET ?",
        [*parameters, ITEMS_PER_PAGE, (page - 1) * ITEMS_PER_PAGE],
    )
    return int(total), [StoredItem(*row) for row in rows]


def find_item(
    connection: sqlite3.Connection,
    project_id: int,
    *,
    id: int | None = None,  # noqa: A002 - the column's name
    counter: int | None = None,
) -> StoredItem | None:
    """Return the item of that id or that counter, or ``None``."""
    column, value = ("id", id) if id is not None else ("counter", counter)
    row = connection.execute(f"{_ITEM} WHERE project_id = ? AND {column} = ?", (project_id, value)).fetchone()
    return StoredItem(*row) if row else None


def list_occurrences(
    connection: sqlite3.Connection,
    project_id: int,
    *,
    item_id: int | None = None,
    before: int | None = None,
    limit: int = 20,
    offset: int = 0,
) -> list[ReceivedOccurrence]:
    """Return occurrences, the newest first.

    Args:
        connection: The database.
        project_id: Whose occurrences.
        item_id: Only those of this item.
        before: Only those with a smaller id.
        limit: At most so many.
        offset: After so many.
    """
    where, parameters = "project_id = ?", [project_id]
    if item_id is not None:
        where, parameters = where + " AND item_id = ?", [*parameters, item_id]
    if before is not None:
        where, parameters = where + " AND id < ?", [*parameters, before]
    rows = connection.execute(
        f"{_OCCURRENCE} WHERE {where} ORDER BY id DESC LIMIT ? OFFSET ?", [*parameters, limit, offset]
    )
    return [_occurrence(row) for row in rows]


def list_arrivals(
    connection: sqlite3.Connection, project_id: int, *, after: int = 0, limit: int = -1, kind: str | None = "item"
) -> list[ReceivedOccurrence]:
    """Return occurrences in the order of arrival.

    Args:
        connection: The database.
        project_id: Whose occurrences.
        after: Only those with a larger id.
        limit: At most so many; all, when negative.
        kind: Only those of this kind; all, when ``None``.
    """
    where, parameters = "project_id = ? AND id > ?", list[Any]([project_id, after])
    if kind is not None:
        where, parameters = where + " AND kind = ?", [*parameters, kind]
    rows = connection.execute(f"{_OCCURRENCE} WHERE {where} ORDER BY id LIMIT ?", [*parameters, limit])
    return [_occurrence(row) for row in rows]


def find_occurrence(
    connection: sqlite3.Connection, project_id: int, *, uuid: str | None = None, occurrence_id: int | None = None
) -> ReceivedOccurrence | None:
    """Return the occurrence of that uuid or that id, or ``None``."""
    column, value = ("uuid", uuid) if uuid is not None else ("id", occurrence_id)
    row = connection.execute(f"{_OCCURRENCE} WHERE project_id = ? AND {column} = ?", (project_id, value)).fetchone()
    return _occurrence(row) if row else None


def _occurrence(row: sqlite3.Row) -> ReceivedOccurrence:
    return ReceivedOccurrence(**{**row, "data": json.loads(row["data"])})
