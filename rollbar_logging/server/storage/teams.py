"""Teams in the database, their members and their projects."""

from __future__ import annotations

from sqlalchemy import Column, Connection, Table, delete, func, insert, select

from rollbar_logging.errors import RollbarError
from rollbar_logging.server.account import Team
from rollbar_logging.server.storage.tables import team_projects, team_users, teams

_COLUMNS = tuple(teams.c[name] for name in Team._fields)


def team_exists(connection: Connection, team_id: int) -> bool:
    """Whether the account has that team."""
    return find_team(connection, team_id) is not None


def list_teams(connection: Connection) -> list[Team]:
    """Return all teams by name."""
    query = select(*_COLUMNS).order_by(func.lower(teams.c.name), teams.c.id)
    return [Team(*row) for row in connection.execute(query)]


def find_team(connection: Connection, team_id: int) -> Team | None:
    """Return the team of that id, or ``None``."""
    row = connection.execute(select(*_COLUMNS).where(teams.c.id == team_id)).first()
    return None if row is None else Team(*row)


def add_team(connection: Connection, name: str, access_level: str) -> Team:
    """Add a team.

    Raises:
        RollbarError: The name is another team's.
    """
    # Compared here: which letters are equal to which, each database has its own mind about.
    if name.lower() in {known.lower() for known in connection.scalars(select(teams.c.name))}:
        raise RollbarError("Team with this name already exists.")
    added = connection.execute(insert(teams).values(name=name, access_level=access_level).returning(teams.c.id))
    return Team(int(added.scalar_one()), name, access_level)


def delete_team(connection: Connection, team_id: int) -> None:
    """Delete a team; its items are nobody's then."""
    connection.execute(delete(teams).where(teams.c.id == team_id))


def is_member(connection: Connection, team_id: int, user_id: int) -> bool:
    """Whether a user is in a team."""
    return _has(connection, team_users, team_users.c.user_id, team_id, user_id)


def add_member(connection: Connection, team_id: int, user_id: int) -> None:
    """Put a user into a team, unless it is there."""
    if not is_member(connection, team_id, user_id):
        connection.execute(insert(team_users).values(team_id=team_id, user_id=user_id))


def remove_member(connection: Connection, team_id: int, user_id: int) -> None:
    """Take a user out of a team."""
    connection.execute(delete(team_users).where(team_users.c.team_id == team_id, team_users.c.user_id == user_id))


def members_of(connection: Connection, team_id: int, *, limit: int, offset: int = 0) -> list[int]:
    """Return the ids of a team's users."""
    return _ids(connection, team_users, team_users.c.user_id, team_id, limit, offset)


def has_project(connection: Connection, team_id: int, project_id: int) -> bool:
    """Whether a team looks after a project."""
    return _has(connection, team_projects, team_projects.c.project_id, team_id, project_id)


def add_team_project(connection: Connection, team_id: int, project_id: int) -> None:
    """Have a team look after a project, unless it does."""
    if not has_project(connection, team_id, project_id):
        connection.execute(insert(team_projects).values(team_id=team_id, project_id=project_id))


def remove_team_project(connection: Connection, team_id: int, project_id: int) -> None:
    """Take a project away from a team."""
    connection.execute(
        delete(team_projects).where(team_projects.c.team_id == team_id, team_projects.c.project_id == project_id)
    )


def projects_of(connection: Connection, team_id: int, *, limit: int, offset: int = 0) -> list[int]:
    """Return the ids of a team's projects."""
    return _ids(connection, team_projects, team_projects.c.project_id, team_id, limit, offset)


def teams_of_project(connection: Connection, project_id: int) -> list[Team]:
    """Return the teams that look after a project, in the order in which they were made."""
    query = (
        select(*_COLUMNS)
        .join(team_projects, team_projects.c.team_id == teams.c.id)
        .where(team_projects.c.project_id == project_id)
        .order_by(teams.c.id)
    )
    return [Team(*row) for row in connection.execute(query)]


def _has(connection: Connection, table: Table, column: Column[int], team_id: int, other_id: int) -> bool:
    found = select(column).where(table.c.team_id == team_id, column == other_id)
    return connection.scalars(found).first() is not None


def _ids(connection: Connection, table: Table, column: Column[int], team_id: int, limit: int, offset: int) -> list[int]:
    query = select(column).where(table.c.team_id == team_id).order_by(column).limit(limit).offset(offset)
    return list(connection.scalars(query))
