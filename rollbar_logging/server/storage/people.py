"""Users in the database."""

from __future__ import annotations

from sqlalchemy import Connection, func, insert, select, update

from rollbar_logging.errors import RollbarError
from rollbar_logging.server.account import EVERYONE, OWNERS, Team, User
from rollbar_logging.server.storage.invites import redeem_invites
from rollbar_logging.server.storage.tables import team_projects, team_users, teams, users
from rollbar_logging.server.storage.teams import add_member, list_teams

OWNER = ("owner", "owner@localhost")
"""Name and address of the user that a new database begins with."""

_COLUMNS = tuple(users.c[name] for name in User._fields)


def user_exists(connection: Connection, user_id: int) -> bool:
    """Whether the account has that user."""
    return find_user(connection, id=user_id) is not None


def list_users(connection: Connection, email: str | None = None) -> list[User]:
    """Return all users in the order in which they came, or those of that address."""
    query = select(*_COLUMNS).order_by(users.c.id)
    if email is not None:
        query = query.where(users.c.email == email.lower())
    return [User(*row) for row in connection.execute(query)]


def find_user(connection: Connection, **key: int | str) -> User | None:
    """Return the user of that ``id``, ``username`` or ``email``, or ``None``."""
    ((column, value),) = key.items()
    row = connection.execute(select(*_COLUMNS).where(users.c[column] == value)).first()
    return None if row is None else User(*row)


def make_owner(connection: Connection) -> None:
    """Make the first user and the two built-in teams."""
    connection.execute(
        insert(teams), [{"name": "Owners", "access_level": OWNERS}, {"name": "Everyone", "access_level": EVERYONE}]
    )
    owner = add_user(connection, *OWNER)
    for team in list_teams(connection):
        add_member(connection, team.id, owner)


def ensure_user(connection: Connection, username: str, email: str, now: float) -> None:
    """Make a user, and redeem the invites of the address; a user of that address gets the name.

    Args:
        connection: The writer's.
        username: For people, and for deploys.
        email: Whose user it is; upper and lower case are the same.
        now: Unix seconds.

    Raises:
        RollbarError: The name is another user's.
    """
    namesake = find_user(connection, username=username)
    if namesake is not None and namesake.email != email.lower():
        raise RollbarError(f"the user name {username} is that of {namesake.email}: give {email} another one")
    known = find_user(connection, email=email.lower())
    if known is None:
        user_id = add_user(connection, username, email)
    else:
        user_id = known.id
        connection.execute(update(users).where(users.c.id == user_id).values(username=username))
    redeem_invites(connection, user_id, email.lower(), now)


def add_user(connection: Connection, username: str, email: str) -> int:
    """Add a user, who is in the team 'Everyone' from now on, and return the id."""
    added = connection.execute(insert(users).values(username=username, email=email.lower()).returning(users.c.id))
    user_id = int(added.scalar_one())
    for team_id in connection.scalars(select(teams.c.id).where(teams.c.access_level == EVERYONE)).all():
        add_member(connection, team_id, user_id)
    return user_id


def teams_of(connection: Connection, user_id: int) -> list[Team]:
    """Return the teams that a user is in, by name."""
    columns = (teams.c[name] for name in Team._fields)
    query = (
        select(*columns)
        .join(team_users, team_users.c.team_id == teams.c.id)
        .where(team_users.c.user_id == user_id)
        .order_by(func.lower(teams.c.name), teams.c.id)
    )
    return [Team(*row) for row in connection.execute(query)]


def project_ids_of(connection: Connection, user_id: int) -> set[int]:
    """Return the ids of the projects that a user's teams look after."""
    query = (
        select(team_projects.c.project_id)
        .join(team_users, team_users.c.team_id == team_projects.c.team_id)
        .where(team_users.c.user_id == user_id)
    )
    return set(connection.scalars(query))
