"""Projects in the database.

A project that is being deleted is not there any more for those who ask; its row goes last, see `removal.py`.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.sql import Select

from rollbar_logging.errors import RollbarError
from rollbar_logging.server.account import EVERYONE, OWNERS, Project
from rollbar_logging.server.storage.tables import access_tokens, projects, team_projects, teams

DELETED = "deleted"
"""Status of a project that is being deleted."""

_COLUMNS = tuple(projects.c[name] for name in Project._fields)


def list_projects(connection: Connection) -> list[Project]:
    """Return all projects by name."""
    query = _present().order_by(func.lower(projects.c.name), projects.c.id)
    return [Project(*row) for row in connection.execute(query)]


def find_project(connection: Connection, project_id: int) -> Project | None:
    """Return the project of that id, or ``None``."""
    row = connection.execute(_present().where(projects.c.id == project_id)).first()
    return None if row is None else Project(*row)


def project_exists(connection: Connection, project_id: int) -> bool:
    """Whether the account has that project."""
    return find_project(connection, project_id) is not None


def _present() -> Select[Any]:
    return select(*_COLUMNS).where(projects.c.status != DELETED)


def add_project(connection: Connection, name: str, now: float) -> int:
    """Add a project, which the built-in teams look after from now on, and return its id. Its tokens are not made here.

    Raises:
        RollbarError: The name is another project's.
    """
    if name.lower() in {known.lower() for known in connection.scalars(select(projects.c.name))}:
        raise RollbarError("Project with this name already exists.")
    added = connection.execute(
        insert(projects).values(name=name, date_created=int(now), date_modified=int(now)).returning(projects.c.id)
    )
    project_id = int(added.scalar_one())
    give_to_built_in_teams(connection, project_id)
    return project_id


def give_to_built_in_teams(connection: Connection, project_id: int) -> None:
    """Have the built-in teams look after a project."""
    built_in = connection.scalars(select(teams.c.id).where(teams.c.access_level.in_((OWNERS, EVERYONE)))).all()
    if built_in:
        rows = [{"team_id": team_id, "project_id": project_id} for team_id in built_in]
        connection.execute(insert(team_projects), rows)


def mark_deleted(connection: Connection, project_id: int, now: float) -> None:
    """Take a project away from everyone at once, with its tokens; what it holds goes in steps."""
    connection.execute(delete(access_tokens).where(access_tokens.c.project_id == project_id))
    connection.execute(delete(team_projects).where(team_projects.c.project_id == project_id))
    # The name is free again at once: a number is the one thing that no name begins with.
    connection.execute(
        update(projects)
        .where(projects.c.id == project_id)
        .values(status=DELETED, name=f"{project_id} deleted", date_modified=int(now))
    )
