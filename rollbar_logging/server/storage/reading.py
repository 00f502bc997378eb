"""Occurrences out of the database."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, select
from sqlalchemy.sql import Select

from rollbar_logging.server.received import Neighbours, OccurrenceSummary, ReceivedOccurrence
from rollbar_logging.server.search import Term
from rollbar_logging.server.storage.searching import occurrence_matches
from rollbar_logging.server.storage.tables import occurrences

_WHOLE = tuple(occurrences.c[name] for name in ReceivedOccurrence._fields)
_SUMMARY = tuple(occurrences.c[name] for name in OccurrenceSummary._fields)


def list_occurrences(
    connection: Connection,
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
    query = _newest(select(*_WHOLE), project_id, item_id, before, limit, offset)
    return [_occurrence(row) for row in connection.execute(query)]


def list_summaries(
    connection: Connection,
    project_id: int,
    *,
    item_id: int | None = None,
    before: int | None = None,
    limit: int = 20,
    search: Sequence[Term] = (),
) -> list[OccurrenceSummary]:
    """Return what lists show of occurrences, the newest first; arguments as `list_occurrences`."""
    query = _newest(select(*_SUMMARY), project_id, item_id, before, limit, 0).where(*occurrence_matches(search))
    return [OccurrenceSummary(*row) for row in connection.execute(query)]


def _newest(
    query: Select[Any], project_id: int, item_id: int | None, before: int | None, limit: int, offset: int
) -> Select[Any]:
    if item_id is not None:
        query = query.where(occurrences.c.project_id == project_id, occurrences.c.item_id == item_id)
    else:
        # As an expression, which no index has: SQLite would take the one by time, and sort all that it finds there.
        query = query.where(occurrences.c.project_id + 0 == project_id)
    if before is not None:
        query = query.where(occurrences.c.id < before)
    return query.order_by(occurrences.c.id.desc()).limit(limit).offset(offset)


def list_arrivals(
    connection: Connection, project_id: int, *, after: int = 0, limit: int | None = None, kind: str | None = "item"
) -> list[ReceivedOccurrence]:
    """Return occurrences in the order of arrival.

    Args:
        connection: The database.
        project_id: Whose occurrences.
        after: Only those with a larger id.
        limit: At most so many.
        kind: Only those of this kind; all, when ``None``.
    """
    query = select(*_WHOLE).where(occurrences.c.project_id == project_id, occurrences.c.id > after)
    if kind is not None:
        query = query.where(occurrences.c.kind == kind)
    return [_occurrence(row) for row in connection.execute(query.order_by(occurrences.c.id).limit(limit))]


def find_occurrence(
    connection: Connection, project_id: int, *, uuid: str | None = None, occurrence_id: int | None = None
) -> ReceivedOccurrence | None:
    """Return the occurrence of that uuid or that id, or ``None``."""
    named = occurrences.c.uuid == uuid if uuid is not None else occurrences.c.id == occurrence_id
    row = connection.execute(select(*_WHOLE).where(occurrences.c.project_id == project_id, named)).first()
    return None if row is None else _occurrence(row)


def neighbours(connection: Connection, of: ReceivedOccurrence, search: Sequence[Term] = ()) -> Neighbours:
    """Return the occurrences around *of* in its item, among those that *search* finds."""

    def nearest(*conditions: ColumnElement[bool], is_ascending: bool) -> int | None:
        order = occurrences.c.id.asc() if is_ascending else occurrences.c.id.desc()
        query = select(occurrences.c.id).where(
            occurrences.c.item_id == of.item_id, *conditions, *occurrence_matches(search)
        )
        return connection.scalars(query.order_by(order).limit(1)).first()

    return Neighbours(
        first=nearest(is_ascending=True),
        previous=nearest(occurrences.c.id < of.id, is_ascending=False),
        next=nearest(occurrences.c.id > of.id, is_ascending=True),
        last=nearest(is_ascending=False),
    )


def delete_occurrence(connection: Connection, project_id: int, occurrence_id: int) -> bool:
    """Delete an occurrence; what was counted of it stays. Return whether it was there."""
    done = connection.execute(
        delete(occurrences).where(occurrences.c.project_id == project_id, occurrences.c.id == occurrence_id)
    )
    return done.rowcount > 0


def _occurrence(row: Row[Any]) -> ReceivedOccurrence:
    return ReceivedOccurrence(**{**row._mapping, "data": json.loads(row.data)})  # noqa: SLF001 - SQLAlchemy's public name
