"""Users of the account."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection
from starlette.routing import BaseRoute, Route

from rollbar_logging.server.account import ACCOUNT_ID, Project, Team, User
from rollbar_logging.server.answers import Answer, Refused, success
from rollbar_logging.server.api.calls import Call, account_call
from rollbar_logging.server.parts import Parts
from rollbar_logging.server.storage.people import find_user, list_users, project_ids_of, teams_of
from rollbar_logging.server.storage.projects import list_projects
from rollbar_logging.server.traits import storable


def user_routes(parts: Parts) -> list[BaseRoute]:
    """Return the routes; their paths have no final slash."""

    def reading(path: str, endpoint: Any) -> Route:
        return Route(path, account_call(parts, "read", endpoint), methods=["GET"])

    return [
        reading("/api/1/users", _list),
        reading("/api/1/user/{id:int}", _one),
        reading("/api/1/user/{id:int}/teams", _teams),
        reading("/api/1/user/{id:int}/projects", _projects),
    ]


def found_user(database: Connection, user_id: int) -> User:
    """Return the user of that id.

    Raises:
        Refused: 404, when the account has none.
    """
    user = find_user(database, id=user_id)
    if user is None:
        raise Refused(404, "User not found for this account")
    return user


def team_json(team: Team) -> dict[str, Any]:
    """Return a team as the API shows it."""
    return {**team._asdict(), "account_id": ACCOUNT_ID}


async def _list(call: Call) -> Answer:
    email = call.request.query_params.get("email")
    found = await call.ask(lambda database: list_users(database, None if email is None else storable(email)))
    return success({"users": [{"id": user.id, "username": user.username, "email": user.email} for user in found]})


async def _one(call: Call) -> Answer:
    user_id = call.path_id()
    user = await call.ask(lambda database: found_user(database, user_id))
    return success({**user._asdict(), "email_enabled": int(user.email_enabled)})


async def _teams(call: Call) -> Answer:
    user_id = call.path_id()
    found = await call.ask(lambda database: teams_of(database, found_user(database, user_id).id))
    return success({"teams": [team_json(team) for team in found]})


async def _projects(call: Call) -> Answer:
    user_id = call.path_id()

    def read(database: Connection) -> list[Project]:
        mine = project_ids_of(database, found_user(database, user_id).id)
        return [project for project in list_projects(database) if project.id in mine]

    shown = [
        {"id": project.id, "account_id": ACCOUNT_ID, "slug": project.name, "status": project.status}
        for project in await call.ask(read)
    ]
    return success({"projects": shown})
