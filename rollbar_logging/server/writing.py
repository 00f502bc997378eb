"""Occurrences into the database: the item they belong to, and its counts."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from rollbar_logging.server.arrival import Arrival


class Added(NamedTuple):
    """What came of one arrival.

    Attributes:
        uuid: The occurrence's.
        is_duplicate: Whether the project had that uuid already; then nothing was stored.
    """

    uuid: str
    is_duplicate: bool


def add_all(connection: sqlite3.Connection, arrivals: Sequence[Arrival]) -> list[Added]:
    """Store the arrivals, all or none, in one transaction that is on the disk on return."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        added = [_add(connection, arrival) for arrival in arrivals]
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite may have ended it by itself
            connection.execute("ROLLBACK")
        raise
    return added


def _add(connection: sqlite3.Connection, arrival: Arrival) -> Added:
    known = connection.execute(
        "SELECT 1 FROM occurrences WHERE project_id = ? AND uuid = ?", (arrival.project_id, arrival.uuid)
    )
    if known.fetchone():
        return Added(arrival.uuid, is_duplicate=True)
    item_id = _item_of(connection, arrival)
    occurrence_id = connection.execute(
        "INSERT INTO occurrences (project_id, item_id, uuid, kind, token_name, received_at, body_bytes, environment, "
        "level, title, language, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            arrival.project_id,
            item_id,
            arrival.uuid,
            arrival.kind,
            arrival.token_name,
            arrival.received_at,
            arrival.body_bytes,
            arrival.environment,
            arrival.level,
            arrival.title,
            arrival.language,
            arrival.data,
        ),
    ).lastrowid
    connection.execute(
        "UPDATE items SET total_occurrences = total_occurrences + 1, last_occurrence_id = :occurrence, "
        "last_occurrence_timestamp = :at, first_occurrence_id = coalesce(first_occurrence_id, :occurrence) "
        "WHERE id = :item",
        {"occurrence": occurrence_id, "at": int(arrival.received_at), "item": item_id},
    )
    return Added(arrival.uuid, is_duplicate=False)


def _item_of(connection: sqlite3.Connection, arrival: Arrival) -> int:
    found = connection.execute(
        "SELECT id FROM items WHERE project_id = ? AND environment = ? AND hash = ?",
        (arrival.project_id, arrival.environment, arrival.fingerprint),
    ).fetchone()
    if found:
        return int(found["id"])
    made = connection.execute(
        "INSERT INTO items (project_id, counter, environment, hash, title, level, platform, framework, status, "
        "first_occurrence_timestamp, last_occurrence_timestamp, total_occurrences) "
        "VALUES (:project, (SELECT coalesce(max(counter), 0) + 1 FROM items WHERE project_id = :project), "
        ":environment, :hash, :title, :level, :platform, :framework, 'active', :at, :at, 0)",
        {
            "project": arrival.project_id,
            "environment": arrival.environment,
            "hash": arrival.fingerprint,
            "title": arrival.title,
            "level": arrival.level,
            "platform": arrival.platform,
            "framework": arrival.framework,
            "at": int(arrival.received_at),
        },
    )
    return int(made.lastrowid or 0)
