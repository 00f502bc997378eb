"""Occurrences out of the database once they are old, and how large the database is."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select, text

from rollbar_logging.server.storage.tables import occurrences, projects


def delete_older(connection: Connection, before: float, limit: int) -> int:
    """Delete up to *limit* occurrences, the oldest of each project first, and return how many were deleted.

    Args:
        connection: The writer's.
        before: Unix seconds; what was received then or later stays.
        limit: The most to delete.
    """
    deleted = 0
    for project_id in connection.scalars(select(projects.c.id).order_by(projects.c.id)).all():
        old = (
            select(occurrences.c.id)
            .where(occurrences.c.project_id == project_id, occurrences.c.received_at < before)
            .order_by(occurrences.c.received_at)
            .limit(limit - deleted)
        )
        ids = connection.scalars(old).all()
        if ids:
            connection.execute(delete(occurrences).where(occurrences.c.id.in_(ids)))
        deleted += len(ids)
        if deleted >= limit:
            break
    return deleted


def size_of(connection: Connection) -> int:
    """Return the bytes that the database takes."""
    if connection.dialect.name == "postgresql":
        return int(connection.scalar(text("SELECT pg_database_size(current_database())")) or 0)
    pages = int(connection.exec_driver_sql("PRAGMA page_count").scalar() or 0)
    free = int(connection.exec_driver_sql("PRAGMA freelist_count").scalar() or 0)
    return (pages - free) * int(connection.exec_driver_sql("PRAGMA page_size").scalar() or 0)
