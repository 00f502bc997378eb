"""The page of access tokens: what they permit; enable, disable and delete them, make new ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from rollbar_logging.server.answers import Refused
from rollbar_logging.server.pages.site import Site, chosen_project, number, see_other
from rollbar_logging.server.parts import PROJECT_ID
from rollbar_logging.server.storage import overview
from rollbar_logging.server.storage.access_tokens import (
    add_token,
    change_token,
    delete_token,
    new_text,
)
from rollbar_logging.server.token_changes import change_tokens
from rollbar_logging.server.tokens import SCOPES, Token

_LONGEST_NAME = 64


async def tokens_page(request: Request, site: Site) -> Response:
    """Show the tokens of a project and of the account; never their texts."""
    return await _page(request, site)


async def post_token(request: Request, site: Site) -> Response:
    """Enable, disable or delete a token, or make a new one and show its text this once.

    Raises:
        Refused: 403 for a form that is none of ours, 404 without the token, 422 for what cannot be.
    """
    fields = await site.form(request)
    scopes = [scope for scope in SCOPES if f"scope_{scope}" in fields]
    if fields.get("action") == "make":
        return await _make(request, site, fields, scopes)
    token = next((each for each in site.parts.tokens if each.id == number(fields.get("id"), 0)), None)
    if token is None:
        raise Refused(404, "There is no such token")
    await change_tokens(site.parts, site.change, _asked(fields.get("action", ""), token, site.parts.unix_clock()))
    return see_other(f"/tokens?project={token.project_id or PROJECT_ID}")


def _asked(action: str, token: Token, now: float) -> Callable[[Connection], None]:
    """Return the change that a button of a token asks for."""
    if action == "delete":
        if token.is_enabled:
            raise Refused(422, "Disable the token before it is deleted: then it shows whether somebody still uses it")
        return partial(delete_token, token_id=token.id)
    status = {"enable": "enabled", "disable": "disabled"}.get(action)
    if status is None:
        raise Refused(404, "There is no such action")
    return partial(change_token, token_id=token.id, now=now, status=status)


async def _make(request: Request, site: Site, fields: Mapping[str, str], scopes: list[str]) -> Response:
    name = fields.get("name", "").strip()[:_LONGEST_NAME]
    if not name or not scopes:
        raise Refused(422, "A token needs a name and at least one scope")
    text, now = new_text(), site.parts.unix_clock()

    def make(database: Connection) -> None:
        projects = {each.id for each in overview.list_projects(database)}
        project_id = number(fields.get("project"), PROJECT_ID)
        if project_id not in projects:
            raise Refused(404, "There is no such project")
        add_token(database, text, name, scopes, project_id=project_id, now=now)

    await change_tokens(site.parts, site.change, make)
    return await _page(request, site, made=(name, text), project_id=number(fields.get("project"), PROJECT_ID))


async def _page(
    request: Request, site: Site, made: tuple[str, str] | None = None, project_id: int | None = None
) -> Response:
    def find(database: Connection) -> tuple[Any, ...]:
        projects = overview.list_projects(database)
        named = next((each for each in projects if each.id == project_id), None)
        return projects, named or chosen_project(request, projects)

    projects, project = await site.ask(find)
    tokens = list(site.parts.tokens)
    return site.page(
        "tokens.html",
        request,
        projects=projects,
        project=project,
        tokens=[_row(token, site) for token in tokens if token.project_id == project.id],
        account=[_row(token, site) for token in tokens if token.project_id is None],
        made=made,
        scopes=SCOPES,
        endpoint=f"{request.base_url}api/1/",
    )


def _row(token: Token, site: Site) -> dict[str, Any]:
    counts = site.parts.counters.snapshot().tokens.get(token.name) if token.project_id == PROJECT_ID else None
    return {
        "id": token.id,
        "name": token.name,
        "scopes": token.scopes,
        "is_enabled": token.is_enabled,
        "rate_limit": token.rate_limit,
        "requests": counts.requests if counts else 0,
        "limited": counts.limited if counts else 0,
    }
