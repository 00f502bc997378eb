"""Teams of the account: their members, and the projects that they look after."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection
from starlette.routing import BaseRoute, Route

from rollbar_logging.server.account import ACCESS_LEVELS, EVERYONE, OWNERS, Team
from rollbar_logging.server.answers import Answer, Refused, done, success
from rollbar_logging.server.api.calls import Call, account_call, required_text, text_field
from rollbar_logging.server.api.projects import found_project
from rollbar_logging.server.api.users import found_user, team_json
from rollbar_logging.server.parts import Parts
from rollbar_logging.server.storage.teams import (
    add_member,
    add_team,
    add_team_project,
    delete_team,
    find_team,
    has_project,
    is_member,
    list_teams,
    members_of,
    projects_of,
    remove_member,
    remove_team_project,
)
from rollbar_logging.server.traits import storable

PER_PAGE = 5000
_LONGEST_NAME = 32


def team_routes(parts: Parts) -> list[BaseRoute]:
    """Return the routes; their paths have no final slash."""

    def route(method: str, path: str, endpoint: Any) -> Route:
        scope = "read" if method == "GET" else "write"
        return Route(f"/api/1/{path}", account_call(parts, scope, endpoint), methods=[method])

    member, project = "team/{id:int}/user/{user_id:int}", "team/{id:int}/project/{project_id:int}"
    return [
        route("GET", "teams", _list),
        route("POST", "teams", _create),
        route("GET", "team/{id:int}", _one),
        route("DELETE", "team/{id:int}", _delete),
        route("GET", "team/{id:int}/users", _members),
        route("GET", "team/{id:int}/projects", _projects),
        route("GET", member, _member),
        route("PUT", member, _add_member),
        route("DELETE", member, _remove_member),
        route("GET", project, _project),
        route("PUT", project, _add_project),
        route("DELETE", project, _remove_project),
    ]


def found_team(database: Connection, team_id: int) -> Team:
    """Return the team of that id.

    Raises:
        Refused: 404, when the account has none.
    """
    team = find_team(database, team_id)
    if team is None:
        raise Refused(404, "Team not found for this account")
    return team


async def _list(call: Call) -> Answer:
    return success([team_json(team) for team in await call.ask(list_teams)])


async def _create(call: Call) -> Answer:
    name = storable(required_text(call.fields, "name", longest=_LONGEST_NAME))
    access_level = text_field(call.fields, "access_level", longest=_LONGEST_NAME) or ACCESS_LEVELS[0]
    if access_level not in ACCESS_LEVELS:
        raise Refused(422, f"Invalid format. access_level should be one of {', '.join(ACCESS_LEVELS)}.")
    return success(team_json(await call.change(lambda database: add_team(database, name, access_level))))


async def _one(call: Call) -> Answer:
    team_id = call.path_id()
    return success(team_json(await call.ask(lambda database: found_team(database, team_id))))


async def _delete(call: Call) -> Answer:
    team_id = call.path_id()

    def delete(database: Connection) -> None:
        if found_team(database, team_id).is_built_in:
            raise Refused(422, "A built-in team can not be deleted.")
        delete_team(database, team_id)

    await call.change(delete)
    return done()


async def _members(call: Call) -> Answer:
    team_id, offset = call.path_id(), (call.page() - 1) * PER_PAGE

    def read(database: Connection) -> list[int]:
        return members_of(database, found_team(database, team_id).id, limit=PER_PAGE, offset=offset)

    return success([{"team_id": team_id, "user_id": user_id} for user_id in await call.ask(read)])


async def _projects(call: Call) -> Answer:
    team_id, offset = call.path_id(), (call.page() - 1) * PER_PAGE

    def read(database: Connection) -> list[int]:
        return projects_of(database, found_team(database, team_id).id, limit=PER_PAGE, offset=offset)

    return success([{"team_id": team_id, "project_id": project_id} for project_id in await call.ask(read)])


def _require_member(database: Connection, team_id: int, user_id: int) -> None:
    found_team(database, team_id)
    if not is_member(database, team_id, user_id):
        raise Refused(404, "User is not on this Team.")


async def _member(call: Call) -> Answer:
    team_id, user_id = call.path_id(), call.path_id("user_id")
    await call.ask(lambda database: _require_member(database, team_id, user_id))
    return success({"team_id": team_id, "user_id": user_id})


async def _add_member(call: Call) -> Answer:
    team_id, user_id = call.path_id(), call.path_id("user_id")

    def add(database: Connection) -> None:
        add_member(database, found_team(database, team_id).id, found_user(database, user_id).id)

    await call.change(add)
    return success({"team_id": team_id, "user_id": user_id})


async def _remove_member(call: Call) -> Answer:
    team_id, user_id = call.path_id(), call.path_id("user_id")

    def remove(database: Connection) -> None:
        _require_member(database, team_id, user_id)
        access_level = found_team(database, team_id).access_level
        if access_level == EVERYONE:
            raise Refused(422, "Everyone is in the team 'Everyone'.")
        if access_level == OWNERS and len(members_of(database, team_id, limit=2)) == 1:
            raise Refused(422, "The last one can not be removed from the team 'Owners'.")
        remove_member(database, team_id, user_id)

    await call.change(remove)
    return done()


def _require_project(database: Connection, team_id: int, project_id: int) -> None:
    found_team(database, team_id)
    if not has_project(database, team_id, project_id):
        raise Refused(404, "Project is not in this Team.")


async def _project(call: Call) -> Answer:
    team_id, project_id = call.path_id(), call.path_id("project_id")
    await call.ask(lambda database: _require_project(database, team_id, project_id))
    return success({"team_id": team_id, "project_id": project_id})


async def _add_project(call: Call) -> Answer:
    team_id, project_id = call.path_id(), call.path_id("project_id")

    def add(database: Connection) -> None:
        add_team_project(database, found_team(database, team_id).id, found_project(database, project_id).id)

    await call.change(add)
    return success({"team_id": team_id, "project_id": project_id})


async def _remove_project(call: Call) -> Answer:
    team_id, project_id = call.path_id(), call.path_id("project_id")

    def remove(database: Connection) -> None:
        _require_project(database, team_id, project_id)
        if found_team(database, team_id).access_level == OWNERS:
            raise Refused(422, "The team 'Owners' looks after every project.")
        remove_team_project(database, team_id, project_id)

    await call.change(remove)
    return done()
