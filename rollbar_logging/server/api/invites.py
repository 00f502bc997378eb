"""Invites into teams."""

from __future__ import annotations

import re

from sqlalchemy import Connection
from starlette.routing import BaseRoute, Route

from rollbar_logging.server.account import Invite
from rollbar_logging.server.answers import Answer, Refused, done, success
from rollbar_logging.server.api.calls import Call, account_call, required_text
from rollbar_logging.server.api.teams import PER_PAGE, found_team
from rollbar_logging.server.parts import Parts
from rollbar_logging.server.storage.invites import add_invite, cancel_invite, find_invite, list_invites
from rollbar_logging.server.traits import storable

_LONGEST_ADDRESS = 255
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+")


def invite_routes(parts: Parts) -> list[BaseRoute]:
    """Return the routes; their paths have no final slash."""
    return [
        Route("/api/1/team/{id:int}/invites", account_call(parts, "read", _list), methods=["GET"]),
        Route("/api/1/team/{id:int}/invites", account_call(parts, "write", _create), methods=["POST"]),
        Route("/api/1/invite/{id:int}", account_call(parts, "read", _one), methods=["GET"]),
        Route("/api/1/invite/{id:int}", account_call(parts, "write", _cancel), methods=["DELETE"]),
    ]


async def _list(call: Call) -> Answer:
    team_id, offset = call.path_id(), (call.page() - 1) * PER_PAGE

    def read(database: Connection) -> list[Invite]:
        return list_invites(database, found_team(database, team_id).id, limit=PER_PAGE, offset=offset)

    return success([invite._asdict() for invite in await call.ask(read)])


async def _create(call: Call) -> Answer:
    team_id, now = call.path_id(), call.parts.unix_clock()
    email = storable(required_text(call.fields, "email", longest=_LONGEST_ADDRESS))
    if not _ADDRESS.fullmatch(email):
        raise Refused(422, "Invalid format. email should be an e-mail address.")

    def create(database: Connection) -> Invite:
        return add_invite(database, found_team(database, team_id).id, email, now)

    return success((await call.change(create))._asdict())


def _found_invite(database: Connection, invite_id: int) -> Invite:
    invite = find_invite(database, invite_id)
    if invite is None:
        raise Refused(404, "not found")
    return invite


async def _one(call: Call) -> Answer:
    invite_id = call.path_id()
    return success((await call.ask(lambda database: _found_invite(database, invite_id)))._asdict())


async def _cancel(call: Call) -> Answer:
    invite_id = call.path_id()

    def cancel(database: Connection) -> None:
        if _found_invite(database, invite_id).status != "pending":
            raise Refused(422, "The invite can not be canceled because its status is not pending.")
        cancel_invite(database, invite_id)

    await call.change(cancel)
    return done()
