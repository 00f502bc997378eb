"""Invites in the database. No mail is sent: an invite waits until there is a user of that address."""

from __future__ import annotations

from sqlalchemy import Connection, func, insert, select, update

from rollbar_logging.server.account import Invite
from rollbar_logging.server.storage.tables import invites, users
from rollbar_logging.server.storage.teams import add_member

_COLUMNS = tuple(invites.c[name] for name in Invite._fields)


def list_invites(connection: Connection, team_id: int, *, limit: int, offset: int = 0) -> list[Invite]:
    """Return a team's invites, the oldest first."""
    query = select(*_COLUMNS).where(invites.c.team_id == team_id).order_by(invites.c.id).limit(limit).offset(offset)
    return [Invite(*row) for row in connection.execute(query)]


def find_invite(connection: Connection, invite_id: int) -> Invite | None:
    """Return the invite of that id, or ``None``."""
    row = connection.execute(select(*_COLUMNS).where(invites.c.id == invite_id)).first()
    return None if row is None else Invite(*row)


def add_invite(connection: Connection, team_id: int, email: str, now: float) -> Invite:
    """Invite an address into a team, in the name of the account's first user; one that waits already is returned.

    An address that a user has is in the team at once.
    """
    email = email.lower()
    waiting = select(*_COLUMNS).where(
        invites.c.team_id == team_id, invites.c.to_email == email, invites.c.status == "pending"
    )
    row = connection.execute(waiting).first()
    if row is not None:
        return Invite(*row)
    first_user = connection.scalar(select(func.min(users.c.id)))
    values = {"from_user_id": first_user, "team_id": team_id, "to_email": email, "status": "pending"}
    added = connection.execute(insert(invites).values(**values, date_created=int(now)).returning(invites.c.id))
    invite_id = int(added.scalar_one())
    user_id = connection.scalars(select(users.c.id).where(users.c.email == email)).first()
    if user_id is not None:
        redeem_invites(connection, user_id, email, now)
    return Invite(*connection.execute(select(*_COLUMNS).where(invites.c.id == invite_id)).one())


def redeem_invites(connection: Connection, user_id: int, email: str, now: float) -> None:
    """Put a user into the teams that the address (in lower case) has been invited into."""
    waiting = (invites.c.to_email == email) & (invites.c.status == "pending")
    for team_id in connection.scalars(select(invites.c.team_id).where(waiting)).all():
        add_member(connection, team_id, user_id)
    connection.execute(update(invites).where(waiting).values(status="accepted", date_redeemed=int(now)))


def cancel_invite(connection: Connection, invite_id: int) -> None:
    """Cancel an invite."""
    connection.execute(update(invites).where(invites.c.id == invite_id).values(status="canceled"))
