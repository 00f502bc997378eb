"""Projects of the account."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import Connection
from starlette.routing import BaseRoute, Route

from rollbar_logging.server.account import ACCOUNT_ID, EVERYONE, OWNERS, Project
from rollbar_logging.server.answers import Answer, Refused, done, success
from rollbar_logging.server.api.access_tokens import token_json
from rollbar_logging.server.api.calls import (
    PROJECT_NOT_FOUND,
    Call,
    account_call,
    flag,
    integer_field,
    required_text,
)
from rollbar_logging.server.parts import PROJECT_ID, Parts
from rollbar_logging.server.storage.access_tokens import StoredToken, ensure_tokens, list_tokens
from rollbar_logging.server.storage.projects import add_project, find_project, list_projects, mark_deleted
from rollbar_logging.server.storage.removal import remove_project
from rollbar_logging.server.storage.teams import teams_of_project
from rollbar_logging.server.token_changes import change_tokens

_LONGEST_NAME = 32
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9 _.,-]*")


def project_routes(parts: Parts) -> list[BaseRoute]:
    """Return the routes; their paths have no final slash."""
    return [
        Route("/api/1/projects", account_call(parts, "read", _list), methods=["GET"]),
        Route("/api/1/projects", account_call(parts, "write", _create), methods=["POST"]),
        Route("/api/1/project/{id:int}", account_call(parts, "read", _one), methods=["GET"]),
        Route("/api/1/project/{id:int}", account_call(parts, "write", _delete), methods=["DELETE"]),
        Route("/api/1/project/{id:int}/teams", account_call(parts, "read", _teams), methods=["GET"]),
    ]


def project_json(project: Project) -> dict[str, Any]:
    """Return a project as the API shows it; this server has no settings of projects."""
    return {**project._asdict(), "account_id": ACCOUNT_ID, "settings_data": {}}


def found_project(database: Connection, project_id: int) -> Project:
    """Return the project of that id.

    Raises:
        Refused: 404, when the account has none.
    """
    project = find_project(database, project_id)
    if project is None:
        raise Refused(404, PROJECT_NOT_FOUND)
    return project


async def _list(call: Call) -> Answer:
    return success([project_json(project) for project in await call.ask(list_projects)])


async def _create(call: Call) -> Answer:
    """Make a project with its four tokens, which the answer shows: nobody else will."""
    name = required_text(call.fields, "name", longest=_LONGEST_NAME)
    if not _NAME.fullmatch(name):
        raise Refused(
            422,
            "Invalid format. name must start with a letter and can contain letters, numbers, spaces, underscores, "
            "hyphens, periods, and commas.",
        )
    source_id, now = integer_field(call.fields, "source_project_id"), call.parts.unix_clock()

    def create(database: Connection) -> tuple[Project, list[StoredToken], dict[str, str]]:
        if source_id is not None:  # there are no settings that could be copied, but it has to be there
            found_project(database, source_id)
        project_id = add_project(database, name, now)
        texts = ensure_tokens(database, {}, project_id=project_id, now=now)
        return found_project(database, project_id), list_tokens(database, project_id), texts

    project, tokens, texts = await change_tokens(call.parts, call.change, create)
    shown = [{**token_json(call.parts, token), "access_token": texts[token.name]} for token in tokens]
    return success({**project_json(project), "access_tokens": shown})


async def _one(call: Call) -> Answer:
    project_id = call.path_id()
    return success(project_json(await call.ask(lambda database: found_project(database, project_id))))


async def _delete(call: Call) -> Answer:
    project_id, now = call.path_id(), call.parts.unix_clock()

    def delete(database: Connection) -> None:
        found_project(database, project_id)
        if project_id == PROJECT_ID:
            raise Refused(422, "The first project of this server can not be deleted.")
        mark_deleted(database, project_id, now)

    await change_tokens(call.parts, call.change, delete)
    remove_project(call.parts.database, project_id)
    return done()


async def _teams(call: Call) -> Answer:
    project_id = call.path_id()
    left_out = {OWNERS} if flag(call, "exclude_owners_team") else set()
    if flag(call, "exclude_builtin_teams"):
        left_out = {OWNERS, EVERYONE}

    def read(database: Connection) -> list[dict[str, int]]:
        found_project(database, project_id)
        found = teams_of_project(database, project_id)
        return [{"team_id": team.id, "project_id": project_id} for team in found if team.access_level not in left_out]

    return success(await call.ask(read))
