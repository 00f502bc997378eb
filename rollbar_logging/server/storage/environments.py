"""Environments of a project: every one that an occurrence came from."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from rollbar_logging.server.storage.tables import environments


def list_environments(connection: Connection, project_id: int, *, page: int, limit: int) -> list[dict[str, Any]]:
    """Return one page of a project's environments as the API shows them, in the order in which they appeared.

    Args:
        connection: The database.
        project_id: Whose environments.
        page: From 1.
        limit: Environments of a page.
    """
    query = (
        select(*(environments.c[name] for name in ("id", "project_id", "environment", "visible")))
        .where(environments.c.project_id == project_id)
        .order_by(environments.c.id)
        .limit(limit)
        .offset((page - 1) * limit)
    )
    return [dict(row) for row in connection.execute(query).mappings()]
