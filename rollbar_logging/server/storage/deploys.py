"""Deploys in the database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, insert, select, update

from rollbar_logging.server.account import Deploy, as_of
from rollbar_logging.server.storage.tables import deploys

DEPLOYS_PER_PAGE = 20

_COLUMNS = tuple(deploys.c[name] for name in Deploy._fields)


def list_deploys(
    connection: Connection, project_id: int, *, page: int = 1, limit: int = DEPLOYS_PER_PAGE, now: float
) -> list[Deploy]:
    """Return one page of a project's deploys, the newest first.

    Args:
        connection: The database.
        project_id: Whose deploys.
        page: From 1.
        limit: Deploys of a page.
        now: Unix seconds, to tell which have timed out.
    """
    query = (
        select(*_COLUMNS)
        .where(deploys.c.project_id == project_id)
        .order_by(deploys.c.id.desc())
        .limit(limit)
        .offset((page - 1) * limit)
    )
    return [as_of(Deploy(*row), now) for row in connection.execute(query)]


def find_deploy(connection: Connection, project_id: int, deploy_id: int, now: float) -> Deploy | None:
    """Return the project's deploy of that id as it is at Unix time *now*, or ``None``."""
    query = select(*_COLUMNS).where(deploys.c.project_id == project_id, deploys.c.id == deploy_id)
    row = connection.execute(query).first()
    return None if row is None else as_of(Deploy(*row), now)


def add_deploy(connection: Connection, columns: Mapping[str, Any]) -> int:
    """Add a deploy and return its id; *columns* has all but that."""
    added = connection.execute(insert(deploys).values(**columns).returning(deploys.c.id))
    return int(added.scalar_one())


def change_deploy(connection: Connection, deploy_id: int, columns: Mapping[str, Any]) -> None:
    """Change columns of a deploy."""
    connection.execute(update(deploys).where(deploys.c.id == deploy_id).values(**columns))
