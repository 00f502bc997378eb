"""Users and teams in the database."""

from __future__ import annotations

from sqlalchemy import Connection, select

from rollbar_logging.server.storage.tables import teams, users


def user_exists(connection: Connection, user_id: int) -> bool:
    """Whether the account has that user."""
    return connection.scalar(select(users.c.id).where(users.c.id == user_id)) is not None


def team_exists(connection: Connection, team_id: int) -> bool:
    """Whether the account has that team."""
    return connection.scalar(select(teams.c.id).where(teams.c.id == team_id)) is not None
