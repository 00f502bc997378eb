"""From the first layout to the second: occurrences are packed, tokens hashed, and much is counted as it comes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

from sqlalchemy import Connection, update

from rollbar_logging.server.arrival import Arrival
from rollbar_logging.server.storage.access_tokens import add_token
from rollbar_logging.server.storage.tables import access_tokens, occurrences
from rollbar_logging.server.traits import traits_of

_GROUP = 500
OLD_TABLES = ("occurrences", "items", "access_tokens", "projects")
"""Of the first layout, in an order in which they can be dropped."""


def from_layout_1(connection: Connection, now: float) -> None:
    """Move everything into tables of the second layout, in the transaction that *connection* is in.

    Occurrences get new ids in the old order; items stay the same, because their fingerprints are taken along.
    """
    # These two know of the newest layout, which the next layout will have to change here.
    from rollbar_logging.server.storage.migration import make_tables  # noqa: PLC0415
    from rollbar_logging.server.storage.writing import add_all  # noqa: PLC0415

    for index in ("items_by_last_occurrence", "occurrences_by_item"):
        connection.exec_driver_sql(f"DROP INDEX {index}")
    for table in OLD_TABLES:
        connection.exec_driver_sql(f"ALTER TABLE {table} RENAME TO old_{table}")
    make_tables(connection, now)
    _move_tokens(connection, now)
    arrivals = _old_arrivals(connection)
    while group := list(islice(arrivals, _GROUP)):
        add_all(connection, group, now)
    # Nothing of that day tells when; they were written as they came.
    connection.execute(update(occurrences).values(stored_at=occurrences.c.received_at))
    connection.exec_driver_sql("PRAGMA secure_delete = ON")  # the texts of tokens must not stay in unused pages
    for table in OLD_TABLES:
        connection.exec_driver_sql(f"DROP TABLE old_{table}")
    connection.exec_driver_sql("PRAGMA user_version = 0")


def _old_arrivals(connection: Connection) -> Iterator[Arrival]:
    last_id = 0
    while True:
        rows = connection.exec_driver_sql(
            "SELECT o.*, i.hash, i.platform, i.framework, i.environment AS item_environment FROM old_occurrences o "
            "JOIN old_items i ON i.id = o.item_id WHERE o.id > ? ORDER BY o.id LIMIT ?",
            (last_id, _GROUP),
        ).mappings()
        found = rows.all()
        if not found:
            return
        for row in found:
            yield _old_arrival(row)
        last_id = found[-1]["id"]


def _old_arrival(row: Any) -> Arrival:
    return Arrival(
        uuid=row["uuid"],
        kind=row["kind"],
        project_id=row["project_id"],
        token_name=row["token_name"],
        received_at=row["received_at"],
        body_bytes=row["body_bytes"],
        environment=row["item_environment"],
        fingerprint=row["hash"],
        title=row["title"],
        level=row["level"],
        platform=row["platform"],
        framework=row["framework"],
        language=row["language"],
        data=row["data"],
        traits=traits_of(json.loads(row["data"])),
    )


def _move_tokens(connection: Connection, now: float) -> None:
    rows = connection.exec_driver_sql("SELECT * FROM old_access_tokens ORDER BY rowid").mappings().all()
    for row in rows:
        token_id = add_token(
            connection,
            row["access_token"],
            row["name"],
            json.loads(row["scopes"]),
            project_id=row["project_id"],
            now=now,
        )
        if row["status"] != "enabled":
            connection.execute(update(access_tokens).where(access_tokens.c.id == token_id).values(status="disabled"))
