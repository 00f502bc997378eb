"""Projects that are named at the start: found by their names, or made."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, update

from rollbar_logging.server.storage.migration import DEFAULT_PROJECT
from rollbar_logging.server.storage.projects import add_project, list_projects
from rollbar_logging.server.storage.tables import projects


def ensure_projects(connection: Connection, names: Sequence[str], first_id: int, now: float) -> dict[str, int]:
    """Return the projects' ids by name, and make those that are not there.

    Args:
        connection: The writer's.
        names: Of the projects; the first is the name of the database's first project as long as nobody named that.
        first_id: Id of the database's first project.
        now: Unix seconds.
    """
    ids = {project.name.lower(): project.id for project in list_projects(connection)}
    if names and names[0].lower() not in ids and ids.get(DEFAULT_PROJECT) == first_id:
        connection.execute(
            update(projects).where(projects.c.id == first_id).values(name=names[0], date_modified=int(now))
        )
        ids[names[0].lower()] = first_id
    for name in names:
        if name.lower() not in ids:
            ids[name.lower()] = add_project(connection, name, now)
    return {name: ids[name.lower()] for name in names}
